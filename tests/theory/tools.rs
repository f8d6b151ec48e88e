//! Plans from text, runs with several seeds, and what is read out of them.

use crate::runs::run;
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Gauge, Histogram, Scope, Timer};
use squall::scenario::{Source, load};
use squall::units::count_to_f64;

/// Seeds of a row that does not say otherwise.
pub const SEEDS: u64 = 20;

pub fn plan_of(text: &str) -> Plan {
    let source = Source::from_text("theory.toml", text);
    load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}{text}")).plan
}

/// What `seen` makes of a run with each seed.
pub fn with_seeds<T>(plan: &Plan, seeds: u64, seen: impl Fn(&Outcome) -> T) -> Vec<T> {
    let with_seed = |seed| Plan { seed, ..plan.clone() };
    (1..=seeds).map(|seed| seen(&run(&with_seed(seed), 1, false))).collect()
}

/// One column of what several runs gave.
pub fn column<T>(runs: &[T], of: impl Fn(&T) -> f64) -> Vec<f64> {
    runs.iter().map(of).collect()
}

/// The largest distance between a distribution function and that of the values, times the square root
/// of their number (Kolmogorov 1933).
pub fn distance(values: &[f64], cdf: impl Fn(f64) -> f64) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f64::total_cmp);
    let n = count_to_f64(sorted.len() as u64);
    let farthest = sorted.iter().zip(0_u64..).fold(0.0_f64, |farthest, (&value, before)| {
        let (exact, before) = (cdf(value), count_to_f64(before) / n);
        farthest.max((exact - before).abs()).max((exact - before - 1.0 / n).abs())
    });
    farthest * n.sqrt()
}

/// Whether a segment comes after the warm-up; a plan without harm has no other cuts.
pub fn judged(outcome: &Outcome, segment: usize) -> bool {
    segment + 1 == outcome.totals.timeline().segments()
}

pub fn values_of(outcome: &Outcome, sample: Timer) -> Histogram {
    outcome.totals.histogram(|s| judged(outcome, s), Scope::default(), sample)
}

/// The mean after the warm-up, in seconds.
pub fn mean_of(outcome: &Outcome, sample: Timer) -> f64 {
    values_of(outcome, sample).mean().unwrap() / 1e9
}

/// A quantile after the warm-up, in seconds.
pub fn quantile_of(outcome: &Outcome, sample: Timer, p: f64) -> f64 {
    values_of(outcome, sample).quantile(p).unwrap() / 1e9
}

pub fn count_of(outcome: &Outcome, counter: Counter) -> f64 {
    let cell = outcome.totals.cell(|s| judged(outcome, s), Scope::default());
    count_to_f64(cell[counter.index()])
}

/// The count of a whole run, its warm-up included.
pub fn all_of(outcome: &Outcome, counter: Counter) -> f64 {
    count_to_f64(outcome.totals.cell(|_| true, Scope::default())[counter.index()])
}

pub fn level_of(outcome: &Outcome, gauge: Gauge) -> f64 {
    let peaks = outcome.totals.peaks(|s| judged(outcome, s), Scope::default(), gauge);
    peaks.mean().unwrap()
}
