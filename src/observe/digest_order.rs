//! In which order a digest takes in what was observed. The order is that in which metrics came to be
//! known, so that digests do not change with the length of the lists: what came later counts only where
//! there was any of it.

use super::counter::Counter;
use super::gauge::Gauge;
use super::hop::{Hop, HopEvent};
use super::timer::Timer;

/// Always part of a digest.
pub(super) const COUNTERS: &[Counter] = &[
    Counter::Requests,
    Counter::Served,
    Counter::Failed,
    Counter::GivenUp,
    Counter::Hits,
    Counter::Stale,
    Counter::Rejected,
    Counter::Retried,
    Counter::Attempts,
    Counter::TimedOut,
    Counter::RetriesDenied,
    Counter::Fetches,
    Counter::FetchesFailed,
    Counter::Coalesced,
    Counter::LockTimeouts,
    Counter::Hop(Hop::Manifest, HopEvent::Rejected),
    Counter::DatabaseReads,
    Counter::Hop(Hop::Database, HopEvent::Rejected),
    Counter::LagRefused,
    Counter::PrimaryReads,
    Counter::Evicted,
];

/// Part of a digest where one of them was counted.
pub(super) const OPTIONAL_COUNTERS: &[Counter] = &[
    Counter::RefusedByBudget,
    Counter::Hop(Hop::Manifest, HopEvent::Call),
    Counter::Hop(Hop::Manifest, HopEvent::Timeout),
    Counter::Hop(Hop::Manifest, HopEvent::RetryDenied),
    Counter::Hop(Hop::Manifest, HopEvent::Wasted),
    Counter::Hop(Hop::Manifest, HopEvent::Expired),
    Counter::Hop(Hop::Database, HopEvent::Call),
    Counter::Hop(Hop::Database, HopEvent::Timeout),
    Counter::Hop(Hop::Database, HopEvent::RetryDenied),
    Counter::Hop(Hop::Database, HopEvent::Wasted),
    Counter::Hop(Hop::Database, HopEvent::Expired),
    Counter::Hop(Hop::Manifest, HopEvent::BreakerRefused),
    Counter::Hop(Hop::Manifest, HopEvent::Fallback),
    Counter::Hop(Hop::Manifest, HopEvent::FallbackFailure),
    Counter::Hop(Hop::Database, HopEvent::BreakerRefused),
    Counter::Hop(Hop::Database, HopEvent::Fallback),
    Counter::Hop(Hop::Database, HopEvent::FallbackFailure),
    Counter::Hop(Hop::Manifest, HopEvent::BulkheadFull),
    Counter::Hop(Hop::Database, HopEvent::BulkheadFull),
];

/// Part of a digest up to the last that was counted.
pub(super) const LATER_COUNTERS: &[Counter] = &[
    Counter::Hop(Hop::Manifest, HopEvent::Hedge),
    Counter::Hop(Hop::Manifest, HopEvent::HedgeWon),
    Counter::Hop(Hop::Manifest, HopEvent::HedgeDenied),
    Counter::Hop(Hop::Database, HopEvent::Hedge),
    Counter::Hop(Hop::Database, HopEvent::HedgeWon),
    Counter::Hop(Hop::Database, HopEvent::HedgeDenied),
    Counter::ManifestResets,
    Counter::PodsEjected,
    Counter::CpuThrottles,
    Counter::OomKills,
    Counter::Validations,
    Counter::ValidationsFailed,
    Counter::ViewerHedges,
    Counter::ViewerHedgesWon,
    Counter::ViewerHedgesDenied,
    Counter::ViewerBreakerRefused,
    Counter::ViewerBulkheadFull,
    Counter::ViewerFallbacks,
    Counter::ViewerFallbackFailures,
    Counter::SegmentRequests,
    Counter::SegmentServed,
    Counter::SegmentFailed,
    Counter::SegmentGivenUp,
    Counter::SegmentHits,
    Counter::SegmentRejected,
    Counter::SegmentRetried,
    Counter::SegmentAttempts,
    Counter::SegmentTimedOut,
    Counter::SegmentRetriesDenied,
    Counter::SegmentRefusedByBudget,
    Counter::SegmentCoalesced,
    Counter::SegmentLockTimeouts,
    Counter::ContentBytes,
    Counter::ContentHitBytes,
    Counter::ContentEvicted,
    Counter::OriginFetches,
    Counter::OriginFetchesFailed,
    Counter::Hop(Hop::Origin, HopEvent::Call),
    Counter::Hop(Hop::Origin, HopEvent::Rejected),
    Counter::Hop(Hop::Origin, HopEvent::Timeout),
    Counter::Hop(Hop::Origin, HopEvent::RetryDenied),
    Counter::Hop(Hop::Origin, HopEvent::Wasted),
    Counter::Hop(Hop::Origin, HopEvent::Expired),
    Counter::Hop(Hop::Origin, HopEvent::BreakerRefused),
    Counter::Hop(Hop::Origin, HopEvent::Fallback),
    Counter::Hop(Hop::Origin, HopEvent::FallbackFailure),
    Counter::Hop(Hop::Origin, HopEvent::BulkheadFull),
    Counter::Hop(Hop::Origin, HopEvent::Hedge),
    Counter::Hop(Hop::Origin, HopEvent::HedgeWon),
    Counter::Hop(Hop::Origin, HopEvent::HedgeDenied),
    Counter::OriginBytes,
];

