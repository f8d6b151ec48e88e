//! Segments at the edge: found in the content cache, or fetched from the origin.
//!
//! ```text
//! arrive -> segment_arrives -+-> hit ------------------------------------> (answered)
//!                            +-> joins a fill -- fill_wait_over               ^
//!                            +-> start_fill -> ask_origin -> ... -> filled ---+
//!                                                  ^        +-> attempt_of_fill_failed -> fill_failed
//!                                                  +--------------+                          |
//!                                                                             refuse <-------+
//! ```
//!
//! A **fill** is the edge's, as a fetch of metadata is: who waits, and which attempt is under way. What
//! becomes of an attempt is in `origin`. Ends of viewers' attempts are those of all requests, in `life`.

use super::origin::slots_of;
use super::pair::HedgedAttempts;
use super::server::Server;
use super::{Ctx, Event, InFlight, Key, Site, State, first_visit};
use crate::engine::{Seed, Stream};
use crate::model::Catalogue;
use crate::model::{AfterWait, Lock, Plan, SharedErrors};
use crate::observe::{Counter, Sample, When};
use crate::sim::client::networks::NetworkSet;
use crate::sim::edge::content::{ContentCache, Found};
use crate::sim::hop::client::HopClient;
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::run::event::ViewerRequest;
use crate::sim::run::slab::Slab;
use crate::sim::run::tracer::Part;
use crate::units::{Instant, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a site needs for segments; there is none where nobody asks for any.
#[derive(Debug)]
pub(in crate::sim) struct Contents {
    /// The same networks as the site serves, as far as they ask for segments.
    pub(in crate::sim) network_set: NetworkSet,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) cache: Option<ContentCache>,
    /// What a hit takes.
    hit: Span,
    lock: Option<Lock>,
    /// How the edge calls the origin.
    pub(super) caller: HopClient,
    pub(super) fills: Slab<Fill>,
    /// Attempts at the origin, and the origin in its region.
    pub(super) server: Server,
    /// At the origin, what other regions have asked for: their site and attempt, and the attempt here.
    /// Kept where they take back what they give up.
    pub(super) orders: BTreeMap<(usize, Key), Key>,
    /// How long an answer of the origin takes.
    pub(super) service: Stream,
}

/// A fetch of a segment from the origin.
#[derive(Debug)]
pub(super) struct Fill {
    pub(super) object: u32,
    /// Where the viewer sits who caused it.
    pub(super) origin: usize,
    /// The request that started it, if any did.
    first: Option<Key>,
    /// The other requests that wait for it.
    waiters: Vec<Key>,
    /// When the last of its waiters gives up.
    pub(super) deadline: Instant,
    /// The attempts that it has made.
    pub(super) pair: HedgedAttempts,
}

impl Fill {
    /// Who waits for it, and who has waited and does no longer.
    fn waiting(&self) -> impl Iterator<Item = Key> {
        self.first.into_iter().chain(self.waiters.iter().copied())
    }
}

impl Contents {
    /// What the site of a region has for segments at instant zero.
    pub(in crate::sim) fn new(
        me: usize,
        plan: &Plan,
        catalogue: Arc<Catalogue>,
        network_set: NetworkSet,
    ) -> Self {
        let (fabric, seed) = (&plan.fabric, Seed(plan.seed));
        let name = &fabric.regions[me];
        Self {
            network_set,
            catalogue,
            cache: ContentCache::new(&fabric.content),
            hit: fabric.content.hit,
            lock: fabric.content.lock,
            caller: HopClient::new(&fabric.origin.call, seed, &format!("{name}/origin")),
            fills: Slab::default(),
            server: Server::new((fabric.origin_region() == me).then(|| slots_of(&fabric.origin))),
            orders: BTreeMap::new(),
            service: seed.stream(&format!("{name}/origin service")),
        }
    }
}

// Arrivals.
impl Site {
    /// When the next request for a segment comes.
    #[inline]
    pub(super) fn next_segment(&self) -> Instant {
        self.content.as_ref().map_or(Instant::NEVER, |content| content.network_set.next_at())
    }

    /// Takes the next request for a segment.
    pub(super) fn take_segment(&mut self) -> Option<ViewerRequest> {
        let draw = self.content.as_mut()?.network_set.take()?;
        // Both kinds of requests pay into the one retry budget of their network.
        if let Some(network) = self.network_set.get_mut(draw.network) {
            network.deposit(draw.at);
        }
        Some(ViewerRequest { segment: true, ..first_visit(&draw) })
    }
}

