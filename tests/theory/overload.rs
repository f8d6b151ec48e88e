//! Services that get slower under load, and systems that a short trigger breaks for good.

use crate::table::Row;
use crate::tools::{SEEDS, plan_of, with_seeds};
use squall::engine::Law;
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Scope, Timer};
use squall::units::{Instant, Span, count_to_f64};

/// One region whose viewers are at its door and whose cache is off, so that every attempt is a read.
struct Region<'a> {
    viewers: &'a str,
    manifest: &'a str,
    database: &'a str,
    per_second: f64,
    seconds: u32,
    harm: &'a str,
}

/// A manifest that costs nothing but its read.
const FREE: &str = r#"pods = 10000
    service = { law = "constant", value = "0s" }"#;
const NO_READ: &str = r#"use = "off""#;
/// The round trip to the region: the shortest that there is.
const WAY: f64 = 1e-4;

impl Region<'_> {
    fn plan(&self) -> Plan {
        let Self { viewers, manifest, database, per_second, seconds, harm } = self;
        plan_of(&format!(
            r#"
            title = "overload"
            question = "does it come back?"
            [run]
            seed = 1
            length = "{seconds}s"
            [fabric]
            preset = "five-regions"
            regions = ["here"]
            primary = "here"
            round-trip = {{ here = {{ here = "100us" }} }}
            [fabric.routing]
            networks = 1
            misrouted = "0%"
            detect = {{ by = "never" }}
            [fabric.viewers]
            last-mile = {{ law = "constant", value = "0s" }}
            {viewers}
            [fabric.metadata]
            cache = "off"
            [fabric.manifest]
            {manifest}
            [fabric.database]
            {database}
            [load]
            titles = 10
            popularity = {{ law = "zipf", exponent = 0.9 }}
            [load.manifests-per-second]
            here = {per_second}
            {harm}
            [invariants]
            "it answers" = "availability >= 0%"
            "#
        ))
    }
}

fn at(second: u64) -> Instant {
    Instant::ZERO + Span::from_secs(second)
}

/// The counts of a segment: requests, those served, and attempts.
fn counts(outcome: &Outcome, segment: usize) -> [f64; 3] {
    let cell = outcome.totals.cell(|s| s == segment, Scope::default());
    [Counter::Requests, Counter::Served, Counter::Attempts]
        .map(|counter| count_to_f64(cell[counter.index()]))
}

/// The mean number in a system that is entered at `rate` and left at `leaving(n)` when `n` are inside.
fn birth_and_death(rate: f64, leaving: impl Fn(f64) -> f64) -> f64 {
    let (mut weight, mut sum, mut inside, mut n) = (1.0, 1.0, 0.0, 0.0);
    while weight > 1e-18 * sum {
        n += 1.0;
        weight *= rate / leaving(n);
        sum += weight;
        inside += weight * n;
    }
    inside / sum
}

