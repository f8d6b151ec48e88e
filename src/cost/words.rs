//! Volumes and prices in words, for the workings of a bill.

use super::{GB, TB};
use crate::units::Money;

/// A volume in its natural decimal unit with at most three decimals: `80 TB`, `1.5 GB`, `0 B`.
/// Rounded half up; TB is the largest unit.
pub(super) fn volume(bytes: u64) -> String {
    const UNITS: [(u64, &str); 4] = [(TB, "TB"), (GB, "GB"), (1_000_000, "MB"), (1_000, "kB")];
    for (size, name) in UNITS {
        if bytes >= size {
            let size = u128::from(size);
            let thousandths = (u128::from(bytes) * 1_000 + size / 2) / size;
            let (whole, rest) = (grouped(thousandths / 1_000), thousandths % 1_000);
            let digits = format!("{whole}.{rest:03}");
            return format!("{} {name}", digits.trim_end_matches('0').trim_end_matches('.'));
        }
    }
    format!("{bytes} B")
}

/// A price with all its digits and at least two decimals: `$0.10`, `$0.023`, `$0.0405`.
pub(super) fn price(value: Money) -> String {
    let micros = value.as_micros();
    let sign = if micros < 0 { "-" } else { "" };
    let magnitude = micros.unsigned_abs();
    let decimals = format!("{:06}", magnitude % 1_000_000);
    let (cents, finer) = decimals.split_at(2);
    let whole = grouped(u128::from(magnitude / 1_000_000));
    format!("{sign}${whole}.{cents}{}", finer.trim_end_matches('0'))
}

/// How an amount differs from the printed one: `50.00 less`, `475.00 more`. `None` when it does not.
pub(super) fn difference(amount: Money, printed: Money) -> Option<String> {
    match amount.cmp(&printed) {
        std::cmp::Ordering::Less => Some(format!("{} less", printed - amount)),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(format!("{} more", amount - printed)),
    }
}

/// A whole number with its thousands separated.
fn grouped(number: u128) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn volumes_print_in_their_natural_unit() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_500, "1.5 kB"),
            (2_250_000, "2.25 MB"),
            (80 * TB, "80 TB"),
            (TB - 1, "1,000 GB"),
            (33_333_333_333_333, "33.333 TB"),
            (972_000 * TB, "972,000 TB"),
            (u64::MAX, "18,446,744.074 TB"),
        ] {
            assert_eq!(volume(bytes), text);
        }
    }

    #[test]
    fn prices_keep_all_their_digits() {
        for (micros, text) in [
            (100_000, "$0.10"),
            (23_000, "$0.023"),
            (40_500, "$0.0405"),
            (1, "$0.000001"),
            (0, "$0.00"),
            (1_234_500_000, "$1,234.50"),
            (-20_000, "-$0.02"),
        ] {
            assert_eq!(price(Money::from_micros(micros)), text);
        }
    }

    #[test]
    fn differences_have_a_direction() {
        let (low, high) = (Money::from_cents(100), Money::from_cents(150));
        assert_eq!(difference(low, high).as_deref(), Some("0.50 less"));
        assert_eq!(difference(high, low).as_deref(), Some("0.50 more"));
        assert_eq!(difference(low, low), None);
    }
}