/// Always part of a digest.
pub(super) const SAMPLES: &[Timer] = &[
    Timer::Latency,
    Timer::Wait,
    Timer::DatabaseWait,
    Timer::LockWait,
    Timer::FailoverTime,
    Timer::Staleness,
];

/// Part of a digest where there was a value of one of them.
pub(super) const OPTIONAL_SAMPLES: &[Timer] =
    &[Timer::WaitHigh, Timer::WaitLow, Timer::WaitValidations];

/// Part of a digest up to the last word that is not zero.
pub(super) const LATER_SAMPLES: &[Timer] =
    &[Timer::SegmentLatency, Timer::SegmentLockWait, Timer::OriginWait];

/// Always part of a digest.
pub(super) const GAUGES: &[Gauge] = &[
    Gauge::ManifestQueue,
    Gauge::ManifestBusy,
    Gauge::DatabaseQueue,
    Gauge::DatabaseBusy,
    Gauge::ReplicationLag,
    Gauge::ManifestBreaker,
    Gauge::DatabaseBreaker,
];

/// Part of a digest up to the last that was above zero.
pub(super) const LATER_GAUGES: &[Gauge] = &[
    Gauge::PodsReady,
    Gauge::CpuThrottled,
    Gauge::Nodes,
    Gauge::ViewerBreaker,
    Gauge::ValidationsQueue,
    Gauge::ValidationsBusy,
    Gauge::OriginQueue,
    Gauge::OriginBusy,
    Gauge::OriginBreaker,
];

/// Words up to the last that is not zero.
pub(super) fn up_to_the_last<'a>(
    words: impl DoubleEndedIterator<Item = &'a u64> + Clone,
) -> impl Iterator<Item = &'a u64> {
    let zeros = words.clone().rev().take_while(|&&word| word == 0).count();
    let all = words.clone().count();
    words.take(all - zeros)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_is_part_of_a_digest_once() {
        let of = |counters: &[&[Counter]]| {
            let mut all: Vec<usize> = counters.concat().iter().map(|one| one.index()).collect();
            all.sort_unstable();
            all
        };
        let counters = of(&[COUNTERS, OPTIONAL_COUNTERS, LATER_COUNTERS]);
        assert_eq!(counters, (0..Counter::COUNT).collect::<Vec<_>>());
        let mut samples = [SAMPLES, OPTIONAL_SAMPLES, LATER_SAMPLES].concat();
        samples.sort_unstable();
        assert_eq!(samples, Timer::ALL);
        let mut gauges = [GAUGES, LATER_GAUGES].concat();
        gauges.sort_unstable();
        assert_eq!(gauges, Gauge::ALL);
    }

    #[test]
    fn trailing_zeros_are_left_out() {
        let words = [0, 3, 0, 2, 0, 0];
        assert!(up_to_the_last(words.iter()).eq(&words[..4]));
        assert_eq!(up_to_the_last([0, 0].iter()).count(), 0);
    }
}
