//! The tables of a rehearsal's page.

use super::{absolute, badge, control as control_of, overall, without_folder};
use crate::invariant::Verdict;
use crate::report::html::{Cell, Table, escape};
use crate::report::model::{Across, Conservation, Run, WatchedAcross};
use crate::report::phrases::{comparison, control_sentence};
use crate::report::stored::{Several, Stored};
use crate::report::value;
use crate::units::Unit;
use std::fmt::Write as _;

/// A name with its sentence below.
fn named(name: &str, text: &str) -> Cell {
    let (name, text) = (escape::with_code(name), escape::text(text));
    Cell::markup(format!("{name}<code class=\"sentence\">{text}</code>")).of_class("name")
}

fn verdict(verdict: Verdict) -> Cell {
    Cell::markup(badge(verdict))
}

fn nothing() -> Cell {
    Cell::text("")
}

/// The comparison and the bound: `< 900 ms`.
fn wanted(text: &str, bound: f64, unit: Unit) -> String {
    let bound = value::full(bound, unit);
    match comparison(text) {
        Some("<=") => format!("≤ {bound}"),
        Some(">=") => format!("≥ {bound}"),
        Some("==") => format!("= {bound}"),
        Some(compare) => format!("{compare} {bound}"),
        None => bound,
    }
}

fn seen(value: Option<f64>, bound: f64, unit: Unit) -> String {
    value.map_or_else(|| "nothing".into(), |value| value::beside(value, bound, unit))
}

/// The scenarios, with links to their sections.
pub(super) fn overview(all: &[Stored]) -> Table {
    let mut table = Table::new("Scenarios")
        .below_its_heading()
        .stacked()
        .column("Scenario")
        .column("Verdict")
        .column("Control")
        .column("File")
        .numbers("Requests")
        .numbers("Bill a month");
    for (number, one) in (1..).zip(all) {
        let title = escape::with_code(&one.scenario.title);
        let path = absolute(&one.scenario.path).unwrap_or(&one.scenario.path);
        let requests: u64 = one.runs.iter().map(|run| run.requests).sum();
        table.row(vec![
            Cell::markup(format!("<a href=\"#s{number}\">{title}</a>")),
            verdict(overall(one)),
            control_of(one).map_or_else(|| Cell::text("none"), verdict),
            Cell::markup(format!("<code>{}</code>", escape::text(path))),
            Cell::number(&value::count(requests)),
            Cell::number(&bills(one)),
        ]);
    }
    table
}

/// The invariants of one run.
pub(super) fn verdicts(run: &Run) -> Table {
    let mut table = Table::new("Invariants")
        .below_its_heading()
        .stacked()
        .column("Invariant")
        .column("Verdict")
        .numbers("Seen")
        .numbers("Wanted");
    let any = run.invariants.iter().any(|one| one.first_broken_s.is_some());
    if any {
        table = table.numbers("First broken");
    }
    for one in &run.invariants {
        let first = one.first_broken_s.map_or_else(nothing, |at| Cell::number(&value::clock(at)));
        let cells = [
            named(&one.name, &one.text),
            verdict(one.verdict),
            Cell::number(&seen(one.seen, one.bound, one.unit)),
            Cell::number(&wanted(&one.text, one.bound, one.unit)),
        ];
        table.row(cells.into_iter().chain(any.then_some(first)).collect());
    }
    table
}

fn range(low: Option<f64>, high: Option<f64>, shown: impl Fn(f64) -> String) -> String {
    match (low, high) {
        (Some(low), Some(high)) => {
            let (low, high) = (shown(low), shown(high));
            if low == high { low } else { format!("{low} to {high}") }
        }
        _ => "nothing".into(),
    }
}

