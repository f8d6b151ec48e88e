//! Exact values, ranks, and how they stand to a bound.

use super::term::{Compare, Condition};
use crate::units::{Quantity, Unit, count_to_f64};
use std::cmp::Ordering;

/// An exact value in the grains of a unit; the denominator is positive.
#[derive(Clone, Copy, Debug)]
pub(super) struct Fraction {
    over: i128,
    under: i128,
}

/// Grains in one: shares, rates and bare numbers are held in billionths.
const GRAIN: i128 = 1_000_000_000;

/// Grains in the unit in which reports print.
const fn grains_of_short(unit: Unit) -> i128 {
    match unit {
        Unit::Time | Unit::Money => 1_000_000,
        Unit::Ratio => 10_000_000,
        Unit::Rate | Unit::Count => GRAIN,
        Unit::Bytes => 1,
    }
}

/// The step between neighbouring values that are whole numbers, in the unit in which reports print;
/// zero where there is none.
const fn step_of(unit: Unit) -> f64 {
    match unit {
        Unit::Time => 1e-6,
        Unit::Count | Unit::Bytes => 1.0,
        _ => 0.0,
    }
}

/// Grains of a unit in a whole number of a gauge's values.
const fn grains_of_level(unit: Unit) -> i128 {
    match unit {
        Unit::Time => 1,
        _ => GRAIN,
    }
}

impl Fraction {
    /// `over` / `under` grains.
    pub(super) const fn grains(over: i128, under: i128) -> Self {
        Self { over, under }
    }

    /// `part` of `whole`, which is positive.
    pub(super) fn part(part: u64, whole: u64) -> Self {
        Self { over: i128::from(part) * GRAIN, under: i128::from(whole) }
    }

    /// A bare number.
    pub(super) fn count(count: u64) -> Self {
        Self { over: i128::from(count) * GRAIN, under: 1 }
    }

    /// `count` in `nanos`, which is positive, a second.
    pub(super) fn rate(count: u64, nanos: u64) -> Self {
        Self { over: i128::from(count).saturating_mul(GRAIN * GRAIN), under: i128::from(nanos) }
    }

    /// A sum of a gauge's values over their number, which is positive.
    pub(super) fn level(unit: Unit, sum: u128, n: u64) -> Self {
        let sum = i128::try_from(sum).unwrap_or(i128::MAX);
        Self { over: sum.saturating_mul(grains_of_level(unit)), under: i128::from(n) }
    }

    /// How it stands to a bound in the same unit.
    pub(super) fn against(self, bound: Quantity) -> Ordering {
        self.over.cmp(&bound.grains().saturating_mul(self.under))
    }

    /// The value in the unit in which reports print.
    #[allow(clippy::cast_precision_loss)] // reason: a float is what is asked for
    pub(super) fn in_short_unit(self, unit: Unit) -> f64 {
        let under = self.under.saturating_mul(grains_of_short(unit));
        // Reduced, both are small enough to be exact, and the quotient is rounded once.
        let divisor = gcd(self.over.unsigned_abs(), under.unsigned_abs()).max(1);
        let divisor = i128::try_from(divisor).unwrap_or(1);
        (self.over / divisor) as f64 / (under / divisor) as f64
    }
}

const fn gcd(mut a: u128, mut b: u128) -> u128 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

/// How many of `n` values lie below a bound, and how many up to it, where that is known.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub(super) struct Ranks {
    pub(super) n: u64,
    pub(super) below: Option<u64>,
    pub(super) up_to: Option<u64>,
}

impl Ranks {
    /// No values yet, all of which will be compared.
    pub(super) const fn counting() -> Self {
        Self { n: 0, below: Some(0), up_to: Some(0) }
    }

    /// Counts a value that stands so to the bound.
    pub(super) fn add(&mut self, value_to_bound: Ordering) {
        self.n += 1;
        self.below = self.below.map(|n| n + u64::from(value_to_bound.is_lt()));
        self.up_to = self.up_to.map(|n| n + u64::from(value_to_bound.is_le()));
    }

