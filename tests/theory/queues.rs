//! A pool by itself: waits, sojourns and losses.

use crate::formulas::{bounded, constant_service_wait, erlang_b, erlang_c, pollaczek, root};
use crate::table::Row;
use crate::tools::{
    SEEDS, column, count_of, level_of, mean_of, plan_of, quantile_of, values_of, with_seeds,
};
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Gauge, Scope, Timer};
use squall::units::{Instant, Span, count_to_f64};

/// What a service takes on average, in every row.
const SERVICE: f64 = 0.020;
pub const EXPONENTIAL: &str = r#"{ law = "exponential", mean = "20ms" }"#;
pub const CONSTANT: &str = r#"{ law = "constant", value = "20ms" }"#;
const LOGNORMAL: &str = r#"{ law = "lognormal", mean = "20ms", cv = 2 }"#;
const UNIFORM: &str = r#"{ law = "uniform", from = "0s", to = "40ms" }"#;
/// Two exponential phases with balanced means and a squared coefficient of variation of 4: shares
/// p = (1 + sqrt(3/5)) / 2 and 1 - p, means 20 ms / 2p and 20 ms / 2(1 - p).
pub const HYPEREXPONENTIAL: &str = r#"[
    { share = "88.7298335%", law = "exponential", mean = "11270167ns" },
    { share = "11.2701665%", law = "exponential", mean = "88729833ns" },
]"#;

/// A pool with these keys and this load, judged for `seconds` after a warm-up of a tenth as much.
fn pool(keys: &str, load: &str, seconds: f64) -> Plan {
    warmed_pool(keys, load, seconds, seconds / 10.0)
}

/// The same with a warm-up of so many seconds.
pub fn warmed_pool(keys: &str, load: &str, seconds: f64, warmup: f64) -> Plan {
    plan_of(&format!(
        r#"
        title = "a pool"
        question = "what do the formulas say?"
        [run]
        seed = 1
        length = "{}ms"
        warmup = "{}ms"
        [fabric]
        preset = "single-pool"
        [fabric.pool]
        {keys}
        [load]
        {load}
        [invariants]
        "it answers" = "availability >= 0%"
        "#,
        ((seconds + warmup) * 1e3).round(),
        (warmup * 1e3).round(),
    ))
}

/// The rate at which `servers` have this load, and the seconds in which so many come.
fn rate(servers: u32, load: f64, arrivals: f64) -> (f64, String, f64) {
    let rate = f64::from(servers) * load / SERVICE;
    (rate, format!("requests-per-second = {rate}"), arrivals / rate)
}

fn waits(outcome: &Outcome) -> f64 {
    let last = outcome.totals.timeline().segments() - 1;
    let totals = &outcome.totals;
    let cell = totals.cell(|s| s == last, Scope::default());
    let none = totals.layout().below(&cell, Timer::Wait, Span::from_nanos(1)).unwrap();
    1.0 - count_to_f64(none) / count_to_f64(totals.layout().samples(&cell, Timer::Wait))
}

fn lost(outcome: &Outcome) -> f64 {
    count_of(outcome, Counter::Rejected) / count_of(outcome, Counter::Requests)
}

