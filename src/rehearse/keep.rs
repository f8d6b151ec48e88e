//! What is kept of a run beside its verdicts, for those who want to look at it themselves.

use super::Hop;
use crate::fabric::{Plan, Sampling, Traces};
use crate::observe::{Series, SliceView};

/// What is to be kept, and then what was. The default keeps nothing, and costs nothing.
#[derive(Debug, Default)]
pub struct Keep {
    /// Whether each second is kept.
    pub seconds: bool,
    /// Of which requests everything is kept; a smaller share than was asked for where these would be
    /// too many.
    pub sampling: Option<Sampling>,
    /// What was kept of them.
    pub traces: Traces,
    /// Each second of the run, if that was asked for.
    pub recording: Option<Recording>,
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
    /// What was seen.
    pub series: Series,
}

impl Keep {
    /// A run of this plan begins.
    pub(super) fn begin(&mut self, plan: &Plan) {
        self.sampling = self.sampling.map(|sampling| sampling.fitted(plan));
        self.recording = self.seconds.then(|| Recording {
            regions: plan.fabric.regions.clone(),
            breakers: Hop::with_breaker(plan),
            fallbacks: Hop::with_fallback(plan),
            series: Series::new(plan.fabric.regions.len()),
        });
    }

    /// A slice is complete; `ends` says whether it is the last.
    pub(super) fn slice(&mut self, view: &SliceView<'_>, ends: bool) {
        if let Some(recording) = &mut self.recording {
            recording.series.add(view, ends);
        }
    }
}
