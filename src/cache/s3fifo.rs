//! S3-FIFO: three queues, of which the small one keeps out what is asked for once.

use super::queue::Queue;
use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

/// Where an object is: two bits of its state. Two more count what it was asked for, up to three.
const PLACE: u8 = 0b11;
const ABSENT: u8 = 0;
const SMALL: u8 = 1;
const MAIN: u8 = 2;
const GHOST: u8 = 3;
const ONCE: u8 = 0b100;
const MOST: u8 = 0b1100;
/// An object that was asked for so often in the small queue goes on to the main one.
const PROMOTED: u8 = 2 * ONCE;

/// S3-FIFO (Yang et al., "FIFO queues are all you need for cache eviction", SOSP 2023) with
/// libCacheSim's defaults: a tenth for the small queue, ghosts for nine tenths, two requests to go on
/// to the main queue. As there, nothing larger than the small queue is taken in; unlike there, what
/// just fits is, and a cache below ten slots has a small queue of one.
#[derive(Clone, Debug)]
pub(super) struct S3Fifo<W> {
    capacity: u64,
    small: Part,
    main: Part,
    ghost: Part,
    state: Vec<u8>,
    /// Where an object stands in the queue of ghosts. An entry that is not there is stale, because
    /// its object was asked for in the meantime.
    ghost_at: Vec<u32>,
    ghosts: u32,
    /// Until the first eviction, what does not fit the small queue goes to the main one.
    evicted: bool,
    weights: W,
}

#[derive(Clone, Debug)]
struct Part {
    queue: Queue,
    held: u64,
    most: u64,
}

impl Part {
    fn new(most: u64) -> Self {
        Self { queue: Queue::new(), held: 0, most }
    }
}

impl<W: Weigh> S3Fifo<W> {
    fn evict(&mut self) {
        self.evicted = true;
        if self.main.held > self.main.most || self.small.held == 0 {
            self.evict_from_main();
        } else {
            self.evict_from_small();
        }
    }

    /// Lets objects of the small queue go on, until one becomes a ghost or none is left.
    fn evict_from_small(&mut self) {
        while self.small.held > 0 {
            let (object, _) = self.small.queue.pop();
            self.small.queue.prefetch(&self.state);
            let room = self.weights.of(object);
            self.small.held -= room;
            if self.state[object as usize] & MOST < PROMOTED {
                self.haunt(object, room);
                return;
            }
            self.state[object as usize] = MAIN;
            self.main.queue.push(object);
            self.main.held += room;
        }
    }

    fn evict_from_main(&mut self) {
        while self.main.held > 0 {
            let (object, _) = self.main.queue.pop();
            self.main.queue.prefetch(&self.state);
            let state = &mut self.state[object as usize];
            if *state >= ONCE {
                *state -= ONCE;
                self.main.queue.push(object);
            } else {
                *state = ABSENT;
                self.main.held -= self.weights.of(object);
                return;
            }
        }
    }

    /// Makes an object a ghost: its name is kept for a while.
    fn haunt(&mut self, object: u32, room: u64) {
        self.state[object as usize] = ABSENT;
        if room > self.ghost.most {
            return;
        }
        while self.ghost.held > self.ghost.most - room {
            let (oldest, place) = self.ghost.queue.pop();
            if self.is_ghost(oldest, place) {
                self.state[oldest as usize] = ABSENT;
                self.lay(oldest);
            }
        }
        if self.ghost.queue.len() / 4 > self.ghosts + 16 {
            self.drop_stale();
        }
        self.state[object as usize] = GHOST;
        self.ghost_at[object as usize] = self.ghost.queue.push(object);
        self.ghost.held += room;
        self.ghosts += 1;
    }

    fn is_ghost(&self, object: u32, place: u32) -> bool {
        let object = object as usize;
        self.state[object] == GHOST && self.ghost_at[object] == place
    }

    /// Takes an object's room and number off the ghosts'.
    fn lay(&mut self, object: u32) {
        self.ghost.held -= self.weights.of(object);
        self.ghosts -= 1;
    }

    #[cold]
    fn drop_stale(&mut self) {
        for _ in 0..self.ghost.queue.len() {
            let (object, place) = self.ghost.queue.pop();
            if self.is_ghost(object, place) {
                self.ghost_at[object as usize] = self.ghost.queue.push(object);
            }
        }
    }
}

impl<W: Weigh> Replace for S3Fifo<W> {
    fn empty(capacity: u64) -> Self {
        let small = (capacity / 10).max(1);
        let ghost = capacity / 10 * 9 + capacity % 10 * 9 / 10;
        Self {
            capacity,
            small: Part::new(small),
            main: Part::new(capacity.saturating_sub(small)),
            ghost: Part::new(ghost),
            state: Vec::new(),
            ghost_at: Vec::new(),
            ghosts: 0,
            evicted: false,
            weights: W::default(),
        }
    }

    fn grow(&mut self, objects: usize) {
        self.state.resize(objects, ABSENT);
        self.ghost_at.resize(objects, 0);
        self.weights.grow(objects);
    }

    #[inline]
    fn request(&mut self, object: u32, size: u64) -> bool {
        let state = &mut self.state[object as usize];
        let place = *state & PLACE;
        if place == SMALL || place == MAIN {
            *state += if *state < MOST { ONCE } else { 0 };
            return true;
        }
        if place == GHOST {
            *state = ABSENT;
            self.lay(object);
        }
        let room = W::room(size);
        if room > self.small.most.min(self.capacity) {
            return false;
        }
        while self.small.held + self.main.held > self.capacity - room {
            self.evict();
        }
        self.weights.set(object, room);
        let overflows = !self.evicted && self.small.held >= self.small.most;
        let (part, place) = if place == GHOST || overflows {
            (&mut self.main, MAIN)
        } else {
            (&mut self.small, SMALL)
        };
        part.queue.push(object);
        part.held += room;
        self.state[object as usize] = place;
        false
    }

    #[inline]
    fn holds(&self, object: u32) -> bool {
        matches!(self.state[object as usize] & PLACE, SMALL | MAIN)
    }

    fn held(&self) -> u64 {
        self.small.held + self.main.held
    }

    #[inline]
    fn prefetch(&self, object: u32) {
        prefetch(&self.state, object as usize);
    }
}
