//! Cache replacement policies over numbered objects.
//!
//! Objects are dense numbers, such as [`crate::trace::KeyIndex`] gives. State is a few flat arrays
//! that are read by that number, so that a request hashes nothing. A [`Cache`] is asked for one
//! object after the other; [`replay()`] and its sisters run a whole trace from memory. Room is counted
//! in slots, of which every object takes one, or in bytes.

mod belady;
mod curve;
mod fifo;
mod lfu;
mod list;
mod lru;
mod queue;
mod replay;
mod s3fifo;
mod sample;
mod sieve;
mod sketch;
#[cfg(test)]
mod tests;
mod weigh;
mod wtinylfu;

pub use belady::{belady, belady_bytes, belady_sized, next_uses};
pub use curve::{StackDistances, log_spaced};
pub use replay::{replay, replay_bytes, replay_sized};
pub use sample::{Estimate, Sampled, sampled};
pub use weigh::{Bytes, Slots, Weigh};

use fifo::Fifo;
use lfu::Lfu;
use lru::Lru;
use s3fifo::S3Fifo;
use sieve::Sieve;
use weigh::Replace;
use wtinylfu::WTinyLfu;

/// Which object leaves a full cache. All but the last are libCacheSim's, with its default settings:
/// request for request the same answers, wherever the documentation of a policy does not say
/// otherwise.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The one that was asked for the longest time ago.
    Lru,
    /// The one that came the longest time ago.
    Fifo,
    /// FIFO with a second chance for an object that was asked for since (Corbató 1968): one bit.
    Clock,
    /// A hand moves from old to new past objects that were asked for, which stay where they are
    /// (Zhang et al., "SIEVE is simpler than LRU", NSDI 2024).
    Sieve,
    /// A small queue, a main queue and a queue of ghosts (Yang et al., "FIFO queues are all you need
    /// for cache eviction", SOSP 2023). A tenth of the cache is the small queue; as in libCacheSim,
    /// nothing larger than it is taken in, but unlike there, what just fits is. libCacheSim refuses
    /// fewer than 10 slots and misses always with 10 to 19; here the small queue has one slot then.
    S3Fifo,
    /// The one that was asked for least often since it came; of several, the one whose last request
    /// is the oldest (Shah, Mitra and Matani 2010, for constant time).
    Lfu,
    /// A small window and behind it a main cache that only takes in what is asked for more often than
    /// what would have to leave (Einziger, Friedman and Manes, ACM Transactions on Storage 13(4),
    /// 2017), with Caffeine's defaults but without its hill climbing and its random admissions.
    /// libCacheSim's `WTinyLFU` is another thing: it counts a request only when it hits its main
    /// cache or comes in, in 32-bit counters, and counts an object again when it leaves the window.
    /// On a million requests of Twitter's cluster 52 its misses differ from these: 332,890 against
    /// 333,774 with 1,435 slots, 162,507 against 173,323 with 43,062.
    WTinyLfu,
}

impl Policy {
    /// All of them.
    pub const ALL: [Self; 7] =
        [Self::Lru, Self::Fifo, Self::Clock, Self::Sieve, Self::S3Fifo, Self::Lfu, Self::WTinyLfu];

    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Lru => "lru",
            Self::Fifo => "fifo",
            Self::Clock => "clock",
            Self::Sieve => "sieve",
            Self::S3Fifo => "s3-fifo",
            Self::Lfu => "lfu",
            Self::WTinyLfu => "w-tinylfu",
        }
    }
}

/// The end of a list, and the place of an object that is not cached.
const NONE: u32 = u32::MAX;

/// What a trace missed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Misses {
    /// Requests for what was not cached.
    pub misses: u64,
    /// The bytes of these requests.
    pub bytes: u64,
}

impl Misses {
    #[inline]
    fn count(&mut self, size: u64, hit: bool) {
        self.misses += u64::from(!hit);
        // All bits or none, because an `if` may become a branch.
        self.bytes += size & u64::from(hit).wrapping_sub(1);
    }
}

impl std::ops::AddAssign for Misses {
    fn add_assign(&mut self, more: Self) {
        self.misses += more.misses;
        self.bytes += more.bytes;
    }
}

