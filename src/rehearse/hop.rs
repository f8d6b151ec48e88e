//! The hops, as what is told of them names them.

use crate::model::{Call, Plan};
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
                let client_policy = &plan.fabric.viewers.client_policy;
                (client_policy.breaker.is_some(), client_policy.fallback.is_some())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rehearse::{Asked, Rehearsal, rehearse};
    use crate::scenario::{Edit, Source};
    use std::num::NonZeroUsize;
    use std::path::Path;
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    fn rehearsed(path: &str, edits: &[&str]) -> Rehearsal {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios").join(path);
        let asked = Asked {
            edits: edits.iter().map(|edit| Edit::from_option(edit).unwrap()).collect(),
            seeds: Vec::new(),
            threads: NonZeroUsize::MIN,
            control: false,
            stop: Arc::new(AtomicBool::new(false)),
        };
        rehearse(&Source::open(&path).unwrap(), &asked, &|_| {}).unwrap()
    }

    /// No read works for 110 s, and neither does every other fallback of the viewers.
    #[test]
    fn a_breaker_of_viewers_is_told_of_and_pages_with_its_fallback() {
        let rehearsal = rehearsed(
            "resilience/breaker-fallback-fails.toml",
            &[
                "inject.errors.duration=110s",
                "fabric.routing.networks=1",
                "fabric.database.call.fallback=none",
                "fabric.database.call.breaker=none",
                "fabric.viewers.breaker={ window = 20, open = \"10s\", trials = 3 }",
                "fabric.viewers.fallback={ failing = \"50%\" }",
            ],
        );
        let run = &rehearsal.runs[0];
        let pages = |alert: &&crate::rehearse::Alert| alert.firing.is_some();
        let paged: Vec<_> = run.alerts.iter().filter(pages).collect();
        let seen: Vec<_> = paged.iter().map(|alert| (alert.name, alert.hop)).collect();
        assert_eq!(seen, [("CircuitBreakerOpenFallbackFailing", Hop::Viewers)]);
        let told: Vec<&str> = run.course.iter().map(|spell| spell.what).collect();
        assert!(told.contains(&"viewer-breaker"), "{told:?}");
        assert!(!told.contains(&"database-breaker"), "{told:?}");
    }
}
