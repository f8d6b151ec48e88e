//! The alert rules on breakers, evaluated as a Prometheus would that scrapes the fabric.
//!
//! ```text
//! - alert: CircuitBreakerOpen
//!   expr: mpc_circuit_breaker_state{state="open"} == 1
//!   for: 5m
//! - alert: CircuitBreakerOpenFallbackFailing
//!   expr: mpc_circuit_breaker_state{state="open"} == 1
//!         and on (hop, region) rate(http_fallback_failures_total[1m]) > 0.05
//!   for: 1m
//! ```
//!
//! The brief prints the second without `on (hop, region)`: as the label `state` stands on one side
//! only, no two series would match, and it could never fire.

use super::ClientHop;
use crate::fabric::Plan;
use crate::observe::{Gauge, Scope, SliceView};
use crate::slo::alert::{Alarms, EVALUATION, FIRST_SCRAPE, SCRAPE, rate};
use crate::units::{Instant, Span};
use std::collections::VecDeque;

/// The window of the rate of failed fallbacks.
const WINDOW: Span = Span::from_secs(60);
/// Failed fallbacks a second from which on they are too many.
const TOO_MANY: f64 = 0.05;
/// The level of a breaker's gauge when it is open.
const OPEN: u64 = 2;

/// A rule: its name, its `for`, and whether the fallback has to fail, too.
const RULES: [(&str, Span, bool); 2] = [
    ("CircuitBreakerOpen", Span::from_secs(300), false),
    ("CircuitBreakerOpenFallbackFailing", Span::from_secs(60), true),
];

/// An alert that was pending, and perhaps fired.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Alert {
    /// The rule's name.
    pub name: &'static str,
    /// The region of the breaker.
    pub region: String,
    /// The hop of the breaker.
    pub hop: ClientHop,
    /// The first evaluation at which the rule's expression was true.
    pub pending: Instant,
    /// The evaluation at which it would page; `None` if it was not true for long enough.
    pub firing: Option<Instant>,
    /// The evaluation at which it was no longer true; `None` if it was to the end.
    pub resolved: Option<Instant>,
}

/// One breaker's metrics as they are scraped, and the alerts on them.
#[derive(Debug)]
struct Target {
    hop: ClientHop,
    region: usize,
    /// Failed fallbacks so far.
    failures: u64,
    /// Whether it was open at the last scrape.
    open: bool,
    /// Failed fallbacks at the scrapes of the last minute and a little more.
    scraped: VecDeque<(Instant, u64)>,
    alarms: [Alarms; RULES.len()],
}

/// Takes slices in and evaluates the rules.
#[derive(Debug)]
pub struct AlertEvaluator {
    targets: Vec<Target>,
    scrape: Instant,
    evaluation: Instant,
}

impl AlertEvaluator {
    /// Nothing seen yet of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        let mut targets = Vec::new();
        for hop in ClientHop::with_breaker(plan) {
            for region in 0..plan.fabric.regions.len() {
                targets.push(Target {
                    hop,
                    region,
                    failures: 0,
                    open: false,
                    scraped: VecDeque::new(),
                    alarms: RULES.map(|(_, hold, _)| Alarms::new(hold)),
                });
            }
        }
        let (scrape, evaluation) = (Instant::ZERO + FIRST_SCRAPE, Instant::ZERO + EVALUATION);
        Self { targets, scrape, evaluation }
    }

    /// A complete slice; they come in their order. Scrapes and evaluations are at whole seconds, at
    /// which slices end.
    pub fn slice(&mut self, view: &SliceView<'_>) {
        if self.targets.is_empty() {
            return;
        }
        let scrapes = view.end == self.scrape;
        for target in &mut self.targets {
            let cell = view.cell(Scope { from: None, at: Some(target.region) });
            target.failures += cell[target.hop.fallback_failures().index()];
            if scrapes {
                let gauge = target.region * Gauge::COUNT + target.hop.breaker() as usize;
                target.scrape(view.end, view.levels[gauge] == OPEN);
            }
            if view.end == self.evaluation {
                target.evaluate(view.end);
            }
        }
        if scrapes {
            self.scrape = self.scrape + SCRAPE;
        }
        if view.end == self.evaluation {
            self.evaluation = self.evaluation + EVALUATION;
        }
    }

    /// All alerts that were pending, in the order in which they began to be.
    #[must_use]
    pub fn finish(self, plan: &Plan) -> Vec<Alert> {
        let mut alerts = Vec::new();
        for target in &self.targets {
            for ((name, ..), alarms) in RULES.iter().zip(&target.alarms) {
                alerts.extend(alarms.all().iter().map(|alarm| Alert {
                    name,
                    region: plan.fabric.regions[target.region].clone(),
                    hop: target.hop,
                    pending: alarm.pending,
                    firing: alarm.firing,
                    resolved: alarm.resolved,
                }));
            }
        }
        alerts.sort_by_key(|alert| alert.pending);
        alerts
    }
}

impl Target {
    fn scrape(&mut self, now: Instant, open: bool) {
        self.open = open;
        self.scraped.push_back((now, self.failures));
        let before = |&(at, _): &(Instant, u64)| now.since(at) > WINDOW;
        while self.scraped.front().is_some_and(before) {
            self.scraped.pop_front();
        }
    }

    fn evaluate(&mut self, now: Instant) {
        let seen = rate(self.scraped.make_contiguous(), now, WINDOW);
        let failing = seen.is_some_and(|rate| rate > TOO_MANY);
        for ((_, _, must_fail), alarms) in RULES.iter().zip(&mut self.alarms) {
            alarms.evaluate(now, self.open && (failing || !must_fail));
        }
    }
}
