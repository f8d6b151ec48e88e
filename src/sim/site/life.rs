//! The life of a request at one site, from its arrival to its end: every branch in one file.
//!
//! ```text
//! arrival -> arrive -+-> hit --------------------------------> (answered) -> record_answer
//!                    |                                                ^
//!                    +-> miss -+-> start_fill ---- made --> deliver --+
//!                    |         +-> join_fill -- lock_wait_over
//!                    |                    |
//!                    +-> nobody answers   +-- failed -> refuse -> viewer_attempt_failed -+-> retry -> arrive
//!                             |                                    ^              +-> give_up
//!                             +-------------- timed_out -----------+
//! ```
//!
//! `rush` takes the commonest branch, a first attempt that finds a fresh copy, for many requests in a
//! row. What goes on behind the cache is in `fill`, `hop`, `service`, `server` and `database`, in this order;
//! what a budget hears is in `budget`, and what else protects viewers and edge in `protect`.

use super::fill::EdgeCache;
use super::{Ctx, Event, InFlight, Key, Site, State, accounting};
use crate::observe::{Counter, Sample, When};
use crate::sim::edge::metadata::{Found, MetadataCache};
use crate::sim::hop::error::AttemptError;
use crate::sim::run::event::ViewerRequest;
use crate::units::{Instant, Span};

// Arrival, and what the cache says.
impl Site {
    /// Something arrives that was drawn or decided on before.
    pub(super) fn arrival(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest) {
        if visit.attempt == 0 {
            return self.arrive(ctx, visit);
        }
        self.land(&visit);
        if self.client.networks.has(visit.network) {
            self.arrive(ctx, visit);
        } else {
            self.send_on(ctx, &visit, ctx.now(), Event::Arrival(visit));
        }
    }

    /// An attempt arrives.
    #[inline]
    pub(super) fn arrive(&mut self, ctx: &mut Ctx<'_>, mut visit: ViewerRequest) {
        let now = ctx.now();
        let first = visit.attempt == 0;
        if first {
            visit.born = now;
            visit.lead = accounting::lead_of(self.trip(&visit));
            self.trace_request(now, &mut visit);
        }
        visit.attempt += 1;
        let lost = self.routes.outage.is_some() || !self.routes.reachable;
        let found = match &self.edge.metadata {
            Some(cache) if !lost && !visit.segment => cache.find(visit.title, now),
            _ => Found::Missing,
        };
        if first {
            self.count(&visit, Counter::Requests);
        }
        if self.client.policy.asks
            && let Some(why) = self.refusal(now, &mut visit)
        {
            return self.stays(ctx, visit, why);
        }
        self.count(&visit, Counter::Attempts);
        self.trace_attempt(now, &visit);
        if lost {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        if visit.segment {
            return self.segment_arrives(ctx, visit);
        }
        match found {
            Found::Fresh => {
                self.used(visit.title, now);
                self.hit(ctx, visit, false);
            }
            Found::Stale { refresh } => {
                if refresh {
                    self.fill_for_none(ctx, &visit);
                }
                self.hit(ctx, visit, true);
            }
            Found::Locked(place) => self.miss(ctx, visit, self.edge.fills.key_at(place)),
            Found::Missing => self.miss(ctx, visit, None),
        }
    }

    /// A fresh copy is served.
    #[inline]
    pub(super) fn used(&mut self, title: u32, now: Instant) {
        if let Some(cache) = &mut self.edge.metadata {
            cache.used(title, now);
        }
    }

    /// Whether an answer of the cache is over where it is drawn: it holds nothing which others wait
    /// for, and no planned change of the site can come between.
    #[inline]
    fn is_over_at_once(&self, now: Instant, visit: &ViewerRequest) -> bool {
        !self.client.hits_are_events
            && now + self.edge.hit_takes < self.next_change
            && self.trip(visit) + self.edge.hit_takes <= self.client.policy.soon
    }

    /// The cache answers.
    fn hit(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest, stale: bool) {
        if self.trip(&visit) + self.edge.hit_takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        let age = self.data_age(ctx.now(), visit.title);
        if self.is_over_at_once(ctx.now(), &visit) {
            let when = self.when(ctx.now(), &visit);
            self.record_answer(when, &visit, ctx.now() + self.edge.hit_takes, Some(stale), age);
        } else {
            let key = self.park_attempt(ctx, visit, State::Answer { stale, age });
            ctx.schedule(ctx.now() + self.edge.hit_takes, Event::Answered(key));
        }
    }

    /// The age of the data that the cache answers with, if that is asked for.
    pub(super) fn data_age(&self, now: Instant, title: u32) -> Span {
        match &self.edge.metadata {
            Some(cache) if self.edge.keeps_ages => cache.data_age(title, now),
            _ => Span::ZERO,
        }
    }

    /// A hit's answer leaves, if the site can still be reached.
    pub(super) fn answered(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(&InFlight { state: State::Answer { stale, age }, .. }) =
            self.client.requests.get(key)
        else {
            return;
        };
        if self.routes.outage.is_some() {
            return self.lose(key);
        }
        let Some(visit) = self.answers(ctx, key) else {
            return;
        };
        let when = self.when(ctx.now(), &visit);
        self.record_answer(when, &visit, ctx.now(), Some(stale), age);
    }

    /// The cache has nothing to serve: join the fill that holds the lock, or start one.
    pub(super) fn miss(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest, locked: Option<Key>) {
        if let Some(fill) = locked {
            return self.join_fill(ctx, visit, fill);
        }
        let request = self.park_attempt(ctx, visit, State::Lost);
        let what = (visit.title, self.origin(&visit));
        self.start_fill(ctx, EdgeCache::of(&visit), what, Some(request));
    }

    /// A fill for which no request waits: a refresh, or wasted work.
    pub(super) fn fill_for_none(&mut self, ctx: &mut Ctx<'_>, visit: &ViewerRequest) {
        let what = (visit.title, self.origin(visit));
        self.start_fill(ctx, EdgeCache::of(visit), what, None);
    }
}

// Ends of attempts and requests.
impl Site {
    /// An answer is ready for a request under way; it may come too late, or not get out.
    pub(super) fn deliver(&mut self, ctx: &mut Ctx<'_>, key: Key, stale: bool, age: Span) {
        let Some(request) = self.client.requests.get(key) else {
            return;
        };
        let heard = ctx.now() + self.trip(&request.visit).half();
        if self.routes.outage.is_some() || heard > request.deadline {
            self.lose(key);
            return;
        }
        let Some(visit) = self.answers(ctx, key) else {
            return;
        };
        let when = self.when(ctx.now(), &visit);
        self.record_answer(when, &visit, ctx.now(), stale.then_some(true), age);
        self.think(ctx, heard);
    }

