//! Several runs of one scenario as text.

use super::colour::tame;
use super::layout::{Look, WIDTH, heading, mark, wrap};
use super::phrases::{balanced, control_sentence, no_control, wanted};
use super::{Across, Spread, control_verdict, replay_command, value};
use crate::rehearse::Rehearsal;
use crate::stats::clopper_pearson;
use crate::units::Unit;
use std::fmt::Write as _;

/// Where the details of an invariant stand.
const INDENT: usize = 14;
/// The level of every interval.
pub(super) const LEVEL: f64 = 0.95;

/// The body of a report over several seeds.
pub(super) fn several(out: &mut String, rehearsal: &Rehearsal, look: Look) {
    let runs = &rehearsal.runs;
    if let (Some(first), Some(last)) = (runs.first(), runs.last()) {
        let count = runs.len();
        let _ = writeln!(out, "  seeds      {}..{}: {count} runs", first.seed, last.seed);
        let each = first.simulated;
        let _ = writeln!(out, "  simulated  {each} each");
    }
    let requests: u64 = runs.iter().map(|run| run.requests).sum();
    let sound = runs.iter().all(|run| balanced(&run.conservation, run.requests));
    let told = if sound { "all accounted for" } else { "NOT all accounted for" };
    let _ = writeln!(out, "  requests   {}: {told}", value::count(requests));
    if look.verbose || !sound {
        for run in runs {
            let told =
                if balanced(&run.conservation, run.requests) { "" } else { "  not accounted" };
            let (seed, count) = (run.seed, value::count(run.requests));
            let _ = writeln!(out, "    seed {seed}  digest {}  {count} requests{told}", run.digest);
        }
    }
    invariants(out, rehearsal, look);
    watches(out, rehearsal, look);
    control(out, rehearsal, look);
    let bills = runs.iter().map(|run| run.bill.total());
    if let (Some(low), Some(high)) = (bills.clone().min(), bills.max()) {
        let range = if low == high { format!("${low}") } else { format!("${low} to ${high}") };
        let _ = writeln!(out, "\nbill     {range} a month");
    }
    let _ = writeln!(out, "again    {}", replay_command::all(rehearsal));
}

fn control(out: &mut String, rehearsal: &Rehearsal, look: Look) {
    heading(out, "control", look);
    match control_verdict(rehearsal) {
        None => {
            let _ = writeln!(out, "  {}", no_control(rehearsal));
        }
        Some(all) => {
            let _ =
                writeln!(out, "  {}  {}", mark(all.verdict, look), control_sentence(all.verdict));
            details(out, &format!("in {}", share(&all)), all.first_broken_seed);
        }
    }
}

fn invariants(out: &mut String, rehearsal: &Rehearsal, look: Look) {
    let Some(first) = rehearsal.runs.first().filter(|run| !run.invariants.is_empty()) else {
        return;
    };
    heading(out, "invariants", look);
    for (index, judged) in first.invariants.iter().enumerate() {
        let all = super::across(rehearsal, index);
        let mut name = wrap(&tame(&judged.name), WIDTH - INDENT).into_iter();
        let _ = writeln!(
            out,
            "  {}  {}",
            mark(all.verdict, look),
            look.paint.strong(&name.next().unwrap_or_default())
        );
        for rest in name {
            let _ = writeln!(out, "{:INDENT$}{}", "", look.paint.strong(&rest));
        }
        let asked = if rehearsal.holds_in < 1.0 {
            format!("; {} are enough", value::short(100.0 * rehearsal.holds_in, Unit::Ratio))
        } else {
            String::new()
        };
        let bound = wanted(judged).replace("  ", " ");
        let seen = range(all.spread, Some(judged.judgement.bound));
        let text = format!("bound {bound}; seen {seen}; held in {}{asked}", share(&all));
        details(out, &text, all.first_broken_seed);
        if look.verbose {
            for line in wrap(&tame(&judged.text), WIDTH - INDENT) {
                let _ = writeln!(out, "{:INDENT$}{}", "", look.paint.faint(&line));
            }
        }
    }
}

fn watches(out: &mut String, rehearsal: &Rehearsal, look: Look) {
    let Some(first) = rehearsal.runs.first().filter(|run| !run.watch.is_empty()) else {
        return;
    };
    heading(out, "watched", look);
    for (index, watched) in first.watch.iter().enumerate() {
        let seen = rehearsal.runs.iter().filter_map(|run| run.watch.get(index)).map(|w| w.seen);
        let text = format!("{}: {}", tame(&watched.name), range(Spread::of(seen), None));
        for line in wrap(&text, WIDTH - INDENT) {
            let _ = writeln!(out, "{:INDENT$}{line}", "");
        }
    }
}

fn details(out: &mut String, text: &str, first_broken_seed: Option<u64>) {
    let broken =
        first_broken_seed.map_or_else(String::new, |s| format!("; first broken by seed {s}"));
    for line in wrap(&format!("{text}{broken}"), WIDTH - INDENT) {
        let _ = writeln!(out, "{:INDENT$}{line}", "");
    }
}

/// `17 of 20 runs (95 % interval 62.1 % to 96.8 %)`. Runs in which nothing was measured count as
/// tried and not held.
fn share(all: &Across) -> String {
    let (low, high) = clopper_pearson(all.holds, all.runs, LEVEL);
    let missing = match all.unmeasured {
        0 => String::new(),
        count => format!(", {count} unmeasured"),
    };
    let end = |share: f64| value::short(100.0 * share, Unit::Ratio);
    let (low, high) = (end(low), end(high));
    format!("{} of {} runs{missing} (95 % interval {low} to {high})", all.holds, all.runs)
}

/// From the smallest to the largest value, with as many digits as tell them from the bound.
fn range(spread: Spread, bound: Option<f64>) -> String {
    let told = |value: f64| match bound {
        Some(bound) => value::beside(value, bound, spread.unit),
        None => value::short(value, spread.unit),
    };
    match (spread.min.map(told), spread.max.map(told)) {
        (Some(min), Some(max)) if min == max => min,
        (Some(min), Some(max)) => format!("{min} to {max}"),
        _ => "nothing".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_that_crosses_its_bound_shows_it() {
        let spread = Spread { min: Some(899.9), max: Some(900.2), unit: Unit::Time };
        assert_eq!(range(spread, Some(900.0)), "899.9 ms to 900.2 ms");
        assert_eq!(range(spread, None), "900 ms");
        assert_eq!(range(Spread::of([]), None), "nothing");
    }
}
