//! Everything that can be seen, by name. Simulation and live mode fill the same list.

use super::counter::{Counter, Kind};
use crate::units::Unit;

/// A quantity with one value for each request, wait or network.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Sample {
    /// From the first attempt's start to the answer, for requests that were answered.
    Latency,
    /// Time in the manifest service's queue, for each fetch that it took.
    Wait,
    /// Time in the queue for a database connection, for each read that began or waited too long.
    DatabaseWait,
    /// Time that a coalesced request waited for another's fetch.
    LockWait,
    /// From the loss of a network's site until its viewers are served again; one value a network.
    FailoverTime,
    /// Age of the data in an answer: since the primary last agreed with it.
    Staleness,
    /// As `Wait`, for the high class only, where there are two.
    WaitHigh,
    /// As `Wait`, for the low class only, where there are two.
    WaitLow,
    /// As `Wait`, for validations only, where they have slots of their own.
    WaitValidations,
    /// Of `Latency`, that of requests for segments.
    SegmentLatency,
    /// Of `LockWait`, that of requests for segments.
    SegmentLockWait,
    /// Time in the origin's queue, for each attempt that got a slot or waited too long.
    OriginWait,
}

/// A level, of which the peak in each second is kept, for each region.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Gauge {
    /// Fetches that wait for a slot of the manifest service.
    ManifestQueue,
    /// Slots of the manifest service in use.
    ManifestBusy,
    /// Reads that wait for a database connection.
    DatabaseQueue,
    /// Database connections in use.
    DatabaseBusy,
    /// How far the region's replica is behind by a fault, beyond its usual lag.
    ReplicationLag,
    /// The edge's breaker before the manifest service: 0 closed, 1 half open, 2 open.
    ManifestBreaker,
    /// The manifest service's breaker before its database, in the same numbers.
    DatabaseBreaker,
    /// Pods of the manifest service that take calls, where they are looked at one by one.
    PodsReady,
    /// Pods whose threads all stand because their quota of processor time is used up.
    CpuThrottled,
    /// Nodes that run pods of the manifest service or are on their way, where they are counted.
    Nodes,
    /// The viewers' breakers, one a network, in the same numbers as the others; the most open counts.
    ViewerBreaker,
    /// Validations that wait for one of their own slots, where they have such.
    ValidationsQueue,
    /// Those slots that are in use.
    ValidationsBusy,
    /// Attempts that wait for a slot of the origin.
    OriginQueue,
    /// Slots of the origin in use.
    OriginBusy,
    /// The edge's breaker before the origin, in the numbers of the others.
    OriginBreaker,
}

/// A figure of the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Figure {
    /// The share of a month's error budget that the judged part of the run spends.
    ErrorBudgetSpent,
    /// The monthly bill of the fabric with the run's traffic.
    MonthlyCost,
}

/// Anything that an invariant or a watch can name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Metric {
    /// Answered requests as a share of those that ended.
    Availability,
    /// Bytes of segments from the content cache as a share of those that viewers got.
    ByteHits,
    /// Counted events.
    Counter(Counter),
    /// One value each.
    Sample(Sample),
    /// A level in each region.
    Gauge(Gauge),
    /// One value for the run.
    Figure(Figure),
}

/// How a metric's name may stand in a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
    /// Alone: a ratio or a figure.
    Alone,
    /// As `share(name)`: a part of the requests.
    Flag,
    /// In `total(...)`, or as a rate a second in any other statistic.
    Counted,
    /// In `mean`, `min`, `max`, a percentile, or `share(name < bound)`.
    Valued,
}

/// One row of the reference.
#[derive(Clone, Copy, Debug)]
pub struct Described {
    /// As written in files.
    pub name: &'static str,
    /// What it is.
    pub metric: Metric,
    /// How it may stand in a term.
    pub form: Form,
    /// The unit of its values (of its rate, when counted).
    pub unit: Unit,
    /// One sentence for `squall explain`.
    pub text: &'static str,
}

impl Sample {
    /// How many there are.
    pub const COUNT: usize = Self::OriginWait as usize + 1;
    /// All, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::Latency,
        Self::Wait,
        Self::DatabaseWait,
        Self::LockWait,
        Self::FailoverTime,
        Self::Staleness,
        Self::WaitHigh,
        Self::WaitLow,
        Self::WaitValidations,
        Self::SegmentLatency,
        Self::SegmentLockWait,
        Self::OriginWait,
    ];
}
impl Gauge {
    /// How many there are.
    pub const COUNT: usize = Self::OriginBreaker as usize + 1;
    /// All, in order.
    pub const ALL: [Self; Self::COUNT] = [
        Self::ManifestQueue,
        Self::ManifestBusy,
        Self::DatabaseQueue,
        Self::DatabaseBusy,
        Self::ReplicationLag,
        Self::ManifestBreaker,
        Self::DatabaseBreaker,
        Self::PodsReady,
        Self::CpuThrottled,
        Self::Nodes,
        Self::ViewerBreaker,
        Self::ValidationsQueue,
        Self::ValidationsBusy,
        Self::OriginQueue,
        Self::OriginBusy,
        Self::OriginBreaker,
    ];
}

// Classes of requests.
impl Sample {
    /// The same of requests for segments alone; `None` where it is not a property of viewers' requests.
    #[must_use]
    pub const fn of_segments(self) -> Option<Self> {
        match self {
            Self::Latency => Some(Self::SegmentLatency),
            Self::LockWait => Some(Self::SegmentLockWait),
            _ => None,
        }
    }
}

impl Metric {
    /// Whether only requests for segments have it.
    #[must_use]
    pub fn is_of_segments_alone(self) -> bool {
        match self {
            Self::ByteHits => true,
            Self::Counter(counter) => counter.kind() == Kind::Segments,
            Self::Sample(sample) => {
                matches!(
                    sample,
                    Sample::SegmentLatency | Sample::SegmentLockWait | Sample::OriginWait
                )
            }
            Self::Availability | Self::Gauge(_) | Self::Figure(_) => false,
        }
    }

    /// Whether it is told of requests of all kinds together.
    #[must_use]
    pub fn has_no_class(self) -> bool {
        matches!(self, Self::Counter(counter) if counter.kind() == Kind::Together)
    }

    /// Whether requests for segments have it.
    #[must_use]
    pub fn is_of_segments(self) -> bool {
        self.is_of_segments_alone()
            || match self {
                Self::Availability => true,
                Self::Counter(counter) => counter.of_segments().is_some(),
                Self::Sample(sample) => sample.of_segments().is_some(),
                _ => false,
            }
    }
}
