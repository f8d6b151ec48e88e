//! The edge's side of a fetch: who waits for it, which call is under way for it, what follows when
//! that fails.

use super::pair::HedgedAttempts;
use super::{Ctx, Key, Site, State};
use crate::model::SharedErrors;
use crate::observe::Counter;
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::run::tracer::Part;
use crate::sim::server::pool::Class;
use crate::units::{Instant, Span};

/// A fetch of a title's metadata from the manifest service.
#[derive(Debug)]
pub struct Fetch {
    pub(super) title: u32,
    /// Where the viewer sits who caused it.
    pub(super) origin: usize,
    waiters: Waiters,
    /// Whom the manifest service takes first.
    pub(super) class: Class,
    /// Whether it only validates a request, and so needs no read.
    pub(super) validates: bool,
    /// Whether it refreshes a copy for nobody.
    pub(super) refresh: bool,
    /// When the last of its waiters gives up.
    pub(super) deadline: Instant,
    /// The calls that it has made.
    pub(super) pair: HedgedAttempts,
}

/// What is left to be said of a fetch that is over.
#[derive(Debug)]
struct Over {
    title: u32,
    origin: usize,
    waiters: Waiters,
    validates: bool,
}

/// Who waits for a fetch, and who has waited and does no longer.
#[derive(Debug, Default)]
struct Waiters {
    /// The request that started it, if any did.
    first: Option<Key>,
    /// The others.
    joined: Vec<Key>,
}

impl Waiters {
    fn all(&self) -> impl Iterator<Item = Key> {
        self.first.into_iter().chain(self.joined.iter().copied())
    }
}

impl Site {
    /// Starts a fetch for a request, or a refresh for nobody.
    pub(super) fn start_fetch(
        &mut self,
        ctx: &mut Ctx<'_>,
        title: u32,
        origin: usize,
        of: Option<Key>,
    ) {
        self.recorder.count(Counter::Fetches, origin);
        let class = self.draw_class();
        let validates = self.draw_kind(origin);
        let deadline = of.and_then(|request| self.requests.get(request)).map(|r| r.deadline);
        let fetch = self.fetches.insert(Fetch {
            title,
            origin,
            waiters: Waiters { first: of, joined: Vec::new() },
            class,
            validates,
            refresh: of.is_none(),
            deadline: deadline.unwrap_or(Instant::NEVER),
            pair: HedgedAttempts::new(self.manifest_caller.begin(ctx.now())),
        });
        if let Some(request) = of.and_then(|request| self.requests.get_mut(request)) {
            request.state = State::Fetch(fetch);
        }
        if let Some(cache) = &mut self.cache {
            cache.begin(title, fetch.place, of.is_none());
        }
        self.trace_fetch(ctx.now(), (Part::Fetch, fetch), of);
        self.send(ctx, Hop::Manifest, fetch);
    }

    /// A request joins a fetch under way.
    pub(super) fn join(&mut self, key: Key, request: Key, deadline: Instant) {
        if let Some(fetch) = self.fetches.get_mut(key) {
            fetch.waiters.joined.push(request);
            fetch.deadline = fetch.deadline.max(deadline);
        }
    }

    /// A call has been answered; with the lag of its data, unless something else stands in for them. The
    /// other one that may be under way for its fetch is given up.
    pub(super) fn fetched(&mut self, ctx: &mut Ctx<'_>, key: Key, call: Key, lag: Option<Span>) {
        let other = self.attempt_answered(ctx.now(), Hop::Manifest, key, call);
        self.end_well(ctx, key, lag);
        self.abandon_loser(ctx, Hop::Manifest, other);
    }

    /// A fetch has its answer. What stands in for data is not cached.
    pub(super) fn end_well(&mut self, ctx: &mut Ctx<'_>, key: Key, data: Option<Span>) {
        let Some(fetch) = self.end_fetch(ctx.now(), key) else {
            return;
        };
        if let (Some(cache), Some(lag)) = (&mut self.cache, data) {
            cache.fill(fetch.title, ctx.now(), lag);
        }
        let outcome = if data.is_some() { "answered" } else { "fallback" };
        self.trace_end(ctx.now(), Part::Fetch, key, outcome);
        let lag = data.unwrap_or(Span::ZERO);
        for request in fetch.waiters.all() {
            if let Some(waiting) = self.requests.get(request)
                && waiting.state == State::Fetch(key)
            {
                if waiting.joined.is_some() {
                    let waiting = *waiting;
                    self.sample_lock_wait(ctx.now(), &waiting);
                }
                self.deliver(ctx, request, false, lag);
            }
        }
    }

    /// A fetch has failed for good.
    pub(super) fn fetch_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, error: AttemptError) {
        let Some(fetch) = self.end_fetch(ctx.now(), key) else {
            return;
        };
        self.recorder.count(Counter::FetchesFailed, fetch.origin);
        if fetch.validates {
            self.recorder.count(Counter::ValidationsFailed, fetch.origin);
        }
        self.trace_end(ctx.now(), Part::Fetch, key, error.word());
        let metadata = self.plan.fabric.metadata.as_ref();
        let alone = metadata
            .and_then(|metadata| metadata.lock)
            .is_some_and(|lock| lock.errors == SharedErrors::Alone);
        for request in fetch.waiters.all() {
            let Some(&waiting) = self.requests.get(request) else {
                continue;
            };
            if waiting.state != State::Fetch(key) {
                continue;
            }
            self.sample_lock_wait(ctx.now(), &waiting);
            if alone && waiting.joined.is_some() {
                if let Some(parked) = self.requests.get_mut(request) {
                    parked.joined = None;
                }
                let origin = self.origin(&waiting.visit);
                self.start_fetch(ctx, fetch.title, origin, Some(request));
            } else {
                self.refuse(ctx, request, error == AttemptError::Refused);
            }
        }
    }

    /// A viewer has gone who waited for a fetch. If nobody else does, the edge gives it up.
    pub(super) fn leave_fetch(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if !self.plan.fabric.viewers.cancel {
            return;
        }
        let waits = |request| {
            self.requests.get(request).is_some_and(|request| request.state == State::Fetch(key))
        };
        let wanted = |fetch: &Fetch| fetch.refresh || fetch.waiters.all().any(waits);
        if self.fetches.get(key).is_none_or(wanted) {
            return;
        }
        let pair = self.fetches.get_mut(key);
        let Some(given_up) = pair.map(|fetch| fetch.pair.dropped(&mut self.manifest_caller)) else {
            return;
        };
        self.end_fetch(ctx.now(), key);
        for call in given_up {
            self.abandon_call(ctx, call);
        }
        self.trace_end(ctx.now(), Part::Fetch, key, "taken back");
    }

    /// A fetch is over: its lock is free.
    fn end_fetch(&mut self, now: Instant, key: Key) -> Option<Over> {
        let fetch = self.fetches.get_mut(key)?;
        let over = Over {
            title: fetch.title,
            origin: fetch.origin,
            waiters: std::mem::take(&mut fetch.waiters),
            validates: fetch.validates,
        };
        self.fetches.discard(key);
        self.trace_over(now, Part::Fetch, key);
        if let Some(cache) = &mut self.cache {
            cache.end(over.title, key.place);
        }
        Some(over)
    }
}
