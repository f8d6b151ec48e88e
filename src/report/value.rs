//! Numbers for people: three digits or as many as it takes, with a unit.

use crate::units::Unit;

/// Digits that are shown when nothing asks for more.
const DIGITS: usize = 3;
/// Beyond this a double has nothing to say.
const MOST_DIGITS: usize = 15;

/// A value in the report's unit (see [`Unit::short`]) with three significant digits; a share above
/// 90 % with three digits of what is missing to 100 %.
#[must_use]
pub fn short(value: f64, unit: Unit) -> String {
    with_digits(value, unit, DIGITS)
}

/// A value in full, without rounding that could be seen: for bounds.
#[must_use]
pub fn full(value: f64, unit: Unit) -> String {
    with_digits(value, unit, MOST_DIGITS)
}

/// A value with as many digits as it takes to tell it from `bound`: a broken `p99 < 900 ms` never
/// reads `900 ms`.
#[must_use]
pub fn beside(value: f64, bound: f64, unit: Unit) -> String {
    let differs = value.total_cmp(&bound).is_ne();
    let told = (DIGITS..MOST_DIGITS).find(|&digits| {
        !differs || with_digits(value, unit, digits) != with_digits(bound, unit, digits)
    });
    // The bound itself is printed in full, so the value must also differ from that.
    let digits = told.unwrap_or(MOST_DIGITS);
    let text = with_digits(value, unit, digits);
    if differs && text == full(bound, unit) { full(value, unit) } else { text }
}

/// A count with its thousands separated: `180,002,131`.
#[must_use]
pub fn count(count: u64) -> String {
    group(&count.to_string())
}

/// Seconds since the start as on a clock: `42.5s`, `5m12s`, `1h04m00s`.
#[must_use]
pub fn clock(seconds: f64) -> String {
    if seconds < 60.0 {
        return format!("{}s", significant(seconds, DIGITS));
    }
    let (minutes, rest) = ((seconds / 60.0).floor(), seconds % 60.0);
    if minutes < 60.0 {
        return format!("{minutes:.0}m{:02.0}s", rest.floor());
    }
    let hours = (minutes / 60.0).floor();
    format!("{hours:.0}h{:02.0}m{:02.0}s", minutes % 60.0, rest.floor())
}

fn with_digits(value: f64, unit: Unit, digits: usize) -> String {
    match unit {
        Unit::Time => scaled(value, digits, &[(1e3, "s"), (1.0, "ms"), (1e-3, "us"), (1e-6, "ns")]),
        Unit::Bytes => scaled(
            value,
            digits,
            &[(1e12, "TB"), (1e9, "GB"), (1e6, "MB"), (1e3, "kB"), (1.0, "B")],
        ),
        Unit::Ratio => format!("{} %", ratio(value, digits)),
        Unit::Rate => format!("{} /s", significant(value, digits)),
        Unit::Count => significant(value, digits),
        Unit::Money => money(value, digits),
    }
}

/// In the largest of the units (its size, its name) in which the value is at least one.
fn scaled(value: f64, digits: usize, units: &[(f64, &str)]) -> String {
    let fits = units.iter().find(|(size, _)| value.abs() >= *size);
    // Zero is written in the base unit, whose size is one.
    let base = units.iter().find(|(size, _)| (size - 1.0).abs() < f64::EPSILON);
    let chosen = if value == 0.0 { base } else { fits.or(units.last()) };
    let (size, name) = chosen.copied().unwrap_or((1.0, ""));
    format!("{} {name}", significant(value / size, digits))
}

fn ratio(value: f64, digits: usize) -> String {
    if !(90.0..100.0).contains(&value) {
        return significant(value, digits);
    }
    let places = places(100.0 - value, digits).min(12);
    trimmed(&format!("{value:.places$}"))
}

fn money(value: f64, digits: usize) -> String {
    // Dollars and cents, and parts of a cent only when they are asked for.
    let places = if digits >= MOST_DIGITS { 6 } else { (digits - 1).clamp(2, 6) };
    let text = format!("{:.places$}", value.abs());
    let (whole, part) = text.split_once('.').unwrap_or((&text, ""));
    let (cents, rest) = part.split_at(2.min(part.len()));
    let rest = rest.trim_end_matches('0');
    let sign = if value < 0.0 { "-" } else { "" };
    format!("{sign}${}.{cents}{rest}", group(whole))
}