/// The invariants over all seeds.
pub(super) fn verdicts_across(one: &Stored, several: &Several) -> Table {
    let enough = match several.summary.holds_in {
        all if all >= 1.0 => String::new(),
        part => format!("; {} are enough", value::short(100.0 * part, Unit::Ratio)),
    };
    let mut table = Table::new("Invariants over all seeds")
        .below_its_heading()
        .stacked()
        .column("Invariant")
        .column("Verdict")
        .numbers("Held")
        .numbers("Seen")
        .numbers("Wanted");
    let any = several.summary.invariants.iter().any(|all| all.first_broken_seed.is_some());
    if any {
        table = table.numbers("First broken");
    }
    let runs = one.runs.len();
    for all in &several.summary.invariants {
        let shown = |value| value::beside(value, all.bound, all.unit);
        let first = |seed: u64| Cell::number(&format!("seed {seed}"));
        let cells = [
            named(&all.name, &all.text),
            verdict(all.verdict),
            Cell::number(&format!("{} of {runs} ({}){enough}", all.held, interval(all))),
            Cell::number(&range(all.seen_min, all.seen_max, shown)),
            Cell::number(&wanted(&all.text, all.bound, all.unit)),
        ];
        let first = all.first_broken_seed.map_or_else(nothing, first);
        table.row(cells.into_iter().chain(any.then_some(first)).collect());
    }
    table
}

/// The exact interval of the share of runs.
fn interval(all: &Across) -> String {
    let [low, high] = [all.held_low, all.held_high].map(|part| value::significant(part * 100.0, 3));
    format!("95 %: {low} to {high} %")
}

/// What every seed saw.
pub(super) fn every_seed(one: &Stored) -> Table {
    let head = Table::new("Each seed").column("Seed");
    let first = &one.runs[0].invariants;
    let mut table = first.iter().fold(head, |table, invariant| table.numbers(&invariant.name));
    for run in &one.runs {
        let cells = run.invariants.iter().map(|invariant| {
            let text = seen(invariant.seen, invariant.bound, invariant.unit);
            match invariant.verdict {
                Verdict::Holds => Cell::number(&text),
                Verdict::Broken => Cell::number(&format!("✗ {text}")).of_class("broken"),
                Verdict::Unmeasured => Cell::number("?").of_class("unmeasured"),
            }
        });
        let seed = Cell::number(&run.seed.to_string());
        table.row([seed].into_iter().chain(cells).collect());
    }
    table
}

/// Alerts that would have been pending or would have paged.
pub(super) fn alerts(run: &Run) -> Table {
    let mut table = Table::new("Alerts, as Prometheus would have raised them")
        .column("Alert")
        .column("Region")
        .column("Hop")
        .numbers("Pending")
        .numbers("Firing")
        .numbers("Resolved");
    for alert in &run.alerts {
        let at = |at: Option<f64>, never: &str| {
            Cell::number(&at.map_or_else(|| never.to_owned(), value::clock))
        };
        table.row(vec![
            Cell::text(&alert.name),
            Cell::text(&alert.region),
            Cell::text(&alert.hop),
            at(Some(alert.pending_s), ""),
            at(alert.firing_s, "never"),
            at(alert.resolved_s, "not by the end"),
        ]);
    }
    table
}

/// What was only watched.
pub(super) fn watched(run: &Run) -> Table {
    let mut table = Table::new("Watched").column("What").numbers("Seen");
    for one in &run.watch {
        table.row(vec![named(&one.name, &one.text), Cell::value(one.seen, one.unit)]);
    }
    table
}

/// The same over all seeds.
pub(super) fn watched_across(all: &[WatchedAcross]) -> Table {
    let mut table = Table::new("Watched, over all seeds").column("What").numbers("Seen");
    for one in all {
        let range = range(one.seen_min, one.seen_max, |value| value::short(value, one.unit));
        table.row(vec![named(&one.name, &one.text), Cell::number(&range)]);
    }
    table
}

