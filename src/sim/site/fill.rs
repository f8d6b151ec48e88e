//! Fills of the edge's caches: which requests wait for one, and what becomes of them when it succeeds or
//! fails.
//!
//! ```text
//! start_fill -> send ... -+-> fill_answered -> fill_succeeded -> deliver
//! join_fill               +-> (fallback) ----------^
//!    |                    +-> fill_failed -> refuse, or each waiter makes a fill of its own
//!    +-> lock_wait_over, or leave_fill
//! ```
//!
//! A fill holds the lock of what it fetches: others that miss the same join it (a singleflight). Its
//! attempts are those of any hop, in `hop`.

use super::pair::HedgedAttempts;
use super::{Ctx, Event, InFlight, Key, Site, State};
use crate::model::{AfterWait, Lock, SharedErrors};
use crate::observe::Counter;
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::run::event::ViewerRequest;
use crate::sim::run::slab::Slab;
use crate::sim::server::pool::Class;
use crate::units::{Instant, Span};

/// One of the edge's caches.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum EdgeCache {
    /// Manifests and rights, by title.
    Metadata,
    /// Segments.
    Content,
}

impl EdgeCache {
    /// The one that may have the answer to a request.
    pub(super) const fn of(request: &ViewerRequest) -> Self {
        if request.segment { Self::Content } else { Self::Metadata }
    }

    /// The hop over which it is filled.
    const fn hop(self) -> Hop {
        match self {
            Self::Metadata => Hop::Manifest,
            Self::Content => Hop::Origin,
        }
    }

    /// What counts its fills, and those that fail.
    const fn counters(self) -> (Counter, Counter) {
        match self {
            Self::Metadata => (Counter::Fetches, Counter::FetchesFailed),
            Self::Content => (Counter::OriginFetches, Counter::OriginFetchesFailed),
        }
    }
}

/// A fill of a cache: of a title's metadata from the manifest service, or of a segment from the origin.
#[derive(Debug)]
pub(in crate::sim) struct CacheFill {
    /// The title, or the segment.
    pub(super) object: u32,
    /// Where the viewer sits for whom it was started.
    pub(super) client_region: usize,
    /// The request that started it; `None` where it refreshes a copy, or is wasted work.
    first: Option<Key>,
    /// The requests that have joined it. Some of all these may wait no longer.
    joined: Vec<Key>,
    /// Which the manifest service takes first.
    pub(super) class: Class,
    /// Whether it only validates a request, and so needs no read.
    pub(super) validates: bool,
    /// When the last of its waiters gives up.
    pub(super) deadline: Instant,
    /// The attempts that it has made.
    pub(super) attempts: HedgedAttempts,
}

impl CacheFill {
    /// The requests that wait for it, or have waited.
    fn waiters(&self) -> impl Iterator<Item = Key> {
        self.first.into_iter().chain(self.joined.iter().copied())
    }
}

// Each cache in its own way.
impl Site {
    fn fills(&self, cache: EdgeCache) -> Option<&Slab<CacheFill>> {
        match cache {
            EdgeCache::Metadata => Some(&self.edge.fills),
            EdgeCache::Content => self.edge.content.as_ref().map(|content| &content.fills),
        }
    }

    fn fills_mut(&mut self, cache: EdgeCache) -> Option<&mut Slab<CacheFill>> {
        match cache {
            EdgeCache::Metadata => Some(&mut self.edge.fills),
            EdgeCache::Content => self.edge.content.as_mut().map(|content| &mut content.fills),
        }
    }

    /// How long others wait for a fill, and what they do then.
    fn lock(&self, cache: EdgeCache) -> Option<Lock> {
        match cache {
            EdgeCache::Metadata => self.plan.fabric.metadata.as_ref()?.lock,
            EdgeCache::Content => self.plan.fabric.content.lock,
        }
    }

    /// The cache is told of a fill that begins.
    fn lock_object(&mut self, cache: EdgeCache, object: u32, fill: Key, refresh: bool) {
        match cache {
            EdgeCache::Metadata => {
                if let Some(cache) = &mut self.edge.metadata {
                    cache.begin(object, fill.place, refresh);
                }
            }
            EdgeCache::Content => {
                if let Some(cache) = self.edge.content.as_mut().and_then(|it| it.cache.as_mut()) {
                    cache.begin(object, fill.place);
                }
            }
        }
    }

