//! The queue of what is to come: by instant, then rank, then number.

mod heap;
mod wheel;

use super::Event;
use crate::units::Instant;
use heap::Heap;
use wheel::Wheel;

/// Events in their order. What is due soon is kept by buckets of time, what is due later in a heap. Which
/// of the two an event is in changes nothing but the speed.
#[derive(Debug)]
pub struct EventQueue<E> {
    soon: Wheel<E>,
    later: Heap<E>,
    /// The key of the first of all; the greatest of all keys when there is none.
    first: u128,
    /// Where in the wheel that is, or [`LATER`].
    place: u32,
    /// How many were taken out since the length of buckets was last looked at, and when that was.
    taken: u32,
    since: Instant,
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

const NUMBER_BITS: u32 = 56;
/// In the heap.
const LATER: u32 = u32::MAX;
/// So few are quicker in the heap.
const FEW: usize = 4;
/// After so many events the length of buckets is looked at.
const LOOK: u32 = 1_024;

impl<E> Entry<E> {
    #[inline]
    const fn key(&self) -> u128 {
        ((self.at.as_nanos() as u128) << 64) | self.order as u128
    }
}

impl<E> Default for EventQueue<E> {
    fn default() -> Self {
        Self {
            soon: Wheel::default(),
            later: Heap::default(),
            first: u128::MAX,
            place: LATER,
            taken: 0,
            since: Instant::ZERO,
            numbered: 0,
        }
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
        let few = self.soon.len() == 0 && self.later.len() < FEW;
        let soon = if few { None } else { self.soon.push(entry) };
        let place = soon.unwrap_or_else(|| {
            self.later.push(entry);
            LATER
        });
        if entry.key() < self.first {
            (self.first, self.place) = (entry.key(), place);
        }
    }

    /// When the first event is due, or [`Instant::NEVER`].
    #[inline]
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: the upper half
    pub const fn next_at(&self) -> Instant {
        Instant::from_nanos((self.first >> 64) as u64)
    }

    /// Takes the first event out.
    #[inline]
    pub fn pop(&mut self) -> Option<(Instant, E)> {
        let entry = if self.place == LATER {
            let entry = self.later.pop()?;
            self.soon.turn_to(entry.at);
            entry
        } else {
            self.soon.take(self.place)
        };
        self.taken += 1;
        if self.taken == LOOK {
            self.fit(entry.at);
        }
        let soon = self.soon.first(&mut self.later).unwrap_or((u128::MAX, LATER));
        let later = (self.later.first(), LATER);
        (self.first, self.place) = if soon.0 < later.0 { soon } else { later };
        Some((entry.at, entry.event))
    }

    #[cold]
    fn fit(&mut self, now: Instant) {
        let gap = now.since(self.since).as_nanos() / u64::from(LOOK);
        self.soon.fit(now, gap, &mut self.later);
        (self.taken, self.since) = (0, now);
    }

    /// How many events wait.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.soon.len() + self.later.len()
    }

    /// Whether nothing waits.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
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

    /// Against the standard library's heap, which is an independent implementation: gaps from
    /// nanoseconds to minutes, so that buckets have to be made longer and shorter, and at times
    /// hundreds at once.
    #[test]
    fn agrees_with_a_reference_heap_under_random_load() {
        for (seed, steady) in [(3, false), (4, true)] {
            let mut stream = Seed(seed).stream("queue");
            let mut queue = EventQueue::default();
            let mut reference = BinaryHeap::new();
            let mut now = 0;
            for number in 0..200_000_u64 {
                let spread = 1_u64 << (number / 5_000);
                let busy = if number % 40_000 < 20_000 { 4 } else { 3 };
                if stream.below(6) < busy {
                    let from = if steady { now } else { 0 };
                    let at = from + stream.below(500) / 3 * spread;
                    let at = if stream.chance(0.01) { at + 40_000 * spread } else { at };
                    let at = if stream.chance(0.2) { at / spread / 64 * 64 * spread } else { at };
                    let rank = u8::try_from(stream.below(4)).unwrap();
                    queue.push(Instant::from_nanos(at), Tagged(rank, number));
                    reference.push(Reverse((at, rank, number)));
                } else {
                    let popped = queue.pop().map(|(at, event)| (at.as_nanos(), event.0, event.1));
                    assert_eq!(popped, reference.pop().map(|Reverse(key)| key));
                    now = popped.map_or(now, |popped| popped.0);
                }
                let next = reference.peek().map(|Reverse(key)| Instant::from_nanos(key.0));
                assert_eq!(queue.next_at(), next.unwrap_or(Instant::NEVER));
                assert_eq!(
                    (queue.len(), queue.is_empty()),
                    (reference.len(), reference.is_empty())
                );
            }
        }
    }

    /// A thousand events of one instant take no thousand looks each.
    #[test]
    fn many_at_once_leave_the_wheel() {
        let mut queue = EventQueue::default();
        let at = Instant::from_nanos(1_000_000);
        (0..1_000).for_each(|tag| queue.push(at, Tagged(0, tag)));
        assert!(queue.soon.len() > 900);
        let first = queue.pop().map(|(_, event)| event.1);
        assert_eq!((first, queue.soon.len(), queue.len()), (Some(0), 0, 999));
        let rest: Vec<u64> = std::iter::from_fn(|| queue.pop()).map(|(_, event)| event.1).collect();
        assert_eq!(rest, (1..1_000).collect::<Vec<_>>());
    }
}
