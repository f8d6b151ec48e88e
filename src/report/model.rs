//! The contract `squall.report/1`: the structures that are written and read, and whose keys come in the
//! order of their fields.

use crate::invariant::Verdict;
use crate::units::Unit;
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeMap;

/// The name of the contract.
pub(super) const SCHEMA: &str = "squall.report/1";

/// Which scenario.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Scenario {
    pub path: String,
    pub title: String,
    pub hash: String,
}

/// The fields of a run stand in two places, in the report of one seed behind its head and in the list of
/// several behind their seed, and are named once: here.
macro_rules! run {
    ($($(#[$about:meta])* $field:ident: $type:ty,)*) => {
        /// A run of several.
        #[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
        pub(super) struct Run {
            pub seed: u64,
            $($(#[$about])* pub $field: $type,)*
        }

        /// The report of one scenario with one seed.
        #[derive(Debug, Serialize)]
        pub(super) struct Single {
            schema: &'static str,
            scenario: Scenario,
            seed: u64,
            version: String,
            $($(#[$about])* $field: $type,)*
        }

        impl Single {
            pub fn new(scenario: Scenario, version: String, run: Run) -> Self {
                let seed = run.seed;
                Self { schema: SCHEMA, scenario, seed, version, $($field: run.$field,)* }
            }
        }
    };
}

run! {
    digest: String,
    simulated_s: f64,
    requests: u64,
    invariants: Vec<Invariant>,
    watch: Vec<Watch>,
    control: Option<Control>,
    bill: Bill,
    conservation: Vec<Conservation>,
    course: Vec<Spell>,
    hops: Vec<Hop>,
    alerts: Vec<Alert>,
    /// Where each second was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    timeline: Option<Vec<Planned>>,
    /// Where each second was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    series: Option<Seconds>,
    again: String,
}

/// The report of one scenario with several seeds.
#[derive(Debug, Serialize)]
pub(super) struct SeveralSeeds {
    pub schema: &'static str,
    pub scenario: Scenario,
    pub version: String,
    pub runs: Vec<Run>,
    pub summary: Summary,
    pub again: String,
}

/// The report of one scenario.
#[derive(Debug)]
pub(super) enum Document {
    Single(Box<Single>),
    Several(Box<SeveralSeeds>),
}

impl Serialize for Document {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Single(one) => one.serialize(to),
            Self::Several(all) => all.serialize(to),
        }
    }
}

/// What several runs say together.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Summary {
    pub runs: u64,
    pub holds_in: f64,
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    pub invariants: Vec<Across>,
    pub watch: Vec<WatchedAcross>,
    pub control: Option<ControlAcross>,
}

/// An invariant over all runs: how often it held, with the exact 95 % interval of that share of runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Across {
    pub name: String,
    pub text: String,
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    pub held: u64,
    pub broken: u64,
    pub unmeasured: u64,
    pub held_low: f64,
    pub held_high: f64,
    pub seen_min: Option<f64>,
    pub seen_max: Option<f64>,
    pub bound: f64,
    #[serde(with = "unit")]
    pub unit: Unit,
    pub first_broken_seed: Option<u64>,
}

/// A watch over all runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct WatchedAcross {
    pub name: String,
    pub text: String,
    pub seen_min: Option<f64>,
    pub seen_max: Option<f64>,
    #[serde(with = "unit")]
    pub unit: Unit,
}

/// The control over all runs.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct ControlAcross {
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    pub held: u64,
    pub broken: u64,
    pub unmeasured: u64,
    pub held_low: f64,
    pub held_high: f64,
    pub first_broken_seed: Option<u64>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Invariant {
    pub name: String,
    pub text: String,
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    pub seen: Option<f64>,
    pub bound: f64,
    #[serde(with = "unit")]
    pub unit: Unit,
    pub first_broken_s: Option<f64>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Watch {
    pub name: String,
    pub text: String,
    pub seen: Option<f64>,
    #[serde(with = "unit")]
    pub unit: Unit,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Control {
    #[serde(with = "verdict")]
    pub verdict: Verdict,
    pub broke: Vec<String>,
    pub expected: Vec<String>,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Bill {
    pub lines: Vec<BillLine>,
    pub monthly_usd: f64,
}

#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct BillLine {
    pub name: String,
    pub usd: f64,
}

/// Where a region's requests are.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Conservation {
    pub region: String,
    pub drawn: u64,
    pub answered: u64,
    pub failed: u64,
    pub given_up: u64,
    pub under_way: u64,
}

/// Something that went on for a while; `until_s` is null when it lasted to the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Spell {
    pub what: String,
    pub text: String,
    pub from_s: f64,
    pub until_s: Option<f64>,
    pub most: Option<f64>,
    pub unit: Option<String>,
}

/// Attempts a request at a hop, in the mean and in the worst second; null where there were none.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Hop {
    pub hop: String,
    pub attempts: Option<f64>,
    pub worst: Option<f64>,
    pub worst_s: Option<f64>,
}