    /// How many values satisfy a comparison.
    pub(super) fn satisfying(self, compare: Compare) -> Option<u64> {
        match compare {
            Compare::Less => self.below,
            Compare::AtMost => self.up_to,
            Compare::Equal => Some(self.up_to? - self.below?),
            Compare::AtLeast => Some(self.n - self.below?),
            Compare::Greater => Some(self.n - self.up_to?),
        }
    }

    /// How the value of this rank, from 1, stands to the bound; `None` if that was not counted.
    fn holds(self, rank: u64, compare: Compare) -> Option<bool> {
        let below = || self.below.map(|n| n >= rank);
        let up_to = || self.up_to.map(|n| n >= rank);
        match compare {
            Compare::Less => below(),
            Compare::AtMost => up_to(),
            Compare::Equal => Some(up_to()? && !below()?),
            Compare::AtLeast => Some(!below()?),
            Compare::Greater => Some(!up_to()?),
        }
    }
}

/// What a stretch of time says of a term.
#[derive(Clone, Copy, Debug)]
pub(super) enum Reading {
    /// Nothing was measured.
    Nothing,
    /// A value and how much it rests on.
    Exact(Fraction, u64),
    /// The value of a rank; it is printed as `seen`, which may be rounded.
    Ranked { ranks: Ranks, rank: u64, seen: f64 },
    /// A share of one that was computed elsewhere.
    Share(f64),
}

impl Reading {
    /// Whether it satisfies a condition; `None` when nothing was measured.
    pub(super) fn holds(self, test: Condition) -> Option<bool> {
        match self {
            Self::Nothing => None,
            Self::Exact(value, _) => Some(test.compare.holds(value.against(test.bound))),
            Self::Ranked { ranks, rank, .. } => ranks.holds(rank, test.compare),
            Self::Share(value) => {
                let order = value.partial_cmp(&test.bound.as_f64())?;
                Some(test.compare.holds(order))
            }
        }
    }

    /// The value in the unit in which reports print, and how much it rests on.
    pub(super) fn seen(self, unit: Unit) -> (Option<f64>, u64) {
        match self {
            Self::Nothing => (None, 0),
            Self::Exact(value, n) => (Some(value.in_short_unit(unit)), n),
            Self::Ranked { ranks, seen, .. } => (Some(seen), ranks.n),
            Self::Share(share) => (Some(share * 100.0), 1),
        }
    }
}

/// A rounded value moved to the side of the bound on which the exact one is known to be, so that
/// what is printed never contradicts the verdict.
pub(super) fn on_its_side(seen: f64, test: Condition, holds: bool) -> f64 {
    let bound = test.bound.in_short_unit();
    let order = seen.partial_cmp(&bound).unwrap_or(Ordering::Equal);
    if test.compare.holds(order) == holds {
        return seen;
    }
    let step = step_of(test.bound.unit());
    match (test.compare, holds) {
        (Compare::Less, true) | (Compare::AtLeast, false) => (bound - step).min(bound.next_down()),
        (Compare::AtMost, false) | (Compare::Greater, true) => (bound + step).max(bound.next_up()),
        (Compare::Equal, false) => bound.next_up(),
        _ => bound,
    }
}

/// A level in the unit in which reports print.
pub(super) fn level_in_short_unit(unit: Unit, level: f64) -> f64 {
    match unit {
        Unit::Time => level / 1e6,
        _ => level,
    }
}

/// How a gauge's value stands to a bound.
pub(super) fn level_against(unit: Unit, level: u64, bound: Quantity) -> Ordering {
    (i128::from(level) * grains_of_level(unit)).cmp(&bound.grains())
}

/// A rate for a histogram, in thousandths a second, rounded down.
pub(super) fn milli_rate(count: u64, nanos: u64) -> u64 {
    let rate = u128::from(count) * 1_000_000_000_000 / u128::from(nanos.max(1));
    u64::try_from(rate).unwrap_or(u64::MAX)
}

