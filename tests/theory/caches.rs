//! The metadata cache: misses, waiters, and what an eviction costs.

use crate::stats::estimate;
use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, plan_of, with_seeds};
use squall::cache::Policy;
use squall::fabric::{Entries, Plan, TtlFrom};
use squall::observe::{Counter, Scope};
use squall::units::{Instant, Span, count_to_f64};

const RATE: f64 = 400.0;
const TITLES: u32 = 2_000;
const EXPONENT: f64 = 0.5;
/// Five seconds from the fill.
const TTL: f64 = 5.0;

/// One region; every fetch takes `fetch`.
fn cached(lock: &str, fetch: &str, length: &str, warmup: &str, harm: &str) -> Plan {
    plan_of(&format!(
        r#"
        title = "a cache"
        question = "how often is it missed?"
        [run]
        seed = 1
        length = "{length}"
        warmup = "{warmup}"
        [fabric]
        preset = "five-regions"
        regions = ["here"]
        primary = "here"
        [fabric.routing]
        networks = 3
        [fabric.metadata]
        ttl = "5s"
        lock = "{lock}"
        [fabric.manifest]
        pods = 1000
        service = {{ law = "constant", value = "{fetch}" }}
        [fabric.database]
        use = "off"
        [load]
        titles = {TITLES}
        popularity = {{ law = "zipf", exponent = {EXPONENT} }}
        [load.manifests-per-second]
        here = {RATE}
        {harm}
        [invariants]
        "it answers" = "availability >= 0%"
        "#
    ))
}

/// Copies outlive the run.
fn keep_copies(plan: &mut Plan) {
    if let Some(metadata) = &mut plan.fabric.metadata {
        metadata.ttl = Span::from_secs(3_600);
    }
}

/// The sum of a function of the rate at which a title is asked for, over all titles.
fn over_titles(of: impl Fn(f64) -> f64) -> f64 {
    let weights: Vec<f64> =
        (1..=TITLES).map(|rank| libm::pow(f64::from(rank), -EXPONENT)).collect();
    let all: f64 = weights.iter().sum();
    weights.iter().map(|weight| of(RATE * weight / all)).sum()
}

/// A title's cycle: a fetch, a fresh copy for its TTL, and the wait for who asks next.
fn expiry() -> Vec<Row> {
    let plan = cached("on", "500ms", "300s", "100s", "");
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let a_second = |counter| count_of(outcome, counter) / 200.0;
        [Counter::Fetches, Counter::Coalesced].map(a_second)
    });
    let (fetch, cycle) = (0.5, |rate: f64| 0.5 + TTL + 1.0 / rate);
    let source = "renewal reward, summed over titles";
    let fetches = over_titles(|rate| 1.0 / cycle(rate));
    // Who asks during the fetch waits for it.
    let waiters = over_titles(|rate| rate * fetch / cycle(rate));
    let of = |place: usize| column(&seen, |seen| seen[place]);
    vec![
        Row::runs(
            "2,000 titles, TTL 5 s from the fill, lock: fetches",
            source,
            "1/s",
            fetches,
            of(0),
            0.005,
        ),
        Row::runs(
            "the same: requests that wait for another's fetch",
            source,
            "1/s",
            waiters,
            of(1),
            0.005,
        ),
    ]
}

/// One title, asked for a hundred times a second, whose copy is thrown out once a second. Who asks
/// during the fetch of 50 ms reads, too, unless there is a lock: 1 + rate D reads a miss against 1.
fn reads_a_miss() -> Vec<Row> {
    const MISSES: u32 = 100;
    let row = |lock: &str, expected: f64| {
        let harm: String = (1..MISSES)
            .map(|second| {
                format!(
                    r#"
                    [[inject]]
                    label = "eviction-{second}"
                    at = "{second}s"
                    fault = {{ kind = "evict-cache", region = "here", share = "100%" }}
                    "#
                )
            })
            .collect();
        let mut plan = cached(lock, "50ms", &format!("{MISSES}s"), "0s", &harm);
        plan.load.titles = 1;
        plan.load.rates = vec![100.0];
        keep_copies(&mut plan);
        let of = with_seeds(&plan, SEEDS, |outcome| {
            let all = outcome.totals.cell(|_| true, Scope::default());
            count_to_f64(all[Counter::Fetches.index()]) / f64::from(MISSES)
        });
        let what = format!("one title at 100/s, fetch of 50 ms, lock {lock}: reads a miss");
        if expected == 1.0 {
            let most = of.into_iter().fold(0.0, f64::max);
            return Row::exact(what, "1", "", expected, most);
        }
        Row::runs(what, "1 + rate D", "", expected, of, 0.02)
    };
    vec![row("off", 1.0 + 100.0 * 0.050), row("on", 1.0)]
}

/// The hit ratio of a copy that counts from its fill: rate TTL / (1 + rate TTL) for each title.
fn hit_ratio() -> Row {
    let plan = cached("on", "1us", "300s", "100s", "");
    let of = with_seeds(&plan, SEEDS, |outcome| {
        count_of(outcome, Counter::Hits) / count_of(outcome, Counter::Requests)
    });
    let expected = over_titles(|rate| rate * rate * TTL / (1.0 + rate * TTL)) / RATE;
    let what = "2,000 titles, TTL 5 s from the fill, no time to fetch: hit ratio";
    Row::runs(what, "renewal reward, e.g. Jung et al. 2003", "", expected, of, 0.002)
}

