//! SIEVE: a hand moves from old to new past objects that were asked for.

use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

const ABSENT: u8 = 0;
const CACHED: u8 = 1;
const ASKED: u8 = 2;
/// The object is in the hand's window, at the place that the lower bits say.
const IN_WINDOW: u8 = 0x80;
/// Evictions leave a gap behind the hand, which is closed when it is this long and as long as what
/// stands beside it.
const SHORTEST_GAP: usize = 1_024;

/// SIEVE (Zhang et al., "SIEVE is simpler than LRU", NSDI 2024) without links. Objects stand from old
/// to new in an array; the hand closes up those that stay as it passes them, so between what it has
/// passed and where it stands is a gap of those that left.
///
/// The hand takes up to 64 objects at a time, and has a bit for each of them that may leave: a branch
/// for each, on whether it was asked for, would often be guessed wrongly.
#[derive(Clone, Debug)]
pub(super) struct Sieve<W> {
    capacity: u64,
    held: u64,
    state: Vec<u8>,
    order: Vec<u32>,
    /// Objects before this place have been passed since the hand was at the old end.
    passed: usize,
    /// Where the hand's window begins; what lies between is the gap.
    hand: usize,
    window: Window,
    weights: W,
}

/// Up to 64 objects from the hand on.
#[derive(Clone, Copy, Debug, Default)]
struct Window {
    length: usize,
    /// A bit for each object that the hand has not reached and that was not asked for.
    may_leave: u64,
    /// Those that have left.
    gone: u64,
    /// Those that the hand has passed or removed.
    behind: u64,
    /// Those that were asked for after that.
    asked: u64,
}

impl<W: Weigh> Sieve<W> {
    /// Removes one object. There must be one.
    #[inline]
    fn evict(&mut self) {
        while self.window.may_leave == 0 {
            self.pass_window();
            self.take_window();
        }
        let leaves = self.window.may_leave & self.window.may_leave.wrapping_neg();
        self.window.may_leave ^= leaves;
        self.window.gone |= leaves;
        self.window.behind |= leaves | (leaves - 1);
        let place = self.hand + leaves.trailing_zeros() as usize;
        let object = self.order[place];
        self.state[object as usize] = ABSENT;
        self.held -= self.weights.of(object);
        if place + 1 == self.order.len() {
            self.pass_window();
        }
    }

    /// The hand passes what is left of its window. From the new end it goes on at the old one.
    #[inline(never)]
    fn pass_window(&mut self) {
        let mut stay = !self.window.gone;
        if self.window.length < 64 {
            stay &= (1 << self.window.length) - 1;
        }
        while stay != 0 {
            let bit = stay.trailing_zeros();
            stay &= stay - 1;
            let object = self.order[self.hand + bit as usize];
            self.order[self.passed] = object;
            self.passed += 1;
            let asked = self.window.asked >> bit & 1 == 1;
            self.state[object as usize] = if asked { ASKED } else { CACHED };
        }
        self.hand += self.window.length;
        self.window = Window::default();
        if self.hand == self.order.len() {
            self.order.truncate(self.passed);
            (self.hand, self.passed) = (0, 0);
        }
    }

    /// Looks at the objects that the hand comes to next.
    #[inline(never)]
    #[allow(clippy::cast_possible_truncation)] // reason: below 64
    fn take_window(&mut self) {
        let next = &self.order[self.hand..];
        let next = &next[..next.len().min(64)];
        let mut may_leave = 0;
        for (bit, &object) in next.iter().enumerate() {
            let state = &mut self.state[object as usize];
            may_leave |= u64::from(*state == CACHED) << bit;
            *state = IN_WINDOW | bit as u8;
        }
        self.window = Window { length: next.len(), may_leave, ..Window::default() };
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
        let window = Window::default();
        Self { capacity, held: 0, state, order, passed: 0, hand: 0, window, weights }
    }

    fn grow(&mut self, objects: usize) {
        self.state.resize(objects, ABSENT);
        self.weights.grow(objects);
    }

    #[inline]
    fn request(&mut self, object: u32, size: u64) -> bool {
        let state = &mut self.state[object as usize];
        if *state >= IN_WINDOW {
            // Ahead of the hand it will be passed, and the request forgotten.
            let bit = 1 << (*state & 63);
            self.window.may_leave &= !bit;
            self.window.asked |= bit & self.window.behind;
            return true;
        }
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

    #[inline]
    fn holds(&self, object: u32) -> bool {
        self.state[object as usize] != ABSENT
    }

    fn held(&self) -> u64 {
        self.held
    }

    #[inline]
    fn prefetch(&self, object: u32) {
        prefetch(&self.state, object as usize);
    }
}
