//! What is kept of a run beside its verdicts, for those who want to look at it themselves.

use crate::fabric::{Plan, Sampling, Traces, acts_on};
use crate::fault::Fault;
use crate::judge::{PlannedEvent, Recording};
use crate::observe::{Layout, SliceView};
use crate::units::Instant;

/// What is to be kept, and then what was. The default keeps nothing, and costs nothing.
#[derive(Debug, Default)]
pub struct RecordingOptions {
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

impl RecordingOptions {
    /// A run of this plan begins.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.sampling = self.sampling.map(|sampling| sampling.fitted(plan));
        let wanted = self.seconds && (self.every_seed || self.recordings.is_empty());
        self.under_way = wanted.then(|| Recording::new(plan, planned_events(plan)));
    }

    /// How counts are laid out for what is kept.
    pub(super) fn fitted(&self, layout: Layout) -> Layout {
        if self.under_way.is_some() { layout.with_latency_buckets() } else { layout }
    }

    /// A slice is complete; `ends` says whether it is the last.
    pub(super) fn slice(&mut self, view: &SliceView<'_>, ends: bool) {
        if let Some(recording) = &mut self.under_way {
            recording.slice(view, ends);
        }
    }

    /// The run is over.
    pub(super) fn end(&mut self, plan: &Plan) {
        if let Some(mut recording) = self.under_way.take() {
            recording.finish(plan);
            self.recordings.push(recording);
        }
    }
}

fn planned_events(plan: &Plan) -> Vec<PlannedEvent> {
    let end = Instant::ZERO + plan.length;
    let sites = 0..plan.fabric.regions.len();
    let faults = plan.injections.iter().map(|injection| {
        let touched = |&site: &usize| match injection.fault {
            Fault::Surge { region, .. } => region.is_none_or(|region| region == site),
            ref fault => acts_on(fault, site, plan.fabric.primary),
        };
        let instant = injection.fault.is_instant();
        PlannedEvent {
            what: "fault",
            label: injection.label.0.clone(),
            kind: injection.fault.kind(),
            regions: sites.clone().filter(touched).collect(),
            from: injection.at,
            until: if instant { Some(injection.at) } else { injection.until },
        }
    });
    let changes = plan.changes.iter().map(|planned| PlannedEvent {
        what: "change",
        label: planned.label.0.clone(),
        kind: planned.change.kind(),
        regions: sites.clone().filter(|&site| planned.change.acts_on(site)).collect(),
        from: planned.at,
        until: planned.until,
    });
    let mut all: Vec<PlannedEvent> = faults.chain(changes).collect();
    all.iter_mut().for_each(|one| one.until = one.until.filter(|&until| until < end));
    all
}
