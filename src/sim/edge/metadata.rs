//! The cache of manifests and rights beside an edge.

use crate::cache::Cache;
use crate::engine::{Stream, prefetch, table};
use crate::model::{Metadata, TtlFrom};
use crate::sim::edge::locks::Locks;
use crate::units::{Instant, Span};

/// A fetch under way, as the cache knows it.
pub type FetchId = u32;

/// Not in the cache.
const ABSENT: u64 = u64::MAX;

/// What a request finds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Found {
    /// A fresh copy.
    Fresh,
    /// A stale copy that may be served while it is refreshed; `refresh` when nobody does so yet.
    Stale {
        /// Whether this request has to start the refresh.
        refresh: bool,
    },
    /// Nothing that may be served; another request is fetching it and holds the lock.
    Locked(FetchId),
    /// Nothing that may be served: fetch it.
    Missing,
}

/// Which copies are fresh. Where [`MetadataCache::counts_hits`], one that is may have had to leave.
#[derive(Clone, Copy, Debug)]
pub struct Fresh<'a> {
    filled: &'a [u64],
    ttl: u64,
}

impl Fresh<'_> {
    /// Whether a title's copy is fresh now.
    #[inline]
    #[must_use]
    pub fn has(self, title: u32, now: Instant) -> bool {
        let filled = self.filled[title as usize];
        filled <= now.as_nanos() && now.as_nanos() - filled < self.ttl
    }

    /// A request for this title comes soon.
    #[inline]
    pub fn expect(self, title: u32) {
        prefetch(self.filled, title as usize);
    }
}

/// A table of copies by title. Expiry is by time; where there is no room for every title, a replacement
/// policy says which copies are there, fresh and stale ones alike.
#[derive(Debug)]
pub struct MetadataCache {
    /// Which titles there is room for; `None` for all of them. A copy that a fault has thrown out keeps its
    /// place until the policy comes to it.
    room: Option<Cache>,
    /// The same without any copy.
    empty: Option<Cache>,
    /// When each title's copy was filled, in nanoseconds, or [`ABSENT`]: by itself, so that eight
    /// share a cache line.
    /// Where copies count from their last hit, this is the later one of the two.
    filled: Vec<u64>,
    /// When each title's copy was filled, where copies count from their last hit; empty elsewhere.
    made: Vec<u64>,
    /// How old the data were when the copy was filled, in milliseconds; empty where nobody asks.
    lag_ms: Vec<u32>,
    fetching: Locks,
    ttl: u64,
    revalidate: u64,
    if_error: u64,
    lock: bool,
}

impl MetadataCache {
    /// An empty cache for `titles` titles.
    #[must_use]
    pub fn new(config: &Metadata, titles: u32) -> Self {
        let room = config.entries.map(|entries| Cache::new(entries.policy, entries.most));
        Self {
            empty: room.clone(),
            room,
            filled: table(ABSENT, titles as usize),
            made: match config.ttl_from {
                TtlFrom::Fill => Vec::new(),
                TtlFrom::Hit => table(0, titles as usize),
            },
            lag_ms: Vec::new(),
            fetching: Locks::default(),
            ttl: config.ttl.as_nanos(),
            revalidate: config.stale_while_revalidate.as_nanos(),
            if_error: config.stale_if_error.as_nanos(),
            lock: config.lock.is_some(),
        }
    }

    /// Copies are fresh for this long from now on, those that are there included.
    pub const fn live(&mut self, ttl: Span) {
        self.ttl = ttl.as_nanos();
    }

    /// Keeps how old the data are from now on: [`Self::data_age`] will be asked for.
    pub fn keep_lags(&mut self) {
        self.lag_ms.resize(self.filled.len(), 0);
    }

