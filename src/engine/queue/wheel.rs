//! What is due soon: by buckets of time.

use super::{Entry, Heap};
use crate::units::Instant;

/// Buckets of time, each about as long as it takes from one event to the next, so that one holds
/// about one event (Brown, "Calendar Queues", Communications of the ACM 31(10), 1988). A bit for each
/// bucket finds the next that holds any.
#[derive(Debug)]
pub(super) struct Wheel<E> {
    links: Vec<Link<E>>,
    /// The first free link.
    free: u32,
    /// By bucket, the first link of its events, which are in no order.
    heads: Box<[u32; BUCKETS]>,
    /// A bit for each bucket that holds any.
    marks: [u64; BUCKETS / 64],
    /// The bucket that comes next, counted from instant zero. What is due earlier is in it, too.
    base: u64,
    /// Nanoseconds of a bucket, as a power of two.
    bits: u32,
    len: usize,
}

#[derive(Clone, Copy, Debug)]
struct Link<E> {
    entry: Entry<E>,
    next: u32,
}

const BUCKETS: usize = 256;
const NONE: u32 = u32::MAX;
/// More in one bucket than this are not looked through each time.
const MANY: u32 = 24;
/// The longest bucket: about 18 minutes.
const LONGEST_BITS: u32 = 40;

impl<E> Default for Wheel<E> {
    fn default() -> Self {
        Self {
            links: Vec::new(),
            free: NONE,
            heads: Box::new([NONE; BUCKETS]),
            marks: [0; BUCKETS / 64],
            base: 0,
            // A sixteenth of a millisecond to begin with.
            bits: 16,
            len: 0,
        }
    }
}

/// Where a bucket lies in the wheel.
#[inline]
#[allow(clippy::cast_possible_truncation)] // reason: the remainder is what is wanted
const fn place_of(bucket: u64) -> usize {
    bucket as usize % BUCKETS
}

impl<E: Copy> Wheel<E> {
    #[inline]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Nothing is due before this instant any more.
    #[inline]
    pub fn turn_to(&mut self, at: Instant) {
        self.base = self.base.max(at.as_nanos() >> self.bits);
    }

    /// Puts an event in, and says where it is; not if it is due beyond the last bucket.
    #[inline(always)] // reason: an event is long, and copied at each call
    #[allow(clippy::cast_possible_truncation)] // reason: fewer events wait than that
    pub fn push(&mut self, entry: Entry<E>) -> Option<u32> {
        let bucket = (entry.at.as_nanos() >> self.bits).max(self.base);
        if bucket - self.base >= BUCKETS as u64 {
            return None;
        }
        let place = place_of(bucket);
        let link = Link { entry, next: self.heads[place] };
        let at = self.free;
        let at = if let Some(free) = self.links.get_mut(at as usize) {
            self.free = free.next;
            *free = link;
            at
        } else {
            self.links.push(link);
            self.links.len() as u32 - 1
        };
        self.heads[place] = at;
        self.marks[place / 64] |= 1 << (place % 64);
        self.len += 1;
        Some(at)
    }

    /// The first event's key, and where it is. A bucket that holds many is emptied into the heap.
    #[inline]
    pub fn first(&mut self, heap: &mut Heap<E>) -> Option<(u128, u32)> {
        while self.len > 0 {
            let place = self.next_place();
            let (mut least, mut first) = (u128::MAX, NONE);
            let (mut at, mut seen) = (self.heads[place], 0);
            while let Some(link) = self.links.get(at as usize) {
                let key = link.entry.key();
                if key <= least {
                    (least, first) = (key, at);
                }
                at = link.next;
                seen += 1;
            }
            if seen <= MANY {
                return Some((least, first));
            }
            self.empty(place, heap);
        }
        None
    }

    /// The place of the next bucket that holds any, when some does.
    #[inline]
    fn next_place(&mut self) -> usize {
        let start = place_of(self.base);
        let word = start / 64;
        let rest = self.marks[word] >> (start % 64);
        if rest != 0 {
            let steps = rest.trailing_zeros();
            self.base += u64::from(steps);
            return start + steps as usize;
        }
        self.next_place_beyond(word)
    }

    fn next_place_beyond(&mut self, word: usize) -> usize {
        let words = (1..=self.marks.len()).map(|step| (word + step) % self.marks.len());
        let found = words.map(|word| (word, self.marks[word])).find(|&(_, marks)| marks != 0);
        let (word, marks) = found.unwrap_or((word, 1));
        let place = word * 64 + marks.trailing_zeros() as usize;
        self.base += (place + BUCKETS - place_of(self.base)) as u64 % BUCKETS as u64;
        place
    }

    /// Takes out the event that [`Self::first`] found, or one that came later and is due sooner.
    #[inline]
    pub fn take(&mut self, at: u32) -> Entry<E> {
        let Link { entry, next } = self.links[at as usize];
        let place = place_of((entry.at.as_nanos() >> self.bits).max(self.base));
        let mut before = self.heads[place];
        if before == at {
            self.heads[place] = next;
            if next == NONE {
                self.marks[place / 64] &= !(1 << (place % 64));
            }
        } else {
            while self.links[before as usize].next != at {
                before = self.links[before as usize].next;
            }
            self.links[before as usize].next = next;
        }
        self.links[at as usize].next = self.free;
        self.free = at;
        self.len -= 1;
        entry
    }

    /// Puts the events of one bucket into the heap.
    #[cold]
    fn empty(&mut self, place: usize, heap: &mut Heap<E>) {
        self.marks[place / 64] &= !(1 << (place % 64));
        let mut at = std::mem::replace(&mut self.heads[place], NONE);
        while let Some(link) = self.links.get_mut(at as usize) {
            heap.push(link.entry);
            self.len -= 1;
            (self.free, link.next, at) = (at, self.free, link.next);
        }
    }

    /// Makes buckets about as long as the time from one event to the next, where they are not.
    #[cold]
    pub fn fit(&mut self, now: Instant, gap: u64, heap: &mut Heap<E>) {
        let bits = gap.max(1).ilog2().min(LONGEST_BITS);
        if bits.abs_diff(self.bits) < 2 {
            return;
        }
        let mut all = Vec::with_capacity(self.len);
        for &head in self.heads.iter() {
            let mut at = head;
            while let Some(link) = self.links.get(at as usize) {
                all.push(link.entry);
                at = link.next;
            }
        }
        *self = Self { links: std::mem::take(&mut self.links), bits, ..Self::default() };
        self.links.clear();
        self.turn_to(now);
        for entry in all {
            if self.push(entry).is_none() {
                heap.push(entry);
            }
        }
    }
}
