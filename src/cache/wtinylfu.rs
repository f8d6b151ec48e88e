//! W-TinyLFU: a small window, and behind it a main cache that only takes in what is asked for more
//! often than what would have to leave.

use super::list::{List, Node};
use super::sketch::Sketch;
use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

const ABSENT: u8 = 0;
const WINDOW: u8 = 1;
const PROBATION: u8 = 2;
const PROTECTED: u8 = 3;
/// The sketch's first size; it doubles with what is cached.
const FIRST_ENTRIES: u64 = 64;

/// W-TinyLFU (Einziger, Friedman and Manes, ACM Transactions on Storage 13(4), 2017) with Caffeine's
/// defaults at the start: a window of one in a hundred, four fifths of the main cache protected, 4-bit
/// counters that are halved after ten requests an entry. Without two things that Caffeine adds: it
/// never moves the window's bound (hill climbing), and never admits at random against attacks on its
/// hash.
///
/// With sizes in bytes a candidate must beat each object that has to leave for it, in turn, and what
/// it has beaten is gone ("queue of victims" in Einziger, Eytan, Friedman and Manes, "Lightweight
/// robust size aware cache management", ACM Transactions on Storage 18(3), 2022).
#[derive(Clone, Debug)]
pub(super) struct WTinyLfu<W> {
    capacity: u64,
    window_most: u64,
    protected_most: u64,
    held: u64,
    window_held: u64,
    protected_held: u64,
    objects: u64,
    state: Vec<u8>,
    nodes: Vec<Node>,
    window: List,
    probation: List,
    protected: List,
    sketch: Sketch,
    weights: W,
}

impl<W: Weigh> WTinyLfu<W> {
    fn hit(&mut self, object: u32) {
        let nodes = &mut self.nodes;
        match self.state[object as usize] {
            WINDOW => self.window.refresh(nodes, object),
            PROTECTED => self.protected.refresh(nodes, object),
            _ if self.weights.of(object) > self.protected_most => {
                self.probation.refresh(nodes, object);
            }
            _ => self.promote(object),
        }
    }

    fn promote(&mut self, object: u32) {
        self.probation.remove(&mut self.nodes, object);
        self.protected.prepend(&mut self.nodes, object);
        self.state[object as usize] = PROTECTED;
        self.protected_held += self.weights.of(object);
        while self.protected_held > self.protected_most {
            let demoted = self.protected.tail();
            self.protected.remove(&mut self.nodes, demoted);
            self.probation.prepend(&mut self.nodes, demoted);
            self.state[demoted as usize] = PROBATION;
            self.protected_held -= self.weights.of(demoted);
        }
    }

    fn insert(&mut self, object: u32, room: u64) {
        self.weights.set(object, room);
        self.state[object as usize] = WINDOW;
        self.held += room;
        self.window_held += room;
        self.objects += 1;
        if self.objects > self.sketch.entries() {
            self.sketch.grow((self.sketch.entries() * 2).min(self.capacity));
        }
        if room > self.window_most {
            self.window.append(&mut self.nodes, object);
        } else {
            self.window.prepend(&mut self.nodes, object);
        }
        while self.window_held > self.window_most || self.held > self.capacity {
            self.settle();
        }
    }

    /// Moves the window's oldest object to the main cache, where it stays if there is room, or if it
    /// is asked for more often than whoever has to make room.
    fn settle(&mut self) {
        let candidate = self.window.tail();
        self.window.remove(&mut self.nodes, candidate);
        self.window_held -= self.weights.of(candidate);
        self.probation.prepend(&mut self.nodes, candidate);
        self.state[candidate as usize] = PROBATION;
        while self.held > self.capacity {
            let victim = self.probation.tail();
            if victim == candidate
                || self.sketch.estimate(candidate) <= self.sketch.estimate(victim)
            {
                self.evict(candidate);
                return;
            }
            self.evict(victim);
        }
    }

    /// Removes an object on probation.
    fn evict(&mut self, object: u32) {
        self.probation.remove(&mut self.nodes, object);
        self.state[object as usize] = ABSENT;
        self.held -= self.weights.of(object);
        self.objects -= 1;
    }
}

impl<W: Weigh> Replace for WTinyLfu<W> {
    fn empty(capacity: u64) -> Self {
        let window_most = capacity.div_ceil(100);
        let main = capacity - window_most;
        Self {
            capacity,
            window_most,
            protected_most: main / 5 * 4 + main % 5 * 4 / 5,
            held: 0,
            window_held: 0,
            protected_held: 0,
            objects: 0,
            state: Vec::new(),
            nodes: Vec::new(),
            window: List::EMPTY,
            probation: List::EMPTY,
            protected: List::EMPTY,
            sketch: Sketch::new(FIRST_ENTRIES.min(capacity)),
            weights: W::default(),
        }
    }

    fn grow(&mut self, objects: usize) {
        self.state.resize(objects, ABSENT);
        self.nodes.resize(objects, Node::LOOSE);
        self.weights.grow(objects);
    }

    fn request(&mut self, object: u32, size: u64) -> bool {
        self.sketch.record(object);
        if self.state[object as usize] != ABSENT {
            self.hit(object);
            return true;
        }
        let room = W::room(size);
        if room <= self.capacity {
            self.insert(object, room);
        }
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
        prefetch(&self.nodes, object as usize);
    }
}
