//! What all forms say of a quantity, and how bad a scenario is.

use super::compare::Verdict;
use super::run::{Compared, Gated};
use crate::invariant;
use crate::judge::Judged;
use crate::report::diff::relative;
use crate::report::{self, Across, value};
use crate::scenario::Worse;

/// The worst verdict over a scenario's quantities; `Same` where none gates.
pub(super) fn worst(gated: &Gated) -> Verdict {
    let verdicts = gated.quantities.iter().filter_map(|compared| compared.verdict);
    let worse = verdicts.clone().filter(|verdict| *verdict >= Verdict::CannotTell).max();
    // Better counts only where nothing is worse.
    worse.unwrap_or_else(|| verdicts.min().unwrap_or(Verdict::Same))
}

/// What a scenario is called in one word: its own verdict before the comparison's.
pub(super) fn summary(gated: &Gated) -> &'static str {
    match report::verdict(&gated.rehearsal) {
        invariant::Verdict::Broken => return "broken",
        invariant::Verdict::Unmeasured => return "unmeasured",
        invariant::Verdict::Holds => {}
    }
    let control = report::control_verdict(&gated.rehearsal);
    if control.is_some_and(|all| all.verdict != invariant::Verdict::Holds) {
        return "control held";
    }
    worst(gated).name()
}

/// The colour of a word: good, bad, or nobody knows.
pub(super) fn colour(word: &str) -> invariant::Verdict {
    match word {
        "same" | "better" => invariant::Verdict::Holds,
        "cannot tell" | "unmeasured" => invariant::Verdict::Unmeasured,
        _ => invariant::Verdict::Broken,
    }
}

/// All invariants, as the first run judged them, with what all runs say.
pub(super) fn judged(gated: &Gated) -> impl Iterator<Item = (&Judged, Across)> {
    let first = gated.rehearsal.runs.first().map_or(&[][..], |run| run.invariants.as_slice());
    let each = first.iter().enumerate();
    each.map(|(index, judged)| (judged, report::across(&gated.rehearsal, index)))
}

/// Those that do not hold.
pub(super) fn failing(gated: &Gated) -> impl Iterator<Item = (&Judged, Across)> {
    judged(gated).filter(|(_, all)| all.verdict != invariant::Verdict::Holds)
}

/// `12.1 ms -> 12.4 ms (+2.48 %; 95 % interval +2.3 % to +2.66 %)`: the means, and how far they are apart.
pub(super) fn change(compared: &Compared) -> String {
    let Some(look) = compared.look else {
        return "nothing measured both times".into();
    };
    let (paired, unit) = (look.paired, compared.quantity.unit);
    let (before, now) = (paired.first.mean, paired.second.mean);
    let told = |value: f64, other: f64| value::beside(value, other, unit);
    let means = format!("{} -> {}", told(before, now), told(now, before));
    let half = paired.difference.half_width(0.95);
    let middle = paired.difference.mean;
    if middle == 0.0 && half == 0.0 {
        return told(before, now);
    }
    if !half.is_finite() {
        return format!("{means} ({}; one pair has no interval)", relative(middle, before, unit));
    }
    let end = |end: f64| relative(end, before, unit);
    format!(
        "{means} ({}; 95 % interval {} to {})",
        end(middle),
        end(middle - half),
        end(middle + half)
    )
}

/// `may rise by 1 %`.
pub(super) fn allowed(compared: &Compared) -> String {
    let way = match compared.rule.worse {
        Worse::Higher => "rise",
        Worse::Lower => "fall",
        Worse::Both => "change",
        Worse::Neither => return "does not gate".into(),
    };
    let (rule, unit) = (compared.rule, compared.quantity.unit);
    let share = 100.0 * rule.relative;
    let share = value::short(share, crate::units::Unit::Ratio);
    let own = value::short(rule.absolute, unit);
    let own = if rule.share { own.replace(" %", " points") } else { own };
    match (rule.relative > 0.0, rule.absolute > 0.0) {
        (true, true) => format!("may {way} by {share} or {own}"),
        (true, false) => format!("may {way} by {share}"),
        (false, true) => format!("may {way} by {own}"),
        (false, false) => format!("may not {way}"),
    }
}

/// Why a verdict is what it is, beyond the numbers; empty where these say all.
pub(super) fn why(compared: &Compared) -> String {
    let seeds = compared.fresh.map_or(0, |look| look.paired.difference.n);
    let lost = compared
        .look
        .and_then(|look| look.paired.correlation)
        .filter(|correlation| *correlation < PAIRED)
        .map_or("", |_| "; pairing lost: the two versions do not see the same viewers");
    match compared.verdict {
        Some(Verdict::Regressed) => format!("confirmed on {seeds} fresh seeds{lost}"),
        Some(Verdict::CannotTell) if seeds == 0 => {
            format!("too few seeds to say more: record the baseline with more{lost}")
        }
        Some(Verdict::CannotTell) => format!("not settled by {seeds} fresh seeds{lost}"),
        _ => String::new(),
    }
}

/// Pairs that go together less than this are none.
const PAIRED: f64 = 0.2;

/// The command that repeats it for one scenario.
pub(super) fn again(gated: &Gated) -> String {
    format!("squall gate {}", report::quoted(&gated.rehearsal.scenario.path))
}
