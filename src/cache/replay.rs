//! Whole traces through a cache, from memory.

use super::fifo::Fifo;
use super::lfu::Lfu;
use super::lru::Lru;
use super::s3fifo::S3Fifo;
use super::sieve::Sieve;
use super::weigh::{Bytes, Replace, Slots, Weigh};
use super::wtinylfu::WTinyLfu;
use super::{Misses, Policy, highest};

/// Misses of a cache of slots. Objects are dense numbers: memory grows with the largest one, by 1 to
/// 13 bytes each.
///
/// The policy is chosen once, so that the loop over the requests is compiled for each.
#[must_use]
pub fn replay(policy: Policy, slots: u32, ids: &[u32]) -> u64 {
    each::<Slots>(policy, slots.into(), ids, &[]).misses
}

/// The same with the bytes of what was missed. `sizes` has one for each request; they do not change
/// which objects are cached.
#[must_use]
pub fn replay_sized(policy: Policy, slots: u32, ids: &[u32], sizes: &[u64]) -> Misses {
    each::<Slots>(policy, slots.into(), ids, sizes)
}

/// Misses of a cache of bytes, with a size for each request. What is larger than the cache is not
/// taken in.
#[must_use]
pub fn replay_bytes(policy: Policy, capacity: u64, ids: &[u32], sizes: &[u64]) -> Misses {
    each::<Bytes>(policy, capacity, ids, sizes)
}

/// Asks a cache for every object in turn.
fn each<W: Weigh>(policy: Policy, capacity: u64, ids: &[u32], sizes: &[u64]) -> Misses {
    match policy {
        Policy::Lru => run(Lru::<W>::empty(capacity), ids, sizes),
        Policy::Fifo => run(Fifo::<W, false>::empty(capacity), ids, sizes),
        Policy::Clock => run(Fifo::<W, true>::empty(capacity), ids, sizes),
        Policy::Sieve => run(Sieve::<W>::empty(capacity), ids, sizes),
        Policy::S3Fifo => run(S3Fifo::<W>::empty(capacity), ids, sizes),
        Policy::Lfu => run(Lfu::<W>::empty(capacity), ids, sizes),
        Policy::WTinyLfu => run(WTinyLfu::<W>::empty(capacity), ids, sizes),
    }
}

#[inline(never)]
fn run<R: Replace>(mut cache: R, ids: &[u32], sizes: &[u64]) -> Misses {
    cache.grow(highest(ids));
    cache.replay(ids, sizes)
}
