//! A queue of objects in one block of memory.

use crate::engine::prefetch;

/// How far ahead of its use an element's state is asked for.
const AHEAD: u32 = 8;

/// First in, first out, in a ring whose length is a power of two. Places count on from one push to
/// the next and wrap after 2^32.
#[derive(Clone, Debug)]
pub(super) struct Queue {
    ring: Vec<u32>,
    front: u32,
    back: u32,
}

impl Queue {
    pub(super) fn new() -> Self {
        Self { ring: vec![0; 16], front: 0, back: 0 }
    }

    pub(super) const fn len(&self) -> u32 {
        self.back.wrapping_sub(self.front)
    }

    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: a ring has at most 2^32 places
    const fn slot(&self, place: u32) -> usize {
        (place & (self.ring.len() - 1) as u32) as usize
    }

    /// Puts an object behind the others and says at which place.
    #[inline]
    pub(super) fn push(&mut self, object: u32) -> u32 {
        if self.len() as usize == self.ring.len() {
            self.double();
        }
        let place = self.back;
        let slot = self.slot(place);
        self.ring[slot] = object;
        self.back = place.wrapping_add(1);
        place
    }

    #[cold]
    fn double(&mut self) {
        let old = std::mem::take(&mut self.ring);
        self.ring = vec![0; old.len() * 2];
        for step in 0..self.len() {
            let place = self.front.wrapping_add(step);
            let slot = self.slot(place);
            self.ring[slot] = old[place as usize & (old.len() - 1)];
        }
    }

    /// Takes the oldest object, with its place. The queue must not be empty.
    #[inline]
    pub(super) fn pop(&mut self) -> (u32, u32) {
        let place = self.front;
        self.front = place.wrapping_add(1);
        (self.ring[self.slot(place)], place)
    }

    /// Starts to load the state of an object that will be popped soon.
    #[inline]
    pub(super) fn prefetch<T>(&self, state: &[T]) {
        let soon = self.ring[self.slot(self.front.wrapping_add(AHEAD))];
        prefetch(state, soon as usize);
    }
}
