//! Faults that are no outage: a clock that is off, packets that are lost.

use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, judged, mean_of, plan_of, with_seeds};
use squall::fabric::Plan;
use squall::observe::{Counter, Gauge, Scope, Timer};
use squall::units::count_to_f64;

/// Two regions 100 ms apart, of which one asks for a title, with a fault that lasts from the beginning.
fn plan(metadata: &str, database: &str, rate: u32, fault: &str) -> Plan {
    plan_of(&format!(
        r#"
        title = "partial"
        question = "what is left?"
        [run]
        seed = 1
        length = "1100s"
        warmup = "100s"
        [fabric]
        preset = "five-regions"
        regions = ["here", "there"]
        primary = "there"
        [fabric.round-trip]
        here = {{ there = "100ms" }}
        [fabric.routing]
        networks = 1
        misrouted = "0%"
        [fabric.viewers]
        last-mile = {{ law = "constant", value = "0s" }}
        timeout = "10m"
        attempts = 1
        [fabric.metadata]
        {metadata}
        [fabric.manifest]
        pods = 1000
        service = {{ law = "constant", value = "0s" }}
        [fabric.database]
        service = {{ law = "constant", value = "0s" }}
        {database}
        [load]
        titles = 1
        popularity = {{ law = "zipf", exponent = 0 }}
        [load.manifests-per-second]
        here = {rate}
        [[inject]]
        label = "harm"
        at = "0s"
        fault = {{ {fault} }}
        [invariants]
        "it answers" = "availability >= 0%"
        "#
    ))
}

/// A copy of a title that is asked for once a second is a hit with the share T / (1 + T), T the seconds for
/// which it is fresh: 6, less or more by the 4 by which the clock is off.
fn clocks() -> Vec<Row> {
    let row = |(clock, fresh): (&str, f64)| {
        let fault =
            format!(r#"kind = "clock-skew", region = "here", by = "4s", clock = "{clock}""#);
        let plan = plan(r#"ttl = "6s""#, "", 1, &fault);
        let hits = with_seeds(&plan, SEEDS, |outcome| {
            count_of(outcome, Counter::Hits) / count_of(outcome, Counter::Requests)
        });
        let what = format!("TTL of 6 s, a clock 4 s {clock}, 1 request a second: hits");
        Row::runs(what, "renewal theory", "", fresh / (1.0 + fresh), hits, 0.01)
    };
    [("ahead", 2.0), ("behind", 10.0)].into_iter().map(row).collect()
}

/// Reads at a primary that is 100 ms away. A packet that is lost k times in a row is late by 2^k - 1 times
/// 300 ms, p / (1 - 2 p) of them on average, there and back. And the replication stream carries sqrt(3 / 2 p)
/// segments of 1,460 bytes in a round trip, of 2 MB/s.
fn losses() -> Vec<Row> {
    let p = 0.05;
    let fault = r#"kind = "packet-loss", region = "here", share = "5%""#;
    let far = "primary-timeout = \"10m\"\ntoo-far-behind = { after = \"0s\", then = \"primary\" }";
    let plan = plan(r#"cache = "off""#, far, 20, fault);
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let here = Scope { from: None, at: Some(0) };
        let lag = outcome.totals.peaks(|s| judged(outcome, s), here, Gauge::ReplicationLag);
        [mean_of(outcome, Timer::Latency), count_to_f64(lag.max().unwrap_or(0)) / 1e9]
    });
    let what = |of: &str| format!("5 % of packets lost over 100 ms: {of}");
    let mean = 0.001 + 0.100 + 2.0 * 0.300 * p / (1.0 - 2.0 * p);
    let carried = 1_460.0 * libm::sqrt(1.5 / p) / 0.100 / 2e6;
    let late = column(&seen, |seen| seen[1]).into_iter().fold(0.0, f64::max);
    vec![
        Row::runs(
            what("mean answer"),
            "RFC 6298, geometric",
            "s",
            mean,
            column(&seen, |seen| seen[0]),
            0.01,
        ),
        Row::within(
            what("replica behind after 1,100 s"),
            "Mathis et al. 1997",
            "s",
            1_100.0 * (1.0 - carried),
            late,
            1.0,
        ),
    ]
}

/// All rows of this file.
pub fn rows() -> Vec<Row> {
    let mut rows = clocks();
    rows.extend(losses());
    rows
}
