//! The hops of a request behind the edge's cache, and in what their client sides differ: what is counted,
//! what levels are seen, and in which words a trace tells of them.

use crate::model::{Call, Fabric, PATIENCE};
use crate::observe::{Counter, Gauge, Sample};
use crate::sim::run::tracer::Part;
use crate::units::Span;

/// A hop: what calls what.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Hop {
    /// A fill of the edge's metadata cache calls the manifest service.
    Manifest,
    /// A call at the manifest service reads from its database.
    Database,
    /// A fill of the edge's content cache asks the origin.
    Origin,
}

/// What is counted of a hop, each in the region of the viewer for whom it happens.
#[derive(Debug)]
pub struct HopCounters {
    /// Attempts, hedges among them.
    pub calls: Counter,
    /// Attempts that the caller gave up because they had not been answered in time.
    pub timeouts: Counter,
    /// Retries that the budget refused.
    pub retries_denied: Counter,
    /// Attempts that the breaker refused.
    pub breaker_refused: Counter,
    /// Attempts for which the bulkhead was full.
    pub bulkhead_full: Counter,
    /// Second attempts beside one that had not been answered.
    pub hedges: Counter,
    /// Hedges that were answered first.
    pub hedges_won: Counter,
    /// Hedges that a budget, a breaker or a bulkhead refused.
    pub hedges_denied: Counter,
    /// Calls that failed and were answered by the fallback.
    pub fallbacks: Counter,
    /// Calls that failed and whose fallback failed, too.
    pub fallback_failures: Counter,
    /// Attempts that the server refused: its queue was full, or the wait too long.
    pub rejected: Counter,
    /// Attempts whose deadline had passed when the server came to them.
    pub expired: Counter,
    /// Wasted work: answers for which no caller was waiting any more.
    pub wasted: Counter,
}

/// The levels of a hop.
#[derive(Debug)]
pub struct HopGauges {
    /// The state of the client's breaker that is most open.
    pub breaker: Gauge,
    /// Attempts that wait for a slot or connection.
    pub queue: Gauge,
    /// Slots or connections in use.
    pub busy: Gauge,
}

/// How a trace tells of a hop.
#[derive(Debug)]
pub struct HopParts {
    /// What waits for a call of this hop.
    pub requester: Part,
    /// An attempt.
    pub attempt: Part,
    /// What is said of an attempt that its own client refuses.
    pub refused: &'static str,
}

/// In what a hop differs from the others.
#[derive(Debug)]
pub struct HopTable {
    /// What is counted.
    pub counters: HopCounters,
    /// Which levels are seen.
    pub gauges: HopGauges,
    /// How long an attempt waited at the server.
    pub wait: Sample,
    /// How a trace tells of it.
    pub parts: HopParts,
    /// Whether an attempt's time-out begins only when the server has let it in: where it is refused, it
    /// is refused at the same instant.
    pub times_admitted_only: bool,
}

const MANIFEST: HopTable = HopTable {
    counters: HopCounters {
        calls: Counter::ManifestCalls,
        timeouts: Counter::ManifestTimeouts,
        retries_denied: Counter::ManifestRetriesDenied,
        breaker_refused: Counter::ManifestBreakerRefused,
        bulkhead_full: Counter::ManifestBulkheadFull,
        hedges: Counter::ManifestHedges,
        hedges_won: Counter::ManifestHedgesWon,
        hedges_denied: Counter::ManifestHedgesDenied,
        fallbacks: Counter::ManifestFallbacks,
        fallback_failures: Counter::ManifestFallbackFailures,
        rejected: Counter::ManifestRejected,
        expired: Counter::ManifestExpired,
        wasted: Counter::ManifestWasted,
    },
    gauges: HopGauges {
        breaker: Gauge::ManifestBreaker,
        queue: Gauge::ManifestQueue,
        busy: Gauge::ManifestBusy,
    },
    wait: Sample::Wait,
    parts: HopParts {
        requester: Part::Fetch,
        attempt: Part::Call,
        refused: "a call is refused before it leaves",
    },
    times_admitted_only: true,
};

