//! What the pairs of one quantity say.

use crate::scenario::Worse;
use crate::stats::{Paired, Sample, holm, student_quantile};

/// The error that the first look may make with each quantity: it only chooses.
pub const FIRST_LOOK: f64 = 0.05;

/// The error that the confirmation may make over all quantities together.
pub const CONFIRM: f64 = 0.001;

/// What a quantity may do before it gates.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rule {
    /// How much worse its mean may become as a share of what it was.
    pub relative: f64,
    /// How much worse it may become in its own unit; the larger of the two counts.
    pub absolute: f64,
    /// Which way is worse.
    pub worse: Worse,
    /// Whether it is a share, in per cent: `relative` is then of what it is or of what it lacks to the
    /// whole, whichever is less, so that 1 % does not allow an availability of 99.99 % to fall to 98.99 %.
    pub share: bool,
}

/// What has become of a quantity, the better first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Better by more than its tolerance, as far as the first look goes.
    Better,
    /// Not worse than its tolerance allows.
    Same,
    /// It may be worse than that, and may not.
    CannotTell,
    /// Worse than its tolerance allows, and confirmed on fresh seeds.
    Regressed,
}

impl Verdict {
    /// As every form writes it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Better => "better",
            Self::Same => "same",
            Self::CannotTell => "cannot tell",
            Self::Regressed => "regressed",
        }
    }
}

/// What a set of pairs says of one quantity.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Look {
    /// The pairs.
    pub paired: Paired,
    /// How much worse the mean may be.
    pub allowed: f64,
    /// The probability of such pairs if it were worse by no more than that.
    pub p_worse: f64,
    /// The probability of such pairs if it were better by no more than that.
    pub p_better: f64,
    /// Whether it is not worse than allowed with 95 % confidence.
    pub within: bool,
}

impl Rule {
    /// How much worse a mean may become that was `before`.
    #[must_use]
    pub fn allowed(&self, before: f64) -> f64 {
        let whole = before.abs();
        let base = if self.share { whole.min((100.0 - before).abs()) } else { whole };
        (self.relative * base).max(self.absolute)
    }

    /// What these pairs say, the baseline's value first; `None` of none.
    #[must_use]
    pub fn look(&self, pairs: &[(f64, f64)]) -> Option<Look> {
        let paired = Paired::of(pairs)?;
        let allowed = self.allowed(paired.first.mean);
        let up = paired.difference;
        let down = Sample { mean: -up.mean, ..up };
        // Values that are the same with every seed say that nothing has changed, even if there is
        // only one.
        if pairs.iter().all(|(before, now)| before.to_bits() == now.to_bits()) {
            return Some(Look { paired, allowed, p_worse: 1.0, p_better: 1.0, within: true });
        }
        let (p_up, p_down) = (up.p_above(allowed), down.p_above(allowed));
        let (p_worse, p_better, end) = match self.worse {
            Worse::Higher => (p_up, p_down, upper(up)),
            Worse::Lower => (p_down, p_up, upper(down)),
            // Either side: twice the smaller one, and nothing is better.
            Worse::Both => ((2.0 * p_up.min(p_down)).min(1.0), 1.0, upper(up).max(upper(down))),
            Worse::Neither => (1.0, 1.0, 0.0),
        };
        Some(Look { paired, allowed, p_worse, p_better, within: end <= allowed })
    }
}

/// The upper end of the one-sided 95 % interval of a mean; infinite where nothing is known of it.
fn upper(sample: Sample) -> f64 {
    match sample.n {
        0 | 1 => f64::INFINITY,
        _ if sample.deviation == 0.0 => sample.mean,
        n => {
            let freedom = crate::units::count_to_f64(n as u64 - 1);
            sample.mean + student_quantile(1.0 - FIRST_LOOK, freedom) * sample.error()
        }
    }
}

impl Look {
    /// Whether the first look chooses this quantity for a second one: it seems worse than allowed.
    #[must_use]
    pub fn is_suspect(&self) -> bool {
        self.p_worse < FIRST_LOOK
    }

    /// Whether the first look is enough: neither does it seem worse, nor is it too uncertain.
    #[must_use]
    pub fn is_enough(&self) -> bool {
        self.within && !self.is_suspect()
    }

    /// The verdict of a first look that is enough.
    #[must_use]
    pub fn verdict(&self) -> Verdict {
        if self.p_better < FIRST_LOOK { Verdict::Better } else { Verdict::Same }
    }
}

