//! Ranges as people write them: `10_000..40_000 by 5_000`, `100ms..1s by 100ms`, `0.1..10 log 7`.

use crate::units::{Quantity, Unit};

/// The most values of one range, and the most variants of a study.
pub(super) const MOST: u64 = 1_000_000;

/// What is wrong with a range, and what is right.
pub(super) type Refused = (String, String);

const FORM: &str = "`\"10_000..40_000 by 5_000\"`, `\"100ms..1s by 100ms\"` or `\"0.1..10 log 7\"`";

/// The values of a range, as they are shown, in their order, each once; quantities in the unit in which
/// the first end is written, where that is exact.
pub(super) fn values(text: &str) -> Result<Vec<String>, Refused> {
    let wrong = || (format!("`{}` is no range", super::short(text)), FORM.to_owned());
    let (first, rest) = text.split_once("..").ok_or_else(wrong)?;
    let (last, how) = rest.trim().split_once(' ').ok_or_else(wrong)?;
    let (word, how) = how.trim().split_once(' ').ok_or_else(wrong)?;
    let (from, to) = (quantity(first)?, quantity(last)?);
    if from.unit() != to.unit() {
        let message = format!("the range goes from {} to {}", from.unit().name(), to.unit().name());
        return Err((message, "write both ends in one kind of unit".into()));
    }
    let grains = match word {
        "by" => even(from, to, quantity(how)?)?,
        "log" => logarithmic(from, to, how, is_whole(first) && is_whole(last))?,
        _ => return Err(wrong()),
    };
    let unit = Writing::of(first, from.unit());
    Ok(grains.into_iter().map(|grains| unit.write(grains)).collect())
}

/// Whether a shown value is a bare number rather than a quantity that stands in quotes.
pub(super) fn is_bare(shown: &str) -> bool {
    shown.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'.' | b'-'))
}

fn is_whole(text: &str) -> bool {
    !text.contains('.')
}

fn quantity(text: &str) -> Result<Quantity, Refused> {
    Quantity::parse(text).map_err(|error| (format!("{error} in this range"), FORM.to_owned()))
}

/// From one end to the other by equal steps, in grains. The last value is the last that is not beyond
/// the end.
fn even(from: Quantity, to: Quantity, step: Quantity) -> Result<Vec<i128>, Refused> {
    if step.unit() != from.unit() {
        let message =
            format!("the step is {} and the ends are {}", step.unit().name(), from.unit().name());
        return Err((message, "write the step in the unit of the ends".into()));
    }
    if step.grains() <= 0 {
        let message = "the step of a range is above zero".to_owned();
        return Err((message, format!("write the lesser end first and a step such as in {FORM}")));
    }
    if to.grains() < from.grains() {
        return Err(("this range runs backwards".into(), "write the lesser end first".into()));
    }
    let steps = (to.grains() - from.grains()) / step.grains();
    if steps >= i128::from(MOST) {
        let message = format!("this range has {} values, and a study at most 1,000,000", steps + 1);
        return Err((message, "take a larger step".into()));
    }
    Ok((0..=steps).map(|at| from.grains() + at * step.grains()).collect())
}

/// As many values as are asked for, each the same number of times the one before, rounded to four
/// digits; whole where both ends are.
fn logarithmic(from: Quantity, to: Quantity, how: &str, whole: bool) -> Result<Vec<i128>, Refused> {
    let count = how.trim().replace('_', "").parse::<u64>().ok().filter(|n| (2..=MOST).contains(n));
    let Some(count) = count else {
        let message = format!("`{}` is no number of values", super::short(how));
        return Err((message, "how many values there are, at least 2: `0.1..10 log 7`".into()));
    };
    if from.grains() <= 0 || to.grains() <= from.grains() {
        let message = "a logarithmic range goes from above zero to more than that".to_owned();
        return Err((message, "`\"0.1..10 log 7\"`, for example".into()));
    }
    let (low, high) = (libm::log(grains_f64(from)), libm::log(grains_f64(to)));
    let last = crate::units::count_to_f64(count - 1);
    let grain = if whole && from.unit() == Unit::Count { 1_000_000_000 } else { 1 };
    let mut values: Vec<i128> = (0..count)
        .map(|at| match at {
            0 => from.grains(),
            at if at == count - 1 => to.grains(),
            at => {
                let share = crate::units::count_to_f64(at) / last;
                let value = libm::exp(low + (high - low) * share);
                rounded(value, grain)
            }
        })
        .collect();
    values.dedup();
    Ok(values)
}

