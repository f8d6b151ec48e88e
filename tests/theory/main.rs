//! The model against closed forms. Every expected number is computed here from its formula; every
//! tolerance is a standard error. Numbers that a formula gives are never blessed.

// reason: a test fails by panicking, and shows what it saw
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

mod formulas;
#[path = "../common/runs.rs"]
mod runs;
#[path = "../common/stats.rs"]
mod stats;

use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Gauge, Sample, Scope};
use squall::scenario::{Source, load};
use squall::units::{Instant, Span, count_to_f64};

use formulas::erlang_c;
use runs::run;
use stats::assert_agrees;

const SEEDS: u64 = 20;

fn plan_of(text: &str) -> Plan {
    let source = Source::from_text("theory.toml", text);
    load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}{text}")).plan
}

/// What `seen` makes of a run with each seed.
fn with_seeds<T>(plan: &Plan, seeds: u64, seen: impl Fn(&Outcome) -> T) -> Vec<T> {
    let with_seed = |seed| Plan { seed, ..plan.clone() };
    (1..=seeds).map(|seed| seen(&run(&with_seed(seed), 1, false))).collect()
}

/// Whether a segment comes after the warm-up; a plan without harm has no other cuts.
fn judged(outcome: &Outcome, segment: usize) -> bool {
    segment + 1 == outcome.totals.timeline().segments()
}

fn mean_of(outcome: &Outcome, sample: Sample) -> f64 {
    let values = outcome.totals.histogram(|s| judged(outcome, s), Scope::default(), sample);
    values.mean().unwrap() / 1e9
}

fn count_of(outcome: &Outcome, counter: Counter) -> f64 {
    let cell = outcome.totals.cell(|s| judged(outcome, s), Scope::default());
    count_to_f64(cell[counter as usize])
}

fn level_of(outcome: &Outcome, gauge: Gauge) -> f64 {
    let peaks = outcome.totals.peaks(|s| judged(outcome, s), Scope::default(), gauge);
    peaks.mean().unwrap()
}

// Queues.

/// A pool by itself with exponential service times unless `service` says otherwise.
struct Queue {
    servers: u32,
    queue: &'static str,
    service: &'static str,
    rate: f64,
    length: &'static str,
    warmup: &'static str,
}

impl Queue {
    fn plan(&self) -> Plan {
        let Self { servers, queue, service, rate, length, warmup } = self;
        plan_of(&format!(
            r#"
            title = "a pool"
            question = "what do the formulas say?"
            [run]
            seed = 1
            length = "{length}"
            warmup = "{warmup}"
            [fabric]
            preset = "single-pool"
            [fabric.pool]
            servers = {servers}
            queue = {queue}
            service = {service}
            [load]
            requests-per-second = {rate}
            [invariants]
            "it answers" = "availability >= 0%"
            "#
        ))
    }
}

const TWENTY_MS: &str = r#"{ law = "exponential", mean = "20ms" }"#;
const UNBOUNDED: &str = r#""unbounded""#;

#[test]
fn one_server_at_four_fifths() {
    let (arrivals, services) = (40.0, 50.0);
    let queue = Queue {
        servers: 1,
        queue: UNBOUNDED,
        service: TWENTY_MS,
        rate: arrivals,
        length: "6000s",
        warmup: "300s",
    };
    let seen = with_seeds(&queue.plan(), SEEDS, |outcome| {
        let sojourn =
            outcome.totals.histogram(|s| judged(outcome, s), Scope::default(), Sample::Latency);
        (sojourn.mean().unwrap() / 1e9, sojourn.quantile(0.99).unwrap() / 1e9)
    });
    let (means, p99s): (Vec<f64>, Vec<f64>) = seen.into_iter().unzip();
    // The sojourn is exponential with the rate that is left over.
    let mean = 1.0 / (services - arrivals);
    assert!((mean - 0.1).abs() < 1e-12);
    assert_agrees("M/M/1 sojourn", &means, mean, 0.01);
    assert_agrees("M/M/1 p99", &p99s, -libm::log(0.01) * mean, 0.015);
}

