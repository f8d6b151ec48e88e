//! Hops as alerts and levels name them: whose breaker it is.

use crate::fabric::{Call, Plan};
use crate::observe::{Counter, Gauge, Hop, HopEvent};

/// A client with a breaker and a fallback of its own.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum ClientHop {
    /// Viewers, who ask the edge.
    Viewers,
    /// The client side of a hop between services.
    Service(Hop),
}

impl ClientHop {
    /// All, from the viewers inwards.
    pub const ALL: [Self; 4] = [
        Self::Viewers,
        Self::Service(Hop::Manifest),
        Self::Service(Hop::Database),
        Self::Service(Hop::Origin),
    ];

    /// Its name in reports and labels: that of the service called, or of who asks the edge.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewers => "viewers",
            Self::Service(hop) => hop.name(),
        }
    }

    /// The state of its breakers: 0 closed, 1 half open, 2 open.
    #[must_use]
    pub const fn breaker(self) -> Gauge {
        match self {
            Self::Viewers => Gauge::ViewerBreaker,
            Self::Service(Hop::Manifest) => Gauge::ManifestBreaker,
            Self::Service(Hop::Database) => Gauge::DatabaseBreaker,
            Self::Service(Hop::Origin) => Gauge::OriginBreaker,
        }
    }

    /// Calls that failed and whose fallback failed, too.
    #[must_use]
    pub const fn fallback_failures(self) -> Counter {
        match self {
            Self::Viewers => Counter::ViewerFallbackFailures,
            Self::Service(hop) => Counter::Hop(hop, HopEvent::FallbackFailure),
        }
    }

    /// Whether it has a breaker, and whether a fallback.
    fn has(self, plan: &Plan) -> (bool, bool) {
        let of = |call: &Call| (call.breaker.is_some(), call.fallback.is_some());
        match self {
            Self::Viewers => {
                let shield = &plan.fabric.viewers.shield;
                (shield.breaker.is_some(), shield.fallback.is_some())
            }
            Self::Service(Hop::Manifest) => of(&plan.fabric.manifest.call),
            Self::Service(Hop::Database) => {
                plan.fabric.database.as_ref().map_or((false, false), |database| of(&database.call))
            }
            Self::Service(Hop::Origin) if plan.load.has_segments() => of(&plan.fabric.origin.call),
            Self::Service(Hop::Origin) => (false, false),
        }
    }

    /// The hops of a plan that have a breaker.
    #[must_use]
    pub fn with_breaker(plan: &Plan) -> Vec<Self> {
        Self::ALL.into_iter().filter(|hop| hop.has(plan).0).collect()
    }

    /// The hops of a plan that have a breaker or a fallback.
    #[must_use]
    pub fn with_fallback(plan: &Plan) -> Vec<Self> {
        let has = |hop: &Self| hop.has(plan) != (false, false);
        Self::ALL.into_iter().filter(has).collect()
    }
}
