//! What may be asked of which metric, and what to write instead.

use super::term::{Ask, Compare, Condition, Percentile};
use super::words;
use crate::observe::{METRICS, Metric, MetricInfo, MetricKind};
use crate::units::{Quantity, Unit};

/// A word before a parenthesis.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Function {
    Mean,
    Min,
    Max,
    Total,
    Percentile(Percentile),
    Share,
    TimeUntil,
}

/// A message and perhaps what to write instead.
pub(super) type Refusal = (String, Option<String>);

/// The words that stand before a parenthesis, percentiles aside.
pub(super) const FUNCTIONS: [(&str, Function); 6] = [
    ("mean", Function::Mean),
    ("min", Function::Min),
    ("max", Function::Max),
    ("total", Function::Total),
    ("share", Function::Share),
    ("time_until", Function::TimeUntil),
];

/// What people write for what is called otherwise here.
const SYNONYMS: [(&str, &str); 12] = [
    ("avg", "mean"),
    ("average", "mean"),
    ("rate", "mean"),
    ("minimum", "min"),
    ("maximum", "max"),
    ("peak", "max"),
    ("sum", "total"),
    ("count", "total"),
    ("median", "p50"),
    ("ratio", "share"),
    ("fraction", "share"),
    ("percentile", "p99"),
];

/// The digits of a word that looks like a percentile: `p` and a digit.
fn percentile_digits(word: &str) -> Option<&str> {
    word.strip_prefix('p').filter(|rest| rest.starts_with(|c: char| c.is_ascii_digit()))
}

/// Billionths of a per cent; `None` when it is no number or has more than nine decimals.
fn percentile_grains(digits: &str) -> Option<u64> {
    let (whole, part) = digits.split_once('.').unwrap_or((digits, "0"));
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    if !is_number(whole) || !is_number(part) || part.len() > 9 {
        return None;
    }
    let whole: u64 = whole.parse().ok()?;
    format!("{part:0<9}").parse::<u64>().ok()?.checked_add(whole.checked_mul(1_000_000_000)?)
}

/// Whether a word names a statistic, well or badly.
pub(super) fn is_function(word: &str) -> bool {
    percentile_digits(word).is_some() || FUNCTIONS.iter().any(|(name, _)| *name == word)
}

/// The statistic of this name; otherwise the message.
pub(super) fn function(word: &str) -> Result<Function, Refusal> {
    if let Some((_, function)) = FUNCTIONS.iter().find(|(name, _)| *name == word) {
        return Ok(*function);
    }
    if let Some(digits) = percentile_digits(word) {
        let Some(grains) = percentile_grains(digits) else {
            let help = "such as `p50`, `p99` or `p99.9`, with at most nine decimals";
            return Err((format!("`{word}` is no percentile"), Some(help.to_owned())));
        };
        return Percentile::new(grains).map(Function::Percentile).ok_or_else(|| {
            let message = format!("`{word}`: a percentile lies between p0 and p100, both excluded");
            (message, Some("`min` is the least value, `max` the greatest".to_owned()))
        });
    }
    let message = format!("`{word}` is no statistic");
    let names = || FUNCTIONS.iter().map(|(name, _)| *name);
    let synonym = SYNONYMS.iter().find(|(other, _)| word.eq_ignore_ascii_case(other));
    let nearest = synonym.map(|(_, name)| *name).or_else(|| words::nearest(word, names()));
    let help = nearest.map_or_else(
        || words::list(names().chain(["p50", "p99", "p99.9"])),
        |name| format!("did you mean `{name}`?"),
    );
    Err((message, Some(help)))
}

/// Whether a word names a metric. Bounds are asked this, and looking for the nearest name of each takes a
/// millisecond.
pub(super) fn is_metric(word: &str) -> bool {
    METRICS.iter().any(|row| row.name == word)
}

/// The metric of this name; otherwise the message.
pub(super) fn metric(word: &str) -> Result<&'static MetricInfo, Refusal> {
    METRICS.iter().find(|row| row.name == word).ok_or_else(|| {
        // There are too many to name them all.
        let help = words::nearest(word, METRICS.iter().map(|row| row.name)).map_or_else(
            || format!("`squall explain metric` has all {}", METRICS.len()),
            |name| format!("did you mean `{name}`?"),
        );
        (format!("`{word}` is no metric"), Some(help))
    })
}

/// How a bound of this unit may look, to complete an example.
pub(super) const fn example(unit: Unit) -> &'static str {
    match unit {
        Unit::Time => "300ms",
        Unit::Ratio => "1%",
        Unit::Money => "$47,000",
        Unit::Rate => "100/s",
        Unit::Bytes => "500TB",
        Unit::Count => "64",
    }
}

/// Another metric's name for the same counter.
fn sibling(row: &MetricInfo, form: MetricKind) -> Option<&'static str> {
    let same = |other: &&MetricInfo| other.metric == row.metric && other.form == form;
    METRICS.iter().find(same).map(|other| other.name)
}

/// Ways to ask for a metric that are always right.
pub(super) fn usage(row: &MetricInfo) -> String {
    let name = row.name;
    match (row.form, row.metric) {
        (MetricKind::Alone, _) => format!("`{name}`"),
        (MetricKind::Flag, _) => match sibling(row, MetricKind::Counted) {
            Some(counted) => format!("`share({name})`, or `total({counted})`"),
            None => format!("`share({name})`"),
        },
        (MetricKind::Counted, _) => match sibling(row, MetricKind::Flag) {
            Some(flag) => format!("`total({name})`, or `share({flag})`"),
            None => format!("`total({name})`, or `max({name})` for the busiest second"),
        },
        (MetricKind::Valued, Metric::Gauge(_)) => {
            format!("`max({name})`, or `share({name} < {})`", example(row.unit))
        }
        (MetricKind::Valued, _) => {
            format!("`p99({name})`, or `share({name} < {})`", example(row.unit))
        }
    }
}