/// An alert on a breaker; `firing_s` is null when it was only pending, `resolved_s` when it lasted.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Alert {
    pub name: String,
    pub region: String,
    pub hop: String,
    pub pending_s: f64,
    pub firing_s: Option<f64>,
    pub resolved_s: Option<f64>,
}

/// A fault or change. `until_s` is null when it lasted to the end.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
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

/// Each second of a run in columns. In each, a list for every region in the order of `regions`, and in each
/// list a value for every instant of `ends_s`; a list is empty where there was never anything.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub(super) struct Seconds {
    pub regions: Vec<String>,
    /// When the run begins to be judged.
    pub judged_from_s: f64,
    /// When each second ended: whole ones, and the end of the run.
    #[serde(serialize_with = "compact::list")]
    pub ends_s: Vec<f64>,
    /// Counts of the second, by the region in which viewers sit.
    #[serde(serialize_with = "compact::counts")]
    pub from: Columns,
    /// Counts and peaks of the second, by the region in which the work was done.
    #[serde(serialize_with = "compact::counts")]
    pub r#in: Columns,
    /// Percentiles in milliseconds, by the region in which viewers sit; null without answers.
    #[serde(serialize_with = "compact::columns")]
    pub latency: Columns,
    /// Means in milliseconds, by the region in which the work was done; null without values.
    #[serde(serialize_with = "compact::columns")]
    pub mean: Columns,
    /// The bill of a month of such seconds.
    #[serde(serialize_with = "compact::list")]
    pub monthly_usd: Vec<Option<f64>>,
    /// Per cent of the month's error budget that are spent by then.
    #[serde(serialize_with = "compact::list")]
    pub budget_spent: Vec<Option<f64>>,
}

/// Lists that stand in one line of a document that is otherwise indented.
mod compact {
    use super::Columns;
    use serde::ser::{Error as _, SerializeMap as _};
    use serde::{Serialize, Serializer};
    use serde_json::value::{RawValue, to_raw_value};

    fn raw<E: serde::ser::Error>(list: &impl Serialize) -> Result<Box<RawValue>, E> {
        to_raw_value(list).map_err(E::custom)
    }

    pub fn list<S: Serializer>(list: &impl Serialize, to: S) -> Result<S::Ok, S::Error> {
        raw::<S::Error>(list)?.serialize(to)
    }

    pub fn columns<S: Serializer>(columns: &Columns, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(columns.len()))?;
        for (name, lists) in columns {
            map.serialize_entry(name, &raw::<S::Error>(lists)?)?;
        }
        map.end()
    }

    /// Counts are written as whole numbers.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: counts below 2^53
    pub fn counts<S: Serializer>(columns: &Columns, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(Some(columns.len()))?;
        for (name, lists) in columns {
            let whole = |value: &Option<f64>| value.map(|value| value as u64);
            let lists: Vec<Vec<Option<u64>>> =
                lists.iter().map(|list| list.iter().map(whole).collect()).collect();
            if lists.iter().flatten().any(Option::is_none) {
                return Err(S::Error::custom(format!("a count of `{name}` is missing")));
            }
            map.serialize_entry(name, &raw::<S::Error>(&lists)?)?;
        }
        map.end()
    }
}

/// A verdict as its word.
mod verdict {
    use crate::invariant::Verdict;
    use crate::report::verdict_name;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref)] // reason: serde's form
    pub fn serialize<S: Serializer>(verdict: &Verdict, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(verdict_name(*verdict))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Verdict, D::Error> {
        let word = String::deserialize(source)?;
        let all = [Verdict::Holds, Verdict::Broken, Verdict::Unmeasured];
        let found = all.into_iter().find(|&verdict| verdict_name(verdict) == word);
        found.ok_or_else(|| D::Error::custom(format!("`{word}` is no verdict")))
    }
}

/// A unit as its short name.
mod unit {
    use crate::units::Unit;
    use serde::de::Error as _;
    use serde::{Deserialize, Deserializer, Serializer};

    #[allow(clippy::trivially_copy_pass_by_ref)] // reason: serde's form
    pub fn serialize<S: Serializer>(unit: &Unit, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(unit.short())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(source: D) -> Result<Unit, D::Error> {
        let word = String::deserialize(source)?;
        let all = [Unit::Time, Unit::Ratio, Unit::Money, Unit::Rate, Unit::Bytes, Unit::Count];
        let found = all.into_iter().find(|unit| unit.short() == word);
        found.ok_or_else(|| D::Error::custom(format!("`{word}` is no unit of a report")))
    }
}
