//! Values, changes and spells as a reader wants them.

use crate::report::model::Spell;
use crate::report::{tame, value};
use crate::stats::Paired;
use crate::units::Unit;

/// A text in Markdown that begins nothing of Markdown's, and ends no cell of a table.
#[must_use]
pub fn marked(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in tame(text).chars() {
        if matches!(letter, '`' | '*' | '_' | '<' | '[' | '\\' | '#' | '|') {
            out.push('\\');
        }
        out.push(letter);
    }
    out
}

/// `812 ms -> 1.24 s (+52.7 %)`; of several pairs the means, with the interval of their difference.
pub(super) fn change(values: &[(f64, f64)], unit: Unit) -> String {
    let Some(paired) = Paired::of(values) else {
        return "nothing measured both times".into();
    };
    let (before, now) = (paired.first.mean, paired.second.mean);
    if values.iter().all(|(a, b)| a.to_bits() == b.to_bits()) {
        return format!("{} as before", value::short(now, unit));
    }
    let means =
        format!("{} -> {}", value::beside(before, now, unit), value::beside(now, before, unit));
    let middle = paired.difference.mean;
    let half = paired.difference.half_width(0.95);
    if half.is_finite() && half > 0.0 {
        let (low, high) =
            (relative(middle - half, before, unit), relative(middle + half, before, unit));
        return format!(
            "{means} ({}; 95 % interval {low} to {high})",
            relative(middle, before, unit)
        );
    }
    format!("{means} ({})", relative(middle, before, unit))
}

/// A difference as a share of what was; of shares, and of what was nothing, in its own unit: `+2.48 %`,
/// `-0.3 points`.
#[must_use]
pub fn relative(difference: f64, before: f64, unit: Unit) -> String {
    let sign = if difference < 0.0 { "-" } else { "+" };
    let size = difference.abs();
    let text = match unit {
        Unit::Ratio => format!("{} points", value::short(size, unit).trim_end_matches(" %")),
        _ if before == 0.0 => value::short(size, unit),
        _ => value::short(100.0 * size / before.abs(), Unit::Ratio),
    };
    format!("{sign}{text}")
}

/// `5m12s to 6m00s: the queue of us-east-1 is full`.
pub(super) fn spell(spell: &Spell) -> String {
    format!("{} {}: {}", value::clock(spell.from_s), until(spell), marked(&spell.text))
}

/// When a spell was over.
pub(super) fn until(spell: &Spell) -> String {
    match spell.until_s {
        Some(until) => format!("to {}", value::clock(until)),
        None => "to the end".into(),
    }
}
