//! What is stored of a month: the contract `squall.runbook/1`, written and read back.

use serde::{Deserialize, Serialize};

/// The name of the contract.
pub(super) const SCHEMA: &str = "squall.runbook/1";

/// A month's drills, rehearsed.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Record {
    pub(super) schema: String,
    /// The version of Squall.
    pub version: String,
    /// The month: `2026-11`.
    pub month: String,
    /// The runbook, as it was named.
    pub runbook: String,
    /// Its title.
    pub title: String,
    /// Who says that a drill may be fired.
    pub approval: String,
    /// `holds`, or the worst that a drill or the purse came to: `broken`, `unmeasured`, `control held`.
    pub verdict: String,
    /// What all drills together spend.
    pub purse: Purse,
    /// The drills in their order.
    pub drills: Vec<DrillRecord>,
    /// What differs from the last month on record; `None` when there is none.
    pub since: Option<Change>,
}

/// What may be spent, and what is.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Purse {
    /// Whether it is enough: `holds` or `broken`.
    pub verdict: String,
    /// What may be spent of a month's error budget, in per cent.
    pub error_budget: f64,
    /// What is, with the worst seed of each drill.
    pub error_budget_spent: f64,
    /// What may be spent, in dollars.
    pub usd: f64,
    /// What is.
    pub usd_spent: f64,
}

/// One drill.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct DrillRecord {
    /// The scenario's path.
    pub scenario: String,
    /// Its title.
    pub title: String,
    /// The digest of its text.
    pub hash: String,
    /// When it is fired, in words.
    pub when: String,
    /// Who answers for it, in words.
    pub owner: String,
    /// `holds`, `broken`, `unmeasured`, `control held`; `left out` after a drill that stopped the month.
    pub verdict: String,
    /// The seeds of its rehearsal.
    pub seeds: Vec<u64>,
    /// The digests of its runs.
    pub digests: Vec<String>,
    /// Its invariants.
    pub invariants: Vec<Invariant>,
    /// Whether the control broke what it names: a verdict, or null without a control.
    pub control: Option<String>,
    /// What it spends; null when it was left out.
    pub spent: Option<Spent>,
    /// What happened in the first run that broke an invariant, in the order in which it began.
    pub happened: Vec<String>,
    /// The command that repeats the rehearsal.
    pub again: String,
    /// What was seen when it was fired: nothing is fired yet.
    pub fired: Option<String>,
}

/// One invariant over all seeds.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Invariant {
    /// Its name.
    pub name: String,
    /// Its sentence.
    pub text: String,
    /// Its verdict.
    pub verdict: String,
    /// In how many runs it held.
    pub held: u64,
    /// Of how many.
    pub runs: u64,
    /// The least that was seen.
    pub low: Option<f64>,
    /// The most.
    pub high: Option<f64>,
    /// The bound.
    pub bound: f64,
    /// Their unit.
    pub unit: String,
    /// When the first run that broke it did so first, in seconds.
    pub first_broken_s: Option<f64>,
}

/// What a drill spends, with its worst seed, beyond what the same time spends without it.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Spent {
    /// Of a month's error budget, in per cent.
    pub error_budget: f64,
    /// What the same time spends of it anyway, in per cent.
    pub error_budget_anyway: f64,
    /// In dollars.
    pub usd: f64,
    /// The month's bill if every hour were like the drill.
    pub monthly_usd: f64,
}

/// What differs from an earlier month.
#[derive(Clone, PartialEq, Debug, Serialize, Deserialize)]
pub struct Change {
    /// Which month.
    pub month: String,
    /// What, a sentence each; empty when nothing does.
    pub lines: Vec<String>,
}

impl Record {
    /// Reads a stored record.
    ///
    /// # Errors
    /// A sentence when it is none.
    pub fn read(text: &str) -> Result<Self, String> {
        let read: Self = serde_json::from_str(text).map_err(|error| error.to_string())?;
        if read.schema == SCHEMA {
            Ok(read)
        } else {
            Err(format!("its schema is `{}`, and this is `{SCHEMA}`", read.schema))
        }
    }

    /// As it is stored, ending in a line break.
    ///
    /// # Errors
    /// None that is known.
    pub fn write(&self) -> Result<String, String> {
        let mut text = serde_json::to_string_pretty(self).map_err(|error| error.to_string())?;
        text.push('\n');
        Ok(text)
    }
}

/// The latest of these months that comes before another: `2026-10` before `2026-11`. Names that are no
/// months do not count.
#[must_use]
pub fn month_before<'a>(names: impl Iterator<Item = &'a str>, month: &str) -> Option<&'a str> {
    names.filter(|name| is_month(name) && *name < month).max()
}

/// Whether a text is a month as it is written here: four digits, a dash, 01 to 12.
#[must_use]
pub fn is_month(text: &str) -> bool {
    let bytes = text.as_bytes();
    let digits = |range: std::ops::Range<usize>| {
        bytes.get(range).is_some_and(|part| part.iter().all(u8::is_ascii_digit))
    };
    let number = text.get(5..).and_then(|month| month.parse::<u8>().ok());
    bytes.len() == 7
        && digits(0..4)
        && bytes[4] == b'-'
        && digits(5..7)
        && number.is_some_and(|number| (1..=12).contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_are_found_by_name() {
        let names = ["2026-09", "2025-12", "2026-11", "notes", "2026-13", "2026-1"];
        let before = |month| month_before(names.into_iter(), month);
        assert_eq!(before("2026-11"), Some("2026-09"));
        assert_eq!(before("2026-12"), Some("2026-11"));
        assert_eq!(before("2025-12"), None);
        assert!(is_month("0001-01") && !is_month("2026-00") && !is_month("2026/01"));
    }
}
