//! The gate's result as a page: what is wrong first, every quantity that was compared, and the plots of the
//! scenarios that are not the same.

use super::compare::Verdict;
use super::gated::Gated;
use super::{text, words};
use crate::invariant;
use crate::report::html::run::{badge_of, banner, page_below};
use crate::report::html::{Cell, Page, Table, escape};
use crate::report::{self, Shape, json::ReportInput};

/// The page. `kept` are each second of a run of those scenarios that are to have plots.
pub(super) fn render(gated: &[Gated], kept: &[ReportInput<'_>]) -> String {
    let stored = report::stored(kept, Shape { list: true, seeds: false });
    let title = format!("squall gate: {}", text::counted(gated));
    page_below(&title, |page| head(page, gated, kept), &stored)
}

fn head(page: &mut Page, gated: &[Gated], kept: &[ReportInput<'_>]) {
    let worst = gated.iter().map(|one| words::colour(one.summary())).max();
    let verdict = worst.unwrap_or(invariant::Verdict::Unmeasured);
    banner(page, verdict, &format!("{}.", text::counted(gated)), "");
    page.section(2, "scenarios", "Scenarios", |page| page.table(&scenarios(gated, kept)));
    for one in gated.iter().filter(|one| one.summary() != "same") {
        let heading = format!("Compared: {}", one.rehearsal.scenario.title);
        page.section(2, "compared", &heading, |page| {
            page.table(&quantities(one));
            page.command(&words::again(one));
        });
    }
}

fn scenarios(gated: &[Gated], kept: &[ReportInput<'_>]) -> Table {
    let mut table = Table::new("Scenarios")
        .below_its_heading()
        .stacked()
        .column("Scenario")
        .column("Verdict")
        .column("File")
        .numbers("Runs")
        .numbers("Equal to the bit");
    for one in gated {
        let scenario = &one.rehearsal.scenario;
        let title = escape::with_code(&scenario.title);
        let at = kept.iter().position(|kept| kept.rehearsal.scenario.path == scenario.path);
        let name =
            at.map_or_else(|| title.clone(), |at| format!("<a href=\"#s{}\">{title}</a>", at + 1));
        let word = one.summary();
        table.row(vec![
            Cell::markup(name),
            Cell::markup(badge_of(words::colour(word), word)),
            Cell::markup(format!("<code>{}</code>", escape::text(&scenario.path))),
            Cell::number(&one.rehearsal.runs.len().to_string()),
            Cell::number(&one.equal.to_string()),
        ]);
    }
    table
}

fn quantities(gated: &Gated) -> Table {
    let mut table = Table::new("Quantities beside their baseline")
        .below_its_heading()
        .stacked()
        .column("Quantity")
        .column("Verdict")
        .column("Before and now")
        .column("Tolerance");
    let mut rows: Vec<_> = gated.quantities.iter().collect();
    rows.sort_by_key(|compared| std::cmp::Reverse(compared.verdict));
    for compared in rows {
        let verdict = compared.verdict.map_or_else(
            || Cell::text("only shown"),
            |verdict: Verdict| {
                Cell::markup(badge_of(words::colour(verdict.name()), verdict.name()))
            },
        );
        let why = words::why(compared);
        let why = if why.is_empty() { why } else { format!("; {why}") };
        table.row(vec![
            Cell::text(&compared.quantity.name),
            verdict,
            Cell::text(&words::change(compared)),
            Cell::text(&format!("{}{why}", words::allowed(compared))),
        ]);
    }
    table
}
