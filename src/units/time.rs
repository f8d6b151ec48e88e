//! Whole-nanosecond time.

use std::fmt;
use std::ops::{Add, AddAssign, Sub};

/// Nanoseconds since the run began.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Instant(u64);

/// Nanoseconds between two instants.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Debug)]
pub struct Span(u64);

const NANOS_PER_SECOND: u64 = 1_000_000_000;

impl Instant {
    /// The beginning of the run.
    pub const ZERO: Self = Self(0);
    /// Later than anything that happens.
    pub const NEVER: Self = Self(u64::MAX);

    /// The instant `nanos` nanoseconds after the beginning.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// Nanoseconds since the beginning.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds since the beginning, as a float: for printing and for rates, never for ordering.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: a float is what is asked for
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// The time since `earlier`, or zero when `earlier` is the later one.
    #[must_use]
    pub const fn since(self, earlier: Self) -> Span {
        Span(self.0.saturating_sub(earlier.0))
    }

    /// This instant moved by `span`, at most [`Instant::NEVER`].
    #[must_use]
    pub const fn saturating_add(self, span: Span) -> Self {
        Self(self.0.saturating_add(span.0))
    }

    /// This instant moved back by `span`, at least the beginning.
    #[must_use]
    pub const fn saturating_sub(self, span: Span) -> Self {
        Self(self.0.saturating_sub(span.0))
    }
}

impl Span {
    /// No time at all.
    pub const ZERO: Self = Self(0);
    /// Longer than any run.
    pub const MAX: Self = Self(u64::MAX);

    /// `nanos` nanoseconds.
    #[must_use]
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// `micros` microseconds.
    #[must_use]
    pub const fn from_micros(micros: u64) -> Self {
        Self(micros * 1_000)
    }

    /// `millis` milliseconds.
    #[must_use]
    pub const fn from_millis(millis: u64) -> Self {
        Self(millis * 1_000_000)
    }

    /// `secs` seconds.
    #[must_use]
    pub const fn from_secs(secs: u64) -> Self {
        Self(secs * NANOS_PER_SECOND)
    }

    /// A float number of seconds, rounded to the nearest whole nanosecond, ties to even.
    /// Negative values and not-a-number become zero, values beyond the range the largest span.
    #[inline]
    #[must_use]
    pub fn from_secs_f64(secs: f64) -> Self {
        Self::from_nanos_f64(secs * 1e9)
    }

    /// A float number of nanoseconds, rounded as [`Span::from_secs_f64`] does.
    ///
    /// `round_ties_even` is a call into the C library on processors without SSE4.1. Adding 2^52, at
    /// which floats are whole numbers, rounds the same way everywhere, and the sum's bits count up
    /// from those of 2^52 by one for each nanosecond.
    #[inline]
    #[must_use]
    // reason: `as` saturates, as documented
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: see above
    pub fn from_nanos_f64(nanos: f64) -> Self {
        const WHOLE: f64 = (1_u64 << 52) as f64;
        if (0.0..WHOLE).contains(&nanos) {
            Self((nanos + WHOLE).to_bits() - WHOLE.to_bits())
        } else {
            Self(nanos as u64)
        }
    }

    /// Nanoseconds.
    #[must_use]
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// Seconds, as a float.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: a float is what is asked for
    pub const fn as_secs_f64(self) -> f64 {
        self.0 as f64 / NANOS_PER_SECOND as f64
    }

    /// `self + other`, at most the largest span.
    #[must_use]
    pub const fn saturating_add(self, other: Self) -> Self {
        Self(self.0.saturating_add(other.0))
    }

    /// `self - other`, at least zero.
    #[must_use]
    pub const fn saturating_sub(self, other: Self) -> Self {
        Self(self.0.saturating_sub(other.0))
    }

    /// `self * factor`, at most the largest span.
    #[must_use]
    pub const fn saturating_mul(self, factor: u64) -> Self {
        Self(self.0.saturating_mul(factor))
    }

