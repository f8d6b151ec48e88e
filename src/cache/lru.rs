//! LRU: who was asked for the longest time ago leaves.

use super::Misses;
use super::weigh::{AHEAD, Replace, Weigh};
use crate::engine::prefetch;

/// The log is swept when it is this many times as long as what it must hold, ...
const SLACK: usize = 8;
/// ... but not before it has so many entries.
const SHORTEST: usize = 4_096;
/// So many requests are looked up at once.
const BATCH: usize = 256;

/// LRU without links: a log of requests, and for each object the number of its last one. What is
/// cached are the objects whose last request is not before a number that only rises, so nothing is
/// written to an object that leaves.
///
/// Which of the 64 oldest entries are still somebody's last is a bit each. What an eviction does is so
/// little that in a full cache of slots it is computed for every request, and used for those that
/// miss: a branch there would be guessed wrongly more often than not, which costs more than the rest.
#[derive(Clone, Debug)]
pub(super) struct Lru<W> {
    capacity: u64,
    held: u64,
    /// The number of an object's last request; below `oldest` when it is not cached.
    last: Vec<u32>,
    /// The oldest number that is cached.
    oldest: u32,
    /// The number of the log's first entry. Numbers go on when the log is swept, so that those of
    /// objects that have left stay below `oldest`.
    first: u32,
    log: Vec<u32>,
    length: usize,
    /// 1 for each entry that is not its object's last; room for a window beyond the log, and a last
    /// place for what was before it.
    stale: Vec<u8>,
    window: Window,
    weights: W,
}

/// 64 entries of the log, the oldest of which some are live.
#[derive(Clone, Copy, Debug)]
struct Window {
    /// The number of the first.
    start: u32,
    /// A bit for each that is its object's last and not before the oldest, or not yet written.
    live: u64,
}

impl Window {
    #[inline]
    fn lowest(self) -> u32 {
        self.start + self.live.trailing_zeros()
    }

    /// An entry is not its object's last any more, or was before the window.
    #[inline]
    fn remove(&mut self, number: u32) {
        let bit = number.wrapping_sub(self.start);
        self.live &= !(u64::from(bit < 64) << (bit % 64));
    }

    /// Moves on to the next 64 entries of which one is live. There must be one.
    ///
    /// Not inlined, so that the loop that calls it once in a while has the registers for itself.
    #[inline(never)]
    fn refilled(mut self, first: u32, stale: &[u8]) -> Self {
        while self.live == 0 {
            self.start += 64;
            let from = (self.start - first) as usize;
            for (byte, eight) in stale[from..from + 64].as_chunks().0.iter().enumerate() {
                // Gathers the lowest bits of eight bytes in the highest byte.
                let bits = u64::from_le_bytes(*eight).wrapping_mul(0x0102_0408_1020_4080) >> 56;
                self.live |= (bits ^ 0xff) << (8 * byte);
            }
        }
        self
    }
}

impl<W: Weigh> Lru<W> {
    /// The first of these requests, at most [`BATCH`] for which the log has room, in a full cache of
    /// slots. Three loops, because each of them then keeps what it needs in registers: the numbers of
    /// the requests before, which do not depend on who is cached; who was; and what that adds up to.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: a log is shorter than 2^32
    fn serve_full(&mut self, ids: &[u32], count: usize, sizes: &[u64]) -> Misses {
        let Self { first, mut oldest, length, mut window, .. } = *self;
        let begin = first + length as u32;
        self.log[length..length + count].copy_from_slice(&ids[..count]);
        let mut before = [0; BATCH];
        for (at, before) in before.iter_mut().enumerate().take(count) {
            if let Some(&soon) = ids.get(at + AHEAD) {
                prefetch(&self.last, soon as usize);
            }
            let last = &mut self.last[ids[at] as usize];
            *before = *last;
            *last = begin + at as u32;
        }
        // All bits or none, because a `bool` may become a branch.
        let mut missed = [0; BATCH];
        let (stale, nowhere) = (&mut self.stale[..], self.log.len() + 64);
        for (missed, &number) in missed.iter_mut().zip(&before).take(count) {
            let miss = number < oldest;
            *missed = u64::from(miss).wrapping_neg();
            window.remove(number);
            stale[(number.wrapping_sub(first) as usize).min(nowhere)] = 1;
            if window.live == 0 {
                window = window.refilled(first, stale);
            }
            oldest = if miss { window.lowest() + 1 } else { oldest };
            window.live &= window.live - u64::from(miss);
        }
        (self.oldest, self.length, self.window) = (oldest, length + count, window);
        Misses {
            misses: missed[..count].iter().map(|missed| missed & 1).sum(),
            bytes: missed[..count].iter().zip(sizes).map(|(missed, size)| missed & size).sum(),
        }
    }