#[test]
fn eight_servers_at_nine_tenths() {
    let queue = Queue {
        servers: 8,
        queue: UNBOUNDED,
        service: TWENTY_MS,
        rate: 360.0,
        length: "1600s",
        warmup: "100s",
    };
    let seen = with_seeds(&queue.plan(), SEEDS, |outcome| {
        let totals = &outcome.totals;
        let cell = totals.cell(|s| judged(outcome, s), Scope::default());
        let none = totals.layout().below(&cell, Sample::Wait, Span::from_nanos(1));
        let all = totals.layout().samples(&cell, Sample::Wait);
        let waits = 1.0 - count_to_f64(none.unwrap()) / count_to_f64(all);
        (waits, mean_of(outcome, Sample::Wait) / 0.020)
    });
    let (waits, means): (Vec<f64>, Vec<f64>) = seen.into_iter().unzip();
    let share = erlang_c(8, 7.2);
    assert!((share - 0.70153).abs() < 1e-5, "{share}");
    assert_agrees("M/M/8 P(wait)", &waits, share, 0.005);
    // Those who wait do so for an exponential time with the rate that is left over.
    assert_agrees("M/M/8 mean wait in services", &means, share / (8.0 - 7.2), 0.015);
}

#[test]
fn constant_services_halve_the_wait() {
    let queue = Queue {
        servers: 1,
        queue: UNBOUNDED,
        service: r#"{ law = "constant", value = "20ms" }"#,
        rate: 40.0,
        length: "3000s",
        warmup: "200s",
    };
    let waits = with_seeds(&queue.plan(), SEEDS, |outcome| mean_of(outcome, Sample::Wait));
    // Pollaczek and Khinchine: W = rho s (1 + cv^2) / (2 (1 - rho)), with cv = 0.
    let busy = 40.0 * 0.020;
    assert_agrees("M/D/1 wait", &waits, busy * 0.020 / (2.0 * (1.0 - busy)), 0.015);
}

#[test]
fn a_bounded_queue_turns_away_what_the_formula_says() {
    let queue = Queue {
        servers: 1,
        queue: "4",
        service: TWENTY_MS,
        rate: 45.0,
        length: "1000s",
        warmup: "10s",
    };
    let seen = with_seeds(&queue.plan(), SEEDS, |outcome| {
        let lost = count_of(outcome, Counter::Rejected) / count_of(outcome, Counter::Requests);
        (lost, mean_of(outcome, Sample::Latency))
    });
    let (lost, sojourns): (Vec<f64>, Vec<f64>) = seen.into_iter().unzip();
    // M/M/1/K: one in service and four that wait; the states' probabilities are geometric.
    let (busy, room) = (45.0 * 0.020, 5);
    let weights: Vec<f64> = (0..=room).map(|n| libm::pow(busy, f64::from(n))).collect();
    let all: f64 = weights.iter().sum();
    let full = weights[5] / all;
    let inside: f64 = weights.iter().zip(0..).map(|(w, n)| w * f64::from(n)).sum::<f64>() / all;
    assert_agrees("M/M/1/5 loss", &lost, full, 0.01);
    // Little's law over those who are let in.
    assert_agrees("M/M/1/5 sojourn", &sojourns, inside / (45.0 * (1.0 - full)), 0.01);
}

#[test]
fn levels_are_rates_times_times() {
    // Slow services, because a level's peak in each second is what is recorded.
    let queue = Queue {
        servers: 4,
        queue: UNBOUNDED,
        service: r#"{ law = "exponential", mean = "100s" }"#,
        rate: 0.03,
        length: "200000s",
        warmup: "5000s",
    };
    let seen = with_seeds(&queue.plan(), SEEDS, |outcome| {
        let waited = mean_of(outcome, Sample::Wait) * 0.03;
        let waiting = level_of(outcome, Gauge::ManifestQueue);
        (level_of(outcome, Gauge::ManifestBusy), waiting, waiting - waited)
    });
    // Little's law: busy = lambda / mu. In the peak of a second somebody who comes counts from its
    // start and somebody who goes counts to its end: a second more for each, on average.
    let busy: Vec<f64> = seen.iter().map(|seen| seen.0).collect();
    assert_agrees("M/M/4 busy", &busy, 0.03 * (100.0 + 1.0), 0.01);
    let wait = erlang_c(4, 3.0) * 100.0 / (4.0 - 3.0);
    let second = erlang_c(4, 3.0) * 1.0;
    let waiting: Vec<f64> = seen.iter().map(|seen| seen.1).collect();
    assert_agrees("M/M/4 waiting", &waiting, 0.03 * (wait + second), 0.1);
    // Within one run the two sides of the law agree far better than either does with its mean.
    let off: Vec<f64> = seen.iter().map(|seen| seen.2).collect();
    let (mean, error) = stats::estimate(&off);
    assert!((mean - 0.03 * second).abs() < 4.0 * error, "{mean} with standard error {error}");
    assert!(error < 0.02, "{error}");
}

