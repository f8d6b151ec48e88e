//! What is kept of a run beside its verdicts, for those who want to look at it themselves.

use super::{Hop, month};
use crate::model::Plan;
use crate::observe::{Layout, Series, SliceView};
use crate::sim::{Sampling, Traces};
use crate::units::Instant;

/// What is to be kept, and then what was. The default keeps nothing, and costs nothing.
#[derive(Debug, Default)]
pub struct Keep {
    /// Whether each second is kept.
    pub seconds: bool,
    /// Whether the seconds of every seed's run are kept; else only those of the first.
    pub every_seed: bool,
    /// Of which requests everything is kept; a smaller share than was asked for where these would be
    /// too many.
    pub sampling: Option<Sampling>,
    /// What was kept of them.
    pub traces: Traces,
    /// Each second of the run under way, if that is asked for.
    pub under_way: Option<Recording>,
    /// Each second of the runs that are over, in the order of seeds, if that was asked for.
    pub recordings: Vec<Recording>,
}

/// Each second of a run, and what is needed to name what it holds.
#[derive(Clone, Debug)]
pub struct Recording {
    /// The names of the regions, in their order.
    pub regions: Vec<String>,
    /// The hops that have a breaker.
    pub breakers: Vec<Hop>,
    /// The hops that have a breaker or a fallback.
    pub fallbacks: Vec<Hop>,
    /// When the run begins to be judged.
    pub warm: Instant,
    /// Faults, then changes, each in the plan's order.
    pub happenings: Vec<Happening>,
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
pub struct Happening {
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

impl Keep {
    /// A run of this plan begins.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.sampling = self.sampling.map(|sampling| sampling.fitted(plan));
        let wanted = self.seconds && (self.every_seed || self.recordings.is_empty());
        self.under_way = wanted.then(|| Recording {
            regions: plan.fabric.regions.clone(),
            breakers: Hop::with_breaker(plan),
            fallbacks: Hop::with_fallback(plan),
            warm: Instant::ZERO + plan.warmup,
            happenings: happenings(plan),
            series: Series::new(plan.fabric.regions.len()),
            monthly_cost: Vec::new(),
            budget_spent: Vec::new(),
        });
    }

    /// How counts are laid out for what is kept.
    pub(super) fn fitted(&self, layout: Layout) -> Layout {
        if self.under_way.is_some() { layout.with_ladder() } else { layout }
    }

    /// A slice is complete; `ends` says whether it is the last.
    pub(super) fn slice(&mut self, view: &SliceView<'_>, ends: bool) {
        if let Some(recording) = &mut self.under_way {
            recording.series.add(view, ends);
        }
    }

    /// The run is over.
    pub(super) fn end(&mut self, plan: &Plan) {
        if let Some(mut recording) = self.under_way.take() {
            recording.monthly_cost = month::monthly_cost(plan, &recording.series);
            recording.budget_spent = month::spent_so_far(plan, &recording.series);
            self.recordings.push(recording);
        }
    }
}

fn happenings(plan: &Plan) -> Vec<Happening> {
    let end = Instant::ZERO + plan.length;
    let sites = 0..plan.fabric.regions.len();
    let faults = plan.injections.iter().map(|injection| {
        let behaviour = injection.fault.behaviour();
        let touched = |&site: &usize| behaviour.touches(site, plan.fabric.primary);
        let instant = injection.fault.is_instant();
        Happening {
            what: "fault",
            label: injection.label.0.clone(),
            kind: injection.fault.kind(),
            regions: sites.clone().filter(touched).collect(),
            from: injection.at,
            until: if instant { Some(injection.at) } else { injection.until },
        }
    });
    let changes = plan.changes.iter().map(|planned| Happening {
        what: "change",
        label: planned.label.0.clone(),
        kind: planned.change.kind(),
        regions: sites.clone().filter(|&site| planned.change.acts_on(site)).collect(),
        from: planned.at,
        until: planned.until,
    });
    let mut all: Vec<Happening> = faults.chain(changes).collect();
    all.iter_mut().for_each(|one| one.until = one.until.filter(|&until| until < end));
    all
}
