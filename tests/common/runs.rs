//! Runs of plans, with everything recorded.

use squall::model::Plan;
use squall::observe::{Layout, Sample};
use squall::sim::{Options, Outcome, simulate};
use squall::units::Span;
use std::num::NonZeroUsize;
use std::sync::atomic::AtomicBool;

/// Runs a plan to its end. How many waits were none is counted exactly: ask the layout for the waits
/// below one nanosecond.
pub fn run(plan: &Plan, threads: usize, all_events: bool) -> Outcome {
    let options = Options {
        threads: NonZeroUsize::new(threads).unwrap(),
        all_events,
        staleness: true,
        stop: &AtomicBool::new(false),
        tracing: None,
    };
    let layout = Layout::new([(Sample::Wait, Span::from_nanos(1))]);
    simulate(plan, layout, &options, &mut |_| {}).unwrap()
}
