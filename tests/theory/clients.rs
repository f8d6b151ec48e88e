//! What limits the clients of the hop between the edge and the manifest service: one by one, and the
//! fleet of them.

use crate::budgets::GRPC;
use crate::formulas::{binomial_tail, poisson};
use crate::table::Row;
use crate::tools::{SEEDS, all_of, column, count_of, plan_of, with_seeds};
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Hop, HopEvent};
use squall::units::count_to_f64;

/// How the edge calls, how many requests a second come for how long, and which share of answers is an
/// error until when. Nothing takes any time.
struct Run<'a> {
    call: &'a str,
    per_second: f64,
    seconds: f64,
    failing: f64,
    until: f64,
}

impl Run<'_> {
    /// One region whose viewers ask once; what comes after the errors is judged.
    fn plan(&self) -> Plan {
        let Self { call, per_second, seconds, failing, until } = self;
        plan_of(&format!(
            r#"
            title = "clients"
            question = "what limits them?"
            [run]
            seed = 1
            length = "{seconds}s"
            [fabric]
            preset = "five-regions"
            regions = ["here"]
            primary = "here"
            [fabric.routing]
            networks = 1
            [fabric.viewers]
            last-mile = {AT_ONCE}
            timeout = "1h"
            attempts = 1
            [fabric.metadata]
            cache = "off"
            [fabric.manifest]
            pods = 1
            slots = 10000
            service = {AT_ONCE}
            call = {{ {call} }}
            [fabric.database]
            use = "off"
            [load]
            titles = 10
            popularity = {{ law = "zipf", exponent = 0.9 }}
            [load.manifests-per-second]
            here = {per_second}
            [[inject]]
            label = "errors"
            at = "0s"
            lasts = "{until}s"
            fault = {{ kind = "errors", region = "here", service = "manifest", share = "{}%" }}
            [invariants]
            "it answers" = "availability >= 0%"
            "#,
            (failing * 100.0).round(),
        ))
    }
}

const AT_ONCE: &str = r#"{ law = "constant", value = "0s" }"#;

fn named(clients: u32) -> String {
    format!("{clients} client{}", if clients == 1 { "" } else { "s" })
}

/// Calls a fetch beyond the first, in the whole run.
fn retries(outcome: &Outcome) -> f64 {
    all_of(outcome, Counter::Hop(Hop::Manifest, HopEvent::Call)) / all_of(outcome, Counter::Fetches)
        - 1.0
}

/// All calls fail, and each of c clients may retry for a share of its requests and m times a second
/// (Finagle, tower): of R requests a second min(ratio + m c / R, attempts - 1) retries each.
///
/// In whole retries: of k deposits to a retry, (k - 1) / 2 are left in the mean when a second of the
/// window of ten expires, a tenth of which goes with it, for each client. A client whose deposits of ten
/// seconds are not worth a retry never gets one: many small budgets are less than one large.
fn deposits() -> Vec<Row> {
    let per_second = 100.0;
    let of = |clients: u32, ratio: u32, at_least: u32, seconds: f64| {
        let call = format!(
            r#"attempts = 3, backoff = "0s", clients = {clients}, budget = {{
            kind = "deposit-per-request", min-per-second = {at_least}, ratio = "{ratio}%" }}"#
        )
        .replace('\n', " ");
        let run = Run { call: &call, per_second, seconds, failing: 1.0, until: seconds };
        with_seeds(&run.plan(), SEEDS, retries)
    };
    let what = |clients: u32, ratio, least| {
        let of = named(clients);
        format!("deposit-per-request, {ratio} % and {least}/s, {of}: retries a request")
    };
    let mut rows = Vec::new();
    for (clients, ratio, least) in [(1, 20, 10), (10, 20, 10), (1, 20, 0)] {
        let k = 100.0 / f64::from(ratio);
        let expires = (k - 1.0) / 20.0 / k * f64::from(clients) / per_second;
        let expected = 1.0 / k + f64::from(least * clients) / per_second - expires;
        let source = "its formula, less what expires";
        let seen = of(clients, ratio, least, 200.0);
        rows.push(Row::runs(what(clients, ratio, least), source, "", expected, seen, 0.002));
    }
    // What expires is an approximation: with ten deposits in a tenth of the window it shows.
    let seen = of(10, 20, 0, 200.0).iter().sum::<f64>() / count_to_f64(SEEDS);
    rows.push(Row::within(what(10, 20, 0), "its ratio, less what expires", "", 0.196, seen, 4e-4));
    // 10,000 a second are granted, and 200 are wished for. 1 of 10 deposits, where 1 is there.
    for (ratio, least, expected) in [(20, 10, 2.0), (10, 0, 0.0)] {
        let seen = of(1_000, ratio, least, 50.0).iter().sum::<f64>() / count_to_f64(SEEDS);
        let source = if least > 0 { "attempts - 1" } else { "one deposit in ten seconds" };
        rows.push(Row::exact(what(1_000, ratio, least), source, "", expected, seen));
    }
    rows
}

