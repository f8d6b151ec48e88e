//! The month as a page: the purse and what has changed first, then every drill with its plots.

use super::changes::shown;
use super::record::{DrillRecord, Record};
use super::run::Kept;
use crate::invariant::Verdict;
use crate::report::html::run::{badge_of, banner, page_below};
use crate::report::html::{Cell, Page, Table, escape};
use crate::report::{self, Shape, json::ReportInput};

/// The page of a record and of what was kept of its drills.
pub(super) fn render(record: &Record, kept: &[Kept]) -> String {
    let told: Vec<ReportInput<'_>> = kept
        .iter()
        .map(|one| ReportInput { rehearsal: &one.rehearsal, recordings: &one.recordings })
        .collect();
    let stored = report::stored(&told, Shape { list: true, seeds: false });
    let title = format!("{}, {}", record.title, record.month);
    page_below(&title, |page| head(page, record), &stored)
}

fn head(page: &mut Page, record: &Record) {
    let broken = record.drills.iter().filter(|drill| drill.verdict != "holds").count();
    let text = match (broken, record.purse.verdict.as_str()) {
        (0, "holds") => "Every drill holds, and the purse is enough.".to_owned(),
        (0, _) => "Every drill holds, and together they spend more than the purse has.".to_owned(),
        (1, _) => "1 drill does not hold.".to_owned(),
        (broken, _) => format!("{broken} drills do not hold."),
    };
    banner(page, of(&record.verdict), &text, "");
    page.paragraph(&format!("Approval: {}.", record.approval));
    page.paragraph("Rehearsed in simulation; nothing was fired.");
    page.section(2, "drills", "Drills", |page| page.table(&drills(record)));
    page.section(2, "purse", "The month's purse", |page| page.table(&purse(record)));
    page.section(2, "since", "What has changed", |page| since(page, record));
}

/// The verdict that a word stands for.
fn of(word: &str) -> Verdict {
    match word {
        "holds" => Verdict::Holds,
        "unmeasured" | "left out" => Verdict::Unmeasured,
        _ => Verdict::Broken,
    }
}

fn drills(record: &Record) -> Table {
    let mut table = Table::new("Drills")
        .below_its_heading()
        .stacked()
        .column("Drill")
        .column("Verdict")
        .column("When")
        .column("Who answers")
        .numbers("Error budget")
        .numbers("Money");
    let mut number = 0;
    for drill in &record.drills {
        let title = escape::with_code(&drill.title);
        let name = if drill.verdict == "left out" {
            title
        } else {
            number += 1;
            format!("<a href=\"#s{number}\">{title}</a>")
        };
        table.row(vec![
            Cell::markup(name),
            Cell::markup(badge_of(of(&drill.verdict), &drill.verdict)),
            Cell::text(&drill.when),
            Cell::text(&drill.owner),
            spent(drill, |spent| shown(spent.error_budget, "%")),
            spent(drill, |spent| shown(spent.usd, "$")),
        ]);
    }
    table
}

fn spent(drill: &DrillRecord, told: impl Fn(&super::Spent) -> String) -> Cell {
    Cell::number(&drill.spent.as_ref().map_or_else(|| "nothing".into(), told))
}

fn purse(record: &Record) -> Table {
    let purse = &record.purse;
    let mut table = Table::new("Purse")
        .below_its_heading()
        .column("Of")
        .numbers("The drills spend")
        .numbers("The purse has");
    for (name, spent, has, unit) in [
        ("a month's error budget", purse.error_budget_spent, purse.error_budget, "%"),
        ("money, beyond the same time without them", purse.usd_spent, purse.usd, "$"),
    ] {
        let (spent, has) = (shown(spent, unit), shown(has, unit));
        table.row(vec![Cell::text(name), Cell::number(&spent), Cell::number(&has)]);
    }
    table
}

fn since(page: &mut Page, record: &Record) {
    match &record.since {
        None => page.paragraph("No earlier month is on record."),
        Some(since) if since.lines.is_empty() => {
            page.paragraph(&format!("Nothing since {}.", since.month));
        }
        Some(since) => {
            page.paragraph(&format!("Since {}:", since.month));
            let line = |line: &String| format!("<li>{}</li>\n", escape::with_code(line));
            let lines: String = since.lines.iter().map(line).collect();
            page.markup(&format!("<ul>\n{lines}</ul>\n"));
        }
    }
}
