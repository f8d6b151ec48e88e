//! The journal of a study: a line that says what is studied, then one line a run, in JSON.

use crate::engine::STREAMS;
use crate::scenario::{Find, Study};
use crate::units::Unit;
use serde::{Deserialize, Serialize};

/// The name of the contract.
pub const SCHEMA: &str = "squall.study-runs/1";

/// What is studied: all that the runs do not say. The same study has the same header on every machine.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Header {
    /// [`SCHEMA`].
    pub schema: String,
    /// The program's version.
    pub version: String,
    /// The layout of the random streams ([`STREAMS`]): runs of another one are other runs.
    pub streams: u32,
    /// What reports call the study.
    pub title: String,
    /// What it answers.
    pub question: String,
    /// The digest of the study's text.
    pub hash: String,
    /// The scenario's path, as the study writes it.
    pub scenario: String,
    /// The digest of the scenario's text.
    pub scenario_hash: String,
    /// What differs between variants.
    pub axes: Vec<Axis>,
    /// The base variant: a value of each axis.
    pub base: Vec<usize>,
    /// The first seed.
    pub first_seed: u64,
    /// Runs of each variant, at least.
    pub least_seeds: u64,
    /// Runs of each variant, at most.
    pub most_seeds: u64,
    /// Half the width of an interval that is precise enough, as a share of the mean.
    pub precision: Option<f64>,
    /// What is searched for; null of a table.
    pub find: Option<Search>,
    /// What the scenario promises.
    pub invariants: Vec<Named>,
    /// The places in `invariants` of those that a search looks at.
    pub holds: Vec<usize>,
    /// The share of runs in which an invariant must hold.
    pub holds_in: f64,
    /// What is measured.
    pub measures: Vec<Named>,
    /// Which part of the study this journal has: part and number of parts; null of the whole.
    pub shard: Option<(u64, u64)>,
}

/// What a search looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Search {
    /// The last value of an axis with which everything holds.
    Largest {
        /// The axis.
        axis: usize,
    },
    /// The least cost with which everything holds.
    Cheapest,
    /// The loads at which it collapses and recovers.
    Recovery {
        /// The axis of the load.
        axis: usize,
    },
}

/// Something that differs between variants.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Axis {
    /// The path, or its name.
    pub name: String,
    /// Its values.
    pub values: Vec<String>,
}

/// Something with a name, a sentence and a unit.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The sentence or term.
    pub text: String,
    /// The unit's short name, as in reports.
    pub unit: String,
}

impl Named {
    /// The unit that its short name says.
    #[must_use]
    pub fn unit(&self) -> Unit {
        let all = [Unit::Time, Unit::Ratio, Unit::Money, Unit::Rate, Unit::Bytes, Unit::Count];
        all.into_iter().find(|unit| unit.short() == self.unit).unwrap_or(Unit::Count)
    }
}

/// One run.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    /// The variant's number, counted from 0 with the last axis changing fastest; of a search the same,
    /// behind it those without the trigger.
    pub variant: u64,
    /// The seed.
    pub seed: u64,
    /// The digest of everything that happened.
    pub digest: String,
    /// Requests.
    pub requests: u64,
    /// A letter for each invariant: `h`olds, `b`roken, `u`nmeasured.
    pub verdicts: String,
    /// When each invariant first broke, in seconds.
    pub first_broken_s: Vec<Option<f64>>,
    /// What was seen of each measure, in its unit.
    pub seen: Vec<Option<f64>>,
    /// The bill of a month in dollars.
    pub monthly_usd: f64,
}

