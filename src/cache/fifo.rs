//! FIFO and CLOCK: objects in the order in which they came.

use super::queue::Queue;
use super::weigh::{Replace, Weigh};
use crate::engine::prefetch;

const ABSENT: u8 = 0;
const CACHED: u8 = 1;
const ASKED: u8 = 2;

/// First in, first out; with a `SECOND` chance for who was asked for since, it is CLOCK: a hand that
/// goes round a ring and the head and tail of a queue are two views of the same order.
#[derive(Clone, Debug)]
pub(super) struct Fifo<W, const SECOND: bool> {
    capacity: u64,
    held: u64,
    state: Vec<u8>,
    queue: Queue,
    weights: W,
}

impl<W: Weigh, const SECOND: bool> Fifo<W, SECOND> {
    fn evict(&mut self) {
        loop {
            let (object, _) = self.queue.pop();
            self.queue.prefetch(&self.state);
            let state = &mut self.state[object as usize];
            if SECOND && *state == ASKED {
                *state = CACHED;
                self.queue.push(object);
            } else {
                *state = ABSENT;
                self.held -= self.weights.of(object);
                return;
            }
        }
    }
}

impl<W: Weigh, const SECOND: bool> Replace for Fifo<W, SECOND> {
    fn empty(capacity: u64) -> Self {
        let (state, queue, weights) = (Vec::new(), Queue::new(), W::default());
        Self { capacity, held: 0, state, queue, weights }
    }

    fn grow(&mut self, objects: usize) {
        self.state.resize(objects, ABSENT);
        self.weights.grow(objects);
    }

    #[inline]
    fn request(&mut self, object: u32, size: u64) -> bool {
        let state = &mut self.state[object as usize];
        if *state != ABSENT {
            if SECOND {
                *state = ASKED;
            }
            return true;
        }
        let room = W::room(size);
        if room > self.capacity {
            return false;
        }
        while self.held > self.capacity - room {
            self.evict();
        }
        self.state[object as usize] = CACHED;
        self.weights.set(object, room);
        self.held += room;
        self.queue.push(object);
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
