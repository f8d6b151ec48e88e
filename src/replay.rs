//! A real trace through caches: what each policy misses with how much room.
//!
//! Must not know how a trace is named on a command line, nor how a result is shown.

use crate::cache::{
    Estimate, Misses, Policy, Sampled, StackDistances, belady_bytes, belady_sized, log_spaced,
    next_uses, replay_bytes, replay_sized, sampled,
};
use crate::trace::{KeyIndex, Reader, TooManyKeys, TraceError, TraceSpec};
use std::fmt;

/// A trace in memory: 12 bytes a request, and 14 to 19 an object.
#[derive(Clone, Debug)]
pub struct Requests {
    ids: Vec<u32>,
    sizes: Vec<u64>,
    objects: u32,
    bytes: u64,
    footprint: u64,
}

/// Why a trace could not be taken into memory.
#[derive(Debug)]
pub enum ReadError {
    /// The trace itself.
    Trace(TraceError),
    /// It has too many distinct objects.
    Objects(TooManyKeys),
    /// It has 2^32 - 1 requests or more.
    Requests,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Trace(error) => error.fmt(f),
            Self::Objects(error) => error.fmt(f),
            Self::Requests => f.write_str("there are more than 4,294,967,294 requests"),
        }
    }
}

impl std::error::Error for ReadError {}

/// The most requests: their places are numbered in 32 bits, and one number means none.
const MOST: usize = u32::MAX as usize - 1;

impl Requests {
    /// Reads a whole trace.
    ///
    /// # Errors
    /// When it cannot be read, or is too large to be numbered in 32 bits.
    pub fn read(spec: &TraceSpec) -> Result<Self, ReadError> {
        Self::collect(Reader::open(spec).map_err(ReadError::Trace)?)
    }

    /// Takes in what is left of a trace that is open.
    ///
    /// # Errors
    /// As [`Self::read`].
    pub fn collect(reader: Reader) -> Result<Self, ReadError> {
        let mut keys = KeyIndex::new();
        let (mut ids, mut sizes, mut latest) = (Vec::new(), Vec::new(), Vec::new());
        for record in reader {
            let record = record.map_err(ReadError::Trace)?;
            if ids.len() == MOST {
                return Err(ReadError::Requests);
            }
            let id = keys.insert(record.key).map_err(ReadError::Objects)?;
            if id as usize == latest.len() {
                latest.push(record.size);
            } else {
                latest[id as usize] = record.size;
            }
            ids.push(id);
            sizes.push(record.size);
        }
        let sum = |sizes: &[u64]| sizes.iter().fold(0_u64, |sum, &size| sum.saturating_add(size));
        let (bytes, footprint) = (sum(&sizes), sum(&latest));
        Ok(Self { ids, sizes, objects: keys.len(), bytes, footprint })
    }

    /// How many requests there are.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.ids.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// How many different objects are asked for.
    #[must_use]
    pub const fn objects(&self) -> u32 {
        self.objects
    }

    /// The bytes of all requests.
    #[must_use]
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }
}

/// Which object leaves a full cache, with hindsight or without.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Rule {
    /// A policy that knows the past.
    Online(Policy),
    /// Belady's, which knows the future: the one that is needed again the latest.
    Belady,
}

impl Rule {
    /// Its name on the command line and in reports.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Online(policy) => policy.name(),
            Self::Belady => "belady",
        }
    }
}

/// How large a cache is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Room {
    /// So many objects, whatever their size.
    Slots(u32),
    /// So many bytes.
    Bytes(u64),
}

/// What one cache missed of a trace.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Replayed {
    /// Who left.
    pub rule: Rule,
    /// How large the cache was.
    pub room: Room,
    /// Requests and bytes that were missed.
    pub misses: Misses,
}

/// Sends a trace through one cache, which is empty at first.
#[must_use]
pub fn replay(requests: &Requests, rule: Rule, room: Room) -> Replayed {
    let misses = misses(rule, room, &requests.ids, &requests.sizes);
    Replayed { rule, room, misses }
}

fn misses(rule: Rule, room: Room, ids: &[u32], sizes: &[u64]) -> Misses {
    match (rule, room) {
        (Rule::Online(policy), Room::Slots(slots)) => replay_sized(policy, slots, ids, sizes),
        (Rule::Online(policy), Room::Bytes(bytes)) => replay_bytes(policy, bytes, ids, sizes),
        (Rule::Belady, Room::Slots(slots)) => belady_sized(slots, sizes, &next_uses(ids)),
        (Rule::Belady, Room::Bytes(bytes)) => belady_bytes(bytes, ids, sizes, &next_uses(ids)),
    }
}

/// One point of a miss-ratio curve.
#[derive(Clone, Copy, Debug)]
pub struct Point {
    /// How large the cache is.
    pub room: Room,
    /// The share of requests, and of bytes where it is known, that such a cache misses.
    pub missed: (Estimate, Option<Estimate>),
    /// One object of so many was simulated; 1 is all of them, and the point is exact.
    pub one_in: u64,
}

/// The miss-ratio curve of a policy at `points` sizes, evenly spaced on a logarithmic scale up to
/// where everything fits. In slots LRU's is exact, by stack distances; the others are estimated by
/// miniature simulation ([`sampled`]), exact where the caches are small.
#[must_use]
pub fn curve(requests: &Requests, rule: Rule, by_bytes: bool, points: u32) -> Vec<Point> {
    let whole = if by_bytes { requests.footprint } else { requests.objects.into() };
    let rooms = log_spaced((whole / 1_000).max(1), whole, points);
    if !by_bytes && rule == Rule::Online(Policy::Lru) {
        let distances = StackDistances::of(&requests.ids);
        let at = |room| exact_point(requests, slots(room), &distances);
        return rooms.into_iter().map(at).collect();
    }
    let at = |room| {
        let of = |room| if by_bytes { Room::Bytes(room) } else { Room::Slots(slots(room)) };
        let misses = |room, ids: &[u32], sizes: &[u64]| misses(rule, of(room), ids, sizes);
        let Sampled { requests: share, bytes, one_in } =
            sampled(room, by_bytes, &requests.ids, &requests.sizes, misses);
        Point { room: of(room), missed: (share, Some(bytes)), one_in }
    };
    rooms.into_iter().map(at).collect()
}

fn slots(room: u64) -> u32 {
    u32::try_from(room).unwrap_or(u32::MAX)
}

fn exact_point(requests: &Requests, slots: u32, distances: &StackDistances) -> Point {
    let mean = share(distances.misses(slots), requests.len());
    Point { room: Room::Slots(slots), missed: (Estimate { mean, error: 0.0 }, None), one_in: 1 }
}

/// A part of a whole; zero of nothing.
#[must_use]
#[allow(clippy::cast_precision_loss)] // reason: a ratio to print
pub fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
