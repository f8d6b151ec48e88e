//! Stored reports, read back: of one scenario or of many, with one seed or with several.

use serde::Deserialize;

/// The stored report of one scenario.
#[derive(Clone, PartialEq, Debug)]
pub struct Document {
    /// Which scenario.
    pub scenario: Scenario,
    /// The version of Squall.
    pub version: String,
    /// Its runs, one a seed.
    pub runs: Vec<Run>,
}

/// A scenario's name, title and digest.
#[derive(Clone, PartialEq, Eq, Debug, Deserialize)]
pub struct Scenario {
    pub(super) path: String,
    pub(super) title: String,
    pub(super) hash: String,
}

/// One run.
#[derive(Clone, PartialEq, Debug, Deserialize)]
pub struct Run {
    /// Its seed.
    pub seed: u64,
    pub(super) digest: String,
    pub(super) invariants: Vec<Invariant>,
    pub(super) watch: Vec<Watch>,
    pub(super) bill: Bill,
    #[serde(default)]
    pub(super) course: Vec<Spell>,
    pub(super) again: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Invariant {
    pub(super) name: String,
    pub(super) verdict: String,
    pub(super) seen: Option<f64>,
    pub(super) bound: f64,
    pub(super) unit: String,
    pub(super) first_broken_s: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Watch {
    pub(super) name: String,
    pub(super) seen: Option<f64>,
    pub(super) unit: String,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Bill {
    pub(super) lines: Vec<BillLine>,
    pub(super) monthly_usd: f64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct BillLine {
    pub(super) name: String,
    pub(super) usd: f64,
}

#[derive(Clone, PartialEq, Debug, Deserialize)]
pub(super) struct Spell {
    pub(super) text: String,
    pub(super) from_s: f64,
    pub(super) until_s: Option<f64>,
}

/// A document as it is stored: of a single run, or of several.
#[derive(Deserialize)]
struct Stored {
    schema: String,
    scenario: Scenario,
    version: String,
    #[serde(default)]
    runs: Option<Vec<Run>>,
    #[serde(flatten)]
    rest: serde_json::Value,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum File {
    Many(Vec<serde_json::Value>),
    One(serde_json::Value),
}

/// Reads what `squall run --format json` has written: an object or an array of them.
///
/// # Errors
/// A sentence when it is not that.
pub fn read(text: &str) -> Result<Vec<Document>, String> {
    let file: File = serde_json::from_str(text).map_err(|error| error.to_string())?;
    let values = match file {
        File::Many(values) => values,
        File::One(value) => vec![value],
    };
    if values.is_empty() {
        return Err("there is no report in it".into());
    }
    values.into_iter().map(document).collect()
}

fn document(value: serde_json::Value) -> Result<Document, String> {
    let stored: Stored = serde_json::from_value(value).map_err(|error| error.to_string())?;
    if stored.schema != super::super::json::SCHEMA {
        let wanted = super::super::json::SCHEMA;
        return Err(format!("its schema is `{}`, and a report's is `{wanted}`", stored.schema));
    }
    let runs = match stored.runs {
        Some(runs) => runs,
        None => vec![serde_json::from_value(stored.rest).map_err(|error| error.to_string())?],
    };
    Ok(Document { scenario: stored.scenario, version: stored.version, runs })
}
