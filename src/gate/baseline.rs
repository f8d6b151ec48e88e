//! What a scenario's runs were when somebody said that they are right.

use super::quantity::Quantity;
use crate::engine::STREAMS;
use crate::rehearse::Rehearsal;
use crate::scenario::Scenario;
use serde::{Deserialize, Serialize};
use std::fmt;

/// The name of the contract.
const SCHEMA: &str = "squall.baseline/1";

/// The stored runs of one scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: String,
    /// The scenario's path, as it was named.
    pub scenario: String,
    /// The digest of its text.
    pub hash: String,
    /// The layout of the random streams ([`STREAMS`]).
    pub streams: u32,
    /// The version of Squall that made it.
    pub version: String,
    /// What has a value in each run.
    pub quantities: Vec<Known>,
    /// The runs of the first look.
    pub runs: Vec<Seeded>,
    /// The runs that confirm what the first look finds.
    pub fresh: Vec<Seeded>,
}

/// A quantity by name and unit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// The short name of its unit.
    pub unit: String,
}

/// One run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Seeded {
    /// Its seed.
    pub seed: u64,
    /// Its digest.
    pub digest: String,
    /// The values, in the order of the quantities; null where nothing was measured.
    pub values: Vec<Option<f64>>,
}

/// Why a baseline cannot be compared with.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BaselineError {
    /// What is wrong.
    pub message: String,
    /// What to do.
    pub help: String,
}

impl fmt::Display for BaselineError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (help: {})", self.message, self.help)
    }
}

/// The name of a scenario's file in a folder of baselines: its path with dots for slashes.
#[must_use]
pub fn file_name(scenario: &str) -> String {
    let path = scenario.strip_suffix(".toml").unwrap_or(scenario);
    let parts: Vec<&str> =
        path.split(['/', '\\']).filter(|part| !matches!(*part, "" | "." | "..")).collect();
    format!("{}.json", parts.join("."))
}

impl Baseline {
    /// Of these runs, of which the first `first` are those of the first look.
    #[must_use]
    pub fn of(scenario: &Scenario, all: &[Quantity], runs: &Rehearsal, first: usize) -> Self {
        let seeded = runs.runs.iter().map(|run| Seeded {
            seed: run.simulated.seed,
            digest: run.simulated.digest.to_string(),
            values: all.iter().map(|quantity| quantity.value(run)).collect(),
        });
        let mut seeded: Vec<Seeded> = seeded.collect();
        let fresh = seeded.split_off(first.min(seeded.len()));
        Self {
            schema: SCHEMA.into(),
            scenario: runs.scenario.path.clone(),
            hash: scenario.hash.to_string(),
            streams: STREAMS,
            version: env!("CARGO_PKG_VERSION").into(),
            quantities: all.iter().map(Known::of).collect(),
            runs: seeded,
            fresh,
        }
    }

    /// Reads a stored one.
    ///
    /// # Errors
    /// When it is no baseline, is of another contract, or does not fit together.
    pub fn read(text: &str) -> Result<Self, BaselineError> {
        let again = "write it anew: `squall gate SCENARIO --update`";
        let error = |message: String| BaselineError { message, help: again.into() };
        let read: Self = serde_json::from_str(text)
            .map_err(|wrong| error(format!("this is no baseline: {wrong}")))?;
        if read.schema != SCHEMA {
            let message = format!("its schema is `{}`, and this is `{SCHEMA}`", read.schema);
            return Err(error(message));
        }
        let fits = |run: &Seeded| run.values.len() == read.quantities.len();
        if read.runs.is_empty() || !read.runs.iter().chain(&read.fresh).all(fits) {
            return Err(error("its runs and its quantities do not fit together".into()));
        }
        Ok(read)
    }

    /// As it is stored, ending in a line break.
    ///
    /// # Errors
    /// None that is known: a value that is no number is stored as null.
    pub fn write(&self) -> Result<String, serde_json::Error> {
        let mut text = serde_json::to_string_pretty(self)?;
        text.push('\n');
        Ok(text)
    }

    /// Whether its runs can be laid beside those of a scenario.
    ///
    /// # Errors
    /// When the scenario, its quantities or the random streams are not what they were.
    pub fn fits(&self, scenario: &Scenario, all: &[Quantity]) -> Result<(), BaselineError> {
        let update = format!("look at the change, then `squall gate {} --update`", self.scenario);
        let error = |message: String| Err(BaselineError { message, help: update.clone() });
        let hash = scenario.hash.to_string();
        if self.hash != hash {
            return error(format!(
                "the scenario is not the one of its baseline: its hash is {hash}, and was {}",
                self.hash
            ));
        }
        if self.streams != STREAMS {
            return error(format!(
                "the baseline was drawn from random streams of layout {}, and this version has layout \
                 {STREAMS}: the same seed does not mean the same viewers any more",
                self.streams
            ));
        }
        let known: Vec<Known> = all.iter().map(Known::of).collect();
        if self.quantities != known {
            return error("the quantities are not those of its baseline".into());
        }
        Ok(())
    }
}

impl Known {
    fn of(quantity: &Quantity) -> Self {
        Self { name: quantity.name.clone(), unit: quantity.unit.short().into() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_becomes_one_name() {
        assert_eq!(file_name("scenarios/smoke/a.toml"), "scenarios.smoke.a.json");
        assert_eq!(file_name("./a.toml"), "a.json");
        assert_eq!(file_name("../x//y.b"), "x.y.b.json");
    }

    #[test]
    fn what_is_no_baseline_is_refused_with_words() {
        let told = |text: &str| Baseline::read(text).unwrap_err().to_string();
        assert!(told("").contains("no baseline"));
        assert!(told("{}").contains("no baseline"));
        let other = r#"{"schema":"squall.baseline/9","scenario":"a","hash":"0","streams":1,
            "version":"0","quantities":[],"runs":[],"fresh":[]}"#;
        assert!(told(other).contains("squall.baseline/9"));
        assert!(told(&other.replace("/9", "/1")).contains("do not fit"));
        let wrong = other
            .replace("/9", "/1")
            .replace("\"runs\":[]", r#""runs":[{"seed":1,"digest":"x","values":[1.5]}]"#);
        assert!(told(&wrong).contains("do not fit"));
    }
}
