//! Quantities printed so that they are read back as the same.

use crate::units::{Quantity, Span, Unit};

/// `grains` / 10^`places` without loss and without trailing zeros.
pub(super) fn decimal(grains: i128, places: u32, grouped: bool) -> String {
    let scale = 10_u128.pow(places);
    let (whole, part) = (grains.unsigned_abs() / scale, grains.unsigned_abs() % scale);
    let digits = whole.to_string();
    let mut text = String::from(if grains < 0 { "-" } else { "" });
    for (place, digit) in digits.chars().enumerate() {
        if grouped && place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    if part > 0 {
        let fraction = format!("{part:0width$}", width = places as usize);
        text.push('.');
        text.push_str(fraction.trim_end_matches('0'));
    }
    text
}

/// A span in the largest unit of which it is a whole multiple.
pub(super) fn span(span: Span) -> String {
    time(i128::from(span.as_nanos()))
}

fn time(nanos: i128) -> String {
    const SECOND: i128 = 1_000_000_000;
    const UNITS: [(i128, &str); 6] = [
        (86_400 * SECOND, "d"),
        (3_600 * SECOND, "h"),
        (60 * SECOND, "m"),
        (SECOND, "s"),
        (1_000_000, "ms"),
        (1_000, "us"),
    ];
    if nanos == 0 {
        return "0s".to_owned();
    }
    for (size, unit) in UNITS {
        if nanos % size == 0 {
            return format!("{}{unit}", nanos / size);
        }
    }
    format!("{nanos}ns")
}

/// A quantity.
pub(super) fn quantity(quantity: Quantity) -> String {
    let grains = quantity.grains();
    match quantity.unit() {
        Unit::Time => time(grains),
        Unit::Ratio => format!("{}%", decimal(grains, 7, false)),
        Unit::Money => format!("${}", decimal(grains, 6, true)),
        Unit::Rate => format!("{}/s", decimal(grains, 9, true)),
        Unit::Bytes => format!("{grains}B"),
        Unit::Count => decimal(grains, 9, true),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_read_back_as_they_were() {
        for (written, printed) in [
            ("300ms", "300ms"),
            ("1.0005s", "1000500us"),
            ("90s", "90s"),
            ("120s", "2m"),
            ("7200s", "2h"),
            ("48h", "2d"),
            ("9000ns", "9us"),
            ("9001ns", "9001ns"),
            ("0s", "0s"),
            ("99.99%", "99.99%"),
            ("0.0000001%", "0.0000001%"),
            ("$47,000", "$47,000"),
            ("$0.05", "$0.05"),
            ("1600/s", "1,600/s"),
            ("64", "64"),
            ("1234567.5", "1,234,567.5"),
            ("2kB", "2000B"),
        ] {
            let read = Quantity::parse(written).unwrap();
            assert_eq!(quantity(read), printed);
            assert_eq!(Quantity::parse(printed).unwrap(), read);
        }
    }
}