// Failover.

fn outage(detect: &str) -> Plan {
    plan_of(&format!(
        r#"
        title = "an outage"
        question = "when is it noticed?"
        [run]
        seed = 1
        length = "25s"
        [fabric]
        preset = "five-regions"
        [fabric.routing]
        networks = 5
        misrouted = "0%"
        detect = {detect}
        converge = {{ law = "constant", value = "5s" }}
        [load]
        titles = 10
        popularity = {{ law = "zipf", exponent = 0.9 }}
        [load.manifests-per-second]
        sa-east-1 = 5
        [[inject]]
        label = "outage"
        at = "5s"
        fault = {{ kind = "region-down", region = "sa-east-1", routes = "withdrawn" }}
        [invariants]
        "it answers" = "availability >= 0%"
        "#
    ))
}

/// The time until an outage is noticed, in seconds: failover less the constant convergence.
fn noticed(plan: &Plan, seeds: u64) -> Vec<f64> {
    with_seeds(plan, seeds, |outcome| {
        let times = outcome.totals.histogram(|_| true, Scope::default(), Sample::FailoverTime);
        assert_eq!(times.count(), 5, "one for each network");
        assert_eq!(times.min(), times.max(), "all follow the route at once");
        count_to_f64(times.min().unwrap()) / 1e9 - 5.0
    })
}

/// The values are spread evenly from `low` to `high`: range, mean and standard deviation.
fn assert_uniform(what: &str, values: &[f64], low: f64, high: f64) {
    let width = high - low;
    assert!(values.iter().all(|value| (low - 1e-9..high + 1e-9).contains(value)), "{what}");
    let least = values.iter().copied().fold(f64::INFINITY, f64::min);
    let most = values.iter().copied().fold(0.0, f64::max);
    // Each end is missed by a twentieth with chance 0.95^400, about 1e-9.
    assert!(least < low + width / 20.0 && most > high - width / 20.0, "{what}: {least}..{most}");
    assert_agrees(what, values, f64::midpoint(low, high), 0.015);
    let n = count_to_f64(values.len() as u64);
    let error = width / (12.0 * n).sqrt();
    let mean = values.iter().sum::<f64>() / n;
    assert!((mean - f64::midpoint(low, high)).abs() < 4.0 * error, "{what}: {mean}");
}

#[test]
fn probes_notice_an_outage_when_the_formula_says() {
    let check = r#"{ by = "health-check", every = "900ms", failures = 3, timeout = "200ms" }"#;
    let values = noticed(&outage(check), 400);
    // The wait for the next probe is uniform in one period; then F - 1 periods and a time-out.
    let least = 2.0 * 0.9 + 0.2;
    assert_uniform("probes notice", &values, least, least + 0.9);
}

