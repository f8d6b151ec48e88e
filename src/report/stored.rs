//! A stored result is read back: `squall.report/1` as `squall run --format json` wrote it.
//!
//! What is read is what a page needs. Keys that are not known here are left alone: the contract grows by
//! addition.

use super::Shape;
use super::json::{SCHEMA, Told};
use crate::invariant::Verdict;
use crate::problem::Problem;
use crate::units::Unit;
use serde::de::{DeserializeOwned, Error as _};
use serde::{Deserialize, Deserializer};
use serde_json::Value;
use std::collections::BTreeMap;

/// One scenario's result.
#[derive(Clone, PartialEq, Debug)]
pub struct Stored {
    pub(super) scenario: Scenario,
    /// The version of the program that made it.
    pub(super) version: String,
    /// Never empty.
    pub(super) runs: Vec<Run>,
    /// For several seeds.
    pub(super) several: Option<Several>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Scenario {
    pub path: String,
    pub title: String,
    pub hash: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Several {
    pub summary: Summary,
    pub again: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Summary {
    pub holds_in: f64,
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    pub invariants: Vec<Across>,
    pub watch: Vec<WatchedAcross>,
    pub control: Option<ControlAcross>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Across {
    pub name: String,
    pub text: String,
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    pub held: u64,
    pub broken: u64,
    pub unmeasured: u64,
    pub held_low: f64,
    pub held_high: f64,
    pub seen_min: Option<f64>,
    pub seen_max: Option<f64>,
    pub bound: f64,
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
    pub first_broken_seed: Option<u64>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct WatchedAcross {
    pub name: String,
    pub text: String,
    pub seen_min: Option<f64>,
    pub seen_max: Option<f64>,
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct ControlAcross {
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    pub held: u64,
    pub broken: u64,
    pub unmeasured: u64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Run {
    pub seed: u64,
    pub digest: String,
    pub simulated_s: f64,
    pub requests: u64,
    pub invariants: Vec<Invariant>,
    pub watch: Vec<Watch>,
    pub control: Option<Control>,
    pub bill: Bill,
    pub conservation: Vec<Conservation>,
    pub course: Vec<Spell>,
    pub hops: Vec<Hop>,
    pub alerts: Vec<Alert>,
    #[serde(default)]
    pub timeline: Vec<Planned>,
    pub series: Option<Seconds>,
    pub again: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Invariant {
    pub name: String,
    pub text: String,
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    pub seen: Option<f64>,
    pub bound: f64,
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
    pub first_broken_s: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Watch {
    pub name: String,
    pub text: String,
    pub seen: Option<f64>,
    #[serde(deserialize_with = "unit")]
    pub unit: Unit,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Control {
    #[serde(deserialize_with = "verdict")]
    pub verdict: Verdict,
    pub broke: Vec<String>,
    pub expected: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Bill {
    pub lines: Vec<BillLine>,
    pub monthly_usd: f64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct BillLine {
    pub name: String,
    pub usd: f64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Conservation {
    pub region: String,
    pub drawn: u64,
    pub answered: u64,
    pub failed: u64,
    pub given_up: u64,
    pub under_way: u64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Spell {
    pub what: String,
    pub text: String,
    pub from_s: f64,
    pub until_s: Option<f64>,
    pub most: Option<f64>,
    pub unit: Option<String>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Hop {
    pub hop: String,
    pub attempts: Option<f64>,
    pub worst: Option<f64>,
    pub worst_s: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Alert {
    pub name: String,
    pub region: String,
    pub hop: String,
    pub pending_s: f64,
    pub firing_s: Option<f64>,
    pub resolved_s: Option<f64>,
}

/// A fault or change.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Planned {
    pub what: String,
    pub label: String,
    pub kind: String,
    pub regions: Vec<String>,
    pub from_s: f64,
    pub until_s: Option<f64>,
}

/// By a metric's name, a list of values for each region.
pub(super) type Columns = BTreeMap<String, Vec<Vec<Option<f64>>>>;

/// Each second of a run.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Seconds {
    pub regions: Vec<String>,
    pub judged_from_s: f64,
    pub ends_s: Vec<f64>,
    pub from: Columns,
    pub r#in: Columns,
    pub latency: Columns,
    pub mean: Columns,
    pub monthly_usd: Vec<Option<f64>>,
    pub budget_spent: Vec<Option<f64>>,
}

fn verdict<'de, D: Deserializer<'de>>(source: D) -> Result<Verdict, D::Error> {
    let word = String::deserialize(source)?;
    let all = [Verdict::Holds, Verdict::Broken, Verdict::Unmeasured];
    let found = all.into_iter().find(|&verdict| super::verdict_name(verdict) == word);
    found.ok_or_else(|| D::Error::custom(format!("`{word}` is no verdict")))
}

fn unit<'de, D: Deserializer<'de>>(source: D) -> Result<Unit, D::Error> {
    let word = String::deserialize(source)?;
    let all = [Unit::Time, Unit::Ratio, Unit::Money, Unit::Rate, Unit::Bytes, Unit::Count];
    let found = all.into_iter().find(|unit| unit.short() == word);
    found.ok_or_else(|| D::Error::custom(format!("`{word}` is no unit of a report")))
}

/// What makes a stored result.
const HOW: &str = "`squall run SCENARIO --format json --series > result.json` makes one";

/// A problem with a document, which does not know its file.
fn problem(message: impl AsRef<str>) -> Box<Problem> {
    Box::new(Problem::about("", message.as_ref(), HOW))
}

/// The byte at a line and a column, both from 1, as the reader of JSON counts.
fn byte_at(text: &str, line: usize, column: usize) -> usize {
    let before = text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len);
    (before.sum::<usize>() + column.saturating_sub(1)).min(text.len())
}

/// The results that a text holds: one, or those of an array. `name` is the text's, for problems; one with
/// a place has it in this text.
///
/// # Errors
/// When it is no JSON, or not `squall.report/1`, or lacks something that this has.
pub fn read(name: &str, text: &str) -> Result<Vec<Stored>, Box<Problem>> {
    results(text).map_err(|problem| Box::new(Problem { file: name.into(), ..*problem }))
}

fn results(text: &str) -> Result<Vec<Stored>, Box<Problem>> {
    let value: Value = serde_json::from_str(text).map_err(|error| {
        let whole = if error.is_eof() {
            "it ends in the middle of a value: is the file whole?"
        } else {
            HOW
        };
        let message = error.to_string();
        let told = message.split(" at line ").next().unwrap_or(&message);
        let at = byte_at(text, error.line(), error.column());
        Box::new(Problem {
            at: Some(at..at + 1),
            ..Problem::about("", &format!("this is no JSON: {told}"), whole)
        })
    })?;
    match value {
        Value::Array(all) if all.is_empty() => Err(problem("the array holds no result")),
        Value::Array(all) => {
            let each = (1..).zip(all).map(|(number, one)| {
                document(one).map_err(|wrong| {
                    let message = format!("result {number} of the array: {}", wrong.message);
                    Box::new(Problem { message, ..*wrong })
                })
            });
            each.collect()
        }
        one => Ok(vec![document(one)?]),
    }
}

/// Rehearsals as they would be stored and read back, so that a page of them and a page of the stored ones
/// are the same page.
///
/// # Errors
/// A sentence, which is a bug of ours.
pub fn stored(told: &[Told<'_>], shape: Shape) -> Result<Vec<Stored>, String> {
    let text = super::json::render_with_series(told, shape).map_err(|error| error.to_string())?;
    if told.is_empty() {
        return Ok(Vec::new());
    }
    results(&text).map_err(|wrong| wrong.message)
}

fn document(mut value: Value) -> Result<Stored, Box<Problem>> {
    match value.get("schema").and_then(Value::as_str) {
        Some(SCHEMA) => {}
        Some(other) => {
            let other: String = other.chars().take(60).collect();
            return Err(problem(format!("its schema is `{other}`, not `{SCHEMA}`")));
        }
        None => return Err(problem(format!("there is no `schema`: it is no `{SCHEMA}`"))),
    }
    let scenario = part(&mut value, "scenario")?;
    let version = part(&mut value, "version")?;
    let (runs, several) = if value.get("runs").is_some() {
        let runs: Vec<Value> = part(&mut value, "runs")?;
        let runs = runs.into_iter().enumerate();
        let named = runs.map(|(index, run)| whole(run, &format!("in `runs[{index}]`: ")));
        (named.collect::<Result<_, _>>()?, Some(whole(value, "")?))
    } else {
        (vec![whole::<Run>(value, "")?], None)
    };
    let stored = Stored { scenario, version, runs, several };
    sound(&stored).map_err(problem)?;
    Ok(stored)
}

/// Takes a part out.
fn part<T: DeserializeOwned>(value: &mut Value, key: &str) -> Result<T, Box<Problem>> {
    let part = value.get_mut(key).map(Value::take);
    let part = part.ok_or_else(|| problem(format!("there is no `{key}`")))?;
    whole(part, &format!("in `{key}`: "))
}

fn whole<T: DeserializeOwned>(value: Value, place: &str) -> Result<T, Box<Problem>> {
    serde_json::from_value(value).map_err(|error| {
        let help = format!("an older version may have written it; {HOW}");
        Box::new(Problem::about("", &format!("{place}{error}"), &help))
    })
}

/// What no type says: lists that belong together are as long as each other.
fn sound(stored: &Stored) -> Result<(), String> {
    let Some(first) = stored.runs.first() else {
        return Err("`runs` holds no run".into());
    };
    for run in &stored.runs {
        let same =
            run.invariants.iter().map(|i| &i.name).eq(first.invariants.iter().map(|i| &i.name));
        if !same {
            return Err(format!(
                "the runs of seeds {} and {} differ in their invariants",
                first.seed, run.seed
            ));
        }
        let Some(series) = &run.series else { continue };
        let rows = series.ends_s.len();
        if !series.ends_s.is_sorted_by(|a, b| a < b)
            || series.ends_s.first().is_none_or(|&at| at <= 0.0)
        {
            return Err("`ends_s` of the series does not ascend from above zero".into());
        }
        let all = [&series.from, &series.r#in, &series.latency, &series.mean];
        for (name, lists) in all.into_iter().flatten() {
            let fits = |list: &Vec<Option<f64>>| list.is_empty() || list.len() == rows;
            if lists.len() != series.regions.len() || !lists.iter().all(fits) {
                return Err(format!("column `{name}` of the series is not as long as its times"));
            }
        }
        if series.monthly_usd.len() != rows || series.budget_spent.len() != rows {
            return Err("a column of the series is not as long as its times".into());
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrong(text: &str) -> Problem {
        *read("r.json", text).unwrap_err()
    }

    #[test]
    fn what_is_no_result_is_told_with_its_place() {
        let told = wrong("{\n  \"schema\": \"squall.rep");
        assert!(told.message.starts_with("this is no JSON: EOF"), "{told}");
        assert_eq!(told.file, "r.json");
        assert_eq!(told.at, Some(24..25), "the end of the text");
        assert!(told.help.unwrap().contains("whole"));
        assert_eq!(wrong("[]").message, "the array holds no result");
        assert!(wrong("[1]").message.contains("result 1 of the array: there is no `schema`"));
        assert!(wrong(r#"{"schema":"squall.report/0"}"#).message.contains("squall.report/0"));
        assert_eq!(wrong(r#"{"schema":"squall.report/1"}"#).message, "there is no `scenario`");
        let half = r#"{"schema":"squall.report/1","version":"0","scenario":{"path":"","title":"",
            "hash":""},"seed":1,"digest":"x"}"#;
        let told = wrong(half);
        assert!(told.message.contains("missing field `simulated_s`"), "{told}");
        assert!(told.help.unwrap().contains("older"));
    }
}