/// M/M/1: the sojourn is exponential with the rate that is left over.
fn one_server() -> Vec<Row> {
    let mut rows = Vec::new();
    // The variance of a run's mean grows as (1 - load)^-4, so the higher loads take longer runs.
    for (load, arrivals, grain) in
        [(0.5, 2e5, 0.005), (0.8, 2e5, 0.01), (0.9, 5e5, 0.015), (0.98, 1e6, 0.04)]
    {
        let (rate, keys, seconds) = rate(1, load, arrivals);
        let plan = pool(&format!("servers = 1\nservice = {EXPONENTIAL}"), &keys, seconds);
        let seen = with_seeds(&plan, SEEDS, |outcome| {
            (mean_of(outcome, Timer::Latency), quantile_of(outcome, Timer::Latency, 0.99))
        });
        let mean = 1.0 / (1.0 / SERVICE - rate);
        let what = |which| format!("M/M/1, load {load}: {which} sojourn");
        let milli = |of: fn(&(f64, f64)) -> f64| column(&seen, |seen| of(seen) * 1e3);
        let source = "Erlang; e.g. Kleinrock 1975, 3.2";
        let (means, p99s) = (milli(|seen| seen.0), milli(|seen| seen.1));
        rows.push(Row::runs(what("mean"), source, "ms", mean * 1e3, means, grain));
        let p99 = -libm::log(0.01) * mean * 1e3;
        rows.push(Row::runs(what("p99"), source, "ms", p99, p99s, 2.0 * grain));
    }
    rows
}

/// M/M/c: who waits does so for an exponential time with the rate that is left over.
fn many_servers() -> Vec<Row> {
    let mut rows = Vec::new();
    for (servers, load, arrivals) in [(2, 0.7, 2e5), (8, 0.9, 5e5), (64, 0.95, 1e6)] {
        let (_, keys, seconds) = rate(servers, load, arrivals);
        let plan = pool(&format!("servers = {servers}\nservice = {EXPONENTIAL}"), &keys, seconds);
        let seen = with_seeds(&plan, SEEDS, |outcome| {
            (waits(outcome), mean_of(outcome, Timer::Wait), quantile_of(outcome, Timer::Wait, 0.99))
        });
        let offered = f64::from(servers) * load;
        let share = erlang_c(servers, offered);
        let spare = SERVICE / (f64::from(servers) - offered) * 1e3;
        let what = |which| format!("M/M/{servers}, load {load}: {which}");
        let source = "Erlang 1917";
        let of = |of: fn(&(f64, f64, f64)) -> f64, scale| column(&seen, |seen| of(seen) * scale);
        rows.push(Row::runs(what("share that waits"), source, "", share, of(|s| s.0, 1.0), 0.01));
        let mean = share * spare;
        rows.push(Row::runs(what("mean wait"), source, "ms", mean, of(|s| s.1, 1e3), 0.03));
        let p99 = spare * libm::log(share / 0.01);
        rows.push(Row::runs(what("p99 wait"), source, "ms", p99, of(|s| s.2, 1e3), 0.03));
    }
    rows
}

/// M/M/c/K.
fn bounded_queues() -> Vec<Row> {
    let mut rows = Vec::new();
    for (servers, queue, load) in [(1, 4, 0.9), (4, 8, 0.95), (4, 2, 1.5)] {
        let (rate, keys, seconds) = rate(servers, load, 1e5);
        let keys_of_pool = format!("servers = {servers}\nqueue = {queue}\nservice = {EXPONENTIAL}");
        let plan = pool(&keys_of_pool, &keys, seconds);
        let seen = with_seeds(&plan, SEEDS, |o| (lost(o), mean_of(o, Timer::Latency)));
        let (full, inside) = bounded(servers, servers + queue, f64::from(servers) * load);
        let what = |which| format!("M/M/{servers}/{}, load {load}: {which}", servers + queue);
        let losses = column(&seen, |seen| seen.0);
        rows.push(Row::runs(what("turned away"), "birth and death", "", full, losses, 0.02));
        let sojourn = inside / (rate * (1.0 - full)) * 1e3;
        let sojourns = column(&seen, |seen| seen.1 * 1e3);
        let source = "birth and death, Little 1961";
        rows.push(Row::runs(
            what("sojourn of who is let in"),
            source,
            "ms",
            sojourn,
            sojourns,
            0.01,
        ));
    }
    rows
}

