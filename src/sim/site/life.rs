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
//! `fast_path` takes the commonest branch, a first attempt that finds a fresh copy, for many requests in a
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
    pub(super) fn arrival(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest) {
        if request.attempt == 0 {
            return self.arrive(ctx, request);
        }
        self.untrack(&request);
        if self.client.networks.has(request.network) {
            self.arrive(ctx, request);
        } else {
            self.send_on(ctx, &request, ctx.now(), Event::Arrival(request));
        }
    }

    /// An attempt arrives.
    #[inline]
    pub(super) fn arrive(&mut self, ctx: &mut Ctx<'_>, mut request: ViewerRequest) {
        let now = ctx.now();
        let first = request.attempt == 0;
        if first {
            request.born = now;
            request.lead = accounting::lead_of(self.trip(&request));
            self.trace_request(now, &mut request);
        }
        request.attempt += 1;
        let lost = self.routes.outage.is_some() || !self.routes.reachable;
        let found = match &self.edge.metadata {
            Some(cache) if !lost && !request.segment => cache.find(request.title, now),
            _ => Found::Missing,
        };
        if first {
            self.count(&request, Counter::Requests);
        }
        if self.client.policy.asks
            && let Some(why) = self.refusal(now, &mut request)
        {
            return self.attempt_refused(ctx, request, why);
        }
        self.count(&request, Counter::Attempts);
        self.trace_attempt(now, &request);
        if lost {
            self.park_attempt(ctx, request, State::Lost);
            return;
        }
        if request.segment {
            return self.segment_arrives(ctx, request);
        }
        match found {
            Found::Fresh => {
                self.used(request.title, now);
                self.hit(ctx, request, false);
            }
            Found::Stale { refresh } => {
                if refresh {
                    self.fill_for_none(ctx, &request);
                }
                self.hit(ctx, request, true);
            }
            Found::Locked(place) => self.miss(ctx, request, self.edge.fills.key_at(place)),
            Found::Missing => self.miss(ctx, request, None),
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
    fn is_over_at_once(&self, now: Instant, request: &ViewerRequest) -> bool {
        !self.client.hits_are_events
            && now + self.edge.hit_takes < self.next_change
            && self.trip(request) + self.edge.hit_takes <= self.client.policy.soon
    }

    /// The cache answers.
    fn hit(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest, stale: bool) {
        if self.trip(&request) + self.edge.hit_takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, request, State::Lost);
            return;
        }
        let age = self.data_age(ctx.now(), request.title);
        if self.is_over_at_once(ctx.now(), &request) {
            let when = self.when(ctx.now(), &request);
            self.record_answer(when, &request, ctx.now() + self.edge.hit_takes, Some(stale), age);
        } else {
            let key = self.park_attempt(ctx, request, State::Answer { stale, age });
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
        let Some(request) = self.request_answered(ctx, key) else {
            return;
        };
        let when = self.when(ctx.now(), &request);
        self.record_answer(when, &request, ctx.now(), Some(stale), age);
    }

    /// The cache has nothing to serve: join the fill that holds the lock, or start one.
    pub(super) fn miss(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest, locked: Option<Key>) {
        if let Some(fill) = locked {
            return self.join_fill(ctx, request, fill);
        }
        let in_flight = self.park_attempt(ctx, request, State::Lost);
        let what = (request.title, self.client_region(&request));
        self.start_fill(ctx, EdgeCache::of(&request), what, Some(in_flight));
    }

    /// A fill for which no request waits: a refresh, or wasted work.
    pub(super) fn fill_for_none(&mut self, ctx: &mut Ctx<'_>, request: &ViewerRequest) {
        let what = (request.title, self.client_region(request));
        self.start_fill(ctx, EdgeCache::of(request), what, None);
    }
}

// Ends of attempts and requests.
impl Site {
    /// An answer is ready for a request under way; it may come too late, or not get out.
    pub(super) fn deliver(&mut self, ctx: &mut Ctx<'_>, key: Key, stale: bool, age: Span) {
        let Some(in_flight) = self.client.requests.get(key) else {
            return;
        };
        let heard = ctx.now() + self.trip(&in_flight.request).half();
        if self.routes.outage.is_some() || heard > in_flight.deadline {
            self.lose(key);
            return;
        }
        let Some(request) = self.request_answered(ctx, key) else {
            return;
        };
        let when = self.when(ctx.now(), &request);
        self.record_answer(when, &request, ctx.now(), stale.then_some(true), age);
        self.think(ctx, heard);
    }

    /// A request under way gets an error, or an old copy instead.
    pub(super) fn refuse(&mut self, ctx: &mut Ctx<'_>, key: Key, rejected: bool) {
        let Some(&in_flight) = self.client.requests.get(key) else {
            return;
        };
        let now = ctx.now();
        let title = in_flight.request.title;
        let serves = |cache: &MetadataCache| cache.serves_on_error(title, now);
        if !in_flight.request.segment && self.edge.metadata.as_ref().is_some_and(serves) {
            let age = self.data_age(now, title);
            return self.deliver(ctx, key, true, age);
        }
        let heard = now + self.trip(&in_flight.request).half();
        if let Some(parked) = self.client.requests.get_mut(key) {
            parked.request.rejected |= rejected;
        }
        self.lose(key);
        if self.routes.outage.is_none()
            && heard <= in_flight.deadline
            && let Some(request) = self.viewer_attempt_fails(now, key, heard, AttemptError::Error)
        {
            self.viewer_attempt_failed(ctx, request, heard, AttemptError::Error);
        }
    }

    /// No answer will reach the viewer any more: its time-out ends the attempt.
    fn lose(&mut self, key: Key) {
        if let Some(in_flight) = self.client.requests.get_mut(key) {
            in_flight.state = State::Lost;
        }
    }

