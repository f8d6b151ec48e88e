//! What protects viewers and edge from each other, and slots by kind of fetch.

use crate::formulas::{erlang_b, erlang_c};
use crate::hops::{AT_ONCE, region};
use crate::table::Row;
use crate::tools::{SEEDS, column, count_of, mean_of, values_of, with_seeds};
use squall::observe::{Counter, Timer};
use squall::units::count_to_f64;

/// A bulkhead of eight attempts of the only network: who finds it full has failed, whatever the law of what
/// the edge takes.
fn bulkheads() -> Vec<Row> {
    let laws = [
        ("exponential", r#"{ law = "exponential", mean = "20ms" }"#),
        ("constant", r#"{ law = "constant", value = "20ms" }"#),
    ];
    let row = |(law, service): (&str, &str)| {
        let viewers = "timeout = \"1m\"\nattempts = 1\nbulkhead = 8";
        let manifest = format!("pods = 10000\nservice = {service}");
        let plan = region(viewers, &manifest, "use = \"off\"", 300, 0);
        let full = with_seeds(&plan, SEEDS, |outcome| {
            count_of(outcome, Counter::ViewerBulkheadFull) / count_of(outcome, Counter::Requests)
        });
        let what = format!("viewers' bulkhead of 8, 6 offered, {law}: turned away");
        Row::runs(what, "Erlang B", "", erlang_b(8, 6.0), full, 0.01)
    };
    laws.into_iter().map(row).collect()
}

/// Exponential services of mean m that wait for nobody, behind a trip r, hedged after d. What left the edge
/// by d - r was heard before d: a share exp(-(d - r) / m) is hedged. The second one comes at d, and wins
/// half of those that are still out then: exp(-r / m) / 2. The rest cross it on their way. From d on two run
/// where one did: the mean is m (1 - exp(-d / m) / 2), and the trip.
fn hedges() -> Vec<Row> {
    let (m, r, d) = (0.020, 0.021, 0.041);
    let viewers = r#"timeout = "1m"
        attempts = 1
        last-mile = { law = "constant", value = "20ms" }
        hedge = { after = "41ms" }"#;
    let manifest = "pods = 10000\nservice = { law = \"exponential\", mean = \"20ms\" }";
    let plan = region(viewers, manifest, "use = \"off\"", 100, 0);
    let seen = with_seeds(&plan, SEEDS, |outcome| {
        let hedges = count_of(outcome, Counter::ViewerHedges);
        [
            hedges / count_of(outcome, Counter::Requests),
            count_of(outcome, Counter::ViewerHedgesWon) / hedges,
            mean_of(outcome, Timer::Latency),
        ]
    });
    let what =
        |of: &str| format!("viewers 21 ms away, exponential 20 ms, hedged after 41 ms: {of}");
    let of = |place: usize| column(&seen, |seen| seen[place]);
    let source = "exponential tails";
    let mean = m * (1.0 - libm::exp(-d / m) / 2.0) + r;
    vec![
        Row::runs(what("hedged"), source, "", libm::exp(-(d - r) / m), of(0), 0.01),
        Row::runs(what("hedges that win"), source, "", libm::exp(-r / m) / 2.0, of(1), 0.02),
        Row::runs(what("mean"), source, "s", mean, of(2), 0.005),
    ]
}

/// 100 fetches a second, of which 40 % only validate, and each kind has its own slots: two queues, each as if
/// the other were not there. Shared, three slots at a load of two thirds are one queue.
fn classes() -> Vec<Row> {
    let m = 0.020;
    let queue = |servers: u32, rate: f64| {
        let load = rate * m;
        erlang_c(servers, load) / (f64::from(servers) / m - rate)
    };
    let seen = |pools: &str| {
        let manifest = format!(
            r#"pods = 1
            slots = 3
            queue = "unbounded"
            validations = "40%"
            pools = {pools}
            service = {{ law = "exponential", mean = "20ms" }}"#
        );
        let viewers = format!("last-mile = {AT_ONCE}\ntimeout = \"1h\"\nattempts = 1");
        let plan = region(&viewers, &manifest, "use = \"off\"", 100, 0);
        with_seeds(&plan, SEEDS, |outcome| {
            let all = values_of(outcome, Timer::Wait);
            let own = values_of(outcome, Timer::WaitValidations);
            let sum = |count: u64, mean: Option<f64>| count_to_f64(count) * mean.unwrap_or(0.0);
            let (sums, counts) = (sum(all.count(), all.mean()), all.count() - own.count());
            let others = (sums - sum(own.count(), own.mean())) / count_to_f64(counts);
            [own.mean().unwrap_or(0.0) / 1e9, others / 1e9]
        })
    };
    let apart = seen("{ manifests = { slots = 2 }, validations = { slots = 1 } }");
    let shared = column(&seen("\"shared\""), |seen| seen[1]);
    let row = |what: &str, servers, rate, seen| {
        Row::runs(what, "Erlang C", "s", queue(servers, rate), seen, 0.03)
    };
    let of = |place: usize| column(&apart, |seen| seen[place]);
    vec![
        row("one slot for 40 validations a second of 20 ms: mean wait", 1, 40.0, of(0)),
        row("two slots for 60 manifests a second beside them: mean wait", 2, 60.0, of(1)),
        row("three slots for both kinds: mean wait", 3, 100.0, shared),
    ]
}

/// All rows of this section.
pub fn rows() -> Vec<Row> {
    [bulkheads(), hedges(), classes()].into_iter().flatten().collect()
}
