//! A stored result is read back: `squall.report/1` as `squall run --format json` wrote it.
//!
//! What is read is what a page needs. Keys that are not known here are left alone: the contract grows by
//! addition.

use super::json::{self, ReportInput};
use super::model::{Run, SCHEMA, Scenario, Summary};
use super::{Shape, replay_command};
use crate::problem::Problem;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

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

/// What several runs say together.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Several {
    pub summary: Summary,
    pub again: String,
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
#[must_use]
pub fn stored(inputs: &[ReportInput<'_>], shape: Shape) -> Vec<Stored> {
    let one = |&input: &ReportInput<'_>| {
        let rehearsal = input.rehearsal;
        let several =
            || Several { summary: json::summary(rehearsal), again: replay_command::all(rehearsal) };
        Stored {
            scenario: json::scenario(rehearsal),
            version: json::version(),
            runs: json::runs(input),
            several: (!json::is_single(rehearsal, shape)).then(several),
        }
    };
    inputs.iter().map(one).collect()
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
