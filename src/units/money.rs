//! Exact money.

use std::fmt;
use std::iter::Sum;
use std::ops::{Add, AddAssign, Neg, Sub};

/// Millionths of a dollar, so that sums are exact.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Money(i64);

impl Money {
    /// Nothing.
    pub const ZERO: Self = Self(0);

    /// `micros` millionths of a dollar.
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Whole cents.
    #[must_use]
    pub const fn from_cents(cents: i64) -> Self {
        Self(cents * 10_000)
    }

    /// Millionths of a dollar.
    #[must_use]
    pub const fn as_micros(self) -> i64 {
        self.0
    }

    /// Dollars as a float: for printing and comparing, never for summing.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: bills are far below 2^53 micro-dollars
    pub const fn as_dollars(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// `self * numerator / denominator`, rounded half away from zero. `None` on overflow or when
    /// the denominator is zero.
    #[must_use]
    pub fn times_ratio(self, numerator: u64, denominator: u64) -> Option<Self> {
        if denominator == 0 {
            return None;
        }
        let product = i128::from(self.0).checked_mul(i128::from(numerator))?;
        let denominator = i128::from(denominator);
        let half = if product < 0 { -(denominator / 2) } else { denominator / 2 };
        i64::try_from((product + half) / denominator).ok().map(Self)
    }

    /// The sum, or `None` on overflow.
    #[must_use]
    pub const fn checked_add(self, other: Self) -> Option<Self> {
        match self.0.checked_add(other.0) {
            Some(sum) => Some(Self(sum)),
            None => None,
        }
    }
}

impl Add for Money {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}
impl AddAssign for Money {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}
impl Sub for Money {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}
impl Neg for Money {
    type Output = Self;
    fn neg(self) -> Self {
        Self(-self.0)
    }
}
impl Sum for Money {
    fn sum<I: Iterator<Item = Self>>(items: I) -> Self {
        items.fold(Self::ZERO, Add::add)
    }
}

impl fmt::Display for Money {
    /// Dollars and cents with thousands separated, rounded half away from zero: `45,239.20`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0.unsigned_abs() + 5_000) / 10_000;
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        let whole = (cents / 100).to_string();
        let mut grouped = String::new();
        for (place, digit) in whole.chars().enumerate() {
            if place > 0 && (whole.len() - place).is_multiple_of(3) {
                grouped.push(',');
            }
            grouped.push(digit);
        }
        f.pad(&format!("{sign}{grouped}.{:02}", cents % 100))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn money_prints_like_a_bill() {
        assert_eq!(Money::from_cents(4_523_920).to_string(), "45,239.20");
        assert_eq!(Money::from_micros(-1_234_565_000).to_string(), "-1,234.57");
        assert_eq!(Money::from_micros(4_999).to_string(), "0.00");
        assert_eq!(Money::from_micros(-4_999).to_string(), "0.00");
    }

    #[test]
    fn ratios_round_half_away_from_zero() {
        let one = Money::from_micros(1);
        assert_eq!(one.times_ratio(1, 2), Some(Money::from_micros(1)));
        assert_eq!((-one).times_ratio(1, 2), Some(Money::from_micros(-1)));
        assert_eq!(Money::from_micros(i64::MAX).times_ratio(2, 1), None);
        assert_eq!(one.times_ratio(1, 0), None);
    }
}