const DATABASE: HopTable = HopTable {
    counters: HopCounters {
        calls: Counter::DatabaseCalls,
        timeouts: Counter::DatabaseTimeouts,
        retries_denied: Counter::DatabaseRetriesDenied,
        breaker_refused: Counter::DatabaseBreakerRefused,
        bulkhead_full: Counter::DatabaseBulkheadFull,
        hedges: Counter::DatabaseHedges,
        hedges_won: Counter::DatabaseHedgesWon,
        hedges_denied: Counter::DatabaseHedgesDenied,
        fallbacks: Counter::DatabaseFallbacks,
        fallback_failures: Counter::DatabaseFallbackFailures,
        rejected: Counter::DatabaseRefused,
        expired: Counter::DatabaseExpired,
        wasted: Counter::DatabaseWasted,
    },
    gauges: HopGauges {
        breaker: Gauge::DatabaseBreaker,
        queue: Gauge::DatabaseQueue,
        busy: Gauge::DatabaseBusy,
    },
    wait: Sample::DatabaseWait,
    parts: HopParts {
        requester: Part::Call,
        attempt: Part::Read,
        refused: "a read is refused before it leaves",
    },
    times_admitted_only: false,
};

const ORIGIN: HopTable = HopTable {
    counters: HopCounters {
        calls: Counter::OriginCalls,
        timeouts: Counter::OriginTimeouts,
        retries_denied: Counter::OriginRetriesDenied,
        breaker_refused: Counter::OriginBreakerRefused,
        bulkhead_full: Counter::OriginBulkheadFull,
        hedges: Counter::OriginHedges,
        hedges_won: Counter::OriginHedgesWon,
        hedges_denied: Counter::OriginHedgesDenied,
        fallbacks: Counter::OriginFallbacks,
        fallback_failures: Counter::OriginFallbackFailures,
        rejected: Counter::OriginRejected,
        expired: Counter::OriginExpired,
        wasted: Counter::OriginWasted,
    },
    gauges: HopGauges {
        breaker: Gauge::OriginBreaker,
        queue: Gauge::OriginQueue,
        busy: Gauge::OriginBusy,
    },
    wait: Sample::OriginWait,
    parts: HopParts {
        requester: Part::Fill,
        attempt: Part::Ask,
        refused: "a request to the origin is refused before it leaves",
    },
    times_admitted_only: false,
};

impl Hop {
    /// In what it differs from the others.
    #[must_use]
    pub const fn table(self) -> &'static HopTable {
        match self {
            Self::Manifest => &MANIFEST,
            Self::Database => &DATABASE,
            Self::Origin => &ORIGIN,
        }
    }

    /// How calls are made over it; `None` where there is no such hop.
    #[must_use]
    pub fn call(self, fabric: &Fabric) -> Option<&Call> {
        match self {
            Self::Manifest => Some(&fabric.manifest.call),
            Self::Database => fabric.database.as_ref().map(|database| &database.call),
            Self::Origin => Some(&fabric.origin.call),
        }
    }

    /// The longest wait in the server's queue, where that is bounded for all alike.
    #[must_use]
    pub fn longest_wait(self, fabric: &Fabric) -> Option<Span> {
        match self {
            Self::Manifest => None, // each class of slots has its own
            Self::Database => fabric.database.as_ref().and_then(|database| database.wait),
            Self::Origin => fabric.origin.wait,
        }
    }

    /// How long an attempt is waited for; `None`: for ever. The way to the origin can be cut, so that an
    /// attempt there always has an end.
    #[must_use]
    pub fn timeout(self, call: &Call) -> Option<Span> {
        match self {
            Self::Manifest | Self::Database => call.timeout,
            Self::Origin => Some(call.timeout.unwrap_or(PATIENCE)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ALL: [Hop; 3] = [Hop::Manifest, Hop::Database, Hop::Origin];

    /// What is counted, by its name.
    fn names(counters: &HopCounters) -> Vec<String> {
        let HopCounters { calls, timeouts, retries_denied, breaker_refused, .. } = counters;
        let HopCounters { bulkhead_full, hedges, hedges_won, hedges_denied, .. } = counters;
        let HopCounters { fallbacks, fallback_failures, rejected, expired, wasted, .. } = counters;
        let all = [
            calls,
            timeouts,
            retries_denied,
            breaker_refused,
            bulkhead_full,
            hedges,
            hedges_won,
            hedges_denied,
            fallbacks,
            fallback_failures,
            rejected,
            expired,
            wasted,
        ];
        all.map(|counter| format!("{counter:?}")).into()
    }

    #[test]
    fn each_hop_counts_each_thing_in_a_counter_of_its_own() {
        let mut seen = std::collections::BTreeSet::new();
        for hop in ALL {
            let (own, table) = (format!("{hop:?}"), hop.table());
            let names = names(&table.counters);
            assert!(names.iter().all(|name| name.starts_with(&own)), "{own}: {names:?}");
            seen.extend(names);
            let gauges = [table.gauges.breaker, table.gauges.queue, table.gauges.busy];
            seen.extend(gauges.map(|gauge| format!("{gauge:?}")));
        }
        assert_eq!(seen.len(), ALL.len() * (13 + 3));
    }
}
