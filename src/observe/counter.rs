//! Everything that is counted, and what each count belongs to.

use super::hop::{Hop, HopEvent};

/// Of which requests a counter tells.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    /// Of viewers' requests of all kinds; those for segments are counted once more by this counter.
    Split(Counter),
    /// Of requests for segments alone, or of what is done for them.
    Segments,
    /// Of requests for manifests alone, or of what is done for them.
    Manifests,
    /// Of requests of all kinds together, which nothing tells apart.
    Together,
}

/// Defines the counters that belong to no hop: each with its kind. Everything that depends on the list
/// is made here, so that no place in it has a meaning.
macro_rules! counters {
    ($($(#[$doc:meta])* $name:ident: $kind:expr,)*) => {
        /// A property of requests or of work, as counted events. Counted for each region of origin (`from`)
        /// and each region that did the work (`in`).
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
        pub enum Counter {
            $($(#[$doc])* $name,)*
            /// What happens at a hop.
            Hop(Hop, HopEvent),
        }

        /// The counters that belong to no hop, numbered.
        #[derive(Clone, Copy)]
        #[repr(usize)]
        enum Plain {
            $($name,)*
        }

        /// They themselves, in the same order.
        const PLAIN: &[Counter] = &[$(Counter::$name,)*];

        impl Counter {
            /// Its place in a cell.
            #[inline]
            #[must_use]
            pub const fn index(self) -> usize {
                match self {
                    $(Self::$name => Plain::$name as usize,)*
                    Self::Hop(hop, event) => {
                        PLAIN.len() + hop as usize * HopEvent::ALL.len() + event as usize
                    }
                }
            }

            /// Of which requests it tells.
            #[inline]
            pub(super) const fn kind(self) -> Kind {
                match self {
                    $(Self::$name => $kind,)*
                    Self::Hop(Hop::Manifest | Hop::Database, _) => Kind::Manifests,
                    Self::Hop(Hop::Origin, _) => Kind::Segments,
                }
            }
        }
    };
}

counters! {
    /// Requests that viewers made.
    Requests: Kind::Split(Self::SegmentRequests),
    /// Requests that were answered.
    Served: Kind::Split(Self::SegmentServed),
    /// Requests whose last attempt got an error.
    Failed: Kind::Split(Self::SegmentFailed),
    /// Requests whose last attempt timed out.
    GivenUp: Kind::Split(Self::SegmentGivenUp),
    /// Requests answered with a fresh copy from the metadata cache, or the content cache.
    Hits: Kind::Split(Self::SegmentHits),
    /// Requests answered with a copy past its TTL.
    Stale: Kind::Manifests,
    /// Requests of which some attempt met a full queue, or waited too long in one.
    Rejected: Kind::Split(Self::SegmentRejected),
    /// Requests that needed more than one attempt.
    Retried: Kind::Split(Self::SegmentRetried),
    /// Attempts, first ones and retries.
    Attempts: Kind::Split(Self::SegmentAttempts),
    /// Attempts that timed out.
    TimedOut: Kind::Split(Self::SegmentTimedOut),
    /// Retries that the retry budget refused.
    RetriesDenied: Kind::Split(Self::SegmentRetriesDenied),
    /// Fetches from the manifest service: misses that were not coalesced, and refreshes.
    Fetches: Kind::Manifests,
    /// Fetches that failed.
    FetchesFailed: Kind::Manifests,
    /// Misses that joined a fetch under way instead of starting one.
    Coalesced: Kind::Split(Self::SegmentCoalesced),
    /// Waiters that gave up the read lock.
    LockTimeouts: Kind::Split(Self::SegmentLockTimeouts),
    /// Reads that the database began.
    DatabaseReads: Kind::Manifests,
    /// Reads refused because the replica was too far behind.
    LagRefused: Kind::Manifests,
    /// Reads that went to the primary over the wide area.
    PrimaryReads: Kind::Manifests,
    /// Metadata entries thrown out by a fault.
    Evicted: Kind::Manifests,
    /// First attempts that the retry budget refused: their requests fail at once.
    RefusedByBudget: Kind::Split(Self::SegmentRefusedByBudget),
    /// Calls that were reset because their pod was gone.
    ManifestResets: Kind::Manifests,
    /// Pods that the load balancer took out of service because they failed.
    PodsEjected: Kind::Manifests,
    /// Periods in which a pod's threads stood because its quota of processor time was used up.
    CpuThrottles: Kind::Manifests,
    /// Pods that were killed because they needed more memory than they may have.
    OomKills: Kind::Manifests,
    /// Fetches that only validate a request, and need no read.
    Validations: Kind::Manifests,
    /// Those that failed.
    ValidationsFailed: Kind::Manifests,
    /// Second attempts of viewers, sent beside a first one; they are among the attempts.
    ViewerHedges: Kind::Together,
    /// Those that were answered first.
    ViewerHedgesWon: Kind::Together,
    /// Those that did not leave: a budget, a breaker or a bulkhead refused them.
    ViewerHedgesDenied: Kind::Together,
    /// Attempts of viewers that an open breaker refused.
    ViewerBreakerRefused: Kind::Together,
    /// Attempts of viewers that a full bulkhead refused.
    ViewerBulkheadFull: Kind::Together,
    /// Requests that had failed and were answered by something else.
    ViewerFallbacks: Kind::Together,
    /// Requests that had failed, and whose fallback did, too.
    ViewerFallbackFailures: Kind::Together,
    /// Of the requests, those for segments.
    SegmentRequests: Kind::Segments,
    /// Of those, the answered ones.
    SegmentServed: Kind::Segments,
    /// Those whose last attempt got an error.
    SegmentFailed: Kind::Segments,
    /// Those whose last attempt timed out.
    SegmentGivenUp: Kind::Segments,
    /// Those answered with a copy from the content cache.
    SegmentHits: Kind::Segments,
    /// Those of which some attempt met a full queue, or waited too long in one.
    SegmentRejected: Kind::Segments,
    /// Those that needed more than one attempt.
    SegmentRetried: Kind::Segments,
    /// Of the attempts, those for segments.
    SegmentAttempts: Kind::Segments,
    /// Of those, the ones that timed out.
    SegmentTimedOut: Kind::Segments,
    /// Of the retries that the retry budget refused, those for segments.
    SegmentRetriesDenied: Kind::Segments,
    /// Of the first attempts that the retry budget refused, those for segments.
    SegmentRefusedByBudget: Kind::Segments,
    /// Of the misses that joined a fetch under way, those for segments.
    SegmentCoalesced: Kind::Segments,
    /// Of the waiters that gave up the lock, those for segments.
    SegmentLockTimeouts: Kind::Segments,
    /// Bytes of segments that viewers were answered with.
    ContentBytes: Kind::Segments,
    /// Of those, bytes from the content cache.
    ContentHitBytes: Kind::Segments,
    /// Copies of segments thrown out by a fault.
    ContentEvicted: Kind::Segments,
    /// Fetches of segments from the origin: misses that were not coalesced.
    OriginFetches: Kind::Segments,
    /// Those that failed.
    OriginFetchesFailed: Kind::Segments,
    /// Bytes of segments that came from the origin to the edge, wasted ones among them.
    OriginBytes: Kind::Segments,
}

impl Counter {
    /// How many there are.
    pub const COUNT: usize = PLAIN.len() + Hop::ALL.len() * HopEvent::ALL.len();

    /// All, in the order of their places in a cell.
    pub const ALL: [Self; Self::COUNT] = {
        let mut all = [Self::Requests; Self::COUNT];
        let mut at = 0;
        while at < all.len() {
            all[at] = match at.checked_sub(PLAIN.len()) {
                None => PLAIN[at],
                Some(pair) => Self::Hop(
                    Hop::ALL[pair / HopEvent::ALL.len()],
                    HopEvent::ALL[pair % HopEvent::ALL.len()],
                ),
            };
            at += 1;
        }
        all
    };

    /// The same of requests for segments alone; `None` where it is not a property of viewers' requests.
    #[inline]
    #[must_use]
    pub const fn of_segments(self) -> Option<Self> {
        match self.kind() {
            Kind::Split(twin) => Some(twin),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_a_place_of_its_own() {
        for (place, counter) in Counter::ALL.into_iter().enumerate() {
            assert_eq!(counter.index(), place, "{counter:?}");
        }
        let last = Counter::Hop(Hop::Origin, HopEvent::HedgeDenied);
        assert_eq!(Counter::ALL.last(), Some(&last));
    }

    #[test]
    fn the_part_of_segments_is_of_segments_alone() {
        for twin in Counter::ALL.into_iter().filter_map(Counter::of_segments) {
            assert_eq!(twin.kind(), Kind::Segments, "{twin:?}");
        }
    }
}
