//! Everything that can be seen, by name. Simulation and live mode fill the same list.

use crate::units::Unit;

/// A property of requests or of work, as counted events. Counted for each region of origin (`from`)
/// and each region that did the work (`in`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(usize)]
pub enum Counter {
    /// Requests that viewers made.
    Requests,
    /// Requests that were answered.
    Served,
    /// Requests whose last attempt got an error.
    Failed,
    /// Requests whose last attempt timed out.
    GivenUp,
    /// Requests answered with a fresh copy from the metadata cache, or the content cache.
    Hits,
    /// Requests answered with a copy past its TTL.
    Stale,
    /// Requests of which some attempt met a full queue, or waited too long in one.
    Rejected,
    /// Requests that needed more than one attempt.
    Retried,
    /// Attempts, first ones and retries.
    Attempts,
    /// Attempts that timed out.
    TimedOut,
    /// Retries that the retry budget refused.
    RetriesDenied,
    /// Fetches from the manifest service: misses that were not coalesced, and refreshes.
    Fetches,
    /// Fetches that failed.
    FetchesFailed,
    /// Misses that joined a fetch under way instead of starting one.
    Coalesced,
    /// Waiters that gave up the read lock.
    LockTimeouts,
    /// Fetches that the manifest service's full queue turned away, or that waited too long in it.
    ManifestRejected,
    /// Reads that the database began.
    DatabaseReads,
    /// Reads that the database's full queue turned away, or that waited too long for a connection.
    DatabaseRefused,
    /// Reads refused because the replica was too far behind.
    LagRefused,
    /// Reads that went to the primary over the wide area.
    PrimaryReads,
    /// Metadata entries thrown out by a fault.
    Evicted,
    /// First attempts that the retry budget refused: their requests fail at once.
    RefusedByBudget,
    /// Attempts of fetches at the manifest service.
    ManifestCalls,
    /// Those for which the edge waited in vain.
    ManifestTimeouts,
    /// Attempts that the edge's own retry budget refused.
    ManifestRetriesDenied,
    /// Manifests that were made for nobody: the edge had given the call up.
    ManifestWasted,
    /// Calls that got a slot when their deadline was over, and were dropped.
    ManifestExpired,
    /// Attempts of the manifest service to read.
    DatabaseCalls,
    /// Those for which it waited in vain.
    DatabaseTimeouts,
    /// Attempts that the manifest service's own retry budget refused.
    DatabaseRetriesDenied,
    /// Reads that were made for nobody.
    DatabaseWasted,
    /// Reads that got a connection when their deadline was over, and were dropped.
    DatabaseExpired,
    /// Attempts of fetches that an open breaker refused.
    ManifestBreakerRefused,
    /// Fetches that had failed and were answered by something else.
    ManifestFallbacks,
    /// Fetches that had failed, and whose fallback did, too.
    ManifestFallbackFailures,
    /// Attempts to read that an open breaker refused.
    DatabaseBreakerRefused,
    /// Calls that made do without their read.
    DatabaseFallbacks,
    /// Calls that got no read, and whose fallback failed, too.
    DatabaseFallbackFailures,
    /// Attempts of fetches that a full bulkhead refused.
    ManifestBulkheadFull,
    /// Attempts to read that a full bulkhead refused.
    DatabaseBulkheadFull,
    /// Second attempts of fetches, sent beside a first one.
    ManifestHedges,
    /// Those that were answered first.
    ManifestHedgesWon,
    /// Those that did not leave: a budget, a breaker or a bulkhead refused them.
    ManifestHedgesDenied,
    /// Second attempts to read, sent beside a first one.
    DatabaseHedges,
    /// Those that were answered first.
    DatabaseHedgesWon,
    /// Those that did not leave.
    DatabaseHedgesDenied,
    /// Calls that were reset because their pod was gone.
    ManifestResets,
    /// Pods that the load balancer took out of service because they failed.
    PodsEjected,
    /// Periods in which a pod's threads stood because its quota of processor time was used up.
    CpuThrottles,
    /// Pods that were killed because they needed more memory than they may have.
    OomKills,
    /// Fetches that only validate a request, and need no read.
    Validations,
    /// Those that failed.
    ValidationsFailed,
    /// Second attempts of viewers, sent beside a first one; they are among the attempts.
    ViewerHedges,
    /// Those that were answered first.
    ViewerHedgesWon,
    /// Those that did not leave: a budget, a breaker or a bulkhead refused them.
    ViewerHedgesDenied,
    /// Attempts of viewers that an open breaker refused.
    ViewerBreakerRefused,
    /// Attempts of viewers that a full bulkhead refused.
    ViewerBulkheadFull,
    /// Requests that had failed and were answered by something else.
    ViewerFallbacks,
    /// Requests that had failed, and whose fallback did, too.
    ViewerFallbackFailures,
    /// Of the requests, those for segments.
    SegmentRequests,
    /// Of those, the answered ones.
    SegmentServed,
    /// Those whose last attempt got an error.
    SegmentFailed,
    /// Those whose last attempt timed out.
    SegmentGivenUp,
    /// Those answered with a copy from the content cache.
    SegmentHits,
    /// Those of which some attempt met a full queue, or waited too long in one.
    SegmentRejected,
    /// Those that needed more than one attempt.
    SegmentRetried,
    /// Of the attempts, those for segments.
    SegmentAttempts,
    /// Of those, the ones that timed out.
    SegmentTimedOut,
    /// Of the retries that the retry budget refused, those for segments.
    SegmentRetriesDenied,
    /// Of the first attempts that the retry budget refused, those for segments.
    SegmentRefusedByBudget,
    /// Of the misses that joined a fetch under way, those for segments.
    SegmentCoalesced,
    /// Of the waiters that gave up the lock, those for segments.
    SegmentLockTimeouts,
    /// Bytes of segments that viewers were answered with.
    ContentBytes,
    /// Of those, bytes from the content cache.
    ContentHitBytes,
    /// Copies of segments thrown out by a fault.
    ContentEvicted,
    /// Fetches of segments from the origin: misses that were not coalesced.
    OriginFetches,
    /// Those that failed.
    OriginFetchesFailed,
    /// Attempts of these fetches at the origin.
    OriginCalls,
    /// Attempts that the origin turned away: it was full or down, or they waited too long.
    OriginRejected,
    /// Attempts for which the edge waited in vain.
    OriginTimeouts,
    /// Attempts that the edge's own retry budget refused.
    OriginRetriesDenied,
    /// Answers of the origin that came to the edge for nobody.
    OriginWasted,
    /// Attempts that got a slot when their deadline was over, and were dropped.
    OriginExpired,
    /// Attempts that an open breaker refused.
    OriginBreakerRefused,
    /// Fetches that had failed and were answered by something else.
    OriginFallbacks,
    /// Fetches that had failed, and whose fallback did, too.
    OriginFallbackFailures,
    /// Attempts that a full bulkhead refused.
    OriginBulkheadFull,
    /// Second attempts at the origin, sent beside a first one.
    OriginHedges,
    /// Those that were answered first.
    OriginHedgesWon,
    /// Those that did not leave.
    OriginHedgesDenied,
    /// Bytes of segments that came from the origin to the edge, also for nobody.
    OriginBytes,
}

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

