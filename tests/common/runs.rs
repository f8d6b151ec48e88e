//! Runs of plans, with everything recorded.

use squall::fabric::{Options, Outcome, Plan, simulate};
use squall::observe::{Layout, Timer};
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
    let layout = Layout::new([(Timer::Wait, Span::from_nanos(1))]);
    simulate(plan, layout, &options, &mut |_| {}).unwrap()
}
