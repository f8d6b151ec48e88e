//! Names of what has to do with segments, the content cache and the origin.

use super::row::{counted, level, sampled};
use crate::observe::counter::Counter;
use crate::observe::gauge::Gauge;
use crate::observe::hop::{Hop, HopEvent};
use crate::observe::metric::{Metric, MetricInfo, MetricKind};
use crate::observe::timer::Timer;
use crate::units::Unit;

pub(super) const ROWS: &[MetricInfo] = &[
    counted(
        "segment_requests",
        Counter::SegmentRequests,
        "requests for segments that viewers made",
    ),
    counted("segments_served", Counter::SegmentServed, "requests for segments that were answered"),
    counted(
        "segment_failures",
        Counter::SegmentFailed,
        "requests for segments whose last attempt got an error",
    ),
    counted(
        "segments_given_up",
        Counter::SegmentGivenUp,
        "requests for segments whose last attempt timed out",
    ),
    counted(
        "segment_hits",
        Counter::SegmentHits,
        "requests for segments that the content cache answered",
    ),
    counted(
        "segments_rejected",
        Counter::SegmentRejected,
        "requests for segments of which some attempt met a full queue, or waited too long in one",
    ),
    counted(
        "segments_retried",
        Counter::SegmentRetried,
        "requests for segments that needed more than one attempt",
    ),
    counted(
        "segment_attempts",
        Counter::SegmentAttempts,
        "attempts to get segments, first ones and retries",
    ),
    counted(
        "segment_timeouts",
        Counter::SegmentTimedOut,
        "attempts to get segments that timed out",
    ),
    counted(
        "segment_retries_denied",
        Counter::SegmentRetriesDenied,
        "retries for segments that the retry budget refused",
    ),
    counted(
        "segments_refused_by_budget",
        Counter::SegmentRefusedByBudget,
        "first attempts to get segments that the retry budget refused",
    ),
    counted(
        "segments_coalesced",
        Counter::SegmentCoalesced,
        "misses of segments that joined a fetch under way",
    ),
    counted(
        "segment_lock_timeouts",
        Counter::SegmentLockTimeouts,
        "waiters for segments that gave up the lock",
    ),
    counted(
        "content_bytes",
        Counter::ContentBytes,
        "bytes of segments that viewers were answered with",
    ),
    counted(
        "content_hit_bytes",
        Counter::ContentHitBytes,
        "bytes of segments that the content cache answered with",
    ),
    counted("content_evicted", Counter::ContentEvicted, "copies of segments thrown out by a fault"),
    counted(
        "origin_fetches",
        Counter::OriginFetches,
        "fetches of segments from the origin: misses that were not coalesced",
    ),
    counted(
        "origin_fetches_failed",
        Counter::OriginFetchesFailed,
        "fetches of segments from the origin that failed",
    ),
    counted(
        "origin_calls",
        Counter::Hop(Hop::Origin, HopEvent::Call),
        "attempts of these fetches at the origin, first ones and retries",
    ),
    counted(
        "origin_rejected",
        Counter::Hop(Hop::Origin, HopEvent::Rejected),
        "attempts that the origin turned away: it was full or down, or they waited too long",
    ),
    counted(
        "origin_timeouts",
        Counter::Hop(Hop::Origin, HopEvent::Timeout),
        "attempts at the origin for which the edge waited in vain",
    ),
    counted(
        "origin_retries_denied",
        Counter::Hop(Hop::Origin, HopEvent::RetryDenied),
        "attempts at the origin that the edge's retry budget refused",
    ),
    counted(
        "origin_wasted",
        Counter::Hop(Hop::Origin, HopEvent::Wasted),
        "answers of the origin for nobody: the edge had given them up",
    ),
    counted(
        "origin_expired",
        Counter::Hop(Hop::Origin, HopEvent::Expired),
        "attempts dropped because they got a slot of the origin after their deadline",
    ),
    counted(
        "origin_breaker_refused",
        Counter::Hop(Hop::Origin, HopEvent::BreakerRefused),
        "attempts at the origin that an open breaker refused",
    ),
    counted(
        "origin_fallbacks",
        Counter::Hop(Hop::Origin, HopEvent::Fallback),
        "failed fetches of segments that were answered by something else",
    ),
    counted(
        "origin_fallback_failures",
        Counter::Hop(Hop::Origin, HopEvent::FallbackFailure),
        "failed fetches of segments whose fallback failed, too",
    ),
    counted(
        "origin_bulkhead_full",
        Counter::Hop(Hop::Origin, HopEvent::BulkheadFull),
        "attempts at the origin that a full bulkhead refused",
    ),
    counted(
        "origin_hedges",
        Counter::Hop(Hop::Origin, HopEvent::Hedge),
        "second attempts at the origin, sent beside a first one",
    ),
    counted(
        "origin_hedges_won",
        Counter::Hop(Hop::Origin, HopEvent::HedgeWon),
        "second attempts at the origin that were answered first",
    ),
    counted(
        "origin_hedges_denied",
        Counter::Hop(Hop::Origin, HopEvent::HedgeDenied),
        "second attempts at the origin that a budget, breaker or bulkhead refused",
    ),
    counted(
        "origin_bytes",
        Counter::OriginBytes,
        "bytes of segments that came from the origin to the edge, also for nobody",
    ),
    sampled(
        "segment_latency",
        Timer::SegmentLatency,
        "as `latency`, for segments: from the start of the first attempt to the first byte of the answer",
    ),
    sampled("segment_lock_wait", Timer::SegmentLockWait, "as `lock_wait`, for segments"),
    sampled("origin_wait", Timer::OriginWait, "time in the queue of the origin"),
    level(
        "origin_queue",
        Gauge::OriginQueue,
        Unit::Count,
        "attempts that wait for a slot of the origin, peak of each second",
    ),
    level(
        "origin_busy",
        Gauge::OriginBusy,
        Unit::Count,
        "slots of the origin in use, peak of each second",
    ),
    level(
        "origin_breaker",
        Gauge::OriginBreaker,
        Unit::Count,
        "the edge's breaker before the origin: 0 closed, 1 half open, 2 open; of several \
         the most open, peak of each second",
    ),
    MetricInfo {
        name: "byte_hit_ratio",
        metric: Metric::ByteHits,
        form: MetricKind::Alone,
        unit: Unit::Ratio,
        text: "bytes of segments from the content cache as a share of those that viewers were answered with",
    },
];
