//! LRU: who was asked for the longest time ago leaves.

use super::NONE;
use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

/// The log is swept when it is this many times as long as what it must hold, ...
const SLACK: usize = 8;
/// ... but not before it has so many entries.
const SHORTEST: usize = 4_096;
/// How far ahead of its use an entry's object is asked for.
const AHEAD: usize = 8;

/// LRU without links: a log of requests, and for each object where its last one stands. An entry
/// that is not its object's last is stale. A hit writes one entry and one place, where a list would
/// touch three nodes; an eviction skips stale entries, each of which is skipped once.
#[derive(Clone, Debug)]
pub(super) struct Lru<W> {
    capacity: u64,
    held: u64,
    /// Where an object's last request stands in the log; [`NONE`] when it is not cached.
    last: Vec<u32>,
    log: Vec<u32>,
    /// No entry before this one is anybody's last.
    oldest: usize,
    limit: usize,
    weights: W,
}

impl<W: Weigh> Lru<W> {
    fn evict(&mut self) {
        loop {
            let at = self.oldest;
            self.oldest += 1;
            let object = self.log[at] as usize;
            if let Some(&soon) = self.log.get(at + AHEAD) {
                prefetch(&self.last, soon as usize);
            }
            if self.last[object] as usize == at {
                self.last[object] = NONE;
                self.held -= self.weights.of(self.log[at]);
                return;
            }
        }
    }

    /// Drops the stale entries.
    #[cold]
    #[allow(clippy::cast_possible_truncation)] // reason: places are below the limit, below 2^32
    fn sweep(&mut self) {
        let mut kept = 0;
        for at in self.oldest..self.log.len() {
            let object = self.log[at];
            if self.last[object as usize] as usize == at {
                self.last[object as usize] = kept as u32;
                self.log[kept] = object;
                kept += 1;
            }
        }
        self.log.truncate(kept);
        self.oldest = 0;
        self.limit = (kept * SLACK).max(SHORTEST).min(NONE as usize - 1);
    }
}

impl<W: Weigh> Replace for Lru<W> {
    fn empty(capacity: u64) -> Self {
        let (last, log, weights) = (Vec::new(), Vec::new(), W::default());
        Self { capacity, held: 0, last, log, oldest: 0, limit: SHORTEST, weights }
    }

    fn grow(&mut self, objects: usize) {
        self.last.resize(objects, NONE);
        self.weights.grow(objects);
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: places are below the limit, below 2^32
    fn request(&mut self, object: u32, size: u64) -> bool {
        let hit = self.last[object as usize] != NONE;
        if !hit {
            let room = W::room(size);
            if room > self.capacity {
                return false;
            }
            while self.held > self.capacity - room {
                self.evict();
            }
            self.weights.set(object, room);
            self.held += room;
        }
        if self.log.len() >= self.limit {
            self.sweep();
        }
        self.last[object as usize] = self.log.len() as u32;
        self.log.push(object);
        hit
    }

    fn held(&self) -> u64 {
        self.held
    }

    #[inline]
    fn prefetch(&self, object: u32) {
        prefetch(&self.last, object as usize);
    }
}