/// `digits` significant digits, but never fewer than the whole part has; no trailing zeros.
pub(super) fn significant(value: f64, digits: usize) -> String {
    let places = places(value, digits);
    trimmed(&format!("{value:.places$}"))
}

/// Decimal places that show `digits` significant digits of `value`.
fn places(value: f64, digits: usize) -> usize {
    let size = value.abs();
    if size == 0.0 || !size.is_finite() {
        return 0;
    }
    let mut places = digits.saturating_sub(1);
    let mut power = 1.0;
    while size >= power * 10.0 && places > 0 {
        power *= 10.0;
        places -= 1;
    }
    while size < power && places < 18 {
        power /= 10.0;
        places += 1;
    }
    places
}

/// Without trailing zeros behind the point, and with thousands separated before it.
fn trimmed(text: &str) -> String {
    let (sign, text) = text.strip_prefix('-').map_or(("", text), |rest| ("-", rest));
    let (whole, part) = text.split_once('.').unwrap_or((text, ""));
    let part = part.trim_end_matches('0');
    if !whole.bytes().all(|b| b.is_ascii_digit()) {
        return format!("{sign}{text}"); // not a number, or infinite
    }
    let sign = if part.is_empty() && whole == "0" { "" } else { sign };
    let point = if part.is_empty() { "" } else { "." };
    format!("{sign}{}{point}{part}", group(whole))
}

fn group(whole: &str) -> String {
    let mut out = String::with_capacity(whole.len() + whole.len() / 3);
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_in_a_unit_that_fits() {
        for (value, unit, text) in [
            (1_240.0, Unit::Time, "1.24 s"),
            (812.34, Unit::Time, "812 ms"),
            (0.512_34, Unit::Time, "512 us"),
            (0.000_004, Unit::Time, "4 ns"),
            (0.0, Unit::Time, "0 ms"),
            (172_400.0, Unit::Time, "172 s"),
            (78.345, Unit::Ratio, "78.3 %"),
            (99.987_345, Unit::Ratio, "99.9873 %"),
            (99.999_999_9, Unit::Ratio, "99.9999999 %"),
            (100.0, Unit::Ratio, "100 %"),
            (0.031_26, Unit::Ratio, "0.0313 %"),
            (1_600.0, Unit::Rate, "1,600 /s"),
            (123_456.7, Unit::Count, "123,457"),
            (64.0, Unit::Count, "64"),
            (5e14, Unit::Bytes, "500 TB"),
            (48_198.88, Unit::Money, "$48,198.88"),
            (47_000.0, Unit::Money, "$47,000.00"),
            (-5.0, Unit::Time, "-5 ms"),
        ] {
            assert_eq!(short(value, unit), text, "{value} {unit:?}");
        }
    }

    #[test]
    fn a_value_is_told_from_its_bound() {
        assert_eq!(beside(900.2, 900.0, Unit::Time), "900.2 ms");
        assert_eq!(beside(900.000_4, 900.0, Unit::Time), "900.0004 ms");
        assert_eq!(beside(900.0, 900.0, Unit::Time), "900 ms");
        assert_eq!(beside(1_240.0, 900.0, Unit::Time), "1.24 s");
        assert_eq!(beside(74.99, 75.0, Unit::Ratio), "74.99 %");
        assert_eq!(beside(99.990_000_1, 99.99, Unit::Ratio), "99.9900001 %");
        assert_eq!(beside(47_000.001, 47_000.0, Unit::Money), "$47,000.001");
    }

    #[test]
    fn a_value_never_reads_like_a_bound_with_more_digits() {
        // To three digits the value is 1,230 and the bound 1,234 would be 1,234.
        for (value, bound) in [(1_234.4, 1_234.0), (899.96, 900.0), (0.999_96, 1.0)] {
            assert_ne!(beside(value, bound, Unit::Time), full(bound, Unit::Time));
        }
    }

    #[test]
    fn clocks_and_counts() {
        assert_eq!(clock(42.5), "42.5s");
        assert_eq!(clock(312.0), "5m12s");
        assert_eq!(clock(3_840.0), "1h04m00s");
        assert_eq!(clock(59.99), "60s");
        assert_eq!(count(180_002_131), "180,002,131");
        assert_eq!(count(0), "0");
        assert_eq!(count(999), "999");
    }
}
