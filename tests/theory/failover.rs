//! Routes: when a loss is noticed, how long viewers' networks take to follow, and where they land.

use crate::formulas::kolmogorov;
use crate::table::Row;
use crate::tools::{column, distance, plan_of, with_seeds};
use squall::engine::Law;
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Scope, Timer};
use squall::units::{Instant, Span, count_to_f64};

/// Outages of their own, each with another phase of the prober.
const OUTAGES: u64 = 400;

/// sa-east-1 goes dark: the preset with these routes, these viewers, for so long, from then on.
struct Outage<'a> {
    routing: &'a str,
    rate: u32,
    length: &'a str,
    /// The keys that say when.
    time: &'a str,
}

impl Outage<'_> {
    fn plan(&self) -> Plan {
        let Self { routing, rate, length, time } = self;
        plan_of(&format!(
            r#"
            title = "an outage"
            question = "when is it noticed, and who goes where?"
            [run]
            seed = 1
            length = "{length}"
            [fabric]
            preset = "five-regions"
            [fabric.routing]
            {routing}
            [load]
            titles = 10
            popularity = {{ law = "zipf", exponent = 0.9 }}
            [load.manifests-per-second]
            sa-east-1 = {rate}
            [[inject]]
            label = "outage"
            {time}
            fault = {{ kind = "region-down", region = "sa-east-1", routes = "withdrawn" }}
            [invariants]
            "it answers" = "availability >= 0%"
            "#
        ))
    }
}

/// The time until an outage is noticed, in seconds: failover less the constant convergence.
fn noticed(plan: &Plan, seeds: u64) -> Vec<f64> {
    with_seeds(plan, seeds, |outcome| {
        let times = outcome.totals.histogram(|_| true, Scope::default(), Timer::FailoverTime);
        assert_eq!(times.count(), 5, "one for each network");
        assert_eq!(times.min(), times.max(), "all follow the route at once");
        count_to_f64(times.min().unwrap()) / 1e9 - 5.0
    })
}

/// A detection that is uniform from `low` to `high`.
fn detection(name: &str, detect: &str, low: f64, high: f64, source: &'static str) -> [Row; 2] {
    let routing = format!(
        r#"networks = 5
        misrouted = "0%"
        detect = {detect}
        converge = {{ law = "constant", value = "5s" }}"#
    );
    let outage = Outage { routing: &routing, rate: 5, length: "25s", time: r#"at = "5s""# };
    let values = noticed(&outage.plan(), OUTAGES);
    let seen = distance(&values, |at| ((at - low) / (high - low)).clamp(0.0, 1.0));
    let what = format!("{name}: mean time to withdrawal, {OUTAGES} outages");
    let test = format!("{name}: uniform from {low} to {high} s (Kolmogorov-Smirnov)");
    [
        Row::runs(what, source, "s", f64::midpoint(low, high), values, 0.015),
        Row::at_most(test, source, kolmogorov(0.001), "0.1 % level", seen),
    ]
}

fn probes() -> Vec<Row> {
    // The wait for the next probe is uniform in one period; then F - 1 periods and a time-out.
    let mut rows = Vec::new();
    for (every, failures, timeout) in [(900, 3, 200), (500, 1, 500), (300, 5, 100)] {
        let detect = format!(
            r#"{{ by = "health-check", failures = {failures},
                every = "{every}ms", timeout = "{timeout}ms" }}"#
        );
        let name = format!("health check, I = {every} ms, F = {failures}, T = {timeout} ms");
        let least = f64::from((failures - 1) * every + timeout) / 1e3;
        let most = least + f64::from(every) / 1e3;
        rows.extend(detection(&name, &detect, least, most, "U(0, I) + (F - 1) I + T"));
    }
    rows
}

/// The last keepalive came up to a third of the hold time ago.
fn hold_timer() -> [Row; 2] {
    let detect = r#"{ by = "hold-timer", hold = "9s" }"#;
    detection("hold timer of 9 s", detect, 6.0, 9.0, "RFC 4271, 10: U(2/3, 1) of it")
}