/// Reads that slow each other: factor 1 up to 2 at a time, then a line to 3 at 10, then level. All are
/// worked on at once, so the law of a read's work does not matter, only its mean (20 ms); with a pool
/// of eight connections the rest wait, and the law matters again.
fn concurrency() -> Vec<Row> {
    const RATE: f64 = 100.0;
    const MU: f64 = 50.0;
    let factor = |n: f64| (1.0 + (n - 2.0) / 4.0).clamp(1.0, 3.0);
    let laws = [
        ("exponential", r#"{ law = "exponential", mean = "20ms" }"#),
        ("constant", r#"{ law = "constant", value = "20ms" }"#),
        ("lognormal, cv 2", r#"{ law = "lognormal", mean = "20ms", cv = 2 }"#),
    ];
    let row = |law: &str, service: &str, connections: u32, source| {
        let database = format!(
            r#"connections = {connections}
            queue = "unbounded"
            wait = "unbounded"
            service = {service}
            slowdown = {{ by = "concurrency", points = [[2, 1], [10, 3]] }}"#
        );
        let viewers = "timeout = \"1h\"\nattempts = 1";
        let region = Region {
            viewers,
            manifest: FREE,
            database: &database,
            per_second: RATE,
            seconds: 1_100,
            harm: "",
        };
        let mut plan = region.plan();
        plan.warmup = Span::from_secs(100);
        let means = with_seeds(&plan, SEEDS, |outcome| {
            let latency = outcome.totals.histogram(|s| s == 1, Scope::default(), Timer::Latency);
            (latency.mean().unwrap() / 1e9 - WAY) * 1e3
        });
        let leaving = |n: f64| {
            let read = n.min(f64::from(connections));
            MU * read / factor(read)
        };
        let mean = birth_and_death(RATE, leaving) / RATE * 1e3;
        let pool = if connections > 1_000 { String::new() } else { ", 8 connections".into() };
        let what = format!("reads that slow each other, {law}{pool}: mean time of a read");
        Row::runs(what, source, "ms", mean, means, 0.02)
    };
    let alone = "birth and death; insensitive, Cohen 1979";
    let mut rows: Vec<Row> =
        laws.iter().map(|(law, service)| row(law, service, 10_000, alone)).collect();
    rows.push(row(laws[0].0, laws[0].1, 8, "birth and death, Little 1961"));
    rows
}

/// The retry-induced example of "Metastable Failures in Distributed Systems" (Bronson et al., HotOS
/// 2021): a database that answers in 100 ms up to 300 reads a second and ten times slower above, a
/// client that waits for a second and tries once more, and ten seconds without a network.
fn hotos() -> Vec<Row> {
    let run = |per_second: f64, attempts: &str| {
        let viewers = format!("timeout = \"1s\"\nbackoff = \"0s\"\n{attempts}");
        let database = r#"connections = 100000
            queue = 0
            service = { law = "constant", value = "100ms" }
            slowdown = { by = "rate", over = "1s", points = [[300, 1], [300, 10]] }"#;
        let outage = r#"
            [[inject]]
            label = "outage"
            at = "20s"
            lasts = "10s"
            fault = { kind = "region-down", region = "here", routes = "silent" }"#;
        let region = Region {
            viewers: &viewers,
            manifest: FREE,
            database,
            per_second,
            seconds: 640,
            harm: outage,
        };
        let mut plan = region.plan();
        plan.load.interarrival = Some(Law::Constant(Span::from_secs_f64(1.0 / per_second)));
        plan.cuts.extend([at(40), at(630)]);
        // Segments: before, the outage, ten seconds after it, ten minutes, the rest.
        let outcome = &with_seeds(&plan, 1, |outcome| [0, 3].map(|s| counts(outcome, s)))[0];
        *outcome
    };
    let source = "Bronson et al., HotOS 2021, 2.1";
    let what =
        |rate: f64, which: &str| format!("database 10 x slower above 300/s, {rate}/s: {which}");
    let [before, after] = run(280.0, "attempts = 2");
    let stable = run(149.0, "attempts = 2")[1];
    let budget = r#"attempts = 2
        budget = { kind = "deposit-per-request", ratio = "5%", min-per-second = 0 }"#;
    let budgeted = run(280.0, budget)[1];
    let sent = "reads a second from 10 s to 10 min after the outage";
    let served = "goodput then";
    vec![
        Row::within(
            what(280.0, "reads a second before it"),
            source,
            "1/s",
            280.0,
            before[2] / 20.0,
            0.1,
        ),
        Row::exact(what(280.0, sent), source, "1/s", 560.0, after[2] / 590.0),
        Row::exact(what(280.0, served), source, "1/s", 0.0, after[1] / 590.0),
        Row::exact(what(149.0, sent), source, "1/s", 149.0, stable[2] / 590.0),
        Row::exact(what(149.0, served), source, "1/s", 149.0, stable[1] / 590.0),
        Row::exact(
            what(280.0, "goodput with a budget of 5 %"),
            source,
            "1/s",
            280.0,
            budgeted[1] / 590.0,
        ),
    ]
}

/// Ten workers of 50 ms, 160 requests a second, a time-out of 1 s, three immediate retries, work that
/// nobody waits for any more goes on, and four times slower from 20 s to 30 s. A full queue of Q takes
/// Q 50 ms / 10 + 50 ms: from 190 on whoever comes to its end is served in vain.
fn overloaded(queue: u32, order: &str, retries: &str, from: u32) -> Vec<f64> {
    let manifest = format!(
        r#"pods = 1
            slots = 10
            queue = {queue}
            discipline = "{order}"
            service = {{ law = "exponential", mean = "50ms" }}"#
    );
    let viewers = format!("timeout = \"1s\"\n{retries}");
    let slow = r#"
            [[inject]]
            label = "slow"
            at = "20s"
            lasts = "10s"
            fault = { kind = "slow", region = "here", service = "manifest", factor = 4 }"#;
    let region = Region {
        viewers: &viewers,
        manifest: &manifest,
        database: NO_READ,
        per_second: 160.0,
        seconds: 90,
        harm: slow,
    };
    let mut plan = region.plan();
    // Segments: before, slow, two seconds after it, up to 15 seconds after it, the rest.
    plan.cuts.extend([at(32), at(45)]);
    with_seeds(&plan, SEEDS, |outcome| {
        let (two, rest) = (counts(outcome, 3), counts(outcome, 4));
        let soon = (two[1] + rest[1]) / (two[0] + rest[0]);
        if from == 2 { soon } else { rest[1] / rest[0] }
    })
}

/// What brings it back, and what does not.
fn collapse() -> Vec<Row> {
    let run = overloaded;
    let least = |values: Vec<f64>| values.into_iter().fold(1.0, f64::min);
    let most = |values: Vec<f64>| values.into_iter().fold(0.0, f64::max);
    let immediate = "attempts = 4\nbackoff = \"0s\"";
    let backoff = "attempts = 4\nbackoff = \"100ms\"\nmultiplier = 2\njitter = \"full\"";
    let budget = r#"attempts = 4
        backoff = "0s"
        budget = { kind = "deposit-per-request", ratio = "10%", min-per-second = 0 }"#;
    let source = "Q s / c + s against the time-out";
    let what = |which: &str, who: &str, from: u32| {
        format!("overload for 10 s, {which}: share served {from} to 60 s after it, {who} of 20")
    };
    let dead = |which: &str, retries, queue| {
        let seen = most(run(queue, "fifo", retries, 2));
        Row::within(what(which, "most", 2), source, "", 0.0, seen, 0.01)
    };
    // A queue that is long and full takes Q / (200/s - 160/s) to go, and those in it come too late.
    let alive = |which: &str, order, retries, queue, from| {
        let seen = least(run(queue, order, retries, from));
        Row::within(what(which, "least", from), source, "", 1.0, seen, 0.01)
    };
    vec![
        alive("3 immediate retries, queue of 150", "fifo", immediate, 150, 2),
        dead("3 immediate retries, queue of 250", immediate, 250),
        dead("3 immediate retries, queue of 400", immediate, 400),
        dead("3 retries after backoff with jitter, queue of 400", backoff, 400),
        alive("no retries, queue of 400", "fifo", "attempts = 1", 400, 15),
        alive("a budget of 10 %, queue of 400", "fifo", budget, 400, 15),
        alive("last come, first served, queue of 400", "lifo", immediate, 400, 15),
        alive("adaptive LIFO, queue of 400", "adaptive-lifo", immediate, 400, 15),
        alive(
            "controlled delay of 100 ms, queue of 400",
            "fifo\"\ncontrolled-delay = \"100ms",
            immediate,
            400,
            2,
        ),
    ]
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = concurrency();
    rows.extend(hotos());
    rows.extend(collapse());
    rows
}