    /// The cache is told of a fill that is over.
    fn unlock_object(&mut self, cache: EdgeCache, object: u32, fill: Key) {
        match cache {
            EdgeCache::Metadata => {
                if let Some(cache) = &mut self.edge.metadata {
                    cache.end(object, fill.place);
                }
            }
            EdgeCache::Content => {
                if let Some(cache) = self.edge.content.as_mut().and_then(|it| it.cache.as_mut()) {
                    cache.end(object, fill.place);
                }
            }
        }
    }

    /// The cache gets a copy, of data that are as old as this.
    fn store(&mut self, cache: EdgeCache, object: u32, now: Instant, lag: Span) {
        match cache {
            EdgeCache::Metadata => {
                if let Some(cache) = &mut self.edge.metadata {
                    cache.fill(object, now, lag);
                }
            }
            EdgeCache::Content => {
                let Some(content) = &mut self.edge.content else { return };
                if let Some(cache) = &mut content.cache {
                    cache.fill(object, content.catalogue.bytes(object));
                }
            }
        }
    }
}

// What is the same for both.
impl Site {
    /// Starts a fill for a request, or for none: a refresh, or wasted work.
    pub(super) fn start_fill(
        &mut self,
        ctx: &mut Ctx<'_>,
        cache: EdgeCache,
        (object, client_region): (u32, usize),
        of: Option<Key>,
    ) {
        self.recorder.count(cache.counters().0, client_region);
        let (class, validates) = match cache {
            EdgeCache::Metadata => (self.draw_class(), self.draw_kind(client_region)),
            EdgeCache::Content => (Class::Low, false),
        };
        let in_flight = of.and_then(|in_flight| self.client.requests.get(in_flight));
        let deadline = in_flight.map_or(Instant::NEVER, |in_flight| in_flight.deadline);
        let Some(attempt) = self.begin_call(cache.hop(), ctx.now()) else { return };
        let Some(fills) = self.fills_mut(cache) else { return };
        let fill = fills.insert(CacheFill {
            object,
            client_region,
            first: of,
            joined: Vec::new(),
            class,
            validates,
            deadline,
            attempts: HedgedAttempts::new(attempt),
        });
        if let Some(in_flight) = of.and_then(|in_flight| self.client.requests.get_mut(in_flight)) {
            in_flight.state = State::Fill(cache, fill);
        }
        self.lock_object(cache, object, fill, of.is_none());
        self.trace_fetch(ctx.now(), (cache.hop().table().parts.requester, fill), of);
        self.send(ctx, cache.hop(), fill);
    }

    /// An attempt joins the fill that another request has started.
    pub(super) fn join_fill(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest, key: Key) {
        let cache = EdgeCache::of(&request);
        self.count(&request, Counter::Coalesced);
        let in_flight = self.park_attempt(ctx, request, State::Fill(cache, key));
        let deadline = self.deadline(ctx.now(), &request);
        if let Some(parked) = self.client.requests.get_mut(in_flight) {
            parked.joined = Some(ctx.now());
        }
        if let Some(fill) = self.fills_mut(cache).and_then(|fills| fills.get_mut(key)) {
            fill.joined.push(in_flight);
            fill.deadline = fill.deadline.max(deadline);
        }
        self.trace_joins(ctx.now(), &request, key);
        let wait = self.lock(cache).map(|lock| ctx.now() + lock.wait);
        if let Some(until) = wait.filter(|&until| until < deadline) {
            ctx.schedule(until, Event::LockWaitOver { in_flight, fill: key });
        }
    }

    /// A request may have waited long enough for another's fill.
    pub(super) fn lock_wait_over(&mut self, ctx: &mut Ctx<'_>, key: Key, fill: Key) {
        let Some(&in_flight) = self.client.requests.get(key) else {
            return;
        };
        let State::Fill(cache, of) = in_flight.state else {
            return;
        };
        if of != fill {
            return;
        }
        self.count(&in_flight.request, Counter::LockTimeouts);
        self.sample_lock_wait(ctx.now(), &in_flight);
        match self.lock(cache).map(|lock| lock.after) {
            Some(AfterWait::Fail) => self.refuse(ctx, key, false),
            Some(AfterWait::Fetch) | None => self.fill_alone(ctx, cache, key, &in_flight),
        }
    }