    pub(super) fn timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(&in_flight) =
            self.client.requests.get(key).filter(|one| one.state != State::Spent)
        else {
            return;
        };
        let failed = self.viewer_attempt_fails(ctx.now(), key, ctx.now(), AttemptError::TimeOut);
        self.count(&in_flight.request, Counter::TimedOut);
        self.sample_lock_wait(ctx.now(), &in_flight);
        self.stops_waiting(ctx, &in_flight);
        if let Some(request) = failed {
            self.viewer_attempt_failed(ctx, request, ctx.now(), AttemptError::TimeOut);
        }
    }

    /// A viewer waits no longer for what its request waited for.
    pub(super) fn stops_waiting(&mut self, ctx: &mut Ctx<'_>, in_flight: &InFlight) {
        if let State::Fill(cache, fill) = in_flight.state {
            self.leave_fill(ctx, cache, fill);
        }
    }

    /// The viewer knows at `heard` that its attempt has failed. The site that serves its network
    /// now decides, because the retry budget travels with the network.
    pub(super) fn viewer_attempt_failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        mut request: ViewerRequest,
        heard: Instant,
        how: AttemptError,
    ) {
        self.trace_failed(ctx.now(), heard, &request, how);
        let Some(network) = self.client.networks.get_mut(request.network) else {
            return self.send_on(ctx, &request, heard, Event::Failed { request, how });
        };
        if let Some(retry_budget) = &mut network.retry_budget {
            retry_budget.failed(&mut request.token);
        }
        self.next_step(ctx, request, heard, how);
    }

    /// An attempt has failed, or was not let go, at a site that serves its network.
    pub(super) fn next_step(
        &mut self,
        ctx: &mut Ctx<'_>,
        mut request: ViewerRequest,
        heard: Instant,
        how: AttemptError,
    ) {
        let retry = &self.plan.fabric.viewers.retry;
        let attempt = u32::from(request.attempt);
        if attempt >= retry.attempts {
            self.give_up(ctx.now(), heard, &request, how);
            return self.think(ctx, heard);
        }
        let network = self.client.networks.get_mut(request.network);
        let retry_budget = network.and_then(|network| network.retry_budget.as_mut());
        if !retry_budget
            .is_none_or(|retry_budget| retry_budget.grant(ctx.now(), &mut request.token, how))
        {
            self.count(&request, Counter::RetriesDenied);
            self.trace_note(ctx.now(), &request, "the budget refuses a retry");
            self.give_up(ctx.now(), heard, &request, how);
            return self.think(ctx, heard);
        }
        let wait = retry.wait(attempt, &mut self.streams.jitter);
        let arrives = heard.saturating_add(wait).saturating_add(self.trip(&request).half());
        let key = self.park(request, State::Backoff, Instant::NEVER);
        ctx.schedule(arrives, Event::Retry(key));
    }

    pub(super) fn retry(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(request) = self.unpark(key) else {
            return;
        };
        if self.client.networks.has(request.network) {
            self.arrive(ctx, request);
        } else {
            self.send_on(ctx, &request, ctx.now(), Event::Arrival(request));
        }
    }

    /// The request has failed for good, as its viewer knows at `heard`.
    pub(super) fn give_up(
        &mut self,
        now: Instant,
        heard: Instant,
        request: &ViewerRequest,
        how: AttemptError,
    ) {
        if self.client.policy.is_on && self.falls_back(now, heard, request) {
            return;
        }
        let when = self.when(now, request);
        let outcome = match how {
            AttemptError::Error | AttemptError::Refused => Counter::Failed,
            AttemptError::TimeOut => Counter::GivenUp,
        };
        self.count_at(when, request, outcome);
        self.trace_given_up(now, request, how);
        self.record_course(when, request);
    }

    /// The request is answered by what leaves the site at `ready`. `from_cache` says whether the
    /// cache answered, and then whether its copy was stale.
    #[inline]
    pub(super) fn record_answer(
        &mut self,
        when: When,
        request: &ViewerRequest,
        ready: Instant,
        from_cache: Option<bool>,
        age: Span,
    ) {
        let client_region = self.client_region(request);
        self.recorder.count_at(when, Counter::Served, client_region);
        match from_cache {
            Some(false) => self.recorder.count_at(when, Counter::Hits, client_region),
            Some(true) => self.recorder.count_at(when, Counter::Stale, client_region),
            None => {}
        }
        if request.attempt > 1 {
            self.record_course(when, request);
        }
        self.trace_answer(ready, request, from_cache);
        let waited = ready.since(request.born) + self.way(request);
        self.recorder.sample_at(when, Sample::Latency, client_region, waited);
        if request.segment {
            self.record_segment(when, request, from_cache.is_some(), waited);
        } else if self.edge.keeps_ages {
            self.recorder.sample_at(when, Sample::Staleness, client_region, age);
        }
    }

    pub(super) fn record_course(&mut self, when: When, request: &ViewerRequest) {
        if request.attempt > 1 {
            self.count_at(when, request, Counter::Retried);
        }
        if request.rejected {
            self.count_at(when, request, Counter::Rejected);
        }
    }

    /// A request that waited for another's fetch waits no longer.
    pub(super) fn sample_lock_wait(&mut self, now: Instant, in_flight: &InFlight) {
        if let (Some(joined), State::Fill(_, fill)) = (in_flight.joined, in_flight.state) {
            self.trace_leaves(now, &in_flight.request, fill);
            let client_region = self.client_region(&in_flight.request);
            self.recorder.sample(Sample::LockWait, client_region, now.since(joined));
            if in_flight.request.segment {
                self.recorder.sample(Sample::SegmentLockWait, client_region, now.since(joined));
            }
        }
    }
}
