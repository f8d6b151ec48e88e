//! What people write: `10s`, `75%`, `$47,000`, `1,600/s`, `500TB`, `64`.

use super::{Money, Span};
use std::fmt;

/// What a quantity measures.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Unit {
    /// A length of time.
    Time,
    /// A share of one, written in per cent.
    Ratio,
    /// Dollars.
    Money,
    /// Something a second.
    Rate,
    /// Bytes.
    Bytes,
    /// A bare number.
    Count,
}

/// An exact number with a unit.
///
/// `value` is in the unit's grain: nanoseconds, billionths of one (ratio), millionths of a dollar,
/// billionths a second (rate), bytes, billionths of one (count).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quantity {
    unit: Unit,
    value: i128,
}

/// Why a text is no quantity; prints as a sentence without a full stop.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum QuantityError {
    /// There is no number in it.
    NoNumber(String),
    /// The number is there and the unit is unknown.
    UnknownUnit(String),
    /// More digits than the grain can hold.
    TooFine(String),
    /// Beyond what can be represented.
    TooLarge(String),
}

/// The longest time that a file may name: one thousand years.
const LONGEST: i128 = 1_000 * 366 * 86_400 * 1_000_000_000;
const GRAIN: i128 = 1_000_000_000;

impl Unit {
    /// How to write one, for messages.
    #[must_use]
    pub const fn example(self) -> &'static str {
        match self {
            Self::Time => "a time such as \"300ms\", \"10s\" or \"5m\"",
            Self::Ratio => "a share such as \"75%\"",
            Self::Money => "money such as \"$47,000\"",
            Self::Rate => "a rate such as \"1,600/s\"",
            Self::Bytes => "a volume such as \"500TB\"",
            Self::Count => "a number such as 64",
        }
    }

    /// The name of the dimension.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Time => "a time",
            Self::Ratio => "a share",
            Self::Money => "money",
            Self::Rate => "a rate",
            Self::Bytes => "a volume",
            Self::Count => "a bare number",
        }
    }

    /// The short name that reports use; numbers in a report are in this unit.
    #[must_use]
    pub const fn short(self) -> &'static str {
        match self {
            Self::Time => "ms",
            Self::Ratio => "%",
            Self::Money => "$",
            Self::Rate => "1/s",
            Self::Bytes => "B",
            Self::Count => "",
        }
    }

    /// Grains in one report unit.
    const fn grain_of_short(self) -> f64 {
        match self {
            Self::Time | Self::Money => 1e6,
            Self::Ratio => 1e7,
            Self::Rate | Self::Count => 1e9,
            Self::Bytes => 1.0,
        }
    }
}

impl Quantity {
    /// Reads a quantity.
    ///
    /// # Errors
    /// When there is no number, the unit is unknown, or the value cannot be held exactly.
    pub fn parse(text: &str) -> Result<Self, QuantityError> {
        let text = text.trim();
        let (text, dollars) = match text.strip_prefix('$') {
            Some(rest) => (rest.trim_start(), true),
            None => (text, false),
        };
        let end = text
            .find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | '-' | '+')))
            .unwrap_or(text.len());
        let (number, suffix) = text.split_at(end);
        let suffix = suffix.trim();
        let decimal = Decimal::parse(number).ok_or_else(|| QuantityError::NoNumber(text.into()))?;
        if dollars {
            if !suffix.is_empty() {
                return Err(QuantityError::UnknownUnit(suffix.into()));
            }
            return Self::make(Unit::Money, decimal, 1_000_000);
        }
        let (unit, grains) = match suffix {
            "" => (Unit::Count, GRAIN),
            "%" => (Unit::Ratio, GRAIN / 100),
            "/s" => (Unit::Rate, GRAIN),
            "ns" => (Unit::Time, 1),
            "us" | "µs" => (Unit::Time, 1_000),
            "ms" => (Unit::Time, 1_000_000),
            "s" => (Unit::Time, GRAIN),
            "m" | "min" => (Unit::Time, 60 * GRAIN),
            "h" => (Unit::Time, 3_600 * GRAIN),
            "d" => (Unit::Time, 86_400 * GRAIN),
            "B" => (Unit::Bytes, 1),
            "kB" | "KB" => (Unit::Bytes, 1_000),
            "MB" => (Unit::Bytes, 1_000_000),
            "GB" => (Unit::Bytes, 1_000_000_000),
            "TB" => (Unit::Bytes, 1_000_000_000_000),
            "PB" => (Unit::Bytes, 1_000_000_000_000_000),
            "KiB" => (Unit::Bytes, 1 << 10),
            "MiB" => (Unit::Bytes, 1 << 20),
            "GiB" => (Unit::Bytes, 1 << 30),
            "TiB" => (Unit::Bytes, 1 << 40),
            other => return Err(QuantityError::UnknownUnit(other.into())),
        };
        Self::make(unit, decimal, grains)
    }

    fn make(unit: Unit, decimal: Decimal, grains: i128) -> Result<Self, QuantityError> {
        let too_large = || QuantityError::TooLarge(decimal.text());
        let scaled = decimal.digits.checked_mul(grains).ok_or_else(too_large)?;
        let divisor = 10_i128.pow(decimal.places);
        if scaled % divisor != 0 {
            return Err(QuantityError::TooFine(decimal.text()));
        }
        let value = scaled / divisor;
        let limit = if unit == Unit::Time { LONGEST } else { i128::from(i64::MAX) };
        if value.abs() > limit {
            return Err(too_large());
        }
        Ok(Self { unit, value })
    }

    /// What it measures.
    #[must_use]
    pub const fn unit(self) -> Unit {
        self.unit
    }

    /// The value in the unit's grain (see the type's documentation).
    #[must_use]
    pub const fn grains(self) -> i128 {
        self.value
    }

    /// The span, when this is a time that is not negative.
    #[must_use]
    pub fn as_span(self) -> Option<Span> {
        match self.unit {
            Unit::Time => u64::try_from(self.value).ok().map(Span::from_nanos),
            _ => None,
        }
    }

    /// The money, when this is money.
    #[must_use]
    pub fn as_money(self) -> Option<Money> {
        match self.unit {
            Unit::Money => i64::try_from(self.value).ok().map(Money::from_micros),
            _ => None,
        }
    }

    /// The value as a float in base units: seconds, share of one, dollars, per second, bytes, one.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: values are at most 2^63 grains; a float is asked for
    pub const fn as_f64(self) -> f64 {
        match self.unit {
            Unit::Bytes => self.value as f64,
            Unit::Money => self.value as f64 / 1e6,
            _ => self.value as f64 / 1e9,
        }
    }

    /// The value as a float in the unit's short name: milliseconds, per cent, dollars, per second.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: as above
    pub const fn in_short_unit(self) -> f64 {
        self.value as f64 / self.unit.grain_of_short()
    }
}