// What the cache says.
impl Site {
    /// An attempt to get a segment comes to an edge that can be reached.
    pub(super) fn segment_arrives(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest) {
        let Some(content) = &mut self.content else { return };
        let bytes = content.catalogue.bytes(visit.title);
        let found = content.cache.as_mut().map(|cache| cache.find(visit.title, bytes));
        match found {
            Some(Found::Copy) => self.segment_hit(ctx, visit),
            Some(Found::Locked(place)) => match content.fills.key_at(place) {
                Some(fill) => self.join_fill(ctx, visit, fill),
                None => self.miss_segment(ctx, visit),
            },
            Some(Found::Missing) | None => self.miss_segment(ctx, visit),
        }
    }

    /// The cache answers.
    fn segment_hit(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest) {
        let takes = self.takes_hit(&visit);
        if self.trip(&visit) + takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        let ready = ctx.now() + takes;
        let soon = self.trip(&visit) + takes <= self.client_policy.soon && !visit.is_hedge();
        if soon && !self.hits_are_events && ready < self.next_change {
            let when = self.when(ctx.now(), &visit);
            self.record_answer(when, &visit, ready, Some(false), Span::ZERO);
        } else {
            let state = State::Answer { stale: false, age: Span::ZERO };
            let key = self.park_attempt(ctx, visit, state);
            ctx.schedule(ready, Event::Answered(key));
        }
    }

    /// What a hit takes that answers a request.
    pub(super) fn takes_hit(&self, visit: &ViewerRequest) -> Span {
        match &self.content {
            Some(content) if visit.segment => content.hit,
            _ => self.hit_takes,
        }
    }

    /// A second attempt comes whose request has been answered: the edge works for nobody.
    pub(super) fn segment_comes_for_nobody(&mut self, ctx: &mut Ctx<'_>, visit: &ViewerRequest) {
        let Some(content) = &mut self.content else { return };
        let bytes = content.catalogue.bytes(visit.title);
        let found = content.cache.as_mut().map(|cache| cache.find(visit.title, bytes));
        if matches!(found, None | Some(Found::Missing)) {
            self.start_fill(ctx, visit, None);
        }
    }

    fn miss_segment(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest) {
        let request = self.park_attempt(ctx, visit, State::Lost);
        self.start_fill(ctx, &visit, Some(request));
    }

    /// Another request is fetching the segment.
    fn join_fill(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest, key: Key) {
        self.count(&visit, Counter::Coalesced);
        let request = self.park_attempt(ctx, visit, State::Fill(key));
        let deadline = self.deadline(ctx.now(), &visit);
        if let Some(parked) = self.requests.get_mut(request) {
            parked.joined = Some(ctx.now());
        }
        let Some(content) = &mut self.content else { return };
        if let Some(fill) = content.fills.get_mut(key) {
            fill.waiters.push(request);
            fill.deadline = fill.deadline.max(deadline);
        }
        let wait = content.lock.map(|lock| ctx.now() + lock.wait);
        self.trace_joins(ctx.now(), &visit, key);
        if let Some(until) = wait.filter(|&until| until < deadline) {
            ctx.schedule(until, Event::LockWaitOver { request, fetch: key });
        }
    }

    /// A request has waited long enough for another's fill.
    pub(super) fn fill_wait_over(&mut self, ctx: &mut Ctx<'_>, key: Key, request: &InFlight) {
        self.count(&request.visit, Counter::LockTimeouts);
        self.sample_lock_wait(ctx.now(), request);
        let lock = self.content.as_ref().and_then(|content| content.lock);
        match lock.map(|lock| lock.after) {
            Some(AfterWait::Fail) => self.refuse(ctx, key, false),
            Some(AfterWait::Fetch) | None => self.fetch_alone(ctx, key),
        }
    }

    /// A request that has waited for another's fill makes one of its own.
    fn fetch_alone(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(request) = self.requests.get_mut(key) else {
            return;
        };
        (request.state, request.joined) = (State::Lost, None);
        let visit = request.visit;
        self.start_fill(ctx, &visit, Some(key));
    }

    /// A segment is answered, from the cache or not.
    #[cold] // reason: what manifests do stays together
    pub(super) fn record_segment(
        &mut self,
        when: When,
        visit: &ViewerRequest,
        hit: bool,
        waited: Span,
    ) {
        let origin = self.origin(visit);
        let Some(content) = &self.content else { return };
        let bytes = content.catalogue.bytes(visit.title);
        self.recorder.count_at(when, Counter::SegmentServed, origin);
        self.recorder.count_many_at(when, Counter::ContentBytes, origin, bytes);
        if hit {
            self.recorder.count_at(when, Counter::SegmentHits, origin);
            self.recorder.count_many_at(when, Counter::ContentHitBytes, origin, bytes);
        }
        self.recorder.sample_at(when, Sample::SegmentLatency, origin, waited);
    }
}

