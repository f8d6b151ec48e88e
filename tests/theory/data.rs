//! Replicas that fall behind and catch up, and what a month costs.

use crate::partial;
use crate::table::Row;
use crate::tools::{SEEDS, plan_of, with_seeds};
use squall::cost::{Mode, Usage, bill};
use squall::fabric::Plan;
use squall::observe::{Counter, Scope};
use squall::units::count_to_f64;

const RATE: f64 = 100.0;

/// A replica that never lags by itself; reads that meet more than five seconds of lag are refused, so
/// their number says for how long it did. The channel is harmed from 10 s to 70 s.
fn lagging(replication: &str, delay: &str, by: &str) -> Plan {
    plan_of(&format!(
        r#"
        title = "a replica"
        question = "for how long is it too far behind?"
        [run]
        seed = 1
        length = "120s"
        [fabric]
        preset = "five-regions"
        regions = ["home", "away"]
        primary = "home"
        round-trip = {{ home = {{ away = "114ms" }} }}
        [fabric.routing]
        misrouted = "0%"
        [fabric.viewers]
        attempts = 1
        [fabric.metadata]
        cache = "off"
        [fabric.database]
        too-far-behind = {{ after = "5s", then = "refuse" }}
        [fabric.replication]
        lag = {{ law = "constant", value = "0s" }}
        {replication}
        [load]
        titles = 10
        popularity = {{ law = "zipf", exponent = 0.9 }}
        [load.manifests-per-second]
        home = 0
        away = {RATE}
        [[inject]]
        label = "stall"
        at = "10s"
        lasts = "60s"
        fault = {{ kind = "delay-replication", region = "away", delay = "{delay}", by = "{by}" }}
        [invariants]
        "it answers" = "availability >= 0%"
        "#
    ))
}

fn replicas() -> Vec<Row> {
    let row = |what: &str, source, plan: &Plan, seconds: f64| {
        let values = with_seeds(plan, SEEDS, |outcome| {
            let all = outcome.totals.cell(|_| true, Scope::default());
            count_to_f64(all[Counter::LagRefused.index()]) / RATE
        });
        Row::runs(format!("{what}: time more than 5 s behind"), source, "s", seconds, values, 0.005)
    };
    // Applied 30 s late: the lag grows by a second a second to 30 s, and goes by 10 - 1 a second.
    let late = lagging("catch-up = 10", "30s", "apply");
    let late_for = (60.0 - 5.0) + (30.0 - 5.0) / 9.0;
    // A path longer by 1 s carries a window of 1 MB each 1.114 s of the 2 MB/s that are written: the
    // lag is the second of the path and what piles up. Afterwards the stream carries a window each
    // 114 ms: that, not the replica, limits how fast it catches up.
    let stalled =
        lagging("catch-up = 10\nwrite-per-second = \"2MB\"\nwindow = \"1MB\"", "1s", "tcp-stall");
    let piling_up = 1.0 - 1.0 / 1.114 / 2.0;
    let at_end = 1.0 + piling_up * 60.0;
    let faster = 1.0 / 0.114 / 2.0 - 1.0;
    let stalled_for = 60.0 - (5.0 - 1.0) / piling_up + (at_end - 5.0) / faster;
    vec![
        row("changes applied 30 s late for 60 s", "(d - 5 s) / (c - 1)", &late, late_for),
        row("1 s more of path for 60 s", "window / round trip, RFC 9293", &stalled, stalled_for),
    ]
}

/// The month of the brief, with its prices by hand, in gigabytes and dollars.
fn month() -> Vec<Row> {
    // 100 TB stored, 20 TB to four copies, five control planes and ten nodes for 720 h, 500 TB out.
    let printed = 100e3 * 0.023
        + 20e3 * 4.0 * 0.02
        + 5.0 * 0.10 * 720.0
        + 10.0 * 0.136 * 720.0
        + 500e3 * 0.08;
    // By list: two tiers of storage; the month's growth and its copies are stored, too; 730 h; each
    // region's nodes; and egress of 150, 125, 100, 75 and 50 TB by tiers of 10, 40 and 100 TB in each
    // price area: the United States, Europe, Japan, Singapore and South America.
    let egress = (850.0 + 3_200.0 + 100.0 * 60.0)
        + (850.0 + 3_200.0 + 75.0 * 60.0)
        + (1_140.0 + 3_560.0 + 50.0 * 86.0)
        + (1_200.0 + 4_000.0 + 25.0 * 95.0)
        + (1_100.0 + 4_200.0);
    let list = 50e3 * 0.023
        + 50e3 * 0.022
        + 20e3 * 0.023
        + 80e3 * (0.02 + 0.023)
        + 5.0 * 0.10 * 730.0
        + 2.0 * 730.0 * (0.136 + 0.155 + 0.171 + 0.157 + 0.209)
        + egress;
    let row = |what, source, dollars: f64, mode| {
        let total = bill(&Usage::capstone(), mode).unwrap().total();
        Row::exact(what, source, "USD", (dollars * 100.0).round() / 100.0, total.as_dollars())
    };
    vec![
        row("the brief's month, as printed", "its prices, by hand", printed, Mode::AsPrinted),
        row("the brief's month, by list prices", "tiers and hours, by hand", list, Mode::Exact),
    ]
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = replicas();
    rows.extend(month());
    rows.extend(partial::rows());
    rows
}