/// M/G/c/c: the loss depends on the law of the services by its mean alone.
fn no_queue() -> Vec<Row> {
    let laws = [
        ("constant", CONSTANT),
        ("exponential", EXPONENTIAL),
        ("lognormal, cv 2", LOGNORMAL),
        ("hyperexponential, cv 2", HYPEREXPONENTIAL),
    ];
    let row = |(name, law)| {
        let (_, keys, seconds) = rate(10, 0.8, 1e5);
        let plan = pool(&format!("servers = 10\nqueue = 0\nservice = {law}"), &keys, seconds);
        let what = format!("M/G/10/10, 8 erlangs, {name} services: turned away");
        let losses = with_seeds(&plan, SEEDS, lost);
        Row::runs(what, "Erlang 1917, Sevastyanov 1957", "", erlang_b(10, 8.0), losses, 0.01)
    };
    laws.into_iter().map(row).collect()
}

fn any_service() -> Vec<Row> {
    let laws = [
        ("M/D/1", CONSTANT, 0.0, 0.8, 2e5),
        ("M/U/1", UNIFORM, 1.0 / 3.0, 0.8, 2e5),
        ("M/H2/1, cv 2", HYPEREXPONENTIAL, 4.0, 0.7, 1e6),
        ("M/LN/1, cv 2", LOGNORMAL, 4.0, 0.7, 1e6),
        ("M/D/1", CONSTANT, 0.0, 0.95, 1e6),
    ];
    let row = |(name, law, square, load, arrivals)| {
        let (_, keys, seconds) = rate(1, load, arrivals);
        let plan = pool(&format!("servers = 1\nservice = {law}"), &keys, seconds);
        let means = with_seeds(&plan, SEEDS, |o| mean_of(o, Timer::Wait) * 1e3);
        let wait = pollaczek(load, square) * SERVICE * 1e3;
        let what = format!("{name}, load {load}: mean wait");
        Row::runs(what, "Pollaczek 1930, Khinchine 1932", "ms", wait, means, 0.03)
    };
    laws.into_iter().map(row).collect()
}

/// The whole law of the wait, not only its mean.
fn constant_service_tail() -> Vec<Row> {
    let load = 0.8;
    let (_, keys, seconds) = rate(1, load, 4e5);
    let plan = pool(&format!("servers = 1\nservice = {CONSTANT}"), &keys, seconds);
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let waits = values_of(outcome, Timer::Wait);
        [0.5, 0.9, 0.99].map(|p| waits.quantile(p).unwrap() / 1e6)
    });
    let row = |(place, p): (usize, f64)| {
        let exact = root(0.0, 16.0, |x| p - constant_service_wait(load, x)) * SERVICE * 1e3;
        let what = format!("M/D/1, load {load}: {} % of waits are at most", p * 100.0);
        Row::runs(what, "Erlang 1909", "ms", exact, column(&seen, |seen| seen[place]), 0.02)
    };
    [0.5, 0.9, 0.99].into_iter().enumerate().map(row).collect()
}

/// G/M/1: an arrival waits with the probability s that solves s = A*(mu (1 - s)).
fn any_arrivals() -> Vec<Row> {
    let mu = 1.0 / SERVICE;
    let gap = 1.0 / (0.8 * mu);
    let row = |name: &str, law: String, transform: &dyn Fn(f64) -> f64| {
        let keys = format!("arrivals = {law}");
        let plan = pool(&format!("servers = 1\nservice = {EXPONENTIAL}"), &keys, 2e5 * gap);
        let seen = with_seeds(&plan, SEEDS, |o| (waits(o), mean_of(o, Timer::Wait) * 1e3));
        let share = root(0.0, 1.0 - 1e-9, |s| transform(mu * (1.0 - s)) - s);
        let wait = share / (mu * (1.0 - share)) * 1e3;
        let what = |which| format!("{name}, load 0.8: {which}");
        let source = "Kleinrock 1975, 6.4";
        let shares = column(&seen, |seen| seen.0);
        let means = column(&seen, |seen| seen.1);
        [
            Row::runs(what("share that waits"), source, "", share, shares, 0.01),
            Row::runs(what("mean wait"), source, "ms", wait, means, 0.03),
        ]
    };
    let even = r#"{ law = "constant", value = "25ms" }"#.to_owned();
    let spread = r#"{ law = "uniform", from = "0s", to = "50ms" }"#.to_owned();
    let mut rows: Vec<Row> = Vec::new();
    rows.extend(row("D/M/1", even, &|s| libm::exp(-s * gap)));
    rows.extend(row("U/M/1", spread, &|s| -libm::expm1(-2.0 * s * gap) / (2.0 * s * gap)));
    rows
}

