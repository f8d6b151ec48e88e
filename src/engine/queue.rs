//! The queue of what is to come: by instant, then rank, then number.

use super::Event;
use crate::units::Instant;

/// A four-ary heap. Four children of a node share a cache line or two, which on this load is
/// cheaper than the depth of a binary heap.
#[derive(Debug)]
pub struct EventQueue<E> {
    heap: Vec<Entry<E>>,
    /// How many were ever put in: the number that breaks ties.
    numbered: u64,
}

#[derive(Clone, Copy, Debug)]
struct Entry<E> {
    at: Instant,
    /// Rank in the highest byte, number below it.
    order: u64,
    event: E,
}

const ARITY: usize = 4;
const NUMBER_BITS: u32 = 56;

impl<E> Entry<E> {
    #[inline]
    const fn key(&self) -> u128 {
        ((self.at.as_nanos() as u128) << 64) | self.order as u128
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self { heap: Vec::new(), numbered: 0 }
    }
}

impl<E: Event> EventQueue<E> {
    /// Puts an event in. Among equals of instant and rank the first one in is the first one out.
    #[inline]
    pub fn push(&mut self, at: Instant, event: E) {
        let order = (u64::from(event.rank()) << NUMBER_BITS) | self.numbered;
        self.numbered += 1;
        debug_assert!(self.numbered < 1 << NUMBER_BITS, "event numbers are used up");
        let entry = Entry { at, order, event };
        let mut hole = self.heap.len();
        self.heap.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if self.heap[parent].key() <= entry.key() {
                break;
            }
            self.heap[hole] = self.heap[parent];
            hole = parent;
        }
        self.heap[hole] = entry;
    }

    /// When the first event is due, or [`Instant::NEVER`].
    #[inline]
    #[must_use]
    pub fn next_at(&self) -> Instant {
        self.heap.first().map_or(Instant::NEVER, |entry| entry.at)
    }

    /// Takes the first event out.
    #[inline]
    pub fn pop(&mut self) -> Option<(Instant, E)> {
        let last = self.heap.pop()?;
        let Some(&first) = self.heap.first() else {
            return Some((last.at, last.event));
        };
        let heap = self.heap.as_mut_slice();
        let (len, key) = (heap.len(), last.key());
        let mut hole = 0;
        loop {
            let child = hole * ARITY + 1;
            let least = if child + ARITY <= len {
                // Both comparisons of pairs at once, and without branches: they are coin tosses.
                let keys = [0, 1, 2, 3].map(|n| heap[child + n].key());
                let one = usize::from(keys[1] < keys[0]);
                let two = 2 + usize::from(keys[3] < keys[2]);
                child + if keys[two] < keys[one] { two } else { one }
            } else if child < len {
                (child + 1..len).fold(child, |least, other| {
                    if heap[other].key() < heap[least].key() { other } else { least }
                })
            } else {
                break;
            };
            if key <= heap[least].key() {
                break;
            }
            heap[hole] = heap[least];
            hole = least;
        }
        self.heap[hole] = last;
        Some((first.at, first.event))
    }

    /// How many events wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.heap.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.heap.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::super::Seed;
    use super::*;
    use std::cmp::Reverse;
    use std::collections::BinaryHeap;

    #[derive(Clone, Copy, Debug)]
    struct Tagged(u8, u64);
    impl Event for Tagged {
        fn rank(self) -> u8 {
            self.0
        }
        fn fingerprint(self) -> u64 {
            self.1
        }
    }

    #[test]
    fn ties_go_by_rank_then_by_number() {
        let mut queue = EventQueue::default();
        let at = Instant::from_nanos(5);
        for (rank, tag) in [(2, 0), (1, 1), (2, 2), (0, 3), (1, 4)] {
            queue.push(at, Tagged(rank, tag));
        }
        queue.push(Instant::from_nanos(4), Tagged(9, 5));
        let order: Vec<u64> =
            std::iter::from_fn(|| queue.pop()).map(|(_, event)| event.1).collect();
        assert_eq!(order, [5, 3, 1, 4, 0, 2]);
        assert!(queue.is_empty());
        assert_eq!(queue.next_at(), Instant::NEVER);
    }

    /// Against the standard library's heap, which is an independent implementation.
    #[test]
    fn agrees_with_a_reference_heap_under_random_load() {
        let mut stream = Seed(3).stream("queue");
        let mut queue = EventQueue::default();
        let mut reference = BinaryHeap::new();
        for number in 0..20_000_u64 {
            if stream.below(3) < 2 {
                let (at, rank) = (stream.below(500), u8::try_from(stream.below(4)).unwrap());
                queue.push(Instant::from_nanos(at), Tagged(rank, number));
                reference.push(Reverse((at, rank, number)));
            } else {
                let popped = queue.pop().map(|(at, event)| (at.as_nanos(), event.0, event.1));
                assert_eq!(popped, reference.pop().map(|Reverse(key)| key));
            }
            assert_eq!(queue.len(), reference.len());
        }
    }
}
