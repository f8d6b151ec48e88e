//! Everything that can be seen, by name. Simulation and live mode fill the same list.

mod row;

use crate::units::Unit;
use row::{counted, figure, flag, level, sampled};

pub use row::{Described, Figure, Form, Metric};

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
    /// Requests answered with a fresh copy from the metadata cache.
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
    /// Calls that were reset because their pod was gone.
    ManifestResets,
    /// Pods that the load balancer took out of service because they failed.
    PodsEjected,
    /// Periods in which a pod's threads stood because its quota of processor time was used up.
    CpuThrottles,
    /// Pods that were killed because they needed more memory than they may have.
    OomKills,
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
}

impl Counter {
    /// How many there are.
    pub const COUNT: usize = Self::OomKills as usize + 1;
    /// The first of those that are part of a digest only where one of them was counted, so that
    /// digests do not change with the length of this list.
    pub(super) const FIRST_OPTIONAL: Self = Self::RefusedByBudget;
    /// The first of those that came later: they are part of a digest up to the last that was counted.
    pub(super) const FIRST_LATER: Self = Self::ManifestResets;
}
impl Sample {
    /// How many there are.
    pub const COUNT: usize = Self::WaitLow as usize + 1;
    /// The first of those that are part of a digest only where there is one of them, so that digests
    /// do not change with the length of this list.
    pub(super) const FIRST_OPTIONAL: Self = Self::WaitHigh;
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
    ];
}
impl Gauge {
    /// How many there are.
    pub const COUNT: usize = Self::CpuThrottled as usize + 1;
    /// The first of those that are part of a digest up to the last that was above zero, so that
    /// digests do not change with the length of this list.
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
    ];
}

/// Every name that a term may use.
pub const METRICS: &[Described] = &[
    Described {
        name: "availability",
        metric: Metric::Availability,
        form: Form::Alone,
        unit: Unit::Ratio,
        text: "answered requests as a share of those that ended, by when the viewer first asked",
    },
    figure(
        "error_budget_spent",
        Figure::ErrorBudgetSpent,
        Unit::Ratio,
        "what the judged part of the run spends of a month's error budget (1 - SLA of a month's requests)",
    ),
    figure(
        "monthly_cost",
        Figure::MonthlyCost,
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
    flag("hit", Counter::Hits, "answered with a fresh copy from the metadata cache"),
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
        Counter::ManifestRejected,
        "fetches turned away by a full queue of the manifest service or after too long a wait in it",
    ),
    counted("database_reads", Counter::DatabaseReads, "reads that the database began"),
    counted(
        "database_refused",
        Counter::DatabaseRefused,
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
        Counter::ManifestCalls,
        "attempts of fetches at the manifest service, first ones and retries",
    ),
    counted(
        "manifest_timeouts",
        Counter::ManifestTimeouts,
        "attempts at the manifest service for which the edge waited in vain",
    ),
    counted(
        "manifest_retries_denied",
        Counter::ManifestRetriesDenied,
        "attempts at the manifest service that the edge's retry budget refused",
    ),
    counted(
        "manifest_wasted",
        Counter::ManifestWasted,
        "manifests made for nobody: the edge had given the call up",
    ),
    counted(
        "manifest_expired",
        Counter::ManifestExpired,
        "calls dropped because they got a slot after their deadline",
    ),
    counted(
        "database_calls",
        Counter::DatabaseCalls,
        "attempts of the manifest service to read, first ones and retries",
    ),
    counted(
        "database_timeouts",
        Counter::DatabaseTimeouts,
        "attempts to read for which the manifest service waited in vain",
    ),
    counted(
        "database_retries_denied",
        Counter::DatabaseRetriesDenied,
        "attempts to read that the manifest service's retry budget refused",
    ),
    counted(
        "database_wasted",
        Counter::DatabaseWasted,
        "reads made for nobody: the manifest service had given them up",
    ),
    counted(
        "database_expired",
        Counter::DatabaseExpired,
        "reads dropped because they got a connection after their deadline",
    ),
    counted(
        "manifest_breaker_refused",
        Counter::ManifestBreakerRefused,
        "attempts at the manifest service that an open breaker refused",
    ),
    counted(
        "manifest_fallbacks",
        Counter::ManifestFallbacks,
        "failed fetches that were answered by something else",
    ),
    counted(
        "manifest_fallback_failures",
        Counter::ManifestFallbackFailures,
        "failed fetches whose fallback failed, too",
    ),
    counted(
        "database_breaker_refused",
        Counter::DatabaseBreakerRefused,
        "attempts to read that an open breaker refused",
    ),
    counted(
        "database_fallbacks",
        Counter::DatabaseFallbacks,
        "calls that made do without their read",
    ),
    counted(
        "database_fallback_failures",
        Counter::DatabaseFallbackFailures,
        "calls that got no read and whose fallback failed, too",
    ),
    counted(
        "manifest_bulkhead_full",
        Counter::ManifestBulkheadFull,
        "attempts at the manifest service that a full bulkhead refused",
    ),
    counted(
        "database_bulkhead_full",
        Counter::DatabaseBulkheadFull,
        "attempts to read that a full bulkhead refused",
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
    counted("evicted", Counter::Evicted, "metadata entries thrown out by a fault"),
    sampled(
        "latency",
        Sample::Latency,
        "from the start of the first attempt to the answer, for requests that were answered",
    ),
    sampled(
        "wait",
        Sample::Wait,
        "time in the queue of the manifest service (or of the single pool)",
    ),
    sampled("wait_high", Sample::WaitHigh, "as `wait`, for the high class where there are two"),
    sampled("wait_low", Sample::WaitLow, "as `wait`, for the low class where there are two"),
    sampled("database_wait", Sample::DatabaseWait, "time in the queue for a database connection"),
    sampled(
        "lock_wait",
        Sample::LockWait,
        "time that a coalesced request waited for another's fetch",
    ),
    sampled(
        "failover_time",
        Sample::FailoverTime,
        "from the loss of a network's site until its viewers are served again; one value a network",
    ),
    sampled("staleness", Sample::Staleness, "age of the data in an answer"),
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
    level(
        "pods_ready",
        Gauge::PodsReady,
        Unit::Count,
        "pods of the manifest service that take calls, peak of each second; 0 where nothing makes \
         them differ",
    ),
    level(
        "cpu_throttled",
        Gauge::CpuThrottled,
        Unit::Count,
        "pods whose threads all stand because their quota is used up, peak of each second",
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