/// Little's law for the levels: busy = rate x service. Slow services, because a level's peak in each
/// second is what is recorded: somebody who comes counts from the second's start and somebody who
/// goes to its end, a second more for each, on average.
fn levels() -> Vec<Row> {
    const RATE: f64 = 0.03;
    let keys = "servers = 4\nservice = { law = \"exponential\", mean = \"100s\" }";
    let plan = pool(keys, &format!("requests-per-second = {RATE}"), 180_000.0);
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let waited = mean_of(outcome, Timer::Wait) * RATE;
        let [busy, waiting] =
            [Gauge::ManifestBusy, Gauge::ManifestQueue].map(|gauge| level_of(outcome, gauge));
        [busy, waiting, waiting - waited]
    });
    let share = erlang_c(4, 3.0);
    let wait = share * 100.0 / (4.0 - 3.0);
    let of = |place: usize| column(&seen, |seen| seen[place]);
    let source = "Little 1961, and a second for the peak";
    vec![
        Row::runs("M/M/4, load 0.75: busy servers", source, "", RATE * (100.0 + 1.0), of(0), 0.01),
        Row::runs("M/M/4, load 0.75: waiting", source, "", RATE * (wait + share), of(1), 0.1),
        // Within one run the two sides of the law agree far better than either with its mean.
        Row::runs(
            "M/M/4, load 0.75: waiting less rate x wait",
            source,
            "",
            RATE * share,
            of(2),
            0.5,
        ),
    ]
}

/// A pool of one server gets more than it can do for a minute: the backlog grows as a fluid does, and
/// is worked off at the rate that is left over.
fn overload() -> Vec<Row> {
    let keys = "servers = 1\nservice = { law = \"exponential\", mean = \"1ms\" }";
    let load = r#"
        requests-per-second = 500
        [[inject]]
        label = "surge"
        at = "60s"
        lasts = "60s"
        fault = { kind = "surge", region = "all", factor = 3 }
        "#;
    let mut plan = warmed_pool(keys, load, 300.0, 0.0);
    // At 500/s over what it does for 60 s: 30,000. At 500/s to spare: gone after 60 s.
    let at = |second| Instant::ZERO + Span::from_secs(second);
    plan.cuts.extend([at(90), at(91), at(119), at(150), at(151)]);
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let level = |segment| {
            let peaks =
                outcome.totals.peaks(|s| s == segment, Scope::default(), Gauge::ManifestQueue);
            peaks.mean().unwrap()
        };
        // Segments: to 60, 90, 91, 119, 120 (the surge's end), 150, 151, the end.
        [level(2), level(4), level(6)]
    });
    let row = |(place, (when, expected)): (usize, (&str, f64))| {
        let what = format!("surge to 1.5 times what one server does: backlog {when}");
        Row::runs(what, "fluid limit", "", expected, column(&seen, |seen| seen[place]), 0.01)
    };
    // A peak is that of the second's busier end.
    let rows =
        [("after 31 s", 31.0 * 500.0), ("at its end", 60.0 * 500.0), ("30 s later", 30.0 * 500.0)];
    rows.into_iter().enumerate().map(row).collect()
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    [
        one_server(),
        many_servers(),
        bounded_queues(),
        no_queue(),
        any_service(),
        constant_service_tail(),
        any_arrivals(),
        levels(),
        overload(),
    ]
    .into_iter()
    .flatten()
    .collect()
}
