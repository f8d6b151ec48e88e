//! What is known of the manifest service's pods where they are looked at one by one.

use crate::units::Span;

/// How pods are started, chosen and taken out of service.
#[derive(Clone, Debug)]
pub struct PodRules {
    /// Which pod gets a call that has just got a slot.
    pub balance: Balance,
    /// From the start of a pod until it takes calls (Kubernetes' objective for pods without an image
    /// pull: 5 s at the 99th percentile).
    pub start: Span,
    /// What a new pod takes before that to get its image; one that is restarted has it.
    pub image_pull: Span,
    /// What takes a pod out of service that fails again and again; `None` is nothing.
    pub ejection: Option<Ejection>,
}

impl PodRules {
    /// Pods that are all alike.
    #[must_use]
    pub const fn plain() -> Self {
        Self {
            balance: Balance::LeastRequests,
            start: Span::from_secs(5),
            image_pull: Span::ZERO,
            ejection: None,
        }
    }
}

/// Which of the pods that have a free slot gets a call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Balance {
    /// The one with the fewest calls under way; of several one by chance.
    LeastRequests,
    /// The next one after the one that got the last call.
    RoundRobin,
    /// One by chance.
    Random,
}

/// Envoy's outlier detection by consecutive failures. A pod that fails so often in a row gets no more
/// calls at once; at a sweep, it comes back when it has been out for `base` times the number of its
/// ejections, at most five minutes. Each sweep that finds it in service takes one off that number.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Ejection {
    /// Failed answers and time-outs in a row, at least 1 (Envoy's `consecutive_5xx`: 5).
    pub failures: u32,
    /// Time between sweeps (10 s).
    pub every: Span,
    /// How long the first ejection lasts (30 s).
    pub base: Span,
    /// The share of pods that may be out at one time, 0 to 1, but always one (10 %). Never so many
    /// that less than half would be left: Envoy would use them all then.
    pub most: f64,
}

impl Ejection {
    /// Envoy's defaults.
    pub const ENVOY: Self =
        Self { failures: 5, every: Span::from_secs(10), base: Span::from_secs(30), most: 0.1 };
    /// The longest ejection, unless `base` is longer (Envoy's `max_ejection_time`).
    pub const LONGEST: Span = Span::from_secs(300);
}
