//! The name of everything that can be seen: what files, reports and series call it.

mod content;
mod row;

use self::row::{counted, figure, flag, level, sampled};
use super::counter::Counter;
use super::gauge::Gauge;
use super::hop::{Hop, HopEvent};
use super::metric::{Metric, MetricInfo, MetricKind, RunFigure};
use super::timer::Timer;
use crate::units::Unit;

/// Every name that a term may use.
pub const METRICS: &[MetricInfo] = &ALL;

const ALL: [MetricInfo; FIRST.len() + content::ROWS.len()] = {
    let mut all = [FIRST[0]; FIRST.len() + content::ROWS.len()];
    let mut at = 0;
    while at < all.len() {
        all[at] = if at < FIRST.len() { FIRST[at] } else { content::ROWS[at - FIRST.len()] };
        at += 1;
    }
    all
};

/// What has to do with manifests and what is behind them, or with all requests.
const FIRST: &[MetricInfo] = &[
    MetricInfo {
        name: "availability",
        metric: Metric::Availability,
        form: MetricKind::Alone,
        unit: Unit::Ratio,
        text: "answered requests as a share of those that ended, by when the viewer first asked",
    },
    figure(
        "error_budget_spent",
        RunFigure::ErrorBudgetSpent,
        Unit::Ratio,
        "what the judged part of the run spends of a month's error budget (1 - SLA of a month's requests)",
    ),
    figure(
        "monthly_cost",
        RunFigure::MonthlyCost,
        Unit::Money,
        "the fabric's bill for a month with the run's traffic pattern",
    ),
    flag(
        "served",
        Counter::Served,
        "answered; with `in REGION`: answered there, as a share of all requests whatever their region",
    ),
    flag("failed", Counter::Failed, "the last attempt got an error"),
    flag("given_up", Counter::GivenUp, "the last attempt timed out"),
    flag("hit", Counter::Hits, "answered with a fresh copy from a cache of the edge"),
    flag("stale", Counter::Stale, "answered with a copy past its TTL"),
    flag("rejected", Counter::Rejected, "some attempt met a full queue, or waited too long in one"),
    flag("retried", Counter::Retried, "needed more than one attempt"),
    counted("requests", Counter::Requests, "requests that viewers made"),
    counted("failures", Counter::Failed, "requests whose last attempt got an error"),
    counted("attempts", Counter::Attempts, "attempts, first ones and retries"),
    counted("timeouts", Counter::TimedOut, "attempts that timed out"),
    counted("retries_denied", Counter::RetriesDenied, "retries that the retry budget refused"),
    counted(
        "refused_by_budget",
        Counter::RefusedByBudget,
        "first attempts that the retry budget refused; their requests fail at once",
    ),
    counted("fetches", Counter::Fetches, "fetches from the manifest service: misses and refreshes"),
    counted("fetches_failed", Counter::FetchesFailed, "fetches that failed"),
    counted("coalesced", Counter::Coalesced, "misses that joined a fetch under way"),
    counted("lock_timeouts", Counter::LockTimeouts, "waiters that gave up the read lock"),
    counted(
        "manifest_rejected",
        Counter::Hop(Hop::Manifest, HopEvent::Rejected),
        "fetches turned away by a full queue of the manifest service or after too long a wait in it",
    ),
    counted("database_reads", Counter::DatabaseReads, "reads that the database began"),
    counted(
        "database_refused",
        Counter::Hop(Hop::Database, HopEvent::Rejected),
        "reads turned away by a full queue or after too long a wait for a connection",
    ),
    counted(
        "lag_refused",
        Counter::LagRefused,
        "reads refused because the replica was too far behind",
    ),
    counted(
        "primary_reads",
        Counter::PrimaryReads,
        "reads that went to the primary over the wide area",
    ),
    counted(
        "manifest_calls",
        Counter::Hop(Hop::Manifest, HopEvent::Call),
        "attempts of fetches at the manifest service, first ones and retries",
    ),
    counted(
        "manifest_timeouts",
        Counter::Hop(Hop::Manifest, HopEvent::Timeout),
        "attempts at the manifest service for which the edge waited in vain",
    ),
    counted(
        "manifest_retries_denied",
        Counter::Hop(Hop::Manifest, HopEvent::RetryDenied),
        "attempts at the manifest service that the edge's retry budget refused",
    ),
    counted(
        "manifest_wasted",
        Counter::Hop(Hop::Manifest, HopEvent::Wasted),
        "manifests made for nobody: the edge had given the call up",
    ),
    counted(
        "manifest_expired",
        Counter::Hop(Hop::Manifest, HopEvent::Expired),
        "calls dropped because they got a slot after their deadline",
    ),
    counted(
        "database_calls",
        Counter::Hop(Hop::Database, HopEvent::Call),
        "attempts of the manifest service to read, first ones and retries",
    ),
    counted(
        "database_timeouts",
        Counter::Hop(Hop::Database, HopEvent::Timeout),
        "attempts to read for which the manifest service waited in vain",
    ),
    counted(
        "database_retries_denied",
        Counter::Hop(Hop::Database, HopEvent::RetryDenied),
        "attempts to read that the manifest service's retry budget refused",
    ),
    counted(
        "database_wasted",
        Counter::Hop(Hop::Database, HopEvent::Wasted),
        "reads made for nobody: the manifest service had given them up",
    ),
    counted(
        "database_expired",
        Counter::Hop(Hop::Database, HopEvent::Expired),
        "reads dropped because they got a connection after their deadline",
    ),
    counted(
        "manifest_breaker_refused",
        Counter::Hop(Hop::Manifest, HopEvent::BreakerRefused),
        "attempts at the manifest service that an open breaker refused",
    ),
    counted(
        "manifest_fallbacks",
        Counter::Hop(Hop::Manifest, HopEvent::Fallback),
        "failed fetches that were answered by something else",
    ),
    counted(
        "manifest_fallback_failures",
        Counter::Hop(Hop::Manifest, HopEvent::FallbackFailure),
        "failed fetches whose fallback failed, too",
    ),
    counted(
        "database_breaker_refused",
        Counter::Hop(Hop::Database, HopEvent::BreakerRefused),
        "attempts to read that an open breaker refused",
    ),
    counted(
        "database_fallbacks",
        Counter::Hop(Hop::Database, HopEvent::Fallback),
        "calls that made do without their read",
    ),
    counted(
        "database_fallback_failures",
        Counter::Hop(Hop::Database, HopEvent::FallbackFailure),
        "calls that got no read and whose fallback failed, too",
    ),
    counted(
        "manifest_bulkhead_full",
        Counter::Hop(Hop::Manifest, HopEvent::BulkheadFull),
        "attempts at the manifest service that a full bulkhead refused",
    ),
    counted(
        "database_bulkhead_full",
        Counter::Hop(Hop::Database, HopEvent::BulkheadFull),
        "attempts to read that a full bulkhead refused",
    ),
    counted(
        "manifest_hedges",
        Counter::Hop(Hop::Manifest, HopEvent::Hedge),
        "second attempts at the manifest service, sent beside a first one",
    ),
    counted(
        "manifest_hedges_won",
        Counter::Hop(Hop::Manifest, HopEvent::HedgeWon),
        "second attempts at the manifest service that were answered first",
    ),
    counted(
        "manifest_hedges_denied",
        Counter::Hop(Hop::Manifest, HopEvent::HedgeDenied),
        "second attempts at the manifest service that a budget, breaker or bulkhead refused",
    ),
    counted(
        "database_hedges",
        Counter::Hop(Hop::Database, HopEvent::Hedge),
        "second attempts to read, sent beside a first one",
    ),
    counted(
        "database_hedges_won",
        Counter::Hop(Hop::Database, HopEvent::HedgeWon),
        "second attempts to read that were answered first",
    ),
    counted(
        "database_hedges_denied",
        Counter::Hop(Hop::Database, HopEvent::HedgeDenied),
        "second attempts to read that a budget, breaker or bulkhead refused",
    ),
    counted(
        "manifest_resets",
        Counter::ManifestResets,
        "calls that were reset because their pod was gone",
    ),
    counted(
        "pods_ejected",
        Counter::PodsEjected,
        "pods that were taken out of service because they failed",
    ),
    counted(
        "cpu_throttles",
        Counter::CpuThrottles,
        "periods in which a pod's threads stood because its quota of processor time was used up",
    ),
    counted(
        "oom_kills",
        Counter::OomKills,
        "pods that were killed because they needed more memory than they may have",
    ),
    counted("validations", Counter::Validations, "fetches that only validate a request"),
    counted(
        "validations_failed",
        Counter::ValidationsFailed,
        "fetches that only validate a request, and failed",
    ),
    counted("evicted", Counter::Evicted, "metadata entries thrown out by a fault"),
    sampled(
        "latency",
        Timer::Latency,
        "from the start of the first attempt to the answer, for requests that were answered",
    ),
    sampled(
        "wait",
        Timer::Wait,
        "time in the queue of the manifest service (or of the single pool)",
    ),
    sampled("wait_high", Timer::WaitHigh, "as `wait`, for the high class where there are two"),
    sampled("wait_low", Timer::WaitLow, "as `wait`, for the low class where there are two"),
    sampled("database_wait", Timer::DatabaseWait, "time in the queue for a database connection"),
    sampled(
        "lock_wait",
        Timer::LockWait,
        "time that a coalesced request waited for another's fetch",
    ),
    sampled(
        "failover_time",
        Timer::FailoverTime,
        "from the loss of a network's site until its viewers are served again; one value a network",
    ),
    sampled("staleness", Timer::Staleness, "age of the data in an answer"),
    level(
        "manifest_queue",
        Gauge::ManifestQueue,
        Unit::Count,
        "fetches that wait for a slot, peak of each second",
    ),
    level(
        "manifest_busy",
        Gauge::ManifestBusy,
        Unit::Count,
        "manifest slots in use, peak of each second",
    ),
    level(
        "database_queue",
        Gauge::DatabaseQueue,
        Unit::Count,
        "reads that wait for a connection, peak of each second",
    ),
    level(
        "database_busy",
        Gauge::DatabaseBusy,
        Unit::Count,
        "database connections in use, peak of each second",
    ),
    level(
        "replication_lag",
        Gauge::ReplicationLag,
        Unit::Time,
        "how far the region's replica is behind by a fault, peak of each second",
    ),
    level(
        "pods_ready",
        Gauge::PodsReady,
        Unit::Count,
        "pods of the manifest service that take calls, peak of each second; 0 where nothing makes \
         them differ",
    ),
    level(
        "nodes",
        Gauge::Nodes,
        Unit::Count,
        "nodes that run pods of the manifest service or are on their way, peak of each second; 0 \
         without an autoscaler",
    ),
    level(
        "cpu_throttled",
        Gauge::CpuThrottled,
        Unit::Count,
        "pods whose threads all stand because their quota is used up, peak of each second",
    ),
    level(
        "manifest_breaker",
        Gauge::ManifestBreaker,
        Unit::Count,
        "the edge's breaker before the manifest service: 0 closed, 1 half open, 2 open; of several \
         the most open, peak of each second",
    ),
    level(
        "database_breaker",
        Gauge::DatabaseBreaker,
        Unit::Count,
        "the manifest service's breaker before its database: 0 closed, 1 half open, 2 open; of \
         several the most open, peak of each second",
    ),
    counted(
        "viewer_hedges",
        Counter::ViewerHedges,
        "second attempts of viewers, sent beside a first one",
    ),
    counted(
        "viewer_hedges_won",
        Counter::ViewerHedgesWon,
        "second attempts of viewers that were answered first",
    ),
    counted(
        "viewer_hedges_denied",
        Counter::ViewerHedgesDenied,
        "second attempts of viewers that a budget, breaker or bulkhead refused",
    ),
    counted(
        "viewer_breaker_refused",
        Counter::ViewerBreakerRefused,
        "attempts of viewers that an open breaker refused; they have failed at once",
    ),
    counted(
        "viewer_bulkhead_full",
        Counter::ViewerBulkheadFull,
        "attempts of viewers that a full bulkhead refused; they have failed at once",
    ),
    counted(
        "viewer_fallbacks",
        Counter::ViewerFallbacks,
        "failed requests that were answered by something else; they count as served",
    ),
    counted(
        "viewer_fallback_failures",
        Counter::ViewerFallbackFailures,
        "failed requests whose fallback failed, too",
    ),
    sampled(
        "wait_validations",
        Timer::WaitValidations,
        "as `wait`, for validations where they have slots of their own",
    ),
    level(
        "viewer_breaker",
        Gauge::ViewerBreaker,
        Unit::Count,
        "the viewers' breakers before the edge, one a network: 0 closed, 1 half open, 2 open; of \
         those served in a region the most open, peak of each second",
    ),
    level(
        "validations_queue",
        Gauge::ValidationsQueue,
        Unit::Count,
        "validations that wait for a slot of their own, peak of each second",
    ),
    level(
        "validations_busy",
        Gauge::ValidationsBusy,
        Unit::Count,
        "slots of validations' own in use, peak of each second",
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_unique_and_snake_case() {
        let mut names: Vec<_> = METRICS.iter().map(|row| row.name).collect();
        assert!(names.iter().all(|name| name.chars().all(|c| c.is_ascii_lowercase() || c == '_')));
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), METRICS.len());
    }
}
