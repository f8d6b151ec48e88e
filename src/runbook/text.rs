//! The month for a terminal.

use super::changes::shown;
use super::record::{DrillRecord, Record};
use crate::invariant::Verdict;
use crate::report::{Paint, tame};
use std::fmt::Write as _;

pub(super) fn render(record: &Record, paint: Paint) -> String {
    let mut out = String::new();
    let _ = writeln!(out, "{}", paint.strong(&tame(&record.title)));
    let _ = writeln!(out, "  runbook    {} for {}", tame(&record.runbook), record.month);
    let _ = writeln!(out, "  approval   {}", tame(&record.approval));
    for drill in &record.drills {
        one(&mut out, drill, paint);
    }
    purse(&mut out, record, paint);
    match &record.since {
        None => out.push_str("\nsince    no earlier month is on record\n"),
        Some(since) if since.lines.is_empty() => {
            let _ = writeln!(out, "\nsince    {}: nothing has changed", since.month);
        }
        Some(since) => {
            let _ = writeln!(out, "\nsince    {}:", since.month);
            for line in &since.lines {
                let _ = writeln!(out, "         {}", tame(line));
            }
        }
    }
    out
}

fn one(out: &mut String, drill: &DrillRecord, paint: Paint) {
    let mark = paint.verdict(colour(&drill.verdict), &format!("{:<12}", drill.verdict));
    let _ = writeln!(out, "\n{mark}  {}", paint.strong(&tame(&drill.title)));
    let line = |out: &mut String, name: &str, text: &str| {
        let _ = writeln!(out, "  {name:<10}  {text}");
    };
    line(out, "scenario", &tame(&drill.scenario));
    line(out, "when", &format!("{}; {}", tame(&drill.when), tame(&drill.owner)));
    if let Some(spent) = &drill.spent {
        let way = if spent.usd < 0.0 { "less" } else { "more" };
        let text = format!(
            "{} of a month's error budget (and {} anyway), {} {way} than without it",
            shown(spent.error_budget, "%"),
            shown(spent.error_budget_anyway, "%"),
            shown(spent.usd.abs(), "$")
        );
        line(out, "spends", &text);
    }
    for one in drill.invariants.iter().filter(|one| one.verdict != "holds") {
        let seen = one.high.map_or_else(|| "nothing".into(), |high| shown(high, &one.unit));
        let (held, runs) = (one.held, one.runs);
        let name = tame(&one.name);
        let text = format!("\"{name}\": seen {seen}; held in {held} of {runs} runs");
        line(out, &one.verdict, &text);
    }
    for happened in &drill.happened {
        line(out, "", &tame(happened));
    }
    match drill.control.as_deref() {
        Some("holds") => line(out, "control", "broke what it must"),
        Some(other) => line(out, "control", other),
        None if drill.verdict == "left out" => {}
        None => line(out, "control", "there is none"),
    }
    line(out, "again", &drill.again);
}

fn purse(out: &mut String, record: &Record, paint: Paint) {
    let purse = &record.purse;
    let mark = paint.verdict(colour(&purse.verdict), &format!("{:<12}", purse.verdict));
    let _ = writeln!(out, "\n{mark}  {}", paint.strong("the month's purse"));
    let (spent, may) = (shown(purse.error_budget_spent, "%"), shown(purse.error_budget, "%"));
    let _ = writeln!(out, "  {:<10}  {spent} of {may} of the month's error budget", "spends");
    let (spent, may) = (shown(purse.usd_spent, "$"), shown(purse.usd, "$"));
    let _ = writeln!(out, "  {:<10}  {spent} of {may}", "");
}

fn colour(verdict: &str) -> Verdict {
    match verdict {
        "holds" => Verdict::Holds,
        "unmeasured" | "left out" => Verdict::Unmeasured,
        _ => Verdict::Broken,
    }
}
