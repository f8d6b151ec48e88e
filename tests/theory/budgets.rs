//! Retry budgets in the long run: Markov chains of their tokens, and balances of what comes and goes.

use crate::table::Row;
use crate::tools::{plan_of, with_seeds};
use squall::engine::Seed;
use squall::fabric::budgets::Decorator;
use squall::fabric::{Outcome, Plan};
use squall::observe::{Counter, Scope};
use squall::units::count_to_f64;

/// How a run is made: what fails, who tries how often, and under which budget.
struct Run<'a> {
    budget: &'a str,
    attempts: u32,
    /// The share of answers that are errors.
    failing: f64,
    /// What an attempt takes. At zero nobody ever overlaps, as in the chains.
    service: &'a str,
    per_second: f64,
    seconds: f64,
}

impl Run<'_> {
    /// One network before a region in which nobody waits; a tenth of the time is not judged.
    fn plan(&self) -> Plan {
        let Self { budget, attempts, failing, service, per_second, seconds } = self;
        plan_of(&format!(
            r#"
            title = "a budget"
            question = "how many retries does it let go?"
            [run]
            seed = 1
            length = "{}ms"
            warmup = "{}ms"
            [fabric]
            preset = "five-regions"
            regions = ["here"]
            primary = "here"
            round-trip = {{ here = {{ here = "100us" }} }}
            [fabric.routing]
            networks = 1
            misrouted = "0%"
            [fabric.viewers]
            last-mile = {AT_ONCE}
            attempts = {attempts}
            backoff = "0s"
            budget = {{ {budget} }}
            [fabric.metadata]
            cache = "off"
            [fabric.manifest]
            pods = 1
            slots = 10000
            service = {service}
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
            fault = {{ kind = "errors", region = "here", service = "manifest", share = "{}%" }}
            [invariants]
            "it answers" = "availability >= 0%"
            "#,
            (seconds * 1e3).round(),
            (seconds * 1e2).round(),
            (failing * 100.0).round(),
        ))
    }
}

const AT_ONCE: &str = r#"{ law = "constant", value = "0s" }"#;

/// Mean calls until the decorator locks, from full: the chain's equations by repeated sweeps.
fn calls_until_locked(failing: f64) -> f64 {
    let mut calls = [0.0_f64; 101];
    for _ in 0..20_000 {
        for tokens in 10..=100 {
            let (up, down) = (calls[(tokens + 1).min(100)], calls[tokens - 10]);
            calls[tokens] = 1.0 + (1.0 - failing) * up + failing * down;
        }
    }
    calls[100]
}

/// As printed it locks for ever: by itself, and as the budget of a network. No attempt leaves after
/// the lock, so all attempts of a run were calls before it.
fn decorator() -> Vec<Row> {
    let mut rows = Vec::new();
    let source = "Markov chain of its tokens";
    for failing in [0.2, 0.5] {
        let expected = calls_until_locked(failing);
        let what =
            |how| format!("decorator, {} % fail: calls until it locks, {how}", failing * 1e2);
        let mut stream = Seed(1).stream("decorator");
        let mut trial = || {
            let (mut decorator, mut calls) = (Decorator::new(false), 0.0);
            while decorator.admits() {
                decorator.end(stream.unit() >= failing);
                calls += 1.0;
            }
            calls
        };
        let trials = (0..4_000).map(|_| trial()).collect();
        rows.push(Row::runs(what("4000 trials"), source, "", expected, trials, 0.02));
        let budget = r#"kind = "decorator""#;
        let run =
            Run { budget, attempts: 1, failing, service: AT_ONCE, per_second: 1e3, seconds: 2.0 };
        let seen = with_seeds(&run.plan(), 400, all_attempts);
        rows.push(Row::runs(what("400 runs"), source, "", expected, seen, 0.05));
    }
    rows
}

/// The attempts of a whole run, its warm-up included.
fn all_attempts(outcome: &Outcome) -> f64 {
    let cell = outcome.totals.cell(|_| true, Scope::default());
    count_to_f64(cell[Counter::Attempts as usize])
}

/// All rows of retry budgets.
pub fn rows() -> Vec<Row> {
    decorator()
}

#[test]
fn show() {
    for row in rows() {
        println!("{:?} {}", row.verdict(), row.line());
    }
}
