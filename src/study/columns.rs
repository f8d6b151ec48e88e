//! The columns of a study's tables, for whichever format: a row a variant, or a row a run.

use super::journal::{Header, Named, Record};
use super::rows::{LEVEL, Row};
use std::collections::BTreeSet;

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its title.
    pub title: String,
    /// What stands in it.
    pub kind: Kind,
}

/// What stands in a column.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Texts.
    Text,
    /// Whole numbers from zero.
    Count,
    /// Numbers, some of which may not be there.
    Number,
}

/// What stands in a place of a table.
#[derive(Clone, PartialEq, Debug)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Count(u64),
    /// A number; `None` where nothing was measured, or nothing is known of it.
    Number(Option<f64>),
}

fn column(title: impl Into<String>, kind: Kind) -> Column {
    Column { title: title.into(), kind }
}

/// What is said of a measure, and of its difference to the base.
const MEASURED: [&str; 4] = ["mean", "half width", "min", "max"];
const DIFFERS: [&str; 3] = ["difference", "difference half width", "correlation"];

/// The columns of [`of_variant`].
#[must_use]
pub fn variants(header: &Header) -> Vec<Column> {
    let mut all = vec![column("variant", Kind::Count)];
    all.extend(header.axes.iter().map(|axis| column(&axis.name, Kind::Text)));
    all.extend(["runs", "all held", "requests"].map(|title| column(title, Kind::Count)));
    let held = |one: &Named| column(format!("held: {}", one.name), Kind::Count);
    all.extend(header.invariants.iter().map(held));
    for parts in [&MEASURED[..], &DIFFERS] {
        for measure in &header.measures {
            let name = titled(measure);
            all.extend(parts.iter().map(|part| column(format!("{name}: {part}"), Kind::Number)));
        }
    }
    told_apart(all)
}

/// The row of a variant.
#[must_use]
pub fn of_variant(header: &Header, row: &Row) -> Vec<Value> {
    let mut all = vec![Value::Count(row.variant)];
    all.extend(texts(header, row.variant));
    all.extend([row.runs, row.all_held, row.requests].map(Value::Count));
    all.extend(row.held.iter().map(|held| Value::Count(held.held)));
    for measured in &row.measures {
        let numbers =
            measured.map(|m| [m.sample.mean, m.sample.half_width(LEVEL), m.min, m.max].map(Some));
        all.extend(numbers.unwrap_or_default().map(number));
    }
    for at in 0..header.measures.len() {
        let numbers = row.contrasts.get(at).copied().flatten().map(|contrast| {
            let difference = contrast.paired.difference;
            let width = difference.half_width(LEVEL);
            [Some(difference.mean), Some(width), contrast.paired.correlation]
        });
        all.extend(numbers.unwrap_or_default().map(number));
    }
    all
}

/// The columns of [`of_run`].
#[must_use]
pub fn runs(header: &Header) -> Vec<Column> {
    let mut all = vec![column("variant", Kind::Count)];
    all.extend(header.axes.iter().map(|axis| column(&axis.name, Kind::Text)));
    all.push(column("trigger", Kind::Text));
    all.push(column("seed", Kind::Count));
    all.push(column("digest", Kind::Text));
    all.push(column("requests", Kind::Count));
    all.push(column("bill of a month ($)", Kind::Number));
    let verdict = |one: &Named| column(format!("verdict: {}", one.name), Kind::Text);
    all.extend(header.invariants.iter().map(verdict));
    all.extend(header.measures.iter().map(|one| column(titled(one), Kind::Number)));
    told_apart(all)
}

/// No title twice: readers of tables ask for columns by their titles. A second one gets a number.
fn told_apart(mut columns: Vec<Column>) -> Vec<Column> {
    let mut taken = BTreeSet::new();
    for column in &mut columns {
        let plain = column.title.clone();
        let mut number = 2_u32;
        while !taken.insert(column.title.clone()) {
            column.title = format!("{plain} {number}");
            number += 1;
        }
    }
    columns
}

/// The row of a run.
#[must_use]
pub fn of_run(header: &Header, record: &Record) -> Vec<Value> {
    let variants = header.variants();
    let mut all = vec![Value::Count(record.variant)];
    all.extend(texts(header, record.variant % variants.max(1)));
    let trigger = if record.variant < variants { "yes" } else { "no" };
    all.push(Value::Text(trigger.into()));
    all.push(Value::Count(record.seed));
    all.push(Value::Text(record.digest.clone()));
    all.push(Value::Count(record.requests));
    all.push(Value::Number(Some(record.monthly_usd)));
    all.extend(record.verdicts.chars().map(|letter| Value::Text(word(letter).into())));
    all.extend(record.seen.iter().map(|&seen| number(seen)));
    all
}

fn texts(header: &Header, variant: u64) -> impl Iterator<Item = Value> {
    header.shown(variant).into_iter().map(|shown| Value::Text(shown.to_owned()))
}

/// What is not a number is not there.
fn number(value: Option<f64>) -> Value {
    Value::Number(value.filter(|value| value.is_finite()))
}

/// What a verdict's letter says.
const fn word(letter: char) -> &'static str {
    match letter {
        'h' => "holds",
        'b' => "broken",
        _ => "unmeasured",
    }
}

fn titled(measure: &Named) -> String {
    if measure.unit.is_empty() {
        measure.name.clone()
    } else {
        format!("{} ({})", measure.name, measure.unit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_title_stands_twice() {
        let columns = ["a", "b", "a", "a"].map(|title| column(title, Kind::Count)).to_vec();
        let titles: Vec<_> = told_apart(columns).into_iter().map(|one| one.title).collect();
        assert_eq!(titles, ["a", "b", "a 2", "a 3"]);
    }
}
