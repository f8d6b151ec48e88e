//! A judged run as text for a terminal, at most 100 columns wide.

use super::colour::tame;
pub use super::layout::Look;
use super::layout::{MARK, WIDTH, heading, mark, wrap};
pub use super::phrases::balanced;
use super::phrases::{control_sentence, no_control, wanted};
use super::{Shape, course, hops, replay_command, seeds, value};
use crate::invariant::{Judgement, Seen, Verdict};
use crate::rehearse::{Conservation, Control, Judged, JudgedRun, Rehearsal};
use std::fmt::Write as _;

/// The report of one scenario, ending in a line break.
#[must_use]
pub fn render(rehearsal: &Rehearsal, shape: Shape, look: Look) -> String {
    let mut out = String::new();
    let scenario = &rehearsal.scenario;
    let _ = writeln!(out, "{}", look.paint.strong(&tame(&scenario.title)));
    let path = tame(&scenario.path);
    let _ = writeln!(out, "  scenario   {path} (hash {})", scenario.hash);
    match rehearsal.runs.as_slice() {
        [run] if !shape.seeds => one(&mut out, rehearsal, run, look),
        _ => seeds::several(&mut out, rehearsal, look),
    }
    out
}

fn one(out: &mut String, rehearsal: &Rehearsal, run: &JudgedRun, look: Look) {
    let _ = writeln!(out, "  seed       {}", run.seed);
    let _ = writeln!(out, "  digest     {}", run.digest);
    let _ = writeln!(out, "  simulated  {}", run.simulated);
    let told = accounts(&run.conservation, run.requests);
    let _ = writeln!(out, "  requests   {}: {told}", value::count(run.requests));
    if look.verbose || !balanced(&run.conservation, run.requests) {
        conservation(out, &run.conservation);
    }
    invariants(out, &run.invariants, look);
    watches(out, run, look);
    let broken = run.invariants.iter().any(|i| i.judgement.verdict == Verdict::Broken);
    if look.verbose || broken || run.alerts.iter().any(|alert| alert.firing.is_some()) {
        course::render(out, &run.course, look);
    }
    if look.verbose || broken {
        hops::render(out, &run.hops, look);
    }
    control(out, rehearsal, run.control.as_ref(), look);
    let _ = writeln!(out, "\nbill     ${} a month", run.bill.total());
    let _ = writeln!(out, "again    {}", replay_command::run(rehearsal, run.seed));
}

fn invariants(out: &mut String, invariants: &[Judged], look: Look) {
    if invariants.is_empty() {
        return;
    }
    let rows: Vec<[String; 4]> = invariants
        .iter()
        .map(|judged| {
            let since = judged.judgement.first_broken_s;
            [
                tame(&judged.name),
                saw(&judged.judgement),
                wanted(judged),
                since.map_or_else(String::new, |s| format!("first at {}", value::clock(s))),
            ]
        })
        .collect();
    heading(out, "invariants", look);
    let right: usize = (1..4).map(|column| widest(&rows, column) + 2).sum();
    let names = widest(&rows, 0).min(WIDTH.saturating_sub(2 + MARK + 2 + right)).max(20);
    for (row, judged) in rows.iter().zip(invariants) {
        let name = wrap(&row[0], names);
        let mut line = format!("{:<names$}", name[0]);
        for (column, cell) in row.iter().enumerate().skip(1) {
            let width = widest(&rows, column);
            let _ = write!(line, "  {cell:<width$}");
        }
        let mark = mark(judged.judgement.verdict, look);
        let _ = writeln!(out, "  {mark}  {}", line.trim_end());
        for rest in &name[1..] {
            let _ = writeln!(out, "  {:MARK$}  {rest}", "");
        }
        if look.verbose {
            sentence(out, &judged.text, judged.judgement.seen, look);
        }
    }
}

