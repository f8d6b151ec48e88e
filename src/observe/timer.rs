//! Quantities with one value each.

use super::listed::listed;

listed! {
    /// A quantity with one value for each request, wait or network.
    Timer {
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
}

impl Timer {
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