#[test]
fn a_hold_timer_notices_an_outage_when_the_formula_says() {
    let values = noticed(&outage(r#"{ by = "hold-timer", hold = "9s" }"#), 400);
    // The last keepalive came up to a third of the hold time ago.
    assert_uniform("the hold timer notices", &values, 6.0, 9.0);
}

// Caches.

const RATE: f64 = 400.0;
const TITLES: u32 = 2_000;
const EXPONENT: f64 = 0.5;
/// Five seconds from the fill.
const TTL: f64 = 5.0;

/// One region; every fetch takes `fetch`.
fn cached(fetch: &str, length: &str, warmup: &str, harm: &str) -> Plan {
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
        lock = "on"
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

/// The sum of a function of the rate at which a title is asked for, over all titles.
fn over_titles(of: impl Fn(f64) -> f64) -> f64 {
    let weights: Vec<f64> =
        (1..=TITLES).map(|rank| libm::pow(f64::from(rank), -EXPONENT)).collect();
    let all: f64 = weights.iter().sum();
    weights.iter().map(|weight| of(RATE * weight / all)).sum()
}

#[test]
fn misses_come_as_often_as_copies_expire() {
    let plan = cached("500ms", "300s", "100s", "");
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let a_second = |counter| count_of(outcome, counter) / 200.0;
        (a_second(Counter::Fetches), a_second(Counter::Coalesced))
    });
    let (fetches, coalesced): (Vec<f64>, Vec<f64>) = seen.into_iter().unzip();
    // A title's cycle: a fetch, a fresh copy for its TTL, and the wait for who asks next.
    let (fetch, cycle) = (0.5, |rate: f64| 0.5 + TTL + 1.0 / rate);
    assert_agrees("fetches a second", &fetches, over_titles(|rate| 1.0 / cycle(rate)), 0.005);
    // Who asks during the fetch waits for it.
    let waiters = over_titles(|rate| rate * fetch / cycle(rate));
    assert_agrees("coalesced a second", &coalesced, waiters, 0.005);
}

#[test]
fn a_storm_reads_every_evicted_title_once() {
    let storm = r#"
        [[inject]]
        label = "storm"
        at = "100s"
        fault = { kind = "evict-cache", region = "here", share = "80%" }
        "#;
    let mut plan = cached("1us", "101s", "0s", storm);
    plan.cuts.push(Instant::from_nanos(99_000_000_000));
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let segments = outcome.totals.timeline().segments();
        let fetches = |segment| {
            let cell = outcome.totals.cell(|s| s == segment, Scope::default());
            count_to_f64(cell[Counter::Fetches as usize])
        };
        assert_eq!(segments, 3);
        (fetches(1), fetches(2))
    });
    let (before, after): (Vec<f64>, Vec<f64>) = seen.into_iter().unzip();
    // In the first second each title that lost its copy, or had none, is read once if it is asked
    // for at all: f (1 - exp(-rate)) for the copies that were fresh, with f = rate TTL / (1 + rate
    // TTL), and as much of the rest of the baseline as had no copy to lose. The sum of the two is
    // simple, because four fifths of all titles are absent then and a fifth goes on as before.
    let baseline = over_titles(|rate| rate / (1.0 + rate * TTL));
    let asked = over_titles(|rate| 1.0 - libm::exp(-rate));
    let storm = 0.8 * asked + 0.2 * baseline;
    assert!(storm > 1.5 * baseline, "a storm: {storm} against {baseline}");
    assert_agrees("reads in the second before", &before, baseline, 0.03);
    assert_agrees("reads in the first second", &after, storm, 0.015);
    // Titles are read or not independently, so the count spreads no wider than a Poisson count does.
    let (_, error) = stats::estimate(&after);
    let poisson = (storm / count_to_f64(SEEDS)).sqrt();
    assert!(error < 1.5 * poisson, "{error} against {poisson}");
}

// Retries.

#[test]
fn attempts_are_a_geometric_series() {
    let plan = plan_of(
        r#"
        title = "errors"
        question = "what do retries multiply?"
        [run]
        seed = 1
        length = "1000s"
        [fabric]
        preset = "five-regions"
        regions = ["here"]
        primary = "here"
        [fabric.metadata]
        cache = "off"
        [fabric.database]
        use = "off"
        [fabric.viewers]
        attempts = 3
        [load]
        titles = 10
        popularity = { law = "zipf", exponent = 0.9 }
        [load.manifests-per-second]
        here = 50
        [[inject]]
        label = "errors"
        at = "0s"
        fault = { kind = "errors", region = "here", service = "manifest", share = "30%" }
        [invariants]
        "it answers" = "availability >= 0%"
        "#,
    );
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let requests = count_of(outcome, Counter::Requests);
        let share = |counter| count_of(outcome, counter) / requests;
        (share(Counter::Attempts), share(Counter::Failed), share(Counter::Retried))
    });
    let column = |of: fn(&(f64, f64, f64)) -> f64| seen.iter().map(of).collect::<Vec<f64>>();
    let p = 0.3;
    assert_agrees("attempts a request", &column(|seen| seen.0), 1.0 + p + p * p, 0.001);
    assert_agrees("failed", &column(|seen| seen.1), p * p * p, 0.01);
    assert_agrees("retried", &column(|seen| seen.2), p, 0.01);
}
