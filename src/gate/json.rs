//! The gate's result for programs: the contract `squall.gate/1`, whose order of keys is stable.

use super::compare::Look;
use super::gated::{Compared, Gated};
use super::words;
use crate::report;
use serde::Serialize;

const SCHEMA: &str = "squall.gate/1";

#[derive(Serialize)]
struct Page<'a> {
    schema: &'static str,
    version: &'static str,
    scenarios: Vec<Scenario<'a>>,
}

#[derive(Serialize)]
struct Scenario<'a> {
    path: &'a str,
    title: &'a str,
    hash: String,
    verdict: &'static str,
    baseline_version: &'a str,
    runs: usize,
    equal: usize,
    fresh: usize,
    invariants: Vec<Invariant<'a>>,
    control: Option<&'static str>,
    quantities: Vec<Quantity<'a>>,
    again: String,
}

#[derive(Serialize)]
struct Invariant<'a> {
    name: &'a str,
    verdict: &'static str,
    held: u64,
    runs: u64,
    first_broken_seed: Option<u64>,
}

#[derive(Serialize)]
struct Quantity<'a> {
    name: &'a str,
    unit: &'static str,
    verdict: Option<&'static str>,
    allowed: Option<f64>,
    all: Option<Pairs>,
    fresh: Option<Pairs>,
}

/// What pairs say: means, the difference and its 95 % interval (null of one pair), and how far the two go
/// together.
#[derive(Serialize)]
struct Pairs {
    pairs: usize,
    before: f64,
    now: f64,
    difference: f64,
    low: Option<f64>,
    high: Option<f64>,
    correlation: Option<f64>,
    p_worse: f64,
}

pub(super) fn render(gated: &[Gated]) -> Result<String, serde_json::Error> {
    let scenarios = gated.iter().map(scenario).collect();
    let page = Page { schema: SCHEMA, version: env!("CARGO_PKG_VERSION"), scenarios };
    let mut text = serde_json::to_string_pretty(&page)?;
    text.push('\n');
    Ok(text)
}

fn scenario(gated: &Gated) -> Scenario<'_> {
    let rehearsal = &gated.rehearsal;
    let invariants = words::judged(gated).map(|(judged, all)| Invariant {
        name: &judged.name,
        verdict: report::verdict_name(all.verdict),
        held: all.holds,
        runs: all.runs,
        first_broken_seed: all.first_broken_seed,
    });
    Scenario {
        path: &rehearsal.scenario.path,
        title: &rehearsal.scenario.title,
        hash: rehearsal.scenario.hash.to_string(),
        verdict: gated.summary(),
        baseline_version: &gated.before,
        runs: rehearsal.runs.len(),
        equal: gated.equal,
        fresh: rehearsal.runs.len() - gated.first,
        invariants: invariants.collect(),
        control: report::control_verdict(rehearsal).map(|all| report::verdict_name(all.verdict)),
        quantities: gated.quantities.iter().map(quantity).collect(),
        again: words::again(gated),
    }
}

fn quantity(compared: &Compared) -> Quantity<'_> {
    Quantity {
        name: &compared.quantity.name,
        unit: compared.quantity.unit.short(),
        verdict: compared.verdict.map(super::Verdict::name),
        allowed: compared.look.filter(|_| compared.verdict.is_some()).map(|look| look.allowed),
        all: compared.look.map(pairs),
        fresh: compared.fresh.map(pairs),
    }
}

fn pairs(look: Look) -> Pairs {
    let paired = look.paired;
    let half = Some(paired.difference.half_width(0.95)).filter(|half| half.is_finite());
    Pairs {
        pairs: paired.difference.n,
        before: paired.first.mean,
        now: paired.second.mean,
        difference: paired.difference.mean,
        low: half.map(|half| paired.difference.mean - half),
        high: half.map(|half| paired.difference.mean + half),
        correlation: paired.correlation,
        p_worse: look.p_worse,
    }
}