/// The hit ratio of a copy whose time begins anew with each hit: the share of gaps that are shorter.
fn sliding() -> Row {
    let mut plan = cached("on", "1us", "300s", "100s", "");
    if let Some(metadata) = &mut plan.fabric.metadata {
        metadata.ttl_from = TtlFrom::Hit;
    }
    let of = with_seeds(&plan, SEEDS, |outcome| {
        count_of(outcome, Counter::Hits) / count_of(outcome, Counter::Requests)
    });
    let expected = over_titles(|rate| rate * (1.0 - libm::exp(-rate * TTL))) / RATE;
    let what = "2,000 titles, TTL 5 s from the last hit, no time to fetch: hit ratio";
    Row::runs(what, "1 - exp(-rate TTL), Fofack et al. 2012", "", expected, of, 0.002)
}

/// Everything is thrown out: the distinct titles that are asked for in the time after it are read
/// once each, and when they have been the cache is full again.
fn refill() -> Vec<Row> {
    let storm = r#"
        [[inject]]
        label = "storm"
        at = "10s"
        fault = { kind = "evict-cache", region = "here", share = "100%" }
        "#;
    let mut plan = cached("on", "1us", "80s", "0s", storm);
    keep_copies(&mut plan);
    let ends = [1_u64, 4, 16, 64];
    plan.cuts.extend(ends.iter().map(|end| Instant::ZERO + Span::from_secs(10 + end)));
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        // Before the storm, then up to each end.
        let upto = |end: usize| {
            let cell = outcome.totals.cell(|s| (1..=end + 1).contains(&s), Scope::default());
            count_to_f64(cell[Counter::Fetches.index()])
        };
        [0, 1, 2, 3].map(upto)
    });
    let row = |(place, end): (usize, u64)| {
        let end = count_to_f64(end);
        let expected = over_titles(|rate| 1.0 - libm::exp(-rate * end));
        let what = format!("all of 2,000 titles evicted: reads in the {end} s after it");
        let source = "sum of 1 - exp(-rate t) over titles";
        Row::runs(what, source, "", expected, column(&seen, |seen| seen[place]), 0.02)
    };
    ends.into_iter().enumerate().map(row).collect()
}

/// Four fifths of all copies are thrown out. In the first second each title that lost its copy, or
/// had none, is read once if it is asked for at all: f (1 - exp(-rate)) for the copies that were
/// fresh, with f = rate TTL / (1 + rate TTL), and as much of the rest of the baseline as had no copy
/// to lose. The sum of the two is simple, because four fifths of all titles are absent then and a
/// fifth goes on as before.
fn storm() -> Vec<Row> {
    let storm = r#"
        [[inject]]
        label = "storm"
        at = "100s"
        fault = { kind = "evict-cache", region = "here", share = "80%" }
        "#;
    let mut plan = cached("on", "1us", "101s", "0s", storm);
    plan.cuts.push(Instant::ZERO + Span::from_secs(99));
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        assert_eq!(outcome.totals.timeline().segments(), 3);
        [1, 2].map(|segment| {
            let cell = outcome.totals.cell(|s| s == segment, Scope::default());
            count_to_f64(cell[Counter::Fetches.index()])
        })
    });
    let baseline = over_titles(|rate| rate / (1.0 + rate * TTL));
    let asked = over_titles(|rate| 1.0 - libm::exp(-rate));
    let expected = 0.8 * asked + 0.2 * baseline;
    assert!(expected > 1.5 * baseline, "a storm: {expected} against {baseline}");
    let after = column(&seen, |seen| seen[1]);
    // Titles are read or not independently, so the count spreads no wider than a Poisson count does.
    let (_, error) = estimate(&after);
    let poisson = (expected / count_to_f64(SEEDS)).sqrt();
    assert!(error < 1.5 * poisson, "{error} against {poisson}");
    let source = "each absent title once";
    let before = column(&seen, |seen| seen[0]);
    vec![
        Row::runs(
            "80 % of 2,000 titles evicted: reads in the second before",
            source,
            "",
            baseline,
            before,
            0.03,
        ),
        Row::runs("the same: reads in the first second after", source, "", expected, after, 0.015),
    ]
}

/// Where the mean number of titles that are there within time `t` equals the room: by halving.
fn characteristic_time(room: f64, there: impl Fn(f64, f64) -> f64) -> f64 {
    let (mut low, mut high) = (0.0, 1e6);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if over_titles(|rate| there(rate, middle)) < room {
            low = middle;
        } else {
            high = middle;
        }
    }
    high
}

/// Copies outlive the run, and there is room for a quarter of them.
fn full() -> Vec<Row> {
    const ROOM: u32 = TITLES / 4;
    let lru = |rate: f64, time: f64| 1.0 - libm::exp(-rate * time);
    let fifo = |rate: f64, time: f64| rate * time / (1.0 + rate * time);
    let row = |policy: Policy, source, there: &dyn Fn(f64, f64) -> f64| {
        let mut plan = cached("on", "1us", "300s", "100s", "");
        keep_copies(&mut plan);
        if let Some(metadata) = &mut plan.fabric.metadata {
            metadata.entries = Some(Entries { policy, most: ROOM });
        }
        let of = with_seeds(&plan, SEEDS, |outcome| {
            count_of(outcome, Counter::Hits) / count_of(outcome, Counter::Requests)
        });
        let time = characteristic_time(ROOM.into(), there);
        let expected = over_titles(|rate| rate * there(rate, time)) / RATE;
        let what = format!("2,000 titles, room for 500, {}: hit ratio", policy.name());
        Row::within(what, source, "", expected, estimate(&of).0, 0.005)
    };
    vec![
        row(Policy::Lru, "Che, Tung and Wang 2002", &lru),
        row(Policy::Fifo, "Fricker, Robert and Roberts 2012", &fifo),
    ]
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = expiry();
    rows.push(hit_ratio());
    rows.push(sliding());
    rows.extend(reads_a_miss());
    rows.extend(storm());
    rows.extend(refill());
    rows.extend(full());
    rows
}
