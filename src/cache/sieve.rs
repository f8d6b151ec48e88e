//! SIEVE: a hand moves from old to new past objects that were asked for.

use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

const ABSENT: u8 = 0;
const CACHED: u8 = 1;
const ASKED: u8 = 2;
/// How far ahead of the hand an object's state is asked for.
const AHEAD: usize = 8;
/// Evictions leave a gap behind the hand, which is closed when it is this long and as long as what
/// stands beside it.
const SHORTEST_GAP: usize = 1_024;

/// SIEVE (Zhang et al., "SIEVE is simpler than LRU", NSDI 2024) without links. Objects stand from old
/// to new in an array; the hand closes up those that stay as it passes them, so between what it has
/// passed and where it stands is a gap of those that left.
#[derive(Clone, Debug)]
pub(super) struct Sieve<W> {
    capacity: u64,
    held: u64,
    state: Vec<u8>,
    order: Vec<u32>,
    /// Objects before this place have been passed since the hand was at the old end.
    passed: usize,
    /// Where the hand stands; what lies between is the gap.
    hand: usize,
    weights: W,
}

impl<W: Weigh> Sieve<W> {
    /// Removes one object. There must be one.
    fn evict(&mut self) {
        loop {
            let object = self.order[self.hand];
            if let Some(&soon) = self.order.get(self.hand + AHEAD) {
                prefetch(&self.state, soon as usize);
            }
            self.hand += 1;
            let state = &mut self.state[object as usize];
            let asked = *state == ASKED;
            if asked {
                *state = CACHED;
                self.order[self.passed] = object;
                self.passed += 1;
            } else {
                *state = ABSENT;
                self.held -= self.weights.of(object);
            }
            if self.hand == self.order.len() {
                self.order.truncate(self.passed);
                (self.hand, self.passed) = (0, 0);
            }
            if !asked {
                return;
            }
        }
    }

    fn close_gap(&mut self) {
        let gap = self.hand - self.passed;
        if gap >= SHORTEST_GAP && gap >= self.order.len() - self.hand {
            self.order.copy_within(self.hand.., self.passed);
            self.order.truncate(self.order.len() - gap);
            self.hand = self.passed;
        }
    }
}

impl<W: Weigh> Replace for Sieve<W> {
    fn empty(capacity: u64) -> Self {
        let (state, order, weights) = (Vec::new(), Vec::new(), W::default());
        Self { capacity, held: 0, state, order, passed: 0, hand: 0, weights }
    }

    fn grow(&mut self, objects: usize) {
        self.state.resize(objects, ABSENT);
        self.weights.grow(objects);
    }

    #[inline]
    fn request(&mut self, object: u32, size: u64) -> bool {
        let state = &mut self.state[object as usize];
        if *state != ABSENT {
            *state = ASKED;
            return true;
        }
        let room = W::room(size);
        if room > self.capacity {
            return false;
        }
        while self.held > self.capacity - room {
            self.evict();
        }
        self.close_gap();
        self.state[object as usize] = CACHED;
        self.weights.set(object, room);
        self.held += room;
        self.order.push(object);
        false
    }

    fn held(&self) -> u64 {
        self.held
    }

    #[inline]
    fn prefetch(&self, object: u32) {
        prefetch(&self.state, object as usize);
    }
}
