//! What time-outs, retries and deadlines of several hops do together.

use crate::formulas::erlang_b;
use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, plan_of, with_seeds};
use crate::{clients, hedges};
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Hop, HopEvent};

/// One region without a cache; `manifest` and `database` are keys of their sections.
pub fn region(viewers: &str, manifest: &str, database: &str, rate: u32, failing: u32) -> Plan {
    plan_of(&format!(
        r#"
        title = "hops"
        question = "what do they multiply?"
        [run]
        seed = 1
        length = "550s"
        warmup = "50s"
        [fabric]
        preset = "five-regions"
        regions = ["here"]
        primary = "here"
        [fabric.routing]
        networks = 1
        [fabric.metadata]
        cache = "off"
        [fabric.viewers]
        {viewers}
        [fabric.manifest]
        {manifest}
        [fabric.database]
        {database}
        [load]
        titles = 10
        popularity = {{ law = "zipf", exponent = 0.9 }}
        [load.manifests-per-second]
        here = {rate}
        [[inject]]
        label = "errors"
        at = "0s"
        fault = {{ kind = "errors", region = "here", service = "database", share = "{failing}%" }}
        [invariants]
        "it answers" = "availability >= 0%"
        "#
    ))
}

pub const AT_ONCE: &str = r#"{ law = "constant", value = "0s" }"#;

/// Three attempts of the viewer, each of two calls, each of four reads: 24 reads when nothing works.
/// Where each read fails by itself, a hop fails when all its attempts do, and each hop's attempts are
/// the geometric sum of what it fails at.
fn layers() -> Vec<Row> {
    let viewers = "timeout = \"1m\"\nattempts = 3\nbackoff = \"1ms\"\nmax-backoff = \"1ms\"";
    let manifest = format!(
        r#"pods = 10000
        service = {AT_ONCE}
        call = {{ attempts = 2, backoff = "1ms" }}"#
    );
    let database = format!(
        r#"connections = 100000
        service = {AT_ONCE}
        call = {{ attempts = 4, backoff = "1ms" }}"#
    );
    let seen = |failing: u32| {
        let plan = region(viewers, &manifest, &database, 20, failing);
        with_seeds(&plan, SEEDS, |outcome| {
            [
                Counter::Attempts,
                Counter::Hop(Hop::Manifest, HopEvent::Call),
                Counter::Hop(Hop::Database, HopEvent::Call),
                Counter::Failed,
            ]
            .map(|counter| count_of(outcome, counter) / count_of(outcome, Counter::Requests))
        })
    };
    let what =
        |failing, which: &str| format!("3 x 2 x 4 attempts, {failing} % of reads fail: {which}");
    let most = seen(100).iter().map(|seen| seen[2]).fold(0.0, f64::max);
    let mut rows = vec![Row::within(
        what(100, "reads a request, most of 20"),
        "3 x 2 x 4",
        "",
        24.0,
        most,
        0.02,
    )];
    let sum = |p: f64, n: i32| (1.0 - p.powi(n)) / (1.0 - p);
    for failing in [50, 80] {
        let seen = seen(failing);
        let read = f64::from(failing) / 100.0;
        let (call, fetch) = (read.powi(4), read.powi(8));
        let attempts = sum(fetch, 3);
        let calls = attempts * sum(call, 2);
        let reads = calls * sum(read, 4);
        let source = "geometric series of each hop";
        for (place, which, expected, grain) in [
            (0, "attempts a request", attempts, 0.002),
            (1, "calls a request", calls, 0.003),
            (2, "reads a request", reads, 0.005),
        ] {
            let of = column(&seen, |seen| seen[place]);
            rows.push(Row::runs(what(failing, which), source, "", expected, of, grain));
        }
    }
    rows
}