    /// This span times a float factor, rounded to whole nanoseconds, ties to even.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: spans that are scaled are far below 2^53 ns
    pub fn scaled(self, factor: f64) -> Self {
        Self::from_nanos_f64(self.0 as f64 * factor)
    }

    /// Half of this span, rounded down.
    #[must_use]
    pub const fn half(self) -> Self {
        Self(self.0 / 2)
    }
}

impl Add<Span> for Instant {
    type Output = Self;
    fn add(self, span: Span) -> Self {
        Self(self.0 + span.0)
    }
}

impl Sub<Self> for Instant {
    type Output = Span;
    fn sub(self, earlier: Self) -> Span {
        Span(self.0 - earlier.0)
    }
}

impl Add for Span {
    type Output = Self;
    fn add(self, other: Self) -> Self {
        Self(self.0 + other.0)
    }
}

impl Sub for Span {
    type Output = Self;
    fn sub(self, other: Self) -> Self {
        Self(self.0 - other.0)
    }
}

impl AddAssign for Span {
    fn add_assign(&mut self, other: Self) {
        self.0 += other.0;
    }
}

impl fmt::Display for Span {
    /// The largest unit that leaves a number of at least one, at most three decimals: `1.5s`, `300ms`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        const UNITS: [(u64, &str); 4] =
            [(NANOS_PER_SECOND, "s"), (1_000_000, "ms"), (1_000, "us"), (1, "ns")];
        const LONG: [(u64, &str); 3] = [
            (86_400 * NANOS_PER_SECOND, "d"),
            (3_600 * NANOS_PER_SECOND, "h"),
            (60 * NANOS_PER_SECOND, "m"),
        ];
        if self.0 == 0 {
            return f.write_str("0s");
        }
        for (size, name) in LONG {
            if self.0 >= size && self.0.is_multiple_of(size) {
                return write!(f, "{}{name}", self.0 / size);
            }
        }
        for (size, name) in UNITS {
            if self.0 >= size {
                let whole = self.0 / size;
                // A remainder is below a second: a thousand of them fit.
                let thousandths = self.0 % size * 1_000 / size;
                let digits = format!("{whole}.{thousandths:03}");
                let trimmed = digits.trim_end_matches('0').trim_end_matches('.');
                return write!(f, "{trimmed}{name}");
            }
        }
        Ok(())
    }
}

impl fmt::Display for Instant {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        Span(self.0).fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_print_in_their_natural_unit() {
        for (nanos, text) in [
            (0, "0s"),
            (999, "999ns"),
            (1_500, "1.5us"),
            (300_000_000, "300ms"),
            (1_050_000_000, "1.05s"),
            (90_000_000_000, "90s"),
            (120_000_000_000, "2m"),
            (7_200_000_000_000, "2h"),
        ] {
            assert_eq!(Span(nanos).to_string(), text);
        }
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: `as` saturates
    fn rounded(nanos: f64) -> Span {
        Span(nanos.round_ties_even() as u64)
    }

    #[test]
    fn floats_round_to_even_and_never_wrap() {
        assert_eq!(Span::from_secs_f64(2.5e-9), Span(2));
        assert_eq!(Span::from_secs_f64(3.5e-9), Span(4));
        assert_eq!(Span::from_secs_f64(-1.0), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::NAN), Span::ZERO);
        assert_eq!(Span::from_secs_f64(f64::INFINITY), Span::MAX);
        let edge = (1_u64 << 52) as f64;
        for nanos in [-1e300, -0.5, -0.0, 0.49, 0.5, 1.5, 2.5, 1e15 + 0.5, 9e18, f64::NAN]
            .into_iter()
            .chain([edge - 1.0, edge - 0.5, edge, edge + 1.0, 4.6e15, f64::INFINITY])
        {
            assert_eq!(Span::from_nanos_f64(nanos), rounded(nanos), "{nanos}");
        }
    }
}