/// A rate from a histogram, a second.
pub(super) fn from_milli_rate(rate: f64) -> f64 {
    rate / 1e3
}

/// A count and the time in which it was made, ordered by rate.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rate {
    pub(super) count: u64,
    pub(super) nanos: u64,
}

impl Rate {
    /// Which rate is the greater.
    pub(super) fn against(self, other: Self) -> Ordering {
        let mine = u128::from(self.count) * u128::from(other.nanos);
        mine.cmp(&(u128::from(other.count) * u128::from(self.nanos)))
    }

    /// Its value a second.
    pub(super) fn value(self) -> Fraction {
        Fraction::rate(self.count, self.nanos)
    }

    /// Its value a second, for printing.
    pub(super) fn a_second(self) -> f64 {
        count_to_f64(self.count) * 1e9 / count_to_f64(self.nanos)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(text: &str, compare: Compare) -> Condition {
        Condition { compare, bound: Quantity::parse(text).unwrap() }
    }

    #[test]
    fn fractions_are_compared_exactly_and_printed_once_rounded() {
        let bound = |text| Quantity::parse(text).unwrap();
        assert_eq!(Fraction::part(9_999, 10_000).against(bound("99.99%")), Ordering::Equal);
        assert_eq!(Fraction::part(9_999, 10_000).in_short_unit(Unit::Ratio), 99.99);
        assert_eq!(Fraction::part(1, 3).against(bound("33.3333333%")), Ordering::Greater);
        assert_eq!(Fraction::rate(16, 10_000_000).against(bound("1,600/s")), Ordering::Equal);
        let large = (1 << 52) + 1;
        assert_eq!(Fraction::part(large - 1, large).against(bound("100%")), Ordering::Less);
        assert_eq!(Fraction::level(Unit::Time, 3, 2).in_short_unit(Unit::Time), 1.5e-6);
    }

    #[test]
    fn rates_are_ordered_whatever_the_times_in_which_they_were_counted() {
        let rate = |count, secs: u64| Rate { count, nanos: secs * 1_000_000_000 };
        assert_eq!(rate(3, 2).against(rate(4, 3)), Ordering::Greater);
        assert_eq!(rate(4, 3).against(rate(3, 2)), Ordering::Less);
        assert_eq!(rate(2, 4).against(rate(1, 2)), Ordering::Equal);
        assert_eq!(rate(0, 9).against(rate(0, 1)), Ordering::Equal);
    }

    /// The bound is a quarter; reports print shares in percent.
    #[test]
    fn a_share_that_was_computed_elsewhere_is_judged_and_printed() {
        for (share, printed, at_most) in [(0.2, 20.0, true), (0.25, 25.0, true), (0.3, 30.0, false)]
        {
            let reading = Reading::Share(share);
            assert_eq!(reading.holds(test("25%", Compare::AtMost)), Some(at_most));
            assert_eq!(reading.seen(Unit::Ratio), (Some(printed), 1));
        }
        assert_eq!(Reading::Share(f64::NAN).holds(test("25%", Compare::AtMost)), None);
    }

    #[test]
    fn what_is_printed_never_contradicts_the_verdict() {
        for compare in Compare::ALL {
            for text in ["300ms", "75%", "64", "1,600/s", "0s"] {
                for seen in [-1.0, 0.0, 64.0, 75.0, 300.0, 1_600.0, 1e9] {
                    for holds in [true, false] {
                        let test = test(text, compare);
                        let moved = on_its_side(seen, test, holds);
                        let order = moved.partial_cmp(&test.bound.in_short_unit()).unwrap();
                        assert_eq!(compare.holds(order), holds, "{seen} {compare:?} {text}");
                    }
                }
            }
        }
        assert_eq!(on_its_side(301.0, test("300ms", Compare::Less), true), 299.999_999);
    }
}
