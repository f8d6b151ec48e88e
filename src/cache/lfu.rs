//! LFU: who was asked for least often leaves, and of several the one that waits longest.

use super::NONE;
use super::list::{List, Node};
use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

/// Least frequently used, with a list for each frequency that occurs, so that a request takes
/// constant time (Shah, Mitra and Matani, "An O(1) algorithm for implementing the LFU cache eviction
/// scheme", 2010). Of those with the lowest frequency the one leaves that reached it first, which is
/// also the least recently used of them. A frequency is forgotten when its object leaves.
#[derive(Clone, Debug)]
pub(super) struct Lfu<W> {
    capacity: u64,
    held: u64,
    nodes: Vec<Node>,
    /// The frequency that an object belongs to; [`NONE`] when it is not cached.
    level: Vec<u32>,
    levels: Vec<Level>,
    /// The lowest level, or [`NONE`].
    lowest: u32,
    /// Levels that are not in use, linked by `above`.
    free: u32,
    weights: W,
}

/// The objects that were asked for equally often.
#[derive(Clone, Copy, Debug)]
struct Level {
    frequency: u64,
    objects: List,
    below: u32,
    above: u32,
}

impl<W: Weigh> Lfu<W> {
    /// The level of this frequency right above another one ([`NONE`]: the lowest of all), which is
    /// made when there is none.
    #[allow(clippy::cast_possible_truncation)] // reason: at most one level an object
    fn level_above(&mut self, below: u32, frequency: u64) -> u32 {
        let above = match below {
            NONE => self.lowest,
            below => self.levels[below as usize].above,
        };
        if above != NONE && self.levels[above as usize].frequency == frequency {
            return above;
        }
        let level = Level { frequency, objects: List::EMPTY, below, above };
        let number = match self.free {
            NONE => {
                self.levels.push(level);
                (self.levels.len() - 1) as u32
            }
            free => {
                self.free = self.levels[free as usize].above;
                self.levels[free as usize] = level;
                free
            }
        };
        self.link(below, number);
        self.link(number, above);
        number
    }

    /// Makes two levels neighbours; either may be [`NONE`], the end.
    fn link(&mut self, below: u32, above: u32) {
        match below {
            NONE => self.lowest = above,
            below => self.levels[below as usize].above = above,
        }
        if above != NONE {
            self.levels[above as usize].below = below;
        }
    }

    /// Takes an object off its level, and the level away when it was the last one.
    fn leave(&mut self, object: u32) {
        let number = self.level[object as usize];
        let level = &mut self.levels[number as usize];
        level.objects.remove(&mut self.nodes, object);
        if level.objects.tail() == NONE {
            let Level { below, above, .. } = *level;
            level.above = self.free;
            self.free = number;
            self.link(below, above);
        }
    }

    fn join(&mut self, object: u32, level: u32) {
        self.levels[level as usize].objects.prepend(&mut self.nodes, object);
        self.level[object as usize] = level;
    }

    fn evict(&mut self) {
        let object = self.levels[self.lowest as usize].objects.tail();
        self.leave(object);
        self.level[object as usize] = NONE;
        self.held -= self.weights.of(object);
    }
}

impl<W: Weigh> Replace for Lfu<W> {
    fn empty(capacity: u64) -> Self {
        Self {
            capacity,
            held: 0,
            nodes: Vec::new(),
            level: Vec::new(),
            levels: Vec::new(),
            lowest: NONE,
            free: NONE,
            weights: W::default(),
        }
    }

    fn grow(&mut self, objects: usize) {
        self.nodes.resize(objects, Node::LOOSE);
        self.level.resize(objects, NONE);
        self.weights.grow(objects);
    }

    fn request(&mut self, object: u32, size: u64) -> bool {
        let level = self.level[object as usize];
        if level != NONE {
            let next = self.level_above(level, self.levels[level as usize].frequency + 1);
            self.leave(object);
            self.join(object, next);
            return true;
        }
        let room = W::room(size);
        if room > self.capacity {
            return false;
        }
        while self.held > self.capacity - room {
            self.evict();
        }
        let first = self.level_above(NONE, 1);
        self.join(object, first);
        self.weights.set(object, room);
        self.held += room;
        false
    }

    #[inline]
    fn holds(&self, object: u32) -> bool {
        self.level[object as usize] != NONE
    }

    fn held(&self) -> u64 {
        self.held
    }

    #[inline]
    fn prefetch(&self, object: u32) {
        prefetch(&self.level, object as usize);
        prefetch(&self.nodes, object as usize);
    }
}