// Fills.
impl Site {
    fn start_fill(&mut self, ctx: &mut Ctx<'_>, visit: &ViewerRequest, of: Option<Key>) {
        let origin = self.origin(visit);
        self.recorder.count(Counter::OriginFetches, origin);
        let Some(content) = &mut self.content else { return };
        let request = of.and_then(|request| self.requests.get(request));
        let deadline = request.map_or(Instant::NEVER, |request| request.deadline);
        let fill = content.fills.insert(Fill {
            object: visit.title,
            origin,
            first: of,
            waiters: Vec::new(),
            deadline,
            pair: HedgedAttempts::new(content.caller.begin(ctx.now())),
        });
        if let Some(cache) = &mut content.cache {
            cache.begin(visit.title, fill.place);
        }
        if let Some(request) = of.and_then(|request| self.requests.get_mut(request)) {
            request.state = State::Fill(fill);
        }
        self.trace_fetch(ctx.now(), (Part::Fill, fill), of);
        self.send(ctx, Hop::Origin, fill);
    }

    /// An attempt was answered. The other one that may be under way for its fill is given up.
    pub(super) fn filled(&mut self, ctx: &mut Ctx<'_>, key: Key, ask: Key) {
        let other = self.attempt_answered(ctx.now(), Hop::Origin, key, ask);
        self.fill_ends_well(ctx, key, true);
        self.abandon_loser(ctx, Hop::Origin, other);
    }

    /// A fill has its answer. What stands in for the origin's is not cached.
    pub(super) fn fill_ends_well(&mut self, ctx: &mut Ctx<'_>, key: Key, is_real: bool) {
        let Some(fill) = self.end_fill(ctx.now(), key) else {
            return;
        };
        if let (true, Some(content)) = (is_real, &mut self.content)
            && let Some(cache) = &mut content.cache
        {
            cache.fill(fill.object, content.catalogue.bytes(fill.object));
        }
        let outcome = if is_real { "answered" } else { "fallback" };
        self.trace_end(ctx.now(), Part::Fill, key, outcome);
        for request in fill.waiting() {
            if let Some(&waiting) = self.requests.get(request)
                && waiting.state == State::Fill(key)
            {
                self.sample_lock_wait(ctx.now(), &waiting);
                self.deliver(ctx, request, false, Span::ZERO);
            }
        }
    }

    pub(super) fn fill_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, error: AttemptError) {
        let Some(fill) = self.end_fill(ctx.now(), key) else {
            return;
        };
        self.recorder.count(Counter::OriginFetchesFailed, fill.origin);
        self.trace_end(ctx.now(), Part::Fill, key, error.word());
        let lock = self.content.as_ref().and_then(|content| content.lock);
        let alone = lock.is_some_and(|lock| lock.errors == SharedErrors::Alone);
        for request in fill.waiting() {
            let Some(&waiting) = self.requests.get(request) else {
                continue;
            };
            if waiting.state != State::Fill(key) {
                continue;
            }
            self.sample_lock_wait(ctx.now(), &waiting);
            if alone && waiting.joined.is_some() {
                self.fetch_alone(ctx, request);
            } else {
                self.refuse(ctx, request, error == AttemptError::Refused);
            }
        }
    }

    /// A viewer has gone who waited for a fill. If nobody else does, the edge gives it up.
    pub(super) fn leave_fill(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if !self.plan.fabric.viewers.cancel {
            return;
        }
        let waits = |request| {
            self.requests.get(request).is_some_and(|request| request.state == State::Fill(key))
        };
        let fills = self.content.as_ref().map(|content| &content.fills);
        let fill = fills.and_then(|fills| fills.get(key));
        if fill.is_none_or(|fill| fill.first.is_none() || fill.waiting().any(waits)) {
            return;
        }
        let Some(mut fill) = self.end_fill(ctx.now(), key) else {
            return;
        };
        let Some(content) = &mut self.content else { return };
        for ask in fill.pair.dropped(&mut content.caller) {
            self.abandon_ask(ctx, ask);
        }
        self.trace_end(ctx.now(), Part::Fill, key, "taken back");
    }

    /// A fill is over: its lock is free.
    fn end_fill(&mut self, now: Instant, key: Key) -> Option<Fill> {
        let content = self.content.as_mut()?;
        let fill = content.fills.remove(key)?;
        if let Some(cache) = &mut content.cache {
            cache.end(fill.object, key.place);
        }
        self.trace_over(now, Part::Fill, key);
        Some(fill)
    }

    /// Throws a share of the content cache out.
    pub(super) fn evict_content(&mut self, share: f64) {
        let cache = self.content.as_mut().and_then(|content| content.cache.as_mut());
        let gone = cache.map_or(0, |cache| cache.evict(share, &mut self.streams.eviction));
        self.recorder.count_many(Counter::ContentEvicted, self.me, gone);
    }
}