    /// What tells fresh copies from others, for many looks.
    #[inline]
    #[must_use]
    pub const fn fresh(&self) -> Fresh<'_> {
        Fresh { filled: self.filled.as_slice(), ttl: self.ttl }
    }

    /// What a request for a title finds now.
    #[inline]
    #[must_use]
    pub fn find(&self, title: u32, now: Instant) -> Found {
        if self.is_fresh(title, now) && self.has_room(title) {
            Found::Fresh
        } else {
            self.find_stale(title, now)
        }
    }

    /// Whether the policy keeps a title's copy.
    #[inline]
    fn has_room(&self, title: u32) -> bool {
        self.room.as_ref().is_none_or(|room| room.holds(title))
    }

    /// Whether a title's copy is fresh now. Where [`Self::counts_hits`], it may have had to leave.
    #[inline]
    #[must_use]
    pub fn is_fresh(&self, title: u32, now: Instant) -> bool {
        self.fresh().has(title, now)
    }

    /// Whether hits have to be told by [`Self::used`]: one makes a copy fresh for longer, or keeps it from
    /// leaving.
    #[inline]
    #[must_use]
    pub const fn counts_hits(&self) -> bool {
        !self.made.is_empty() || self.room.is_some()
    }

    /// A title's fresh copy is served.
    #[inline]
    pub fn used(&mut self, title: u32, now: Instant) {
        if !self.made.is_empty() {
            self.filled[title as usize] = now.as_nanos();
        }
        if let Some(room) = &mut self.room {
            room.request(title);
        }
    }

    /// A request for this title comes soon.
    #[inline]
    pub fn expect(&self, title: u32) {
        self.fresh().expect(title);
    }

    fn find_stale(&self, title: u32, now: Instant) -> Found {
        let fetch = self.fetching.get(title);
        let age = self.copy_age(title, now);
        if self.revalidate > 0
            && age.is_some_and(|age| age < self.ttl.saturating_add(self.revalidate))
        {
            // Without a lock every stale answer would start a refresh: RFC 5861 leaves it open,
            // products coalesce refreshes even where misses are not locked.
            return Found::Stale { refresh: fetch.is_none() };
        }
        fetch.filter(|_| self.lock).map_or(Found::Missing, Found::Locked)
    }

    /// Time since a title's copy was filled, or its time began anew.
    fn copy_age(&self, title: u32, now: Instant) -> Option<u64> {
        let filled = self.filled[title as usize];
        let there = filled != ABSENT && self.has_room(title);
        there.then(|| now.as_nanos().saturating_sub(filled))
    }

    /// The age of the data of a title's copy: since the primary last agreed with it. Without
    /// [`Self::keep_lags`], as if it had been up to date when the copy was filled.
    #[must_use]
    pub fn data_age(&self, title: u32, now: Instant) -> Span {
        let kept = self.lag_ms.get(title as usize).copied();
        let lag = Span::from_millis(u64::from(kept.unwrap_or(0)));
        let age = match self.made.get(title as usize) {
            Some(&made) => now.as_nanos().saturating_sub(made),
            None => self.copy_age(title, now).unwrap_or(0),
        };
        lag + Span::from_nanos(age)
    }

    /// Whether a title's copy may be served because the fetch failed.
    #[must_use]
    pub fn serves_on_error(&self, title: u32, now: Instant) -> bool {
        let oldest = self.ttl.saturating_add(self.if_error);
        self.if_error > 0 && self.copy_age(title, now).is_some_and(|age| age < oldest)
    }

    /// A fetch of a title begins. It takes the lock if that is free and locks are on, or if it is a
    /// refresh.
    pub fn begin(&mut self, title: u32, fetch: FetchId, refresh: bool) {
        if self.lock || refresh {
            self.fetching.take(title, fetch);
        }
    }

    /// A fetch of a title has ended, one way or the other.
    pub fn end(&mut self, title: u32, fetch: FetchId) {
        self.fetching.free(title, fetch);
    }

    /// A title's copy is new, with data that are `lag` old.
    pub fn fill(&mut self, title: u32, now: Instant, lag: Span) {
        if let Some(room) = &mut self.room {
            room.request(title);
        }
        self.filled[title as usize] = now.as_nanos();
        if let Some(made) = self.made.get_mut(title as usize) {
            *made = now.as_nanos();
        }
        if let Some(kept) = self.lag_ms.get_mut(title as usize) {
            *kept = u32::try_from(lag.as_nanos() / 1_000_000).unwrap_or(u32::MAX);
        }
    }

    /// Throws each copy out with the given chance. Returns how many went.
    pub fn evict(&mut self, share: f64, stream: &mut Stream) -> u64 {
        let mut gone = 0;
        for (title, filled) in (0_u32..).zip(&mut self.filled) {
            let kept = self.room.as_ref().is_none_or(|room| room.holds(title));
            if *filled != ABSENT && kept && stream.chance(share) {
                *filled = ABSENT;
                gone += 1;
            }
        }
        if share >= 1.0 {
            self.room.clone_from(&self.empty);
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cache::Policy;
    use crate::engine::Seed;
    use crate::model::{AfterWait, Entries, Lock, SharedErrors};

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Span::from_secs(secs)
    }

    fn config(lock: bool, revalidate: u64, if_error: u64) -> Metadata {
        let wait = Span::from_secs(1);
        let lock =
            lock.then_some(Lock { wait, after: AfterWait::Fetch, errors: SharedErrors::Shared });
        Metadata {
            ttl: Span::from_secs(60),
            ttl_from: TtlFrom::Fill,
            hit: Span::ZERO,
            lock,
            stale_while_revalidate: Span::from_secs(revalidate),
            stale_if_error: Span::from_secs(if_error),
            entries: None,
        }
    }

    fn with_lags(config: &Metadata) -> MetadataCache {
        let mut cache = MetadataCache::new(config, 10);
        cache.keep_lags();
        cache
    }

    fn cache(lock: bool, revalidate: u64, if_error: u64) -> MetadataCache {
        with_lags(&config(lock, revalidate, if_error))
    }

    #[test]
    fn a_copy_is_fresh_from_its_fill_to_its_ttl() {
        let mut cache = cache(true, 0, 0);
        assert_eq!(cache.find(3, at(0)), Found::Missing);
        cache.fill(3, at(10), Span::from_secs(2));
        assert_eq!(cache.find(3, at(10)), Found::Fresh);
        assert_eq!(cache.data_age(3, at(10)), Span::from_secs(2));
        assert_eq!(cache.find(3, at(69)), Found::Fresh);
        assert_eq!(cache.data_age(3, at(69)), Span::from_secs(61));
        assert_eq!(cache.find(3, at(70)), Found::Missing);
        assert_eq!(cache.find(4, at(70)), Found::Missing);
    }

    #[test]
    fn a_hit_begins_the_time_anew_where_it_counts_from_there() {
        let config = Metadata { ttl_from: TtlFrom::Hit, ..config(true, 0, 0) };
        let mut cache = with_lags(&config);
        cache.fill(3, at(10), Span::from_secs(2));
        cache.used(3, at(69));
        assert_eq!(cache.find(3, at(128)), Found::Fresh);
        assert_eq!(cache.data_age(3, at(128)), Span::from_secs(120), "the data are no younger");
        assert_eq!(cache.find(3, at(129)), Found::Missing);
        cache.fill(3, at(130), Span::ZERO);
        assert_eq!(cache.data_age(3, at(131)), Span::from_secs(1));
    }

    #[test]
    fn the_lock_lets_one_reader_through() {
        for lock in [true, false] {
            let mut cache = cache(lock, 0, 0);
            cache.begin(1, 7, false);
            let second = cache.find(1, at(0));
            assert_eq!(second, if lock { Found::Locked(7) } else { Found::Missing });
            cache.begin(1, 8, false);
            cache.end(1, 8);
            assert_eq!(cache.find(1, at(0)), second, "only the holder unlocks");
            cache.end(1, 7);
            assert_eq!(cache.find(1, at(0)), Found::Missing);
        }
    }

    #[test]
    fn stale_copies_are_served_within_their_bounds_of_age() {
        let mut cache = cache(true, 30, 300);
        cache.fill(0, at(0), Span::ZERO);
        assert_eq!(cache.find(0, at(60)), Found::Stale { refresh: true });
        cache.begin(0, 5, true);
        assert_eq!(cache.find(0, at(89)), Found::Stale { refresh: false });
        assert_eq!(cache.find(0, at(90)), Found::Locked(5));
        cache.end(0, 5);
        assert_eq!(cache.find(0, at(90)), Found::Missing);
        assert_eq!(cache.data_age(0, at(359)), Span::from_secs(359));
        assert!(cache.serves_on_error(0, at(359)));
        assert!(!cache.serves_on_error(0, at(360)));
        assert!(!cache.serves_on_error(1, at(1)));
    }

    fn small(policy: Policy, most: u32) -> MetadataCache {
        let entries = Some(Entries { policy, most });
        with_lags(&Metadata { entries, ..config(true, 30, 300) })
    }

    #[test]
    fn who_leaves_a_full_cache_is_the_one_that_was_served_the_longest_time_ago() {
        let mut cache = small(Policy::Lru, 2);
        assert!(cache.counts_hits());
        cache.fill(0, at(0), Span::ZERO);
        cache.fill(1, at(1), Span::ZERO);
        cache.used(0, at(2));
        cache.fill(2, at(3), Span::ZERO);
        assert_eq!(cache.find(0, at(3)), Found::Fresh);
        assert_eq!(cache.find(1, at(3)), Found::Missing, "title 0 was served since");
        assert_eq!(cache.find(2, at(3)), Found::Fresh);
        // A copy that has left is not served in an emergency, and a stale one that is there is.
        assert!(!cache.serves_on_error(1, at(70)));
        assert_eq!(cache.find(0, at(70)), Found::Stale { refresh: true });
        // A hit begins no time anew where it counts from the fill.
        assert_eq!(cache.data_age(0, at(3)), Span::from_secs(3));
        cache.fill(1, at(71), Span::ZERO);
        assert_eq!(cache.find(0, at(71)), Found::Missing, "stale copies leave as fresh ones do");
    }

    #[test]
    fn any_policy_keeps_no_more_copies_than_there_is_room_for() {
        for policy in Policy::ALL {
            let mut cache = small(policy, 4);
            let mut stream = Seed(5).stream("titles");
            for second in 0..200 {
                let title = u32::try_from(stream.below(10)).unwrap();
                match cache.find(title, at(second)) {
                    Found::Fresh => cache.used(title, at(second)),
                    _ => cache.fill(title, at(second), Span::ZERO),
                }
                let there = (0..10).filter(|&title| cache.serves_on_error(title, at(second)));
                assert!((1..=4).contains(&there.count()), "{}", policy.name());
            }
            let there = (0..10).filter(|&title| cache.serves_on_error(title, at(200))).count();
            let mut stream = Seed(2).stream("evict");
            assert_eq!(cache.evict(1.0, &mut stream), there as u64);
            assert!((0..10).all(|title| !cache.serves_on_error(title, at(200))));
            cache.fill(3, at(201), Span::ZERO);
            assert_eq!(cache.find(3, at(201)), Found::Fresh, "{}", policy.name());
        }
    }

    #[test]
    fn eviction_takes_old_copies_too() {
        let mut cache = cache(true, 30, 300);
        (0..10).for_each(|title| cache.fill(title, at(0), Span::ZERO));
        let mut stream = Seed(2).stream("evict");
        assert_eq!(cache.evict(0.0, &mut stream), 0);
        let gone = cache.evict(0.5, &mut stream);
        let left = (0..10).filter(|&title| cache.find(title, at(1)) != Found::Missing).count();
        assert_eq!(gone + left as u64, 10);
        assert_eq!(cache.evict(1.0, &mut stream), left as u64);
        assert!((0..10).all(|title| !cache.serves_on_error(title, at(1))));
    }
}
