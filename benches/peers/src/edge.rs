//! A least-recently-used cache with requests that wait, in flat arrays; and what is measured.

use squall::engine::{prefetch, table};

/// Nanoseconds that a hit takes.
pub const HIT: u64 = 1_000_000;

const NONE: u32 = u32::MAX;
/// Set in the state of an object that is being fetched; the rest is its fetch.
const WAITING: u32 = 1 << 31;

/// Latest fetches that are kept in mind; more than are under way.
const RECENT: usize = 1_024;
/// A fetch that was made so many after another one comes soon after it.
const SOON: usize = 16;

/// What became of a request.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It was served.
    Hit,
    /// It waits for a fetch that is under way.
    Joined,
    /// It waits for a fetch that is to be made now: its ticket, for [`Edge::fill`].
    Fetch(u32),
}

/// An object that is being fetched, and the last request that waits for it. In the list of those that
/// have come, `last` is the next of them.
#[derive(Clone, Copy, Debug)]
struct Fetch {
    object: u32,
    last: u32,
}

/// A request that waits, and the one before it that waits for the same object.
#[derive(Clone, Copy, Debug)]
struct Waiter {
    since: u64,
    before: u32,
}

/// The edge of a region.
#[derive(Debug)]
pub struct Edge {
    /// Of each object: where in the log its last use stands if it is cached, [`WAITING`] with its fetch, or
    /// [`NONE`].
    states: Vec<u32>,
    /// The object of each use, in order; a ring. An object's uses before its last one are nobody's any more.
    /// To use an object is to write its state and the end of the log, where a list of neighbours would
    /// touch four places at random.
    log: Box<[u32]>,
    /// Uses that were ever written, and how many of them have been taken off the old end.
    written: usize,
    read: usize,
    slots: u32,
    cached: u32,
    fetches: Vec<Fetch>,
    free_fetch: u32,
    waiters: Vec<Waiter>,
    free_waiter: u32,
    /// The objects of the latest fetches; a ring.
    fetched: Box<[u32]>,
    /// Fetches that have come.
    came: u64,
    /// What was measured.
    pub tally: Tally,
}

impl Edge {
    /// An empty cache of so many slots, at least one, for objects numbered below `objects`.
    #[must_use]
    pub fn new(objects: u32, slots: u32) -> Self {
        Self {
            states: table(NONE, objects as usize),
            log: table(NONE, (4 * slots as usize).next_power_of_two()).into(),
            written: 0,
            read: 0,
            slots,
            cached: 0,
            fetches: Vec::new(),
            free_fetch: NONE,
            waiters: Vec::new(),
            free_waiter: NONE,
            fetched: vec![NONE; RECENT].into(),
            came: 0,
            tally: Tally::default(),
        }
    }

    /// A viewer asks for an object at `now`, in nanoseconds.
    #[inline]
    pub fn request(&mut self, now: u64, object: u32) -> Answer {
        self.tally.requests += 1;
        let state = self.states[object as usize];
        if state < WAITING {
            self.tally.hits += 1;
            self.tally.record(HIT);
            self.touch(object);
            return Answer::Hit;
        }
        if state == NONE {
            self.fetched[self.tally.fetches as usize % RECENT] = object;
            self.tally.fetches += 1;
            let last = self.wait(Waiter { since: now, before: NONE });
            let ticket = self.depart(Fetch { object, last });
            self.states[object as usize] = WAITING | ticket;
            return Answer::Fetch(ticket);
        }
        let ticket = (state & !WAITING) as usize;
        let before = self.fetches[ticket].last;
        self.fetches[ticket].last = self.wait(Waiter { since: now, before });
        Answer::Joined
    }

    /// A fetch has come: its object is cached as the newest, and whoever waits is served. Fetches come
    /// about in the order in which they were made: the state of one that comes soon, which has long left
    /// the processor's cache, is fetched from memory.
    pub fn fill(&mut self, now: u64, ticket: u32) {
        self.came += 1;
        let soon = self.fetched[(self.came as usize + SOON) % RECENT];
        prefetch(&self.states, soon as usize);
        let Fetch { object, last: mut waiter } = self.fetches[ticket as usize];
        self.fetches[ticket as usize].last = self.free_fetch;
        self.free_fetch = ticket;
        while waiter != NONE {
            let Waiter { since, before } = self.waiters[waiter as usize];
            self.tally.record(now - since);
            self.waiters[waiter as usize].before = self.free_waiter;
            self.free_waiter = waiter;
            waiter = before;
        }
        if self.cached < self.slots {
            self.cached += 1;
        } else {
            self.evict();
        }
        self.touch(object);
    }

    /// A request for this object comes soon: fetches its state from memory.
    #[inline]
    pub fn expect(&self, object: u32) {
        prefetch(&self.states, object as usize);
    }

    /// An object is used: it becomes the newest.
    #[inline]
    fn touch(&mut self, object: u32) {
        if self.written - self.read == self.log.len() {
            self.tidy();
        }
        self.write(object);
    }

    /// Writes a use at the new end of the log, which has room.
    #[inline]
    fn write(&mut self, object: u32) {
        let place = self.place(self.written);
        self.log[place] = object;
        self.states[object as usize] = place as u32;
        self.written += 1;
    }

    /// The object whose last use is the oldest leaves the cache.
    #[inline]
    fn evict(&mut self) {
        loop {
            let (object, last) = self.oldest_use();
            if last {
                self.states[object as usize] = NONE;
                return;
            }
        }
    }

