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
    /// The processors of each pod, on which its calls take their time; `None`: a call takes its time
    /// whatever others there are.
    pub cpu: Option<CpuRules>,
    /// The memory of each pod; `None` is without bound.
    pub memory: Option<MemoryRules>,
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
            cpu: None,
            memory: None,
        }
    }
}

/// The processors of a pod, each on a node of its own. Cores are in thousandths.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct CpuRules {
    /// How many a pod may use over a period (bandwidth control); `None` is no limit.
    pub limit: Option<u32>,
    /// The period (Linux and Kubernetes: 100 ms).
    pub period: Span,
    /// Threads of a call, at least 1: its time is the processor time of all of them together.
    pub threads: u32,
    /// Cores of a node.
    pub node: u32,
    /// The pod's weight against a neighbour.
    pub request: u32,
}

impl CpuRules {
    /// No limit, one thread a call, on a node of four cores.
    pub const PLAIN: Self =
        Self { limit: None, period: Span::from_millis(100), threads: 1, node: 4_000, request: 250 };
}

/// The memory of a pod, in bytes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct MemoryRules {
    /// How much it may have.
    pub limit: u64,
    /// What it needs without a call.
    pub base: u64,
    /// What it needs for each call under way.
    pub request: u64,
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
