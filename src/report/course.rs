//! What went on in a run, line by line.

use super::text::{Look, WIDTH, heading, wrap};
use super::{colour::tame, value};
use crate::judge::Episode;
use crate::units::Instant;
use std::fmt::Write as _;

/// More lines than this are more than anybody reads; JSON has them all.
const MOST: usize = 24;

/// The chain of what went on, in the order in which it began.
pub(super) fn render(out: &mut String, course: &[Episode], look: Look) {
    if course.is_empty() {
        return;
    }
    heading(out, "what happened", look);
    let clock = |at: Instant| value::clock(at.since(Instant::ZERO).as_secs_f64());
    let from: Vec<String> = course.iter().map(|spell| clock(spell.from)).collect();
    let width = from.iter().map(String::len).max().unwrap_or(0);
    // The last line may be the verdict: it is shown whatever was left out.
    let left_out = course.len().saturating_sub(MOST);
    let shown = (0..course.len()).filter(|&at| at + 1 == course.len() || at + 1 < MOST);
    for at in shown {
        if at + 1 == course.len() && left_out > 0 {
            let _ = writeln!(out, "  {:width$}  and {left_out} more (--format json)", "");
        }
        let spell = &course[at];
        let mut line = tame(&spell.text);
        match spell.until {
            Some(until) if until > spell.from => {
                let _ = write!(line, ", until {}", clock(until));
            }
            Some(_) => {}
            // The verdict is a sentence of its own.
            None if matches!(spell.what, "sustained" | "budget-locked") => {}
            None => line.push_str(", to the end"),
        }
        if let Some((most, unit)) = spell.most {
            let space = if unit == "/s" { "" } else { " " };
            let amount = if unit == "of 1" {
                format!("{} %", value::significant(most * 100.0, 3))
            } else {
                format!("{}{space}{unit}", value::significant(most, 3))
            };
            let _ = write!(line, ": up to {amount}");
        }
        let lines = wrap(&line, WIDTH - 4 - width);
        let _ = writeln!(out, "  {:>width$}  {}", from[at], lines[0]);
        for rest in &lines[1..] {
            let _ = writeln!(out, "  {:width$}    {rest}", "");
        }
    }
}