/// For each quantity that the first look chose: whether fresh seeds confirm that it is worse, given the
/// probabilities that they give ([`Look::p_worse`]). All together are wrong with [`CONFIRM`] at most.
#[must_use]
pub fn confirm(probabilities: &[f64]) -> Vec<bool> {
    holm(probabilities).into_iter().map(|adjusted| adjusted < CONFIRM).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const HIGHER: Rule = Rule { relative: 0.01, absolute: 0.0, worse: Worse::Higher, share: false };

    fn look(rule: Rule, pairs: &[(f64, f64)]) -> Look {
        rule.look(pairs).unwrap()
    }

    #[test]
    fn a_clear_rise_is_suspect_and_a_clear_fall_is_better() {
        let pairs = [(100.0, 102.0), (110.0, 112.1), (90.0, 91.9), (105.0, 107.0), (95.0, 97.0)];
        let seen = look(HIGHER, &pairs);
        assert!(seen.is_suspect() && !seen.within && seen.p_worse < 1e-5, "{seen:?}");
        assert_eq!(seen.allowed, 1.0);
        let turned = pairs.map(|(before, now)| (now, before));
        let seen = look(HIGHER, &turned);
        assert!(seen.is_enough());
        assert_eq!(seen.verdict(), Verdict::Better);
        let lower = Rule { worse: Worse::Lower, ..HIGHER };
        assert!(look(lower, &turned).is_suspect());
        assert_eq!(look(lower, &pairs).verdict(), Verdict::Better);
    }

    #[test]
    fn what_stays_within_the_tolerance_is_the_same() {
        let pairs = [(100.0, 100.5), (110.0, 110.4), (90.0, 90.6), (105.0, 105.5), (95.0, 95.5)];
        let seen = look(HIGHER, &pairs);
        assert!(seen.is_enough() && seen.verdict() == Verdict::Same);
        // The same change is beyond a tolerance of 0.1 %, and within one of 0.6 in its own unit.
        assert!(look(Rule { relative: 0.001, ..HIGHER }, &pairs).is_suspect());
        let own = Rule { relative: 0.0, absolute: 0.7, ..HIGHER };
        assert!(look(own, &pairs).is_enough());
    }

    #[test]
    fn noise_is_neither_suspect_nor_enough() {
        let pairs = [(100.0, 120.0), (110.0, 95.0), (90.0, 104.0), (105.0, 88.0), (95.0, 99.0)];
        let seen = look(HIGHER, &pairs);
        assert!(!seen.is_suspect() && !seen.is_enough(), "{seen:?}");
    }

    #[test]
    fn one_pair_says_something_only_when_nothing_has_changed() {
        assert!(look(HIGHER, &[(5.0, 5.0)]).is_enough());
        let seen = look(HIGHER, &[(5.0, 50.0)]);
        assert!(!seen.is_suspect() && !seen.is_enough());
        assert_eq!(HIGHER.look(&[]), None);
    }

    #[test]
    fn every_change_is_worse_where_both_ways_are() {
        let both = Rule { worse: Worse::Both, ..HIGHER };
        for step in [-2.0, 2.0] {
            let pairs = [100.0, 101.0, 99.0, 102.0, 98.0].map(|v| (v, v + step));
            assert!(look(both, &pairs).is_suspect());
        }
        let neither = Rule { worse: Worse::Neither, ..HIGHER };
        assert!(look(neither, &[(1.0, 9.0), (2.0, 8.0)]).is_enough());
    }

    #[test]
    fn a_share_is_measured_from_its_nearer_end() {
        let share = Rule { share: true, ..HIGHER };
        assert!((share.allowed(99.99) - 0.000_1).abs() < 1e-12);
        assert!((share.allowed(2.0) - 0.02).abs() < 1e-12);
        assert_eq!(HIGHER.allowed(99.0), 0.99);
        assert_eq!(Rule { absolute: 0.001, ..share }.allowed(99.99), 0.001);
    }

    #[test]
    fn a_confirmation_pays_for_every_quantity_that_it_looks_at() {
        assert_eq!(confirm(&[9e-4]), [true]);
        assert_eq!(confirm(&[9e-4, 0.5]), [false, false]);
        assert_eq!(confirm(&[4e-4, 0.5]), [true, false]);
        assert!(confirm(&[]).is_empty());
    }
}