    /// One request, for which the log has room.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: a log is shorter than 2^32
    fn serve(&mut self, object: u32, size: u64) -> bool {
        let before = self.last[object as usize];
        let hit = before >= self.oldest;
        if hit {
            self.window.remove(before);
            self.stale[(before - self.first) as usize] = 1;
        } else {
            let room = W::room(size);
            if room > self.capacity {
                return false;
            }
            while self.held > self.capacity - room {
                if self.window.live == 0 {
                    self.window = self.window.refilled(self.first, &self.stale);
                }
                let leaves = self.window.lowest();
                self.oldest = leaves + 1;
                self.window.live &= self.window.live - 1;
                self.held -= self.weights.of(self.log[(leaves - self.first) as usize]);
            }
            self.weights.set(object, room);
            self.held += room;
        }
        self.log[self.length] = object;
        self.last[object as usize] = self.first + self.length as u32;
        self.length += 1;
        hit
    }

    /// Drops the stale entries and numbers the others anew.
    #[cold]
    #[inline(never)]
    #[allow(clippy::cast_possible_truncation)] // reason: a log is shorter than 2^32
    fn sweep(&mut self) {
        let mut kept = 0;
        for at in (self.oldest - self.first) as usize..self.length {
            self.log[kept] = self.log[at];
            kept += usize::from(self.stale[at] ^ 1);
        }
        let limit = (kept * SLACK).clamp(SHORTEST, u32::MAX as usize - 65);
        // A window may reach 64 numbers beyond the log.
        let end = (self.first + self.length as u32).checked_add(limit as u32 + 64);
        self.first = end.map_or(1, |end| end - limit as u32 - 64);
        if end.is_none() {
            self.last.fill(0);
        }
        for (number, &object) in (self.first..).zip(&self.log[..kept]) {
            self.last[object as usize] = number;
        }
        self.oldest = self.first;
        self.window = Window { start: self.first, live: u64::MAX };
        self.length = kept;
        self.log.resize(limit, 0);
        self.stale.clear();
        self.stale.resize(limit + 65, 0);
    }
}

impl<W: Weigh> Replace for Lru<W> {
    fn empty(capacity: u64) -> Self {
        Self {
            capacity,
            held: 0,
            last: Vec::new(),
            oldest: 1,
            first: 1,
            log: vec![0; SHORTEST],
            stale: vec![0; SHORTEST + 65],
            length: 0,
            window: Window { start: 1, live: u64::MAX },
            weights: W::default(),
        }
    }

    fn grow(&mut self, objects: usize) {
        self.last.resize(objects, 0);
        self.weights.grow(objects);
    }

    #[inline]
    fn request(&mut self, object: u32, size: u64) -> bool {
        if self.length == self.log.len() {
            self.sweep();
        }
        self.serve(object, size)
    }

    #[inline]
    fn replay(&mut self, ids: &[u32], sizes: &[u64]) -> Misses {
        let (mut misses, mut at) = (Misses::default(), 0);
        while at < ids.len() {
            if self.length == self.log.len() {
                self.sweep();
            }
            if W::ALIKE && self.held == self.capacity && self.capacity > 0 {
                let room = self.log.len() - self.length;
                let count = (ids.len() - at).min(room).min(BATCH);
                let sizes = sizes.get(at..).unwrap_or_default();
                misses += self.serve_full(&ids[at..], count, sizes);
                at += count;
            } else {
                if let Some(&soon) = ids.get(at + AHEAD) {
                    self.prefetch(soon);
                }
                let size = sizes.get(at).copied().unwrap_or_default();
                misses.count(size, self.serve(ids[at], size));
                at += 1;
            }
        }
        misses
    }

    #[inline]
    fn holds(&self, object: u32) -> bool {
        self.last[object as usize] >= self.oldest
    }

    fn held(&self) -> u64 {
        self.held
    }

    #[inline]
    fn prefetch(&self, object: u32) {
        prefetch(&self.last, object as usize);
    }
}

#[cfg(test)]
mod tests {
    use super::super::weigh::Slots;
    use super::*;
    use crate::engine::Seed;

    /// A new cache whose first request has this number.
    fn numbered_from(first: u32) -> Lru<Slots> {
        let mut cache = Lru::empty(300);
        (cache.first, cache.oldest, cache.window.start) = (first, first, first);
        cache.grow(1_000);
        cache
    }

    #[test]
    fn numbers_may_run_out() {
        let mut stream = Seed(12).stream("cache/lru");
        #[allow(clippy::cast_possible_truncation)] // reason: below a thousand
        let ids: Vec<u32> = (0..60_000).map(|_| stream.below(1_000) as u32).collect();
        let (mut early, mut late) = (numbered_from(1), numbered_from(u32::MAX - 20_000));
        for part in ids.chunks(700) {
            let hits = |cache: &mut Lru<Slots>, id: &u32| cache.request(*id, 1);
            let mut again = early.clone();
            let expected: Vec<bool> = part.iter().map(|id| hits(&mut again, id)).collect();
            let misses = expected.iter().filter(|hit| !**hit).count() as u64;
            assert_eq!(early.replay(part, &[]).misses, misses);
            assert_eq!(part.iter().map(|id| hits(&mut late, id)).collect::<Vec<_>>(), expected);
        }
        assert!(late.first < 1_000_000, "they did not run out");
    }
}