    /// A request that has waited for another's fill starts one of its own.
    fn fill_alone(&mut self, ctx: &mut Ctx<'_>, cache: EdgeCache, key: Key, in_flight: &InFlight) {
        if let Some(parked) = self.client.requests.get_mut(key) {
            (parked.state, parked.joined) = (State::Lost, None);
        }
        let what = (in_flight.request.title, self.client_region(&in_flight.request));
        self.start_fill(ctx, cache, what, Some(key));
    }

    /// An attempt of a fill was answered, with the lag of its data, unless something else stands in for
    /// them. The other one that may be under way for the fill is given up.
    pub(super) fn fill_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        cache: EdgeCache,
        (key, attempt): (Key, Key),
        lag: Option<Span>,
    ) {
        let other = self.attempt_answered(ctx.now(), cache.hop(), key, attempt);
        self.fill_succeeded(ctx, cache, key, lag);
        self.abandon_loser(ctx, cache.hop(), other);
    }

    /// A fill has its answer. What stands in for data is not cached.
    pub(super) fn fill_succeeded(
        &mut self,
        ctx: &mut Ctx<'_>,
        cache: EdgeCache,
        key: Key,
        lag: Option<Span>,
    ) {
        let Some(fill) = self.end_fill(ctx.now(), cache, key) else {
            return;
        };
        if let Some(lag) = lag {
            self.store(cache, fill.object, ctx.now(), lag);
        }
        let outcome = if lag.is_some() { "answered" } else { "fallback" };
        self.trace_end(ctx.now(), cache.hop().table().parts.requester, key, outcome);
        for in_flight in fill.waiters() {
            if let Some(&waiting) = self.client.requests.get(in_flight)
                && waiting.state == State::Fill(cache, key)
            {
                self.sample_lock_wait(ctx.now(), &waiting);
                self.deliver(ctx, in_flight, false, lag.unwrap_or(Span::ZERO));
            }
        }
    }

    /// A fill has failed for good.
    pub(super) fn fill_failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        cache: EdgeCache,
        key: Key,
        error: AttemptError,
    ) {
        let Some(fill) = self.end_fill(ctx.now(), cache, key) else {
            return;
        };
        self.recorder.count(cache.counters().1, fill.client_region);
        if fill.validates {
            self.recorder.count(Counter::ValidationsFailed, fill.client_region);
        }
        self.trace_end(ctx.now(), cache.hop().table().parts.requester, key, error.word());
        let alone = self.lock(cache).is_some_and(|lock| lock.errors == SharedErrors::Alone);
        for in_flight in fill.waiters() {
            let Some(&waiting) = self.client.requests.get(in_flight) else {
                continue;
            };
            if waiting.state != State::Fill(cache, key) {
                continue;
            }
            self.sample_lock_wait(ctx.now(), &waiting);
            if alone && waiting.joined.is_some() {
                self.fill_alone(ctx, cache, in_flight, &waiting);
            } else {
                self.refuse(ctx, in_flight, error == AttemptError::Refused);
            }
        }
    }

    /// A viewer has gone whose request waited for a fill. If no other does, the edge gives the fill up.
    pub(super) fn leave_fill(&mut self, ctx: &mut Ctx<'_>, cache: EdgeCache, key: Key) {
        if !self.plan.fabric.viewers.cancel {
            return;
        }
        let waits = |in_flight| {
            let in_flight = self.client.requests.get(in_flight);
            in_flight.is_some_and(|in_flight| in_flight.state == State::Fill(cache, key))
        };
        let fill = self.fills(cache).and_then(|fills| fills.get(key));
        if fill.is_none_or(|fill| fill.first.is_none() || fill.waiters().any(waits)) {
            return;
        }
        let Some(fill) = self.end_fill(ctx.now(), cache, key) else {
            return;
        };
        for attempt in self.drop_attempts(cache.hop(), fill.attempts) {
            self.abandon(ctx, cache.hop(), attempt);
        }
        self.trace_end(ctx.now(), cache.hop().table().parts.requester, key, "taken back");
    }

    /// A fill is over: its lock is free.
    fn end_fill(&mut self, now: Instant, cache: EdgeCache, key: Key) -> Option<CacheFill> {
        let fill = self.fills_mut(cache)?.remove(key)?;
        self.unlock_object(cache, fill.object, key);
        self.trace_over(now, cache.hop().table().parts.requester, key);
        Some(fill)
    }
}