impl Header {
    /// What a study's journal begins with.
    #[must_use]
    pub fn of(study: &Study) -> Self {
        let named = |all: &[crate::scenario::Named]| -> Vec<Named> {
            let one = |one: &crate::scenario::Named| Named {
                name: one.name.clone(),
                text: one.text.clone(),
                unit: one.unit.short().to_owned(),
            };
            all.iter().map(one).collect()
        };
        let axis = |axis: &crate::scenario::Axis| Axis {
            name: axis.name.clone(),
            values: axis.values.iter().map(|value| value.shown.clone()).collect(),
        };
        Self {
            schema: SCHEMA.into(),
            version: env!("CARGO_PKG_VERSION").into(),
            streams: STREAMS,
            title: study.title.clone(),
            question: study.question.clone(),
            hash: study.hash.to_string(),
            scenario: study.scenario_path.clone(),
            scenario_hash: study.scenario_hash.to_string(),
            axes: study.axes.iter().map(axis).collect(),
            base: study.base.clone(),
            first_seed: study.seeds.first,
            least_seeds: study.seeds.least,
            most_seeds: study.seeds.most,
            precision: study.precision,
            find: study.find.map(|find| match find {
                Find::Largest { axis } => Search::Largest { axis },
                Find::Cheapest => Search::Cheapest,
                Find::Recovery { axis } => Search::Recovery { axis },
            }),
            invariants: named(&study.invariants),
            holds: study.holds.clone(),
            holds_in: study.holds_in,
            measures: named(&study.measures),
            shard: None,
        }
    }

    /// How many variants there are.
    #[must_use]
    pub fn variants(&self) -> u64 {
        self.axes.iter().map(|axis| axis.values.len() as u64).product()
    }

    /// The value of each axis in a variant, by number.
    #[must_use]
    pub fn choice(&self, variant: u64) -> Vec<usize> {
        let mut rest = variant;
        let mut digits: Vec<usize> = self
            .axes
            .iter()
            .rev()
            .map(|axis| {
                let base = axis.values.len().max(1) as u64;
                let digit = usize::try_from(rest % base).unwrap_or(0);
                rest /= base;
                digit
            })
            .collect();
        digits.reverse();
        digits
    }

    /// The number of the variant with these values.
    #[must_use]
    pub fn number(&self, choice: &[usize]) -> u64 {
        let axes = self.axes.iter().zip(choice);
        axes.fold(0, |number, (axis, &at)| number * axis.values.len() as u64 + at as u64)
    }

    /// What the values of a variant are called.
    #[must_use]
    pub fn shown(&self, variant: u64) -> Vec<&str> {
        let values = self.axes.iter().zip(self.choice(variant));
        values.map(|(axis, at)| axis.values.get(at).map_or("", String::as_str)).collect()
    }

    /// Whether values of an axis are searched rather than all of them run.
    #[must_use]
    pub const fn is_search(&self) -> bool {
        matches!(self.find, Some(Search::Largest { .. } | Search::Recovery { .. }))
    }

    /// Whether a variant's runs are decided upon as they come, so that they do not stand together.
    #[must_use]
    pub const fn in_rounds(&self) -> bool {
        self.precision.is_some() || matches!(self.find, Some(Search::Cheapest))
    }

    /// The header's line.
    ///
    /// # Errors
    /// Never: the error is that of the serialiser.
    pub fn line(&self) -> Result<String, String> {
        line(self)
    }

    /// Reads a header's line.
    ///
    /// # Errors
    /// When it is none, or one of another version of the contract.
    pub fn parse(text: &str) -> Result<Self, String> {
        let header: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if header.schema != SCHEMA {
            return Err(format!("its contract is {}, not {SCHEMA}", header.schema));
        }
        Ok(header)
    }
}

impl Record {
    /// The run's line.
    ///
    /// # Errors
    /// Never: the error is that of the serialiser.
    pub fn line(&self) -> Result<String, String> {
        line(self)
    }

    /// Reads a run's line.
    ///
    /// # Errors
    /// When it is none.
    pub fn parse(text: &str) -> Result<Self, String> {
        serde_json::from_str(text).map_err(|error| error.to_string())
    }

    /// Whether all of these invariants held.
    #[must_use]
    pub fn held(&self, which: &[usize]) -> bool {
        which.iter().all(|&at| self.verdicts.as_bytes().get(at) == Some(&b'h'))
    }
}

fn line<T: Serialize>(value: &T) -> Result<String, String> {
    let mut text = serde_json::to_string(value).map_err(|error| error.to_string())?;
    text.push('\n');
    Ok(text)
}
