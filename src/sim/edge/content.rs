//! The cache of video segments beside an edge.

use crate::cache::{Bytes, Cache};
use crate::engine::Stream;
use crate::model::Content;
use crate::sim::edge::locks::Locks;
use crate::trace::KeyIndex;

/// What a request for a segment finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// A copy.
    Copy,
    /// None, and another request is fetching it and holds the lock.
    Locked(u32),
    /// None: fetch it.
    Missing,
}

/// The cache of segments of one region. What is in it does not go stale.
///
/// A request counts with the policy when it finds a copy, or when its fetch has come and is taken in;
/// those who wait for another's fetch do not count.
#[derive(Debug)]
pub struct ContentCache {
    cache: Cache<Bytes>,
    /// Segments by number become dense numbers in the order in which they were first taken in.
    index: KeyIndex,
    /// By dense number: a copy that a fault has thrown out, and whose room the policy has not used yet.
    purged: Vec<bool>,
    fetching: Locks,
    lock: bool,
    empty: Cache<Bytes>,
}

impl ContentCache {
    /// An empty cache; `None` where it is off.
    #[must_use]
    pub fn new(config: &Content) -> Option<Self> {
        let store = config.store?;
        let empty = Cache::of_bytes(store.policy, store.bytes);
        Some(Self {
            cache: empty.clone(),
            index: KeyIndex::with_limit(u32::MAX),
            purged: Vec::new(),
            fetching: Locks::default(),
            lock: config.lock.is_some(),
            empty,
        })
    }

    /// The dense number of a segment that has a copy which may be served.
    fn copy(&self, object: u32) -> Option<u32> {
        let number = self.index.get(object.into())?;
        let purged = self.purged.get(number as usize).copied().unwrap_or(false);
        (!purged && self.cache.holds(number)).then_some(number)
    }

    /// What a request finds. A copy that it finds has been used.
    pub fn find(&mut self, object: u32, bytes: u64) -> Found {
        if let Some(number) = self.copy(object) {
            self.cache.request(number, bytes);
            return Found::Copy;
        }
        match self.fetching.get(object).filter(|_| self.lock) {
            Some(fetch) => Found::Locked(fetch),
            None => Found::Missing,
        }
    }

    /// A fetch begins: it takes the lock if that is free and locks are on.
    pub fn begin(&mut self, object: u32, fetch: u32) {
        if self.lock {
            self.fetching.take(object, fetch);
        }
    }

    /// A fetch has ended, one way or the other.
    pub fn end(&mut self, object: u32, fetch: u32) {
        self.fetching.free(object, fetch);
    }

    /// A segment has come: the policy takes it in, or does not.
    pub fn fill(&mut self, object: u32, bytes: u64) {
        // As many keys as there are segments, which fit 32 bits.
        let Ok(number) = self.index.insert(object.into()) else {
            return;
        };
        if let Some(purged) = self.purged.get_mut(number as usize) {
            *purged = false;
        }
        self.cache.request(number, bytes);
    }

    /// Throws each copy out with the given chance. Returns how many went. Those of a share stay where
    /// they are until the policy comes to them, as what a content delivery network has purged does; if
    /// all go, the cache is empty.
    pub fn evict(&mut self, share: f64, stream: &mut Stream) -> u64 {
        let mut gone = 0;
        self.purged.resize(self.index.len() as usize, false);
        for (number, purged) in (0_u32..).zip(&mut self.purged) {
            if !*purged && self.cache.holds(number) && stream.chance(share) {
                *purged = true;
                gone += 1;
            }
        }
        if share >= 1.0 {
            self.cache.clone_from(&self.empty);
            self.purged.clear();
        }
        gone
    }
}

#[cfg(test)]
#[path = "content_tests.rs"]
mod tests;
