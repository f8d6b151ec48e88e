//! The manifest service of a region.

use super::{AutoscaleRules, Call, ClassPools, PodRules};
use crate::engine::Law;
use crate::units::Span;

/// The manifest service of a region.
#[derive(Clone, Debug)]
pub struct Manifest {
    /// Pods, at least 1.
    pub pods: u32,
    /// Requests that a pod works on at once, at least 1.
    pub slots: u32,
    /// Fetches that may wait; `None` is without bound.
    pub queue: Option<u32>,
    /// In which order they are taken.
    pub discipline: Discipline,
    /// The longest wait for a slot; one that has waited so long leaves unserved. `None` is without
    /// bound. Where all share the slots, nobody waits.
    pub wait: Option<Span>,
    /// A queue that has not been empty for so long stands: it does not go away by itself (100 ms).
    pub standing: Span,
    /// The longest wait in a queue that stands; who gets a slot after more is turned away then. `None`
    /// is off (controlled delay, after CoDel, RFC 8289; Maurer 2015 has 5 ms).
    pub controlled_delay: Option<Span>,
    /// With priorities: the share of fetches that are of the high class, 0 to 1.
    pub high: f64,
    /// The share of fetches that only validate a request, and so need no read, 0 to 1.
    pub validations: f64,
    /// What one takes, beside its read.
    pub service: Law,
    /// How the edge calls it.
    pub call: Call,
    /// How its pods are started, chosen and taken out of service.
    pub pod: PodRules,
    /// What changes their number; `None` is nothing.
    pub autoscale: Option<AutoscaleRules>,
    /// Slots for each kind of fetch; `None`: all share them. Not where they share the servers.
    pub pools: Option<ClassPools>,
}

impl Manifest {
    /// Requests that all pods of a region work on at once.
    #[must_use]
    pub const fn all_slots(&self) -> u32 {
        self.pods.saturating_mul(self.slots)
    }

    /// A pod's slots for each kind of fetch, in the order of [`ClassPools`]; all are of the first where
    /// they share them.
    #[must_use]
    pub fn lanes(&self) -> [u32; 2] {
        let apart = |pools: ClassPools| [pools.manifests.slots, pools.validations.slots];
        self.pools.map_or([self.slots, 0], apart)
    }
}

/// In which order a queue is emptied.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Discipline {
    /// First come, first served.
    Fifo,
    /// Last come, first served.
    Lifo,
    /// First come, first served, but last come, first served while the queue stands ([`Manifest::standing`];
    /// Maurer, "Fail at Scale", ACM Queue 13(8), 2015).
    AdaptiveLifo,
    /// All are worked on at once and share the servers equally (Kleinrock 1967).
    ProcessorSharing,
    /// Two classes: a server that is free takes the high one first; nobody is interrupted
    /// (Cobham 1954).
    Priority,
}