#[derive(Clone, Copy)]
struct Decimal {
    digits: i128,
    places: u32,
}

impl Decimal {
    /// Digits with an optional sign, one point, and `_` or `,` between digits.
    fn parse(text: &str) -> Option<Self> {
        let (negative, body) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        let (mut digits, mut places, mut seen_point, mut last_digit) = (0_i128, 0, false, false);
        let mut any = false;
        for c in body.chars() {
            match c {
                '0'..='9' => {
                    digits = digits.checked_mul(10)?.checked_add(i128::from(u32::from(c) - 48))?;
                    if digits > i128::from(u64::MAX) {
                        return None;
                    }
                    places += u32::from(seen_point);
                    (any, last_digit) = (true, true);
                }
                '.' if !seen_point && last_digit => (seen_point, last_digit) = (true, false),
                ',' | '_' if last_digit && !seen_point => last_digit = false,
                _ => return None,
            }
        }
        (any && last_digit)
            .then_some(Self { digits: if negative { -digits } else { digits }, places })
    }

    fn text(&self) -> String {
        if self.places == 0 {
            self.digits.to_string()
        } else {
            format!("{}e-{}", self.digits, self.places)
        }
    }
}

impl fmt::Display for QuantityError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoNumber(text) => write!(f, "`{text}` does not start with a number"),
            Self::UnknownUnit(unit) => write!(f, "`{unit}` is not a unit that is known here"),
            Self::TooFine(number) => write!(f, "{number} has more digits than can be held exactly"),
            Self::TooLarge(number) => write!(f, "{number} is beyond what can be held"),
        }
    }
}

impl std::error::Error for QuantityError {}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.unit {
            Unit::Time if self.value >= 0 => {
                Span::from_nanos(u64::try_from(self.value).unwrap_or(u64::MAX)).fmt(f)
            }
            Unit::Time => write!(f, "{}ms", self.in_short_unit()),
            Unit::Ratio => write!(f, "{}%", self.in_short_unit()),
            Unit::Money => {
                write!(f, "${}", Money::from_micros(i64::try_from(self.value).unwrap_or(i64::MAX)))
            }
            Unit::Rate => write!(f, "{}/s", self.in_short_unit()),
            Unit::Bytes => write!(f, "{}B", self.value),
            Unit::Count => write!(f, "{}", self.in_short_unit()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(text: &str) -> (Unit, f64) {
        let quantity = Quantity::parse(text).unwrap();
        (quantity.unit(), quantity.as_f64())
    }

    #[test]
    fn every_form_of_the_documentation_is_read() {
        assert_eq!(parsed("10s"), (Unit::Time, 10.0));
        assert_eq!(parsed("300ms"), (Unit::Time, 0.3));
        assert_eq!(parsed("75%"), (Unit::Ratio, 0.75));
        assert_eq!(parsed("99.99%"), (Unit::Ratio, 0.9999));
        assert_eq!(parsed("$47,000"), (Unit::Money, 47_000.0));
        assert_eq!(parsed("1,600/s"), (Unit::Rate, 1_600.0));
        assert_eq!(parsed("500TB"), (Unit::Bytes, 5e14));
        assert_eq!(parsed("64"), (Unit::Count, 64.0));
        assert_eq!(parsed("-5ms"), (Unit::Time, -0.005));
        assert_eq!(parsed("200_000"), (Unit::Count, 200_000.0));
    }

    #[test]
    fn what_is_not_a_quantity_says_why() {
        for text in ["", "s", "ten", "1.2.3s", "1,,0", "1_", ".5", "--1"] {
            assert!(matches!(Quantity::parse(text), Err(QuantityError::NoNumber(_))), "{text}");
        }
        assert!(matches!(Quantity::parse("5 parsecs"), Err(QuantityError::UnknownUnit(_))));
        assert!(matches!(Quantity::parse("$5k"), Err(QuantityError::UnknownUnit(_))));
        assert!(matches!(Quantity::parse("0.1ns"), Err(QuantityError::TooFine(_))));
        assert!(matches!(Quantity::parse("99999999999d"), Err(QuantityError::TooLarge(_))));
    }
}
