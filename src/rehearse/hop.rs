//! The hops behind the edge, as what is told of them names them.

use crate::fabric::{Call, Plan};
use crate::observe::{Counter, Gauge};

/// A hop: who calls whom.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Hop {
    /// The edge calls the manifest service.
    Manifest,
    /// The manifest service calls its database.
    Database,
    /// The edge calls the origin, where anybody asks for segments.
    Origin,
}

impl Hop {
    /// All, from the edge inwards.
    pub const ALL: [Self; 3] = [Self::Manifest, Self::Database, Self::Origin];

    /// Its name in reports and labels: that of the service called.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Manifest => "manifest",
            Self::Database => "database",
            Self::Origin => "origin",
        }
    }

    /// The state of its breakers: 0 closed, 1 half open, 2 open.
    #[must_use]
    pub const fn breaker(self) -> Gauge {
        match self {
            Self::Manifest => Gauge::ManifestBreaker,
            Self::Database => Gauge::DatabaseBreaker,
            Self::Origin => Gauge::OriginBreaker,
        }
    }

    /// Calls that failed and whose fallback failed, too.
    #[must_use]
    pub const fn fallback_failures(self) -> Counter {
        match self {
            Self::Manifest => Counter::ManifestFallbackFailures,
            Self::Database => Counter::DatabaseFallbackFailures,
            Self::Origin => Counter::OriginFallbackFailures,
        }
    }

    fn call(self, plan: &Plan) -> Option<&Call> {
        match self {
            Self::Manifest => Some(&plan.fabric.manifest.call),
            Self::Database => plan.fabric.database.as_ref().map(|database| &database.call),
            Self::Origin => plan.load.has_segments().then_some(&plan.fabric.origin.call),
        }
    }

    /// The hops of a plan that have a breaker.
    #[must_use]
    pub fn with_breaker(plan: &Plan) -> Vec<Self> {
        let has = |hop: &Self| hop.call(plan).is_some_and(|call| call.breaker.is_some());
        Self::ALL.into_iter().filter(has).collect()
    }

    /// The hops of a plan that have a breaker or a fallback.
    #[must_use]
    pub fn with_fallback(plan: &Plan) -> Vec<Self> {
        let has = |hop: &Self| {
            hop.call(plan).is_some_and(|call| call.breaker.is_some() || call.fallback.is_some())
        };
        Self::ALL.into_iter().filter(has).collect()
    }
}