/// A metric alone.
pub(super) fn alone(row: &MetricInfo) -> Result<Ask, Refusal> {
    let name = row.name;
    let message = match row.form {
        MetricKind::Alone => return Ok(Ask::Alone),
        MetricKind::Flag => format!("`{name}` is true or not of each request: it needs `share`"),
        MetricKind::Counted => format!("`{name}` is counted: it needs a statistic"),
        MetricKind::Valued => format!("`{name}` has many values: it needs a statistic"),
    };
    Err((message, Some(usage(row))))
}

/// A statistic of a metric, with the condition inside the parenthesis if there is one.
pub(super) fn ask(
    word: &str,
    function: Function,
    row: &MetricInfo,
    condition: Option<Condition>,
) -> Result<Ask, Refusal> {
    let name = row.name;
    if row.form == MetricKind::Alone && function != Function::TimeUntil {
        let message = format!("`{name}` is one value and takes no `{word}`");
        return Err((message, Some(usage(row))));
    }
    match function {
        Function::Share => return share(row, condition),
        Function::TimeUntil => return time_until(row, condition),
        _ => {}
    }
    if let Some(condition) = condition {
        let message = format!("`{word}` takes a metric alone: the bound stands after the term");
        return Err((message, Some(format!("`{word}({name}) {condition}`"))));
    }
    let ask = match function {
        Function::Mean => Ask::Mean,
        Function::Min => Ask::Min,
        Function::Max => Ask::Max,
        Function::Percentile(percentile) => Ask::Percentile(percentile),
        _ => Ask::Total,
    };
    let message = match (row.form, ask) {
        (MetricKind::Flag, _) => {
            format!("`{name}` is true or not of each request: it has no `{word}`")
        }
        (MetricKind::Valued, Ask::Total) => format!("`{name}` has values, which have no total"),
        _ => return Ok(ask),
    };
    Err((message, Some(usage(row))))
}

fn share(row: &MetricInfo, condition: Option<Condition>) -> Result<Ask, Refusal> {
    let name = row.name;
    let message = match (row.form, condition) {
        (MetricKind::Flag, None) => return Ok(Ask::Share),
        (MetricKind::Valued, Some(condition)) => return Ok(Ask::ShareWhere(condition)),
        (MetricKind::Flag, Some(_)) => {
            format!("`{name}` is true or not of each request: it is not compared inside `share`")
        }
        (MetricKind::Valued, None) => {
            format!("`share` of `{name}` needs a bound inside the parenthesis")
        }
        _ => format!("`{name}` is counted: it is no part of the requests and has no `share`"),
    };
    let help = match row.form {
        MetricKind::Flag => format!("`share({name}) < 1%`"),
        MetricKind::Valued => format!("`share({name} < {})`", example(row.unit)),
        _ => usage(row),
    };
    Err((message, Some(help)))
}

fn time_until(row: &MetricInfo, condition: Option<Condition>) -> Result<Ask, Refusal> {
    let name = row.name;
    let works = "`time_until` judges every second: availability, counted rates and levels";
    let example_of = |name: &str, bound: &str| Some(format!("`time_until({name} {bound})`"));
    match (row.metric, row.form) {
        (Metric::RunFigure(_), _) => {
            Err((format!("`{name}` is one figure of the whole run; {works}"), Some(usage(row))))
        }
        (Metric::Timer(_), _) | (_, MetricKind::Flag) => {
            let message = format!("`{name}` is a property of requests; {works}");
            Err((message, example_of("availability", ">= 99%")))
        }
        _ => condition.map(Ask::TimeUntil).ok_or_else(|| {
            let bound = match row.metric {
                Metric::Availability | Metric::ByteHits => ">= 99%".to_owned(),
                _ => format!("< {}", example(row.unit)),
            };
            (
                "`time_until` needs a condition inside the parenthesis".to_owned(),
                example_of(name, &bound),
            )
        }),
    }
}

/// Whether a comparison with a metric's values means anything.
pub(super) fn comparison(row: &MetricInfo, unit: Unit, compare: Compare) -> Result<(), Refusal> {
    if compare == Compare::Equal && unit == Unit::Time && matches!(row.metric, Metric::Timer(_)) {
        let message = format!("`{}` is a time, which is never just equal to a bound", row.name);
        return Err((message, Some("`<=`, or `>=`".to_owned())));
    }
    Ok(())
}

/// Whether a bound fits what it is compared with.
pub(super) fn bound(
    subject: &str,
    unit: Unit,
    written: &str,
    bound: Quantity,
    is_part: bool,
) -> Result<(), Refusal> {
    if bound.unit() != unit {
        let message =
            format!("`{subject}` is {}; `{written}` is {}", unit.name(), bound.unit().name());
        return Err((message, Some(unit.example().to_owned())));
    }
    if bound.grains() < 0 {
        let message = format!("`{written}` is negative, and `{subject}` never is");
        return Err((message, Some(unit.example().to_owned())));
    }
    if unit == Unit::Time && bound.as_span().is_none() {
        return Err((format!("`{written}` is beyond what can be held"), None));
    }
    if is_part && bound.grains() > 1_000_000_000 {
        return Err((format!("`{written}`: a share is at most 100%"), None));
    }
    Ok(())
}