    /// A request under way gets an error, or an old copy instead.
    pub(super) fn refuse(&mut self, ctx: &mut Ctx<'_>, key: Key, rejected: bool) {
        let Some(&request) = self.client.requests.get(key) else {
            return;
        };
        let now = ctx.now();
        let title = request.visit.title;
        let serves = |cache: &MetadataCache| cache.serves_on_error(title, now);
        if !request.visit.segment && self.edge.metadata.as_ref().is_some_and(serves) {
            let age = self.data_age(now, title);
            return self.deliver(ctx, key, true, age);
        }
        let heard = now + self.trip(&request.visit).half();
        if let Some(parked) = self.client.requests.get_mut(key) {
            parked.visit.rejected |= rejected;
        }
        self.lose(key);
        if self.routes.outage.is_none()
            && heard <= request.deadline
            && let Some(visit) = self.fails(now, key, heard, AttemptError::Error)
        {
            self.viewer_attempt_failed(ctx, visit, heard, AttemptError::Error);
        }
    }

    /// No answer will reach the viewer any more: its time-out ends the attempt.
    fn lose(&mut self, key: Key) {
        if let Some(request) = self.client.requests.get_mut(key) {
            request.state = State::Lost;
        }
    }

    pub(super) fn timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(&request) = self.client.requests.get(key).filter(|one| one.state != State::Spent)
        else {
            return;
        };
        let failed = self.fails(ctx.now(), key, ctx.now(), AttemptError::TimeOut);
        self.count(&request.visit, Counter::TimedOut);
        self.sample_lock_wait(ctx.now(), &request);
        self.stops_waiting(ctx, &request);
        if let Some(visit) = failed {
            self.viewer_attempt_failed(ctx, visit, ctx.now(), AttemptError::TimeOut);
        }
    }

    /// A viewer waits no longer for what its request waited for.
    pub(super) fn stops_waiting(&mut self, ctx: &mut Ctx<'_>, request: &InFlight) {
        match request.state {
            State::Fill(cache, fill) => self.leave_fill(ctx, cache, fill),
            _ => {}
        }
    }

