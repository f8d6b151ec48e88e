//! The disciplines of one pool against closed forms: processor sharing, priorities, last come first
//! served, impatience. Every tolerance is a standard error over runs with different seeds.

// reason: a test fails by panicking, and shows what it saw
#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

#[path = "common/runs.rs"]
mod runs;
#[path = "common/stats.rs"]
mod stats;

use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Sample, Scope};
use squall::scenario::Source;
use squall::units::count_to_f64;

use runs::run;
use stats::assert_agrees;

const SEEDS: u64 = 12;

const EXPONENTIAL: &str = r#"{ law = "exponential", mean = "20ms" }"#;
const LOGNORMAL: &str = r#"{ law = "lognormal", mean = "20ms", cv = 1.5 }"#;
/// Two exponential phases with balanced means and a squared coefficient of variation of 4: shares
/// p = (1 + sqrt(3/5)) / 2 and 1 - p, means 20 ms / 2p and 20 ms / 2(1 - p).
const HYPEREXPONENTIAL: &str = r#"[
    { share = "88.7298335%", law = "exponential", mean = "11270167ns" },
    { share = "11.2701665%", law = "exponential", mean = "88729833ns" },
]"#;

/// A pool by itself: these keys, this rate of arrivals, for this many seconds after a warm-up.
fn plan(pool: &str, rate: f64, seconds: u32) -> Plan {
    plan_with(pool, &format!("requests-per-second = {rate}"), seconds)
}

fn plan_with(pool: &str, load: &str, seconds: u32) -> Plan {
    let text = format!(
        r#"
        title = "a pool"
        question = "what do the formulas say?"
        [run]
        seed = 1
        length = "{}s"
        warmup = "100s"
        [fabric]
        preset = "single-pool"
        [fabric.pool]
        {pool}
        [load]
        {load}
        [invariants]
        "it answers" = "availability >= 0%"
        "#,
        seconds + 100
    );
    let source = Source::from_text("pool.toml", &text);
    squall::scenario::load(&source, &[]).unwrap_or_else(|problems| panic!("{problems}{text}")).plan
}

fn with_seeds<T>(plan: &Plan, seen: impl Fn(&Outcome) -> T) -> Vec<T> {
    let with_seed = |seed| Plan { seed, ..plan.clone() };
    (1..=SEEDS).map(|seed| seen(&run(&with_seed(seed), 1, false))).collect()
}

/// The mean after the warm-up, in seconds.
fn mean_of(outcome: &Outcome, sample: Sample) -> f64 {
    let last = outcome.totals.timeline().segments() - 1;
    let values = outcome.totals.histogram(|s| s == last, Scope::default(), sample);
    values.mean().unwrap() / 1e9
}

fn count_of(outcome: &Outcome, counter: Counter) -> f64 {
    let last = outcome.totals.timeline().segments() - 1;
    count_to_f64(outcome.totals.cell(|s| s == last, Scope::default())[counter as usize])
}

/// M/G/1-PS: a sojourn of s / (1 - rho), whatever the law of the services (Sakata, Noguchi and
/// Oizumi 1971).
fn shares(service: &str, what: &str) {
    let pool = format!("servers = 1\ndiscipline = \"processor-sharing\"\nservice = {service}");
    let means = with_seeds(&plan(&pool, 35.0, 3_000), |o| mean_of(o, Sample::Latency));
    assert_agrees(what, &means, 0.020 / (1.0 - 35.0 * 0.020), 0.015);
}

#[test]
fn sharing_does_not_care_for_the_law_exponential() {
    shares(EXPONENTIAL, "M/M/1-PS sojourn");
}

#[test]
fn sharing_does_not_care_for_the_law_lognormal() {
    shares(LOGNORMAL, "M/G/1-PS sojourn, lognormal");
}

#[test]
fn sharing_does_not_care_for_the_law_hyperexponential() {
    shares(HYPEREXPONENTIAL, "M/G/1-PS sojourn, hyperexponential");
}

