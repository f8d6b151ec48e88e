//! What has changed since an earlier month.

use super::record::{DrillRecord, Record};
use crate::report::value;
use crate::units::Unit;

/// What differs between two records of a runbook, a sentence each, drill by drill.
#[must_use]
pub fn changes(before: &Record, now: &Record) -> Vec<String> {
    let mut lines = Vec::new();
    if before.version != now.version {
        lines.push(format!("Squall is {}, and was {}", now.version, before.version));
    }
    for drill in &now.drills {
        match before.drills.iter().find(|old| old.scenario == drill.scenario) {
            None => lines.push(format!("{}: new", drill.title)),
            Some(old) => of_drill(old, drill, &mut lines),
        }
    }
    for old in &before.drills {
        if !now.drills.iter().any(|drill| drill.scenario == old.scenario) {
            lines.push(format!("{}: no longer part of the month", old.title));
        }
    }
    lines
}

fn of_drill(old: &DrillRecord, now: &DrillRecord, lines: &mut Vec<String>) {
    let title = &now.title;
    if old.hash != now.hash {
        lines.push(format!("{title}: the scenario has changed"));
    }
    if old.verdict != now.verdict {
        lines.push(format!("{title}: {}, and was {}", now.verdict, old.verdict));
    }
    for one in &now.invariants {
        let Some(before) = old.invariants.iter().find(|before| before.name == one.name) else {
            lines.push(format!("{title}: \"{}\" is new", one.name));
            continue;
        };
        if before.verdict != one.verdict {
            let (name, is, was) = (&one.name, &one.verdict, &before.verdict);
            lines.push(format!("{title}: \"{name}\" {is}, and was {was}"));
        } else if let (Some(is), Some(was)) = (one.high, before.high)
            && moved(is, was)
        {
            let name = &one.name;
            let (is, was) = (shown(is, &one.unit), shown(was, &before.unit));
            lines.push(format!("{title}: \"{name}\" {is}, and was {was}"));
        }
    }
    for before in &old.invariants {
        if !now.invariants.iter().any(|one| one.name == before.name) {
            lines.push(format!("{title}: \"{}\" is gone", before.name));
        }
    }
    if let (Some(is), Some(was)) = (&now.spent, &old.spent) {
        if moved(is.error_budget, was.error_budget) {
            let (is, was) = (shown(is.error_budget, "%"), shown(was.error_budget, "%"));
            lines.push(format!("{title}: spends {is} of the error budget, and spent {was}"));
        }
        if moved(is.usd, was.usd) {
            let (is, was) = (shown(is.usd, "$"), shown(was.usd, "$"));
            lines.push(format!("{title}: costs {is}, and cost {was}"));
        }
    }
}

/// Whether a value has moved by more than 1 %: less is not worth a sentence.
fn moved(is: f64, was: f64) -> bool {
    (is - was).abs() > 0.01 * was.abs().max(is.abs())
}

/// A value with its unit's short name.
pub(super) fn shown(seen: f64, unit: &str) -> String {
    let units = [Unit::Time, Unit::Bytes, Unit::Ratio, Unit::Rate, Unit::Count, Unit::Money];
    let unit = units.into_iter().find(|known| known.short() == unit).unwrap_or(Unit::Count);
    value::short(seen, unit)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::runbook::record::{Purse, SCHEMA, Spent};

    fn record(error_budget: f64, verdict: &str) -> Record {
        let spent = Spent { error_budget, error_budget_anyway: 0.0, usd: 1.0, monthly_usd: 100.0 };
        let drill = DrillRecord {
            scenario: "a.toml".into(),
            title: "Outage".into(),
            hash: "1".into(),
            when: "Tuesday".into(),
            owner: "routing".into(),
            verdict: verdict.into(),
            seeds: vec![1],
            digests: vec!["2".into()],
            invariants: Vec::new(),
            control: None,
            spent: Some(spent),
            happened: Vec::new(),
            again: "squall run a.toml".into(),
            fired: None,
        };
        let purse = Purse {
            verdict: "holds".into(),
            error_budget: 30.0,
            error_budget_spent: error_budget,
            usd: 25.0,
            usd_spent: 1.0,
        };
        Record {
            schema: SCHEMA.into(),
            version: "0.1.0".into(),
            month: "2026-10".into(),
            runbook: "r.toml".into(),
            title: "Drills".into(),
            approval: "the lead".into(),
            verdict: verdict.into(),
            purse,
            drills: vec![drill],
            since: None,
        }
    }

    #[test]
    fn nothing_is_said_of_what_stays() {
        assert!(changes(&record(2.0, "holds"), &record(2.01, "holds")).is_empty());
    }

    #[test]
    fn verdicts_and_spending_are_told() {
        let lines = changes(&record(2.0, "holds"), &record(3.0, "broken"));
        assert_eq!(
            lines,
            [
                "Outage: broken, and was holds",
                "Outage: spends 3 % of the error budget, and spent 2 %"
            ]
        );
    }

    #[test]
    fn drills_come_and_go() {
        let mut now = record(2.0, "holds");
        (now.drills[0].scenario, now.drills[0].title) = ("b.toml".into(), "Storm".into());
        let lines = changes(&record(2.0, "holds"), &now);
        assert_eq!(lines, ["Storm: new", "Outage: no longer part of the month"]);
    }

    #[test]
    fn a_record_is_read_back_as_it_was_written() {
        let one = record(2.5, "holds");
        assert_eq!(Record::read(&one.write().unwrap()).unwrap(), one);
        assert!(Record::read("{}").is_err());
    }
}