/// One more than the largest of these objects.
fn highest(ids: &[u32]) -> usize {
    // Not `max`, which is a branch for each.
    if ids.is_empty() { 0 } else { ids.iter().fold(0, |most, &id| id.max(most)) as usize + 1 }
}

/// A cache that is asked for one object after the other: of a number of slots, or of a number of
/// bytes as a `Cache<Bytes>`.
#[derive(Clone, Debug)]
pub struct Cache<W = Slots> {
    objects: usize,
    policy: Inner<W>,
}

#[derive(Clone, Debug)]
enum Inner<W> {
    Lru(Lru<W>),
    Fifo(Fifo<W, false>),
    Clock(Fifo<W, true>),
    Sieve(Sieve<W>),
    S3Fifo(S3Fifo<W>),
    Lfu(Lfu<W>),
    WTinyLfu(WTinyLfu<W>),
}

/// Does the same with the cache of any policy.
macro_rules! with {
    ($cache:expr, $bound:ident => $work:expr) => {
        match $cache {
            Inner::Lru($bound) => $work,
            Inner::Fifo($bound) => $work,
            Inner::Clock($bound) => $work,
            Inner::Sieve($bound) => $work,
            Inner::S3Fifo($bound) => $work,
            Inner::Lfu($bound) => $work,
            Inner::WTinyLfu($bound) => $work,
        }
    };
}

impl Cache {
    /// An empty cache of slots. With 0 of them every request misses.
    #[must_use]
    pub fn new(policy: Policy, slots: u32) -> Self {
        Self::with_room(policy, slots.into())
    }

    /// How many objects are in it; at most its slots.
    #[must_use]
    pub fn held(&self) -> u32 {
        u32::try_from(self.room_held()).unwrap_or(NONE)
    }

    /// Asks for an object and says whether it was there. A missing one is taken in.
    ///
    /// Memory is 1 to 13 bytes for each number up to the largest one that was asked for, and a few for
    /// each object that is cached (LRU's log: up to 40). The number 2^32 - 1 is no object and always
    /// misses.
    pub fn request(&mut self, object: u32) -> bool {
        self.ask(object, 1)
    }
}

impl Cache<Bytes> {
    /// An empty cache of bytes.
    #[must_use]
    pub fn of_bytes(policy: Policy, bytes: u64) -> Self {
        Self::with_room(policy, bytes)
    }

    /// How many bytes are in it; at most its capacity.
    #[must_use]
    pub fn bytes_held(&self) -> u64 {
        self.room_held()
    }

    /// Asks for an object of so many bytes and says whether it was there. A missing one is taken in,
    /// unless it is larger than the cache (S3-FIFO: than a tenth of it). One that is there keeps the
    /// size that it came with.
    pub fn request(&mut self, object: u32, bytes: u64) -> bool {
        self.ask(object, bytes)
    }
}

impl<W: Weigh> Cache<W> {
    fn with_room(policy: Policy, room: u64) -> Self {
        let policy = match policy {
            Policy::Lru => Inner::Lru(Lru::empty(room)),
            Policy::Fifo => Inner::Fifo(Fifo::empty(room)),
            Policy::Clock => Inner::Clock(Fifo::empty(room)),
            Policy::Sieve => Inner::Sieve(Sieve::empty(room)),
            Policy::S3Fifo => Inner::S3Fifo(S3Fifo::empty(room)),
            Policy::Lfu => Inner::Lfu(Lfu::empty(room)),
            Policy::WTinyLfu => Inner::WTinyLfu(WTinyLfu::empty(room)),
        };
        Self { objects: 0, policy }
    }

    /// Whether an object is in it. This is no request: it changes nothing.
    #[must_use]
    pub fn holds(&self, object: u32) -> bool {
        (object as usize) < self.objects && with!(&self.policy, cache => cache.holds(object))
    }

    fn room_held(&self) -> u64 {
        with!(&self.policy, cache => cache.held())
    }

    fn ask(&mut self, object: u32, size: u64) -> bool {
        if object == NONE {
            return false;
        }
        if object as usize >= self.objects {
            // Twice as many, so that growing costs a constant for each object.
            self.objects = (object as usize + 1).max(self.objects * 2);
            with!(&mut self.policy, cache => cache.grow(self.objects));
        }
        with!(&mut self.policy, cache => cache.request(object, size))
    }
}
