//! Whole traces through a cache, from memory.

use super::fifo::Fifo;
use super::lfu::Lfu;
use super::lru::Lru;
use super::s3fifo::S3Fifo;
use super::sieve::Sieve;
use super::weigh::{Bytes, Replace, Slots, Weigh};
use super::wtinylfu::WTinyLfu;
use super::{Misses, Policy, highest};

/// How many requests ahead an object's state is asked for.
const AHEAD: usize = 12;

/// Misses of a cache of slots. Objects are dense numbers: memory grows with the largest one, by 1 to
/// 13 bytes each.
///
/// The policy is chosen once, so that the loop over the requests is compiled for each.
#[must_use]
pub fn replay(policy: Policy, slots: u32, ids: &[u32]) -> u64 {
    let mut misses = 0;
    each::<Slots>(policy, slots.into(), ids, |_| 0, |_, hit| misses += u64::from(!hit));
    misses
}

/// The same with the bytes of what was missed. `sizes` has one for each request; they do not change
/// which objects are cached.
#[must_use]
pub fn replay_sized(policy: Policy, slots: u32, ids: &[u32], sizes: &[u64]) -> Misses {
    let mut misses = Misses::default();
    each::<Slots>(policy, slots.into(), ids, |_| 0, |at, hit| misses.count(sizes[at], hit));
    misses
}

/// Misses of a cache of bytes, with a size for each request. What is larger than the cache is not
/// taken in.
#[must_use]
pub fn replay_bytes(policy: Policy, capacity: u64, ids: &[u32], sizes: &[u64]) -> Misses {
    let mut misses = Misses::default();
    each::<Bytes>(policy, capacity, ids, |at| sizes[at], |at, hit| misses.count(sizes[at], hit));
    misses
}

/// Asks a cache for every object in turn and tells of each whether it was there.
fn each<W: Weigh>(
    policy: Policy,
    capacity: u64,
    ids: &[u32],
    size: impl Fn(usize) -> u64,
    seen: impl FnMut(usize, bool),
) {
    match policy {
        Policy::Lru => run(Lru::<W>::empty(capacity), ids, size, seen),
        Policy::Fifo => run(Fifo::<W, false>::empty(capacity), ids, size, seen),
        Policy::Clock => run(Fifo::<W, true>::empty(capacity), ids, size, seen),
        Policy::Sieve => run(Sieve::<W>::empty(capacity), ids, size, seen),
        Policy::S3Fifo => run(S3Fifo::<W>::empty(capacity), ids, size, seen),
        Policy::Lfu => run(Lfu::<W>::empty(capacity), ids, size, seen),
        Policy::WTinyLfu => run(WTinyLfu::<W>::empty(capacity), ids, size, seen),
    }
}

#[inline(never)]
fn run<R: Replace>(
    mut cache: R,
    ids: &[u32],
    size: impl Fn(usize) -> u64,
    mut seen: impl FnMut(usize, bool),
) {
    cache.grow(highest(ids));
    for (at, &object) in ids.iter().enumerate() {
        if let Some(&soon) = ids.get(at + AHEAD) {
            cache.prefetch(soon);
        }
        seen(at, cache.request(object, size(at)));
    }
}