impl Counter {
    /// How many there are.
    pub const COUNT: usize = Self::OriginBytes as usize + 1;
    /// The first of those that are part of a digest only where one of them was counted, so that
    /// digests do not change with the length of this list.
    pub(super) const FIRST_OPTIONAL: Self = Self::RefusedByBudget;
    /// The first of those that came later: they are part of a digest up to the last that was counted.
    pub(super) const FIRST_LATER: Self = Self::ManifestHedges;
}
impl Sample {
    /// How many there are.
    pub const COUNT: usize = Self::OriginWait as usize + 1;
    /// The first of those that are part of a digest only where there is one of them, so that digests
    /// do not change with the length of this list.
    pub(super) const FIRST_OPTIONAL: Self = Self::WaitHigh;
    /// The first of those that came later: they are part of a digest up to the last that was seen.
    pub(super) const FIRST_LATER: Self = Self::SegmentLatency;
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
    /// The first of those that are part of a digest up to the last that was above zero, so that digests
    /// do not change with the length of this list.
    pub(super) const FIRST_LATER: Self = Self::PodsReady;
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
impl Counter {
    /// The same of requests for segments alone; `None` where it is not a property of viewers' requests.
    #[inline]
    #[must_use]
    pub const fn of_segments(self) -> Option<Self> {
        Some(match self {
            Self::Requests => Self::SegmentRequests,
            Self::Served => Self::SegmentServed,
            Self::Failed => Self::SegmentFailed,
            Self::GivenUp => Self::SegmentGivenUp,
            Self::Hits => Self::SegmentHits,
            Self::Rejected => Self::SegmentRejected,
            Self::Retried => Self::SegmentRetried,
            Self::Attempts => Self::SegmentAttempts,
            Self::TimedOut => Self::SegmentTimedOut,
            Self::RetriesDenied => Self::SegmentRetriesDenied,
            Self::RefusedByBudget => Self::SegmentRefusedByBudget,
            Self::Coalesced => Self::SegmentCoalesced,
            Self::LockTimeouts => Self::SegmentLockTimeouts,
            _ => return None,
        })
    }
}

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
            Self::Counter(counter) => {
                (Counter::SegmentRequests..=Counter::OriginBytes).contains(&counter)
            }
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
        let viewers = Counter::ViewerHedges..=Counter::ViewerFallbackFailures;
        matches!(self, Self::Counter(counter) if viewers.contains(&counter))
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
