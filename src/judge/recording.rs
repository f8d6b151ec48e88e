//! Each second of a run, kept for readers that want to look at it themselves.

use super::ClientHop;
use super::month;
use crate::fabric::Plan;
use crate::observe::{Series, SliceView};
use crate::units::Instant;

/// Each second of a run, and what is needed to name what it holds.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The names of the regions, in their order.
    pub regions: Vec<String>,
    /// The hops that have a breaker.
    pub breakers: Vec<ClientHop>,
    /// The hops that have a breaker or a fallback.
    pub fallbacks: Vec<ClientHop>,
    /// When the run begins to be judged.
    pub warm: Instant,
    /// Faults, then changes, each in the plan's order.
    pub planned: Vec<PlannedEvent>,
    /// What was seen.
    pub series: Series,
    /// By row of the series: the bill in dollars of a month in which every hour is like that second;
    /// `None` where it cannot be held.
    pub monthly_cost: Vec<Option<f64>>,
    /// By row of the series: the share of the month's error budget that the judged part of the run has
    /// spent by then; `None` where there is none to spend.
    pub budget_spent: Vec<Option<f64>>,
}

/// A fault or a change, where and when.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct PlannedEvent {
    /// `fault` or `change`.
    pub what: &'static str,
    /// What invariants call it.
    pub label: String,
    /// Its kind's name in files.
    pub kind: &'static str,
    /// The regions that it is done to, as indices.
    pub regions: Vec<usize>,
    /// When it begins.
    pub from: Instant,
    /// When it is over: at once if it is an instant; `None` if it lasts to the end.
    pub until: Option<Instant>,
}

impl Recording {
    /// Nothing seen yet of a run of this plan, in which these events are planned.
    #[must_use]
    pub fn new(plan: &Plan, planned: Vec<PlannedEvent>) -> Self {
        Self {
            regions: plan.fabric.regions.clone(),
            breakers: ClientHop::with_breaker(plan),
            fallbacks: ClientHop::with_fallback(plan),
            warm: Instant::ZERO + plan.warmup,
            planned,
            series: Series::new(plan.fabric.regions.len()),
            monthly_cost: Vec::new(),
            budget_spent: Vec::new(),
        }
    }

    /// Takes a complete slice in. Slices come in their order; `ends` says whether it is the last.
    pub fn slice(&mut self, view: &SliceView<'_>, ends: bool) {
        self.series.add(view, ends);
    }

    /// The run is over: fills in what each second costs of a month.
    pub fn finish(&mut self, plan: &Plan) {
        self.monthly_cost = month::monthly_cost(plan, &self.series);
        self.budget_spent = month::spent_so_far(plan, &self.series);
    }
}
