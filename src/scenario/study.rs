//! Study files: a scenario, what differs between its variants, and what is asked of them.
//!
//! A study is as strict as a scenario: every problem at once, each with its place. Every variant is the
//! scenario with edits as `--set` makes them, so any of its runs can be repeated by `squall run`.

mod axes;
mod check;
pub(super) mod keys;
mod range;
mod read;
mod reads;
#[cfg(test)]
mod tests;

use super::edit::{self, Edit, EditSource};
use super::source::Source;
use super::tree::{self, Value, short};
use crate::engine::Digest;
use crate::problem::Problem;
use crate::units::Unit;
use std::ops::Range;

pub use read::open_study;

/// A study that can be run.
#[derive(Clone, Debug)]
pub struct Study {
    /// What reports call it.
    pub title: String,
    /// What it answers.
    pub question: String,
    /// The digest of its text.
    pub hash: Digest,
    /// The scenario.
    pub scenario: Source,
    /// The scenario's path as the study writes it.
    pub scenario_path: String,
    /// The digest of the scenario's text.
    pub scenario_hash: Digest,
    /// What differs between variants, in the file's order; never empty.
    pub axes: Vec<Axis>,
    /// How many runs of each variant.
    pub seeds: Seeds,
    /// Half the width of each measure's interval that is precise enough, as a share of its mean.
    pub precision: Option<f64>,
    /// The base variant: a value of each axis.
    pub base: Vec<usize>,
    /// What is searched for; `None` of a table.
    pub find: Option<Find>,
    /// What the scenario promises, in its order.
    pub invariants: Vec<Named>,
    /// What is measured: terms that are watched in every run, or else all invariants and watches.
    pub measures: Vec<Named>,
    /// Whether measures are the watches of a run alone, and not its invariants before them.
    pub only_watched: bool,
    /// Places in `invariants` of those that a search looks at.
    pub holds: Vec<usize>,
    /// The share of runs in which an invariant must hold.
    pub holds_in: f64,
    set: Vec<Placed>,
    watch: Vec<Placed>,
    without: Vec<Placed>,
}

/// Something with a name, a sentence and a unit.
#[derive(Clone, PartialEq, Debug)]
pub struct Named {
    /// Its name.
    pub name: String,
    /// The sentence or term, as it is written.
    pub text: String,
    /// What its values are.
    pub unit: Unit,
}

/// The seeds of each variant.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seeds {
    /// The first seed.
    pub first: u64,
    /// How many runs at least.
    pub least: u64,
    /// How many at most; the same without a precision.
    pub most: u64,
}

/// One thing that differs between variants.
#[derive(Clone, PartialEq, Debug)]
pub struct Axis {
    /// The path, `load-factor`, or the name of a group of changes.
    pub name: String,
    /// Its values, in the order of the file; never empty.
    pub values: Vec<AxisValue>,
}

/// One value of an axis.
#[derive(Clone, PartialEq, Debug)]
pub struct AxisValue {
    /// What reports call it.
    pub shown: String,
    edits: Vec<Placed>,
    factor: Option<f64>,
    /// Its place in the study.
    at: Range<usize>,
}

/// What a search looks for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Find {
    /// The last value of an axis, in the order of the file, with which everything holds.
    Largest {
        /// Which axis.
        axis: usize,
    },
    /// The variant with the least monthly cost in which everything holds.
    Cheapest,
    /// Where it collapses without the trigger, and where it recovers from it.
    Recovery {
        /// The axis of the load.
        axis: usize,
    },
}

/// Which of a search's two kinds of runs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Arm {
    /// The scenario as it is, with whatever harm it does.
    Whole,
    /// The scenario with the trigger taken away.
    WithoutTrigger,
}

/// An edit with its place in the study.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Placed {
    edit: Edit,
    path: Range<usize>,
    value: Range<usize>,
}

/// Why there is no study.
#[derive(Debug)]
pub enum StudyError {
    /// The user's: everything that is wrong, never empty, and the text that places count in.
    Problems(Vec<Problem>, Box<Source>),
    /// The world's.
    Error(String),
}