/// What the control broke.
pub(super) fn control(one: &Stored) -> String {
    let Some(all) = control_of(one) else {
        let told = if without_folder(one, &one.runs[0].again).contains(" --no-control") {
            "not run (<code>--no-control</code>)"
        } else {
            "the scenario has none: nothing shows that its invariants can break"
        };
        return format!("<p class=\"control\"><strong>Control</strong>: {told}.</p>\n");
    };
    let mut out = format!(
        "<p class=\"control\"><strong>Control</strong> {} {}",
        badge(all),
        escape::text(control_sentence(all))
    );
    if let Some(control) = one.several.as_ref().and_then(|all| all.summary.control.as_ref()) {
        let runs = control.held + control.broken + control.unmeasured;
        let _ = write!(out, ", in {} of {runs} runs", control.held);
    }
    out.push_str(".</p>\n");
    if let Some(control) = &one.runs[0].control {
        let mut table = Table::new("Without the protection").column("Invariant").column("Became");
        for name in &control.expected {
            let broke = control.broke.contains(name);
            let became = if broke { "broke, as it must" } else { "did not break, and must" };
            table.row(vec![Cell::text(name), Cell::text(became)]);
        }
        for name in control.broke.iter().filter(|name| !control.expected.contains(name)) {
            table.row(vec![Cell::text(name), Cell::text("broke, too")]);
        }
        if !table.is_empty() {
            out.push_str(&table.html());
        }
    }
    out
}

/// A hop, what is attempted there and of what.
const TOLD: [(&str, &str); 4] = [
    ("viewers", "viewers: attempts of a request"),
    ("manifest", "manifest service: calls of a fetch"),
    ("database", "database: reads of a call"),
    ("all", "their product"),
];

/// Attempts a request at every hop.
pub(super) fn hops(run: &Run) -> Table {
    let mut table = Table::new("Attempts at each hop")
        .column("Hop")
        .numbers("Mean")
        .numbers("Worst second")
        .numbers("At");
    for hop in &run.hops {
        let (Some(mean), Some(worst), Some(at)) = (hop.attempts, hop.worst, hop.worst_s) else {
            continue;
        };
        let text =
            TOLD.iter().find(|(name, _)| *name == hop.hop).map_or(&*hop.hop, |(_, text)| text);
        let number = |value| Cell::number(&value::significant(value, 3));
        let at = Cell::number(&value::clock(at));
        table.row(vec![Cell::text(text), number(mean), number(worst), at]);
    }
    table
}

/// The month's bill.
pub(super) fn bill(run: &Run) -> Table {
    let mut table = Table::new("Bill of a month with this traffic").column("Line").numbers("US$");
    let dollars = |usd| Cell::number(&value::short(usd, Unit::Money));
    for line in &run.bill.lines {
        table.row(vec![Cell::text(&line.name), dollars(line.usd)]);
    }
    table.foot(vec![Cell::text("total"), dollars(run.bill.monthly_usd)]);
    table
}

/// The bill of all runs.
pub(super) fn bills(one: &Stored) -> String {
    let all = || one.runs.iter().map(|run| run.bill.monthly_usd);
    let shown = |usd| value::short(usd, Unit::Money);
    range(all().reduce(f64::min), all().reduce(f64::max), shown)
}

/// Whether the regions' books balance and add up to the run's requests.
pub(super) fn balanced(run: &Run) -> bool {
    let ended = |r: &Conservation| {
        u128::from(r.answered)
            + u128::from(r.failed)
            + u128::from(r.given_up)
            + u128::from(r.under_way)
    };
    run.conservation.iter().all(|r| u128::from(r.drawn) == ended(r))
        && run.conservation.iter().map(|r| u128::from(r.drawn)).sum::<u128>()
            == u128::from(run.requests)
}

/// Where each region's requests are.
pub(super) fn requests(run: &Run) -> Table {
    let mut table = Table::new("Requests by the region of their viewers")
        .column("Region")
        .numbers("Drawn")
        .numbers("Answered")
        .numbers("Failed")
        .numbers("Given up")
        .numbers("Under way");
    for r in &run.conservation {
        let counts = [r.drawn, r.answered, r.failed, r.given_up, r.under_way];
        let counts = counts.map(|count| Cell::number(&value::count(count)));
        table.row([Cell::text(&r.region)].into_iter().chain(counts).collect());
    }
    table
}
