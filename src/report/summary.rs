//! What several runs say together.

use crate::invariant::{Seen, Verdict};
use crate::rehearse::{Rehearsal, RehearsedRun};
use crate::units::{Unit, count_to_f64};

/// Rounding of `holds_in * runs` must not turn 19 of 20 into less than 95 %.
const ROUNDING: f64 = 1e-9;

/// One invariant, watch or control over all runs.
#[derive(Clone, PartialEq, Debug)]
pub struct Across {
    /// How many runs there were.
    pub runs: u64,
    /// In how many it held.
    pub holds: u64,
    /// In how many it was broken.
    pub broken: u64,
    /// In how many it was not measured.
    pub unmeasured: u64,
    /// The verdict over all of them (see [`overall`]).
    pub verdict: Verdict,
    /// The first seed that broke it.
    pub first_broken_seed: Option<u64>,
    /// What was seen.
    pub spread: Spread,
}

/// The range of what was seen.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Spread {
    /// The smallest value; `None` when nothing was measured in any run.
    pub min: Option<f64>,
    /// The largest value.
    pub max: Option<f64>,
    /// Their unit.
    pub unit: Unit,
}

impl Spread {
    /// The range of these values; those that were not measured do not count.
    #[must_use]
    pub fn of(seen: impl IntoIterator<Item = Seen>) -> Self {
        let mut spread = Self { min: None, max: None, unit: Unit::Count };
        for Seen { value, unit, .. } in seen {
            spread.unit = unit;
            if let Some(value) = value {
                spread.min = Some(spread.min.map_or(value, |min: f64| min.min(value)));
                spread.max = Some(spread.max.map_or(value, |max: f64| max.max(value)));
            }
        }
        spread
    }
}

/// The verdict of several runs, of which a share of `holds_in` must hold.
///
/// `Holds` when enough of them did, whatever became of the others. `Broken` when there are too few
/// even if every unmeasured run is counted as holding. `Unmeasured` in between, and when there are
/// no runs.
#[must_use]
pub fn overall(verdicts: impl IntoIterator<Item = Verdict>, holds_in: f64) -> Verdict {
    let (mut runs, mut holds, mut broken) = (0_u64, 0_u64, 0_u64);
    for verdict in verdicts {
        runs += 1;
        holds += u64::from(verdict == Verdict::Holds);
        broken += u64::from(verdict == Verdict::Broken);
    }
    let needed = holds_in * count_to_f64(runs) - ROUNDING;
    if runs == 0 {
        Verdict::Unmeasured
    } else if count_to_f64(holds) >= needed {
        // With `holds_in` of zero nothing is asked for, but nothing measured is still no pass.
        if holds + broken == 0 { Verdict::Unmeasured } else { Verdict::Holds }
    } else if count_to_f64(runs - broken) < needed {
        Verdict::Broken
    } else {
        Verdict::Unmeasured
    }
}

/// The invariant with this index over all runs.
#[must_use]
pub fn across(rehearsal: &Rehearsal, index: usize) -> Across {
    let judged: Vec<_> = rehearsal
        .runs
        .iter()
        .filter_map(|run| {
            run.invariants.get(index).map(|judged| (run.simulated.seed, judged.judgement))
        })
        .collect();
    let mut all = counted(judged.iter().map(|(seed, j)| (*seed, j.verdict)), rehearsal.holds_in);
    all.spread = Spread::of(judged.iter().map(|(_, judgement)| judgement.seen));
    all
}

/// The control over all runs; `None` when no run has one. It must do its work in the same share of
/// runs in which an invariant must hold.
#[must_use]
pub fn control_verdict(rehearsal: &Rehearsal) -> Option<Across> {
    let of_run = |run: &RehearsedRun| {
        run.control.as_ref().map(|control| (run.simulated.seed, control.verdict))
    };
    let verdicts: Vec<_> = rehearsal.runs.iter().filter_map(of_run).collect();
    (!verdicts.is_empty()).then(|| counted(verdicts.into_iter(), rehearsal.holds_in))
}

/// The verdict of all invariants over all runs, the control left out: broken when one is broken,
/// else unmeasured when one is unmeasured. `Unmeasured` when there are no runs.
#[must_use]
pub fn verdict(rehearsal: &Rehearsal) -> Verdict {
    let invariants = rehearsal.runs.first().map_or(0, |run| run.invariants.len());
    let nothing = if rehearsal.runs.is_empty() { Verdict::Unmeasured } else { Verdict::Holds };
    (0..invariants).map(|index| across(rehearsal, index).verdict).max().unwrap_or(nothing)
}

fn counted(verdicts: impl Iterator<Item = (u64, Verdict)> + Clone, holds_in: f64) -> Across {
    let mut all = Across {
        runs: 0,
        holds: 0,
        broken: 0,
        unmeasured: 0,
        verdict: overall(verdicts.clone().map(|(_, verdict)| verdict), holds_in),
        first_broken_seed: None,
        spread: Spread::of([]),
    };
    for (seed, verdict) in verdicts {
        all.runs += 1;
        match verdict {
            Verdict::Holds => all.holds += 1,
            Verdict::Unmeasured => all.unmeasured += 1,
            Verdict::Broken => {
                all.broken += 1;
                all.first_broken_seed = all.first_broken_seed.or(Some(seed));
            }
        }
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;
    use Verdict::{Broken, Holds, Unmeasured};

    fn of(holds: usize, broken: usize, unmeasured: usize, holds_in: f64) -> Verdict {
        let verdicts = [vec![Holds; holds], vec![Broken; broken], vec![Unmeasured; unmeasured]];
        overall(verdicts.concat(), holds_in)
    }

    #[test]
    fn all_must_hold_unless_the_file_says_otherwise() {
        assert_eq!(of(20, 0, 0, 1.0), Holds);
        assert_eq!(of(19, 1, 0, 1.0), Broken);
        assert_eq!(of(19, 1, 0, 0.95), Holds);
        assert_eq!(of(18, 2, 0, 0.95), Broken);
        assert_eq!(of(2, 1, 0, 2.0 / 3.0), Holds);
    }

    #[test]
    fn nothing_measured_is_never_a_pass() {
        assert_eq!(of(19, 0, 1, 1.0), Unmeasured);
        assert_eq!(of(18, 1, 1, 1.0), Broken);
        assert_eq!(of(18, 1, 1, 0.95), Unmeasured); // 19 of 20 if it had held
        assert_eq!(of(0, 0, 3, 0.0), Unmeasured);
        assert_eq!(of(0, 0, 0, 1.0), Unmeasured);
    }

    #[test]
    fn a_range_leaves_out_what_was_not_measured() {
        let seen = |value| Seen { value, unit: Unit::Time, samples: 1 };
        let spread = Spread::of([seen(Some(3.0)), seen(None), seen(Some(1.0))]);
        assert_eq!((spread.min, spread.max, spread.unit), (Some(1.0), Some(3.0), Unit::Time));
        assert_eq!(Spread::of([seen(None)]).min, None);
    }
}