impl Study {
    /// How many variants there are.
    #[must_use]
    pub fn variants(&self) -> u64 {
        self.axes.iter().map(|axis| axis.values.len() as u64).product()
    }

    /// The value of each axis in a variant, by number. The last axis changes fastest.
    #[must_use]
    pub fn choice(&self, variant: u64) -> Vec<usize> {
        choice(&self.axes.iter().map(|axis| axis.values.len()).collect::<Vec<_>>(), variant)
    }

    /// What makes a variant of the scenario, in the order in which it is applied.
    ///
    /// # Errors
    /// Never once the study is open: then all that it changes has been looked at.
    pub fn edits(&self, choice: &[usize], arm: Arm) -> Result<Vec<Edit>, Vec<Problem>> {
        let placed = self.placed(choice, arm)?;
        Ok(placed.into_iter().map(|placed| placed.edit).collect())
    }

    fn placed(&self, choice: &[usize], arm: Arm) -> Result<Vec<Placed>, Vec<Problem>> {
        let values: Vec<&AxisValue> =
            self.axes.iter().zip(choice).filter_map(|(axis, &at)| axis.values.get(at)).collect();
        let mut all = self.set.clone();
        all.extend(values.iter().flat_map(|value| value.edits.iter().cloned()));
        if arm == Arm::WithoutTrigger {
            all.extend(self.without.iter().cloned());
        }
        for value in values {
            if let Some(factor) = value.factor {
                let edits: Vec<Edit> = all.iter().map(|placed| placed.edit.clone()).collect();
                let scaled = scaled_load(&self.scenario, &edits, factor);
                if scaled.is_empty() {
                    let help = "`load.requests-per-second` in numbers";
                    let message = "the scenario has no load that a factor could multiply";
                    let mut problem = Problem::about(self.scenario.name(), message, help);
                    problem.text = Some(self.scenario.text().to_owned());
                    return Err(vec![problem]);
                }
                let place = |edit| Placed { edit, path: value.at.clone(), value: value.at.clone() };
                all.extend(scaled.into_iter().map(place));
            }
        }
        all.extend(self.watch.iter().cloned());
        Ok(all)
    }
}

/// Digits of a number whose places have these bases, the last one changing fastest.
fn choice(bases: &[usize], number: u64) -> Vec<usize> {
    let mut rest = number;
    let mut digits: Vec<usize> = bases
        .iter()
        .rev()
        .map(|&base| {
            let base = base.max(1) as u64;
            let digit = rest % base;
            rest /= base;
            usize::try_from(digit).unwrap_or(0)
        })
        .collect();
    digits.reverse();
    digits
}

/// Edits that multiply all of a scenario's rates of arrivals; none when it states none.
fn scaled_load(source: &Source, edits: &[Edit], factor: f64) -> Vec<Edit> {
    let (Some(mut root), _) = tree::parse(source) else {
        return Vec::new();
    };
    edit::apply(&mut root, edits, source, &mut Vec::new());
    let Some(load) = root.get("load") else {
        return Vec::new();
    };
    let scaled = |path: String, value: &Value| {
        #[allow(clippy::cast_precision_loss)] // reason: rates are far below 2^53
        let rate = match value {
            Value::Whole(number) => *number as f64,
            Value::Float(number) => *number,
            _ => return None,
        };
        let value = format!("{}", rate * factor);
        Some(Edit { path, value, from: EditSource::CommandLine })
    };
    let mut found = Vec::new();
    if let Some(entry) = load.node.get("requests-per-second") {
        found.extend(scaled("load.requests-per-second".into(), &entry.node.value));
    }
    let regions = load.node.get("requests-per-second").and_then(|entry| entry.node.table());
    for entry in regions.unwrap_or_default() {
        let region = &entry.key;
        let plain = !region.contains(['.', ' ']);
        let name = if plain { region.clone() } else { format!("\"{region}\"") };
        found.extend(scaled(format!("load.requests-per-second.{name}"), &entry.node.value));
    }
    found
}