/// Reads of 20 ms, exponential, for which the manifest service waits 30 ms, twice. Nobody queues. With
/// q = exp(-3/2) there are 1 + q reads a call, and a share q^2 of the calls fails. What is given up
/// goes on to its end, or is taken back.
fn time_outs() -> Vec<Row> {
    let mut rows = Vec::new();
    let q = libm::exp(-1.5);
    for (cancel, wasted) in [("off", q * (1.0 + q)), ("on", 0.0)] {
        let database = format!(
            r#"connections = 100000
            service = {{ law = "exponential", mean = "20ms" }}
            call = {{ timeout = "30ms", attempts = 2, backoff = "0s", cancel = "{cancel}" }}"#
        );
        let manifest = format!("pods = 10000\nservice = {AT_ONCE}");
        let plan = region("timeout = \"1m\"\nattempts = 1", &manifest, &database, 100, 0);
        let seen = with_seeds(&plan, SEEDS, |outcome| {
            [
                Counter::Hop(Hop::Database, HopEvent::Call),
                Counter::Failed,
                Counter::Hop(Hop::Database, HopEvent::Wasted),
            ]
            .map(|counter| count_of(outcome, counter) / count_of(outcome, Counter::Requests))
        });
        let of = |place: usize| column(&seen, |seen| seen[place]);
        let what = |which: &str| format!("a time-out of 1.5 reads, cancel {cancel}: {which}");
        let source = "exp(-T / mean)";
        rows.push(Row::runs(what("reads a request"), source, "", 1.0 + q, of(0), 0.002));
        rows.push(Row::runs(what("requests that fail"), source, "", q * q, of(1), 0.02));
        if wasted > 0.0 {
            rows.push(Row::runs(what("reads for nobody"), source, "", wasted, of(2), 0.01));
        } else {
            let most = of(2).into_iter().fold(0.0, f64::max);
            rows.push(Row::exact(what("reads for nobody"), source, "", wasted, most));
        }
    }
    rows
}

/// One slot of the manifest service at a load of 0.8 and a time-out of two and a half services that
/// travels along: a call that gets its turn later is dropped, and takes none of the slot's time. So the
/// slot serves those of M/M/1+D with patience D. Without the deadline the slot works for nobody: it is
/// M/M/1, and whoever would be answered later than the time-out has failed.
fn deadlines() -> Vec<Row> {
    let seen = |deadline: &str| {
        let manifest = format!(
            r#"pods = 1
            slots = 1
            queue = "unbounded"
            service = {{ law = "exponential", mean = "20ms" }}
            call = {{ timeout = "50ms", deadline = "{deadline}" }}"#
        );
        let plan = region("timeout = \"1m\"\nattempts = 1", &manifest, "use = \"off\"", 40, 0);
        with_seeds(&plan, SEEDS, |outcome: &Outcome| {
            [Counter::Hop(Hop::Manifest, HopEvent::Expired), Counter::Failed]
                .map(|counter| count_of(outcome, counter) / count_of(outcome, Counter::Requests))
        })
    };
    let (r, rate) = (0.8, 50.0 - 40.0);
    let tail = libm::exp(-rate * 0.050);
    let dropped = (1.0 - r) * r * tail / (1.0 - r * r * tail);
    let on = column(&seen("on"), |seen| seen[0]);
    let late = column(&seen("off"), |seen| seen[1]);
    let what = |which: &str| format!("M/M/1, load 0.8, time-out of 50 ms, {which}");
    vec![
        Row::runs(what("deadline on: dropped"), "Barrer 1957", "", dropped, on, 0.015),
        Row::runs(what("deadline off: failed"), "tail of M/M/1", "", tail, late, 0.015),
    ]
}

/// A bulkhead of eight calls before a service that has room for all: who finds it full is turned away,
/// whatever the law of the service.
fn bulkheads() -> Vec<Row> {
    let (rate, mean, most) = (300, 0.020, 8);
    let laws = [
        ("exponential", r#"{ law = "exponential", mean = "20ms" }"#),
        ("constant", r#"{ law = "constant", value = "20ms" }"#),
        ("lognormal, cv 2", r#"{ law = "lognormal", mean = "20ms", cv = 2 }"#),
    ];
    let row = |(law, service): (&str, &str)| {
        let manifest = format!("pods = 10000\nservice = {service}\ncall = {{ bulkhead = {most} }}");
        let plan = region("timeout = \"1m\"\nattempts = 1", &manifest, "use = \"off\"", rate, 0);
        let full = with_seeds(&plan, SEEDS, |outcome| {
            count_of(outcome, Counter::Hop(Hop::Manifest, HopEvent::BulkheadFull))
                / count_of(outcome, Counter::Requests)
        });
        let what = format!("a bulkhead of {most} calls, 6 offered, {law}: turned away");
        let loss = erlang_b(most, f64::from(rate) * mean);
        Row::runs(what, "Erlang B", "", loss, full, 0.01)
    };
    laws.into_iter().map(row).collect()
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = layers();
    rows.extend(time_outs());
    rows.extend(deadlines());
    rows.extend(bulkheads());
    rows.extend(clients::rows());
    rows.extend(hedges::rows());
    rows
}