/// With a thousand networks that are noticed at one instant, what is left is convergence.
fn convergence() -> Vec<Row> {
    let routing = r#"
        networks = 1000
        misrouted = "0%"
        detect = { by = "health-check", every = "1ms", failures = 1, timeout = "1ms" }
        converge = [
            { share = "80%", law = "lognormal", median = "4s", p99 = "10s" },
            { share = "18%", law = "uniform", from = "10s", to = "60s" },
            { share = "2%", law = "uniform", from = "60s", to = "180s" },
        ]"#;
    let plan = Outage { routing, rate: 1, length: "200s", time: r#"at = "5s""# }.plan();
    let seconds = Span::from_secs;
    let law = Law::mixture([
        (0.80, Law::lognormal_median_p99(seconds(4), seconds(10)).unwrap()),
        (0.18, Law::uniform(seconds(10), seconds(60)).unwrap()),
        (0.02, Law::uniform(seconds(60), seconds(180)).unwrap()),
    ])
    .unwrap();
    // A probe goes within a millisecond and fails after another: 1.5 ms on average, nothing here.
    let seen = with_seeds(&plan, 20, |outcome| {
        let times = outcome.totals.histogram(|_| true, Scope::default(), Timer::FailoverTime);
        assert_eq!(times.count(), 1_000, "one for each network");
        [0.25, 0.5, 0.9].map(|p| times.quantile(p).unwrap() / 1e9)
    });
    let row = |(place, p): (usize, f64)| {
        let what = format!("convergence, a mixture of three: quantile {p}");
        let of = column(&seen, |seen| seen[place]);
        Row::runs(what, "quantile of the mixture", "s", law.quantile(p) + 0.0015, of, 0.02)
    };
    [0.25, 0.5, 0.9].into_iter().enumerate().map(row).collect()
}

/// Where the viewers of sa-east-1 are served: a fifth of its networks, all alike, at their second
/// best site before and after, and all of them there in between.
fn catchment() -> Vec<Row> {
    let routing = r#"
        networks = 20
        misrouted = "20%"
        detect = { by = "health-check", every = "300ms", failures = 3, timeout = "300ms" }
        converge = { law = "constant", value = "1s" }"#;
    let time = "at = \"50s\"\nlasts = \"50s\"";
    let mut plan = Outage { routing, rate: 200, length: "150s", time }.plan();
    plan.warmup = Span::from_secs(10);
    let at = |second| Instant::ZERO + Span::from_secs(second);
    plan.cuts.extend([at(10), at(60), at(110)]);
    // Segments: warm-up, before, the first ten seconds of the outage, the rest of it, ten seconds
    // after it, the rest.
    let seen = with_seeds(&plan, 20, |outcome| {
        let region = |name| plan.fabric.regions.iter().position(|region| region == name);
        let share = |chosen: &dyn Fn(usize) -> bool| {
            let from = Scope { from: region("sa-east-1"), at: None };
            let there = Scope { at: region("us-east-1"), ..from };
            served(outcome, chosen, there) / served(outcome, chosen, from)
        };
        let last = outcome.totals.timeline().segments() - 1;
        [share(&|s| s == 1), share(&|s| s == last - 2), share(&|s| s == last)]
    });
    let of = |place: usize| column(&seen, |seen| seen[place]);
    let least = of(1).into_iter().fold(1.0, f64::min);
    let what = |when| format!("share of sa-east-1 served at us-east-1, {when}");
    let source = "4 of 20 networks are misrouted";
    let after = "once all have come back";
    vec![
        Row::runs(what("before the outage"), source, "", 0.2, of(0), 0.01),
        Row::exact(what("once all have followed"), "nobody else is left", "", 1.0, least),
        Row::runs(what(after), source, "", 0.2, of(2), 0.01),
    ]
}

fn served(outcome: &Outcome, chosen: &dyn Fn(usize) -> bool, scope: Scope) -> f64 {
    count_to_f64(outcome.totals.cell(chosen, scope)[Counter::Served.index()])
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    let mut rows = probes();
    rows.extend(hold_timer());
    rows.extend(convergence());
    rows.extend(catchment());
    rows
}