/// gRPC's throttle of each client is the chain of its tokens, from a full bucket on; how many calls a
/// client has made by the end is Poisson. One client of 20,000 calls has come to the long run. A thousand
/// with 20 each have hardly used what they began with: the fleet retries more.
fn tokens() -> Vec<Row> {
    let (per_second, seconds) = (50.0, 400.0);
    let of = |clients: u32, failing, seeds| {
        let call = format!(
            r#"attempts = 3, backoff = "0s", clients = {clients}, budget = {{ {GRPC_KEYS} }}"#
        );
        let run = Run { call: &call, per_second, seconds, failing, until: seconds };
        with_seeds(&run.plan(), seeds, |outcome| {
            let of = |counter| all_of(outcome, counter);
            (
                retries(outcome),
                of(Counter::Hop(Hop::Manifest, HopEvent::Call)) - of(Counter::Fetches),
            )
        })
    };
    let mut rows = Vec::new();
    let failing = 0.11;
    let mut chain = GRPC.each(3, failing, 6_000);
    // Nothing changes any more then.
    chain.resize(22_000, chain[5_999]);
    for (clients, grain) in [(1, 0.08), (10, 0.06), (1_000, 0.02)] {
        let mean = per_second * seconds / f64::from(clients);
        let what = format!("deposit-per-success, 11 % fail, {}: retries a request", named(clients));
        let expected = at_random_length(&chain, mean) / mean;
        let seen = column(&of(clients, failing, SEEDS), |seen| seen.0);
        rows.push(Row::runs(what, "Markov chain of its tokens", "", expected, seen, grain));
    }
    // 9 and 8 tokens are left, then 7 after the last attempt; 6, and 5 are no more than half.
    for clients in [1, 10, 1_000] {
        let what =
            format!("deposit-per-success, all fail, {}: retries in all, 5 runs", named(clients));
        let all = column(&of(clients, 1.0, 5), |seen| seen.1);
        assert!(all.iter().all(|&of_run| of_run == all[0]), "{what}: {all:?}");
        rows.push(Row::exact(what, "3 a client", "", 3.0 * f64::from(clients), all[0]));
    }
    rows
}

const GRPC_KEYS: &str = r#"kind = "deposit-per-success", max-tokens = 10, token-ratio = 0.1"#;

/// The sum of the first terms, as many as a Poisson law of this mean says.
fn at_random_length(terms: &[f64], mean: f64) -> f64 {
    // A term counts if at least so many come: what is left of the law after those before it.
    let mut left = 1.0 - poisson(0, mean);
    let mut sum = 0.0;
    for (number, term) in (1_u32..).zip(terms) {
        sum += left * term;
        left = (left - poisson(number, mean)).max(0.0);
    }
    sum
}

/// The share of breakers with a window of so many calls that are open after n of them, for each n. What
/// they have seen, a bit a call, is a Markov chain.
fn open_after(window: u32, failures: u32, failing: f64, calls: usize) -> Vec<f64> {
    let mut seen = vec![0.0; 1 << window];
    seen[0] = 1.0;
    let (mut open, mut each) = (0.0, vec![0.0]);
    for call in 1..=calls {
        let mut next = vec![0.0; 1 << window];
        for (before, mass) in seen.iter().enumerate() {
            for (bit, share) in [(0, 1.0 - failing), (1, failing)] {
                let after = (before << 1 | bit) & ((1 << window) - 1);
                if call >= window as usize && after.count_ones() >= failures {
                    open += mass * share;
                } else {
                    next[after] += mass * share;
                }
            }
        }
        seen = next;
        each.push(open);
    }
    each
}

/// Breakers that stay open once they are. The first full window opens one with the binomial tail; later
/// ones are the chain of what has been seen.
fn breakers() -> Vec<Row> {
    let (window, failing) = (10, 0.3);
    let call = |clients: u32| {
        format!(
            r#"attempts = 1, clients = {clients}, breaker = {{
            window = {window}, minimum = {window}, failures = "50%", open = "1h" }}"#
        )
        .replace('\n', " ")
    };
    let (one, many) = (call(1), call(1_000));
    // Exactly ten calls of some thirty: the tenth opened it.
    let run = Run { call: &one, per_second: 30.0, seconds: 1.0, failing, until: 1.0 };
    let first = with_seeds(&run.plan(), 4_000, |outcome| {
        f64::from(u8::from(all_of(outcome, Counter::Hop(Hop::Manifest, HopEvent::Call)) == 10.0))
    });
    let what = "a breaker, window of 10, 30 % fail: its first full window opens it, 4000 runs";
    let tail = binomial_tail(10, 5, failing);
    let first = Row::runs(what, "binomial tail", "", tail, first, 0.05);
    // Each of a thousand has some thirty calls while the errors last; then the open ones refuse.
    let per_second = 15_000.0;
    let run = Run { call: &many, per_second, seconds: 3.0, failing, until: 2.0 };
    let seen = with_seeds(&run.plan(), 10, |outcome| {
        let of = |counter| count_of(outcome, counter);
        of(Counter::Hop(Hop::Manifest, HopEvent::BreakerRefused)) / of(Counter::Fetches)
    });
    let open = open_after(window, 5, failing, 100);
    let weights = open.iter().zip(0..).map(|(open, calls)| open * poisson(calls, 30.0));
    let what =
        "1000 breakers, window of 10, 30 % fail: open after 30 calls each in the mean, 10 runs";
    let many = Row::runs(what, "Markov chain of what they saw", "", weights.sum(), seen, 0.012);
    vec![first, many]
}

/// All rows of clients.
pub fn rows() -> Vec<Row> {
    [deposits(), tokens(), breakers()].into_iter().flatten().collect()
}
