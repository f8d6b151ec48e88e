//! Belady's optimum: who is needed again the latest leaves. Needs the future, so it is no cache that
//! can be asked, only a count over a whole trace.

use super::{Misses, NONE, highest};

/// For each request the place of the next one for the same object, or 2^32 - 1 when there is none.
#[must_use]
pub fn next_uses(ids: &[u32]) -> Vec<u32> {
    let mut seen = vec![NONE; highest(ids)];
    let mut next = vec![NONE; ids.len()];
    for (at, &object) in ids.iter().enumerate().rev() {
        next[at] = seen[object as usize];
        seen[object as usize] = u32::try_from(at).unwrap_or(NONE);
    }
    next
}

/// Misses of Belady's MIN (Belady, IBM Systems Journal 5(2), 1966) in a cache of slots that takes in
/// every object that is asked for: no such cache has fewer (Mattson et al. 1970).
///
/// What is cached is a set of places, each the next request for an object, so a request hits if its
/// own place is in the set, and who is needed the latest is the set's maximum. Takes `next` from
/// [`next_uses`] of the same requests, of which there must be less than 2^32 - 1.
#[must_use]
pub fn belady(slots: u32, next: &[u32]) -> u64 {
    let mut misses = 0;
    each(slots, next, |_, hit| misses += u64::from(!hit));
    misses
}

/// The same with the bytes of what was missed; `sizes` do not change which objects are cached.
#[must_use]
pub fn belady_sized(slots: u32, sizes: &[u64], next: &[u32]) -> Misses {
    let mut misses = Misses::default();
    each(slots, next, |at, hit| misses.count(sizes[at], hit));
    misses
}

fn each(slots: u32, next: &[u32], mut tell: impl FnMut(usize, bool)) {
    let mut due = Places::new(next.len());
    // Objects that are not needed again are all alike; they leave first.
    let (mut live, mut dead) = (0_u32, 0_u32);
    for (at, &again) in next.iter().enumerate() {
        let hit = due.remove(at);
        tell(at, hit);
        if hit {
            live -= 1;
        } else if slots == 0 {
            continue;
        } else {
            if live + dead == slots {
                if dead > 0 {
                    dead -= 1;
                } else {
                    due.remove_last();
                    live -= 1;
                }
            }
        }
        if again == NONE {
            dead += 1;
        } else {
            due.insert(again as usize);
            live += 1;
        }
    }
}

/// The same rule in a cache of bytes: as many leave as it takes, those first that are needed the
/// latest. With sizes this is no optimum, only what libCacheSim's `Belady` does as well.
///
/// Which of the objects that are not needed again leaves first changes nothing: one that is needed
/// leaves only when there is none of them.
#[must_use]
pub fn belady_bytes(capacity: u64, ids: &[u32], sizes: &[u64], next: &[u32]) -> Misses {
    let mut due = Places::new(ids.len());
    let mut dead = Vec::new();
    let mut room_of = vec![0_u64; highest(ids)];
    let mut held = 0;
    let mut misses = Misses::default();
    for (at, (&object, &size)) in ids.iter().zip(sizes).enumerate() {
        let hit = due.remove(at);
        misses.count(size, hit);
        if !hit {
            if size > capacity {
                continue;
            }
            while held > capacity - size {
                held -= dead.pop().unwrap_or_else(|| {
                    due.remove_last().map_or(0, |last| room_of[ids[last] as usize])
                });
            }
            room_of[object as usize] = size;
            held += size;
        }
        match next[at] {
            NONE => dead.push(room_of[object as usize]),
            again => due.insert(again as usize),
        }
    }
    misses
}

/// A set of places in a trace, as bits with summaries above them: a bit of a summary is set when any
/// of the 64 bits below it is.
struct Places {
    levels: Vec<Vec<u64>>,
}

impl Places {
    fn new(places: usize) -> Self {
        let mut levels = Vec::new();
        let mut words = places.div_ceil(64).max(1);
        levels.push(vec![0; words]);
        while words > 1 {
            words = words.div_ceil(64);
            levels.push(vec![0; words]);
        }
        Self { levels }
    }

    fn insert(&mut self, place: usize) {
        let mut at = place;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            let was = *word;
            *word |= 1 << (at % 64);
            if was != 0 {
                break;
            }
            at /= 64;
        }
    }

    fn remove(&mut self, place: usize) -> bool {
        if self.levels[0][place / 64] >> (place % 64) & 1 == 0 {
            return false;
        }
        let mut at = place;
        for level in &mut self.levels {
            let word = &mut level[at / 64];
            *word &= !(1 << (at % 64));
            if *word != 0 {
                break;
            }
            at /= 64;
        }
        true
    }

    /// Removes the last place, if there is any, and says which it was.
    fn remove_last(&mut self) -> Option<usize> {
        let mut at = 0;
        for level in self.levels.iter().rev() {
            at = at * 64 + level[at].checked_ilog2()? as usize;
        }
        self.remove(at);
        Some(at)
    }
}
