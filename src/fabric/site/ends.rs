//! How attempts and requests end.

use super::{Ctx, Event, Failure, Key, Request, Site, State};
use crate::fabric::event::Visit;
use crate::observe::{Counter, Sample, When};
use crate::units::{Instant, Span};

impl Site {
    /// An answer is ready for a request under way; it may come too late, or not get out.
    pub(super) fn deliver(&mut self, ctx: &mut Ctx<'_>, key: Key, stale: bool, age: Span) {
        let Some(&request) = self.requests.get(key) else {
            return;
        };
        let heard = ctx.now() + self.trip(&request.visit).half();
        if self.outage.is_some() || heard > request.deadline {
            self.lose(key);
            return;
        }
        let Some(Request { visit, .. }) = self.unpark(key) else {
            return;
        };
        self.book_answer(ctx.now(), &visit);
        let when = self.when(ctx.now(), &visit);
        self.record_answer(when, &visit, ctx.now(), stale.then_some(true), age);
        self.think(ctx, heard);
    }

    /// A request under way gets an error, or an old copy instead.
    pub(super) fn refuse(&mut self, ctx: &mut Ctx<'_>, key: Key, rejected: bool) {
        let Some(&request) = self.requests.get(key) else {
            return;
        };
        let now = ctx.now();
        let title = request.visit.title;
        if self.cache.as_ref().is_some_and(|cache| cache.serves_on_error(title, now)) {
            let age = self.data_age(now, title);
            return self.deliver(ctx, key, true, age);
        }
        let heard = now + self.trip(&request.visit).half();
        if let Some(parked) = self.requests.get_mut(key) {
            parked.visit.rejected |= rejected;
        }
        self.lose(key);
        if self.outage.is_none()
            && heard <= request.deadline
            && let Some(Request { visit, .. }) = self.unpark(key)
        {
            self.attempt_failed(ctx, visit, heard, Failure::Error);
        }
    }

    /// No answer will reach the viewer any more: its time-out ends the attempt.
    pub(super) fn lose(&mut self, key: Key) {
        if let Some(request) = self.requests.get_mut(key) {
            request.state = State::Lost;
        }
    }

    pub(super) fn timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(request) = self.unpark(key) else {
            return;
        };
        let visit = request.visit;
        let origin = self.origin(&visit);
        self.recorder.count(Counter::TimedOut, origin);
        self.sample_lock_wait(ctx.now(), &request);
        self.attempt_failed(ctx, visit, ctx.now(), Failure::TimeOut);
    }

    /// The viewer knows at `heard` that its attempt has failed. Whoever serves its network now
    /// decides, because the retry budget travels with the network.
    pub(super) fn attempt_failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        mut visit: Visit,
        heard: Instant,
        how: Failure,
    ) {
        let retry = &self.plan.fabric.viewers.retry;
        let Some(network) = self.crowd.get_mut(visit.network) else {
            return self.send_on(ctx, &visit, heard, Event::Failed { visit, how });
        };
        if let Some(purse) = &mut network.purse {
            purse.failed(&mut visit.ticket);
        }
        let attempt = u32::from(visit.attempt);
        if attempt >= retry.attempts {
            self.give_up(ctx.now(), &visit, how);
            return self.think(ctx, heard);
        }
        let miss = how.into();
        let purse = network.purse.as_mut();
        if !purse.is_none_or(|purse| purse.grant(ctx.now(), &mut visit.ticket, miss)) {
            let origin = self.origin(&visit);
            self.recorder.count(Counter::RetriesDenied, origin);
            self.give_up(ctx.now(), &visit, how);
            return self.think(ctx, heard);
        }
        let wait = retry.wait(attempt, &mut self.streams.jitter);
        let arrives = heard.saturating_add(wait).saturating_add(self.trip(&visit).half());
        let key = self.park(visit, State::Backoff, Instant::NEVER);
        ctx.schedule(arrives, Event::Retry(key));
    }

    pub(super) fn retry(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(Request { visit, .. }) = self.unpark(key) else {
            return;
        };
        if self.crowd.has(visit.network) {
            self.arrive(ctx, visit);
        } else {
            self.send_on(ctx, &visit, ctx.now(), Event::Arrival(visit));
        }
    }

    /// The request has failed for good.
    pub(super) fn give_up(&mut self, now: Instant, visit: &Visit, how: Failure) {
        let origin = self.origin(visit);
        let when = self.when(now, visit);
        let outcome = match how {
            Failure::Error => Counter::Failed,
            Failure::TimeOut => Counter::GivenUp,
        };
        self.recorder.count_at(when, outcome, origin);
        self.record_course(when, visit, origin);
    }

    /// The request is answered by what leaves the site at `ready`. `from_cache` says whether the
    /// cache answered, and then whether its copy was stale.
    #[inline]
    pub(super) fn record_answer(
        &mut self,
        when: When,
        visit: &Visit,
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
            self.record_course(when, visit, origin);
        }
        let waited = ready.since(visit.born) + self.way(visit);
        self.recorder.sample_at(when, Sample::Latency, origin, waited);
        if self.staleness {
            self.recorder.sample_at(when, Sample::Staleness, origin, age);
        }
    }

    pub(super) fn record_course(&mut self, when: When, visit: &Visit, origin: usize) {
        if visit.attempt > 1 {
            self.recorder.count_at(when, Counter::Retried, origin);
        }
        if visit.rejected {
            self.recorder.count_at(when, Counter::Rejected, origin);
        }
    }

    /// A request that waited for another's fetch waits no longer.
    pub(super) fn sample_lock_wait(&mut self, now: Instant, request: &Request) {
        if let (Some(joined), State::Fetch(_)) = (request.joined, request.state) {
            let origin = self.origin(&request.visit);
            self.recorder.sample(Sample::LockWait, origin, now.since(joined));
        }
    }
}