#[test]
fn sharing_does_not_care_for_the_law_constant() {
    shares(r#"{ law = "constant", value = "20ms" }"#, "M/D/1-PS sojourn");
}

/// With several servers the number inside is that of M/M/c, so the mean sojourn is too (Cohen 1979).
#[test]
fn four_shared_servers_hold_as_many_as_four_with_a_queue() {
    let pool = format!("servers = 4\ndiscipline = \"processor-sharing\"\nservice = {EXPONENTIAL}");
    let means = with_seeds(&plan(&pool, 160.0, 1_500), |o| mean_of(o, Sample::Latency));
    let offered = 160.0 * 0.020;
    // Erlang's loss formula by recursion, and from it the share that waits in M/M/4.
    let loss = (1..=4).fold(1.0, |loss, n| offered * loss / (f64::from(n) + offered * loss));
    let waits = loss / (1.0 - offered / 4.0 * (1.0 - loss));
    assert_agrees("M/M/4-PS sojourn", &means, 0.020 + waits * 0.020 / (4.0 - offered), 0.01);
}

/// Cobham 1954: with R = rate E[S^2] / 2, the high class waits R / (1 - rho_h) and the low class
/// R / ((1 - rho_h) (1 - rho)).
#[test]
fn two_classes_wait_as_cobham_says() {
    let pool = format!(
        "servers = 1\ndiscipline = \"priority\"\nhigh-priority = \"30%\"\nservice = {LOGNORMAL}"
    );
    let seen = with_seeds(&plan(&pool, 40.0, 6_000), |o| {
        [Sample::WaitHigh, Sample::WaitLow, Sample::Wait].map(|sample| mean_of(o, sample))
    });
    let (busy, high) = (40.0 * 0.020, 0.3 * 40.0 * 0.020);
    let rest = 40.0 * 0.020 * 0.020 * (1.0 + 1.5 * 1.5) / 2.0;
    let of = |class: usize| seen.iter().map(|waits| waits[class]).collect::<Vec<f64>>();
    assert_agrees("wait of the high class", &of(0), rest / (1.0 - high), 0.02);
    assert_agrees("wait of the low class", &of(1), rest / (1.0 - high) / (1.0 - busy), 0.03);
    // Kleinrock's conservation law: together they wait as without classes.
    assert_agrees("wait of both", &of(2), rest / (1.0 - busy), 0.03);
}

/// M/M/1 last come first served: the mean is that of first come, and the second moment of the wait
/// is that of first come over 1 - rho (Takacs 1963).
#[test]
fn the_last_come_wait_as_long_on_average() {
    let pool = format!("servers = 1\ndiscipline = \"lifo\"\nservice = {EXPONENTIAL}");
    let means = with_seeds(&plan(&pool, 35.0, 3_000), |o| mean_of(o, Sample::Wait));
    let busy: f64 = 35.0 * 0.020;
    assert_agrees("M/M/1 LIFO wait", &means, busy * 0.020 / (1.0 - busy), 0.015);
}

/// M/M/1+D: the virtual wait has density p0 rate e^{-(mu - rate) x} below the bound, so with
/// rate = a, services m and bound d, p0 = (1 - r) / (1 - r^2 e^{-(m - a) d}), and
/// (1 - r) r e^{-(m - a) d} / (1 - r^2 e^{-(m - a) d}) are lost (Barrer 1957).
#[test]
fn who_waits_at_most_so_long_is_lost_as_often_as_barrer_says() {
    let pool = format!("servers = 1\nmax-wait = \"50ms\"\nservice = {EXPONENTIAL}");
    let lost = with_seeds(&plan(&pool, 40.0, 2_000), |o| {
        count_of(o, Counter::Rejected) / count_of(o, Counter::Requests)
    });
    let (r, tail) = (0.8, libm::exp(-(50.0 - 40.0) * 0.050));
    let share = (1.0 - r) * r * tail / (1.0 - r * r * tail);
    assert_agrees("M/M/1+D loss", &lost, share, 0.015);
}

/// Machine repair, M/M/1//N: with z the time to think over the service, the server is idle with
/// probability 1 / sum of N! / (N - n)! z^-n, and answers at its rate for the rest of the time.
#[test]
fn a_closed_loop_answers_as_many_as_machines_are_repaired() {
    let pool = format!("servers = 1\nservice = {EXPONENTIAL}");
    let load = "viewers = 10\nthink = { law = \"exponential\", mean = \"200ms\" }";
    let plan = plan_with(&pool, load, 1_000);
    let rates = with_seeds(&plan, |o| count_of(o, Counter::Served) / 1_000.0);
    let weights: Vec<f64> = (1..=10)
        .scan(1.0, |weight, n| {
            *weight *= f64::from(11 - n) * 0.020 / 0.200;
            Some(*weight)
        })
        .collect();
    let idle = 1.0 / (1.0 + weights.iter().sum::<f64>());
    assert_agrees("M/M/1//10 throughput", &rates, 50.0 * (1.0 - idle), 0.01);
    let (flow, events) = (run(&plan, 1, false), run(&plan, 1, true));
    assert_eq!(flow.totals.digest(), events.totals.digest());
}