#[allow(clippy::cast_precision_loss)] // reason: a logarithm is taken of it
fn grains_f64(quantity: Quantity) -> f64 {
    quantity.grains() as f64
}

/// To four digits and to whole multiples of `grain`.
#[allow(clippy::cast_possible_truncation)] // reason: between two ends that fit
fn rounded(value: f64, grain: i128) -> i128 {
    let mut step = 1_i128;
    let whole = libm::round(value) as i128;
    while whole / step >= 10_000 {
        step *= 10;
    }
    let step = step.max(grain);
    (whole + step / 2) / step * step
}

/// How a value is written: what stands before and behind the number, and its size in grains.
struct Writing {
    dollar: bool,
    suffix: String,
    size: i128,
    smallest: &'static str,
}

impl Writing {
    fn of(written: &str, unit: Unit) -> Self {
        let written = written.trim();
        let number = |c: char| c.is_ascii_digit() || matches!(c, '.' | ',' | '_' | '-' | '+' | '$');
        let suffix = written.trim_start_matches(number).trim().to_owned();
        let one = Quantity::parse(&format!("1{suffix}")).map_or(1, Quantity::grains);
        let dollar = unit == Unit::Money;
        let smallest = match unit {
            Unit::Time => "ns",
            Unit::Bytes => "B",
            _ => "",
        };
        Self { dollar, suffix, size: if dollar { 1_000_000 } else { one }, smallest }
    }

    fn write(&self, grains: i128) -> String {
        let sign = if grains < 0 { "-" } else { "" };
        let size = grains.unsigned_abs();
        let one = self.size.unsigned_abs();
        let scaled = (size % one) * 1_000_000_000;
        if !scaled.is_multiple_of(one) {
            // Not a decimal in this unit (a day has no nine decimals of an hour's third).
            return format!("{sign}{size}{}", self.smallest);
        }
        let part = format!("{:09}", scaled / one);
        let part = part.trim_end_matches('0');
        let point = if part.is_empty() { "" } else { "." };
        let dollar = if self.dollar { "$" } else { "" };
        format!("{sign}{dollar}{}{point}{part}{}", size / one, self.suffix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        values(text).unwrap().join(" ")
    }

    #[test]
    fn even_ranges_keep_their_unit_and_their_ends() {
        assert_eq!(shown("10_000..40_000 by 10_000"), "10000 20000 30000 40000");
        assert_eq!(shown("100ms..1s by 300ms"), "100ms 400ms 700ms 1000ms");
        assert_eq!(shown("0..1 by 0.25"), "0 0.25 0.5 0.75 1");
        assert_eq!(shown("5%..20% by 7.5%"), "5% 12.5% 20%");
        assert_eq!(shown("1GB..2GB by 300MB"), "1GB 1.3GB 1.6GB 1.9GB");
        assert_eq!(shown("3..3 by 1"), "3");
        assert_eq!(shown("-1..1 by 1"), "-1 0 1");
        // A hundred seconds are no decimal of an hour.
        assert_eq!(shown("1h..1.04h by 100s"), "1h 3700000000000ns");
    }

    #[test]
    fn logarithmic_ranges_multiply() {
        assert_eq!(shown("0.1..10 log 3"), "0.1 1 10");
        assert_eq!(shown("1..1000 log 4"), "1 10 100 1000");
        assert_eq!(shown("10ms..1s log 5"), "10ms 31.62ms 100ms 316.2ms 1000ms");
        // Whole ends make whole values, each once.
        assert_eq!(shown("1..4 log 7"), "1 2 3 4");
    }

    #[test]
    fn bad_ranges_say_what_is_wrong() {
        for (text, part) in [
            ("1..10", "is no range"),
            ("1..10 by 0", "above zero"),
            ("10..1 by 1", "backwards"),
            ("1..10 by 1s", "a time"),
            ("1s..10 by 1s", "from a time to a bare number"),
            ("0..10 log 3", "above zero"),
            ("1..10 log 1", "no number of values"),
            ("0..2_000_000 by 1", "2000001 values"),
            ("a..b by c", "number"),
            ("1..10 of 3", "is no range"),
        ] {
            let (message, help) = values(text).unwrap_err();
            assert!(message.contains(part), "{text}: {message}");
            assert!(!help.is_empty());
        }
    }
}
