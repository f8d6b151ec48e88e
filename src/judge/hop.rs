//! The hops, as what is told of them names them.

use crate::fabric::{Call, Plan};
use crate::observe::{Counter, Gauge};

/// A hop: who calls whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Hop {
    /// Viewers ask the edge.
    Viewers,
    /// The edge calls the manifest service.
    Manifest,
    /// The manifest service calls its database.
    Database,
    /// The edge calls the origin, where anybody asks for segments.
    Origin,
}

impl Hop {
    /// All, from the viewers inwards.
    pub const ALL: [Self; 4] = [Self::Viewers, Self::Manifest, Self::Database, Self::Origin];

    /// Its name in reports and labels: that of the service called, or of who asks the edge.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Viewers => "viewers",
            Self::Manifest => "manifest",
            Self::Database => "database",
            Self::Origin => "origin",
        }
    }

    /// The state of its breakers: 0 closed, 1 half open, 2 open.
    #[must_use]
    pub const fn breaker(self) -> Gauge {
        match self {
            Self::Viewers => Gauge::ViewerBreaker,
            Self::Manifest => Gauge::ManifestBreaker,
            Self::Database => Gauge::DatabaseBreaker,
            Self::Origin => Gauge::OriginBreaker,
        }
    }

    /// Calls that failed and whose fallback failed, too.
    #[must_use]
    pub const fn fallback_failures(self) -> Counter {
        match self {
            Self::Viewers => Counter::ViewerFallbackFailures,
            Self::Manifest => Counter::ManifestFallbackFailures,
            Self::Database => Counter::DatabaseFallbackFailures,
            Self::Origin => Counter::OriginFallbackFailures,
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
            Self::Manifest => of(&plan.fabric.manifest.call),
            Self::Database => {
                plan.fabric.database.as_ref().map_or((false, false), |database| of(&database.call))
            }
            Self::Origin if plan.load.has_segments() => of(&plan.fabric.origin.call),
            Self::Origin => (false, false),
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