fn watches(out: &mut String, run: &JudgedRun, look: Look) {
    if run.watch.is_empty() {
        return;
    }
    heading(out, "watched", look);
    let names: Vec<_> = run.watch.iter().map(|watched| tame(&watched.name)).collect();
    let room = WIDTH - 2 - MARK - 2 - 20;
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or(0).min(room);
    for (name, watched) in names.iter().zip(&run.watch) {
        let lines = wrap(name, width);
        let _ = writeln!(out, "  {:MARK$}  {:<width$}  {}", "", lines[0], seen(watched.seen));
        for rest in &lines[1..] {
            let _ = writeln!(out, "  {:MARK$}  {rest}", "");
        }
        if look.verbose {
            sentence(out, &watched.text, watched.seen, look);
        }
    }
}

fn control(out: &mut String, rehearsal: &Rehearsal, control: Option<&Control>, look: Look) {
    heading(out, "control", look);
    let Some(control) = control else {
        let _ = writeln!(out, "  {}", no_control(rehearsal));
        return;
    };
    let (mark, text) = (mark(control.verdict, look), control_sentence(control.verdict));
    let _ = writeln!(out, "  {mark}  {text}");
    for name in &control.expected {
        let became = if control.broke.contains(name) { "broke" } else { "did not" };
        let _ = writeln!(out, "  {:MARK$}  {became:<7}  {}", "", tame(name));
    }
    for name in control.broke.iter().filter(|name| !control.expected.contains(name)) {
        let _ = writeln!(out, "  {:MARK$}  {:<7}  {} (not named)", "", "broke", tame(name));
    }
}

/// The sentence from the file and what it rests on.
fn sentence(out: &mut String, text: &str, seen: Seen, look: Look) {
    let samples = value::count(seen.samples);
    let text = format!("{} (on {samples} samples)", tame(text));
    for line in wrap(&text, WIDTH - 2 - MARK - 4) {
        let _ = writeln!(out, "  {:MARK$}    {}", "", look.paint.faint(&line));
    }
}

fn saw(judgement: &Judgement) -> String {
    let of = |seen| value::beside(seen, judgement.bound, judgement.seen.unit);
    judgement.seen.value.map_or_else(|| "nothing seen".into(), of)
}

/// What was seen, alone.
pub(super) fn seen(seen: Seen) -> String {
    seen.value.map_or_else(|| "nothing seen".into(), |value| value::short(value, seen.unit))
}

pub(super) fn accounts(regions: &[Conservation], requests: u64) -> &'static str {
    if balanced(regions, requests) { "all accounted for" } else { "NOT all accounted for" }
}

fn conservation(out: &mut String, regions: &[Conservation]) {
    let head = ["region", "drawn", "answered", "failed", "given up", "under way"];
    let mut rows = vec![head.map(str::to_owned)];
    rows.extend(regions.iter().map(|r| {
        let [drawn, answered, failed, given_up, under_way] =
            [r.drawn, r.answered, r.failed, r.given_up, r.under_way].map(value::count);
        [tame(&r.region), drawn, answered, failed, given_up, under_way]
    }));
    for row in &rows {
        let mut line = format!("    {:<width$}", row[0], width = widest(&rows, 0));
        for (column, cell) in row.iter().enumerate().skip(1) {
            let _ = write!(line, "  {cell:>width$}", width = widest(&rows, column));
        }
        let _ = writeln!(out, "{line}");
    }
}

fn widest<const N: usize>(rows: &[[String; N]], column: usize) -> usize {
    rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn books_that_do_not_balance_are_told() {
        let mut region = Conservation {
            region: "a".into(),
            drawn: 10,
            answered: 7,
            failed: 1,
            given_up: 1,
            under_way: 1,
        };
        assert!(balanced(std::slice::from_ref(&region), 10));
        assert!(!balanced(std::slice::from_ref(&region), 11));
        region.failed = 0;
        assert_eq!(accounts(&[region], 10), "NOT all accounted for");
    }
}
