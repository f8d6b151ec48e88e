//! Slots of the manifest service that belong to one kind of fetch alone.

use crate::units::Span;

/// A pool of slots for each kind of fetch instead of one that all share: bulkheads (Nygard, "Release It!",
/// 2007), so that one kind that is slow holds no slot of the other.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClassPools {
    /// For fetches that make a manifest.
    pub manifests: ClassPool,
    /// For those that only validate a request.
    pub validations: ClassPool,
}

/// The slots of one kind of fetch.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ClassPool {
    /// Slots of each pod, at least 1; those of all pools are those of a pod.
    pub slots: u32,
    /// Fetches of this kind that may wait in a region; `None` is without bound.
    pub queue: Option<u32>,
    /// The longest wait for a slot; `None` is without bound.
    pub wait: Option<Span>,
}