    /// The viewer knows at `heard` that its attempt has failed. Whoever serves its network now
    /// decides, because the retry budget travels with the network.
    pub(super) fn viewer_attempt_failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        mut visit: ViewerRequest,
        heard: Instant,
        how: AttemptError,
    ) {
        self.trace_failed(ctx.now(), heard, &visit, how);
        let Some(network) = self.client.networks.get_mut(visit.network) else {
            return self.send_on(ctx, &visit, heard, Event::Failed { visit, how });
        };
        if let Some(retry_budget) = &mut network.retry_budget {
            retry_budget.failed(&mut visit.token);
        }
        self.what_follows(ctx, visit, heard, how);
    }

    /// An attempt has failed, or was not let go, at a site that serves its network.
    pub(super) fn what_follows(
        &mut self,
        ctx: &mut Ctx<'_>,
        mut visit: ViewerRequest,
        heard: Instant,
        how: AttemptError,
    ) {
        let retry = &self.plan.fabric.viewers.retry;
        let attempt = u32::from(visit.attempt);
        if attempt >= retry.attempts {
            self.give_up(ctx.now(), heard, &visit, how);
            return self.think(ctx, heard);
        }
        let network = self.client.networks.get_mut(visit.network);
        let retry_budget = network.and_then(|network| network.retry_budget.as_mut());
        if !retry_budget
            .is_none_or(|retry_budget| retry_budget.grant(ctx.now(), &mut visit.token, how))
        {
            self.count(&visit, Counter::RetriesDenied);
            self.trace_note(ctx.now(), &visit, "the budget refuses a retry");
            self.give_up(ctx.now(), heard, &visit, how);
            return self.think(ctx, heard);
        }
        let wait = retry.wait(attempt, &mut self.streams.jitter);
        let arrives = heard.saturating_add(wait).saturating_add(self.trip(&visit).half());
        let key = self.park(visit, State::Backoff, Instant::NEVER);
        ctx.schedule(arrives, Event::Retry(key));
    }

    pub(super) fn retry(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(visit) = self.unpark(key) else {
            return;
        };
        if self.client.networks.has(visit.network) {
            self.arrive(ctx, visit);
        } else {
            self.send_on(ctx, &visit, ctx.now(), Event::Arrival(visit));
        }
    }

    /// The request has failed for good, as its viewer knows at `heard`.
    pub(super) fn give_up(
        &mut self,
        now: Instant,
        heard: Instant,
        visit: &ViewerRequest,
        how: AttemptError,
    ) {
        if self.client.policy.is_on && self.falls_back(now, heard, visit) {
            return;
        }
        let when = self.when(now, visit);
        let outcome = match how {
            AttemptError::Error | AttemptError::Refused => Counter::Failed,
            AttemptError::TimeOut => Counter::GivenUp,
        };
        self.count_at(when, visit, outcome);
        self.trace_given_up(now, visit, how);
        self.record_course(when, visit);
    }

    /// The request is answered by what leaves the site at `ready`. `from_cache` says whether the
    /// cache answered, and then whether its copy was stale.
    #[inline]
    pub(super) fn record_answer(
        &mut self,
        when: When,
        visit: &ViewerRequest,
        ready: Instant,
        from_cache: Option<bool>,
        age: Span,
    ) {
        let origin = self.origin(visit);
        self.recorder.count_at(when, Counter::Served, origin);
        match from_cache {
            Some(false) => self.recorder.count_at(when, Counter::Hits, origin),
            Some(true) => self.recorder.count_at(when, Counter::Stale, origin),
            None => {}
        }
        if visit.attempt > 1 {
            self.record_course(when, visit);
        }
        self.trace_answer(ready, visit, from_cache);
        let waited = ready.since(visit.born) + self.way(visit);
        self.recorder.sample_at(when, Sample::Latency, origin, waited);
        if visit.segment {
            self.record_segment(when, visit, from_cache.is_some(), waited);
        } else if self.edge.keeps_ages {
            self.recorder.sample_at(when, Sample::Staleness, origin, age);
        }
    }

    pub(super) fn record_course(&mut self, when: When, visit: &ViewerRequest) {
        if visit.attempt > 1 {
            self.count_at(when, visit, Counter::Retried);
        }
        if visit.rejected {
            self.count_at(when, visit, Counter::Rejected);
        }
    }

    /// A request that waited for another's fetch waits no longer.
    pub(super) fn sample_lock_wait(&mut self, now: Instant, request: &InFlight) {
        if let (Some(joined), State::Fill(_, fill)) = (request.joined, request.state) {
            self.trace_leaves(now, &request.visit, fill);
            let origin = self.origin(&request.visit);
            self.recorder.sample(Sample::LockWait, origin, now.since(joined));
            if request.visit.segment {
                self.recorder.sample(Sample::SegmentLockWait, origin, now.since(joined));
            }
        }
    }
}