    /// Takes the oldest use off the log: its object, and whether it is that one's last. The state of the
    /// object of a use that comes soon is fetched from memory.
    #[inline]
    fn oldest_use(&mut self) -> (u32, bool) {
        let soon = self.log[self.place(self.read + SOON)];
        prefetch(&self.states, soon as usize);
        let place = self.place(self.read);
        let object = self.log[place];
        self.read += 1;
        (object, self.states[object as usize] == place as u32)
    }

    /// The log is full: last uses are written anew, and the others left out.
    #[cold]
    fn tidy(&mut self) {
        for _ in 0..self.log.len() {
            let (object, last) = self.oldest_use();
            if last {
                self.write(object);
            }
        }
    }

    #[inline]
    fn place(&self, number: usize) -> usize {
        // Its length is a power of two.
        number & (self.log.len() - 1)
    }

    fn wait(&mut self, waiter: Waiter) -> u32 {
        let at = self.free_waiter;
        if at == NONE {
            self.waiters.push(waiter);
            return self.waiters.len() as u32 - 1;
        }
        self.free_waiter = self.waiters[at as usize].before;
        self.waiters[at as usize] = waiter;
        at
    }

    fn depart(&mut self, fetch: Fetch) -> u32 {
        let at = self.free_fetch;
        if at == NONE {
            self.fetches.push(fetch);
            return self.fetches.len() as u32 - 1;
        }
        self.free_fetch = self.fetches[at as usize].last;
        self.fetches[at as usize] = fetch;
        at
    }
}

/// Nanoseconds of a bucket of the histogram.
const BUCKET: u64 = 100_000;
/// Buckets: up to a second, the last for all that is longer.
const BUCKETS: usize = 10_000;

/// What is measured of a region's requests.
#[derive(Clone, Debug)]
pub struct Tally {
    /// Requests that came.
    pub requests: u64,
    /// Requests whose object was there.
    pub hits: u64,
    /// Fetches that were made.
    pub fetches: u64,
    /// Requests that ended, by the tenth of a millisecond that they took.
    buckets: Box<[u64]>,
    /// Nanoseconds that they took in all.
    total: u64,
}

impl Default for Tally {
    fn default() -> Self {
        Self { requests: 0, hits: 0, fetches: 0, buckets: vec![0; BUCKETS].into(), total: 0 }
    }
}

impl Tally {
    /// A request ends after so many nanoseconds.
    #[inline]
    pub fn record(&mut self, latency: u64) {
        self.buckets[((latency / BUCKET) as usize).min(BUCKETS - 1)] += 1;
        self.total += latency;
    }

    /// Takes in another one.
    pub fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.hits += other.hits;
        self.fetches += other.fetches;
        self.total += other.total;
        self.buckets.iter_mut().zip(&other.buckets).for_each(|(mine, more)| *mine += more);
    }

    /// The mean latency of requests that ended, in milliseconds.
    #[must_use]
    pub fn mean_ms(&self) -> f64 {
        self.total as f64 / self.buckets.iter().sum::<u64>() as f64 / 1e6
    }

    /// The upper edge of the bucket that holds the quantile, in milliseconds.
    #[must_use]
    pub fn quantile_ms(&self, quantile: f64) -> f64 {
        let wanted = quantile * self.buckets.iter().sum::<u64>() as f64;
        let mut seen = 0;
        let bucket = self.buckets.iter().position(|count| {
            seen += count;
            seen as f64 >= wanted
        });
        bucket.map_or(f64::NAN, |bucket| (bucket + 1) as f64 * BUCKET as f64 / 1e6)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Draws;

    /// Against a list that is searched from one end to the other.
    #[test]
    fn it_agrees_with_a_plain_list() {
        let (mut edge, mut draws) = (Edge::new(60, 20), Draws::new(1, 1));
        let (mut cached, mut waiting) = (Vec::new(), Vec::new());
        let mut tickets = [0; 60];
        let (mut latencies, mut wanted) = (0, 0);
        for now in 0..50_000_u64 {
            let object = (draws.bits() % 60).min(draws.bits() % 60) as u32;
            if draws.bits().is_multiple_of(3) && waiting.iter().any(|&(o, _)| o == object) {
                edge.fill(now, tickets[object as usize]);
                waiting.retain(|&(o, since)| {
                    wanted += if o == object { now - since } else { 0 };
                    o != object
                });
                cached.insert(0, object);
                cached.truncate(20);
                continue;
            }
            let answer = edge.request(now, object);
            let known = waiting.iter().any(|&(o, _)| o == object);
            if let Some(at) = cached.iter().position(|&o| o == object) {
                assert_eq!(answer, Answer::Hit);
                cached.remove(at);
                cached.insert(0, object);
                latencies += HIT;
            } else {
                match answer {
                    Answer::Joined => assert!(known),
                    Answer::Fetch(ticket) if !known => tickets[object as usize] = ticket,
                    _ => panic!("{answer:?} for {object}"),
                }
                waiting.push((object, now));
            }
        }
        assert!(edge.tally.hits > 10_000 && edge.tally.fetches > 1_000, "{:?}", edge.tally.hits);
        assert_eq!(edge.tally.total, latencies + wanted);
    }

    #[test]
    fn a_quantile_is_the_upper_edge_of_its_bucket() {
        let mut tally = Tally::default();
        (0..100).for_each(|n| tally.record(n * 1_000_000 + 1));
        assert_eq!(tally.quantile_ms(0.99), 98.1);
        assert!((tally.mean_ms() - 49.500_001).abs() < 1e-9);
    }
}
