//! The protections of the hop between viewers and the edge, beside their retry budget.
//!
//! As with budgets, everything is booked at the site that serves the network, and what happens while the
//! network is on its way to another is not: who leaves meanwhile is not asked, and is not hedged.
//!
//! ```text
//! attempt comes ------ after -------> its hedge comes       (the viewer sends both half a trip before)
//!        |                 |<- trip -->|
//!        +--- hedge_viewer +           +--- hedge_arrives
//! ```
//!
//! What left the edge a whole trip before the hedge comes was heard before it was sent: so that is when
//! it is decided whether it is. An answer that leaves later crosses it on its way, and it comes for nobody.
//!
//! The attempt and its hedge are two entries in memory that know each other. The first stays as long as its
//! request does: `Spent` when it has failed and the hedge is still out.

use super::{Ctx, Event, Failure, Key, Request, Site, State};
use crate::fabric::budgets::Ticket;
use crate::fabric::caller::Leave;
use crate::fabric::config::Viewers;
use crate::fabric::event::{HEDGE, Visit};
use crate::fabric::guard::{Guard, Pass};
use crate::fabric::metadata::Found;
use crate::fabric::tracer::{Part, What};
use crate::observe::{Counter, Gauge, Timer};
use crate::units::{Instant, Span};

/// What is known of the attempt that is arriving, until it is kept.
#[derive(Clone, Copy, Debug)]
struct Arriving {
    pass: Pass,
    /// The attempt beside which it was sent.
    beside: Option<Key>,
}

impl Arriving {
    pub const NONE: Self = Self { pass: Pass::NONE, beside: None };
}

/// What the retry budget and the other protections of viewers want to hear of.
#[derive(Debug)]
pub(in crate::fabric) struct Shielding {
    /// Whether the retry budget counts attempts and answers.
    pub(super) books_attempts: bool,
    /// Whether attempts have to ask before they leave.
    pub(super) asks: bool,
    /// Whether viewers have protections beside their retry budget.
    pub(super) is_on: bool,
    /// Whether these, or the budget, have to hear of every answer.
    pub hears_all: bool,
    /// An answer that is heard within this is the only one: no time-out, no second attempt.
    pub(super) soon: Span,
    arriving: Arriving,
}

impl Shielding {
    pub fn new(viewers: &Viewers) -> Self {
        let (shield, books_attempts) = (&viewers.shield, viewers.retry.budget.books_attempts());
        Self {
            books_attempts,
            asks: books_attempts || shield.asks(),
            is_on: shield.is_on(),
            hears_all: books_attempts || shield.hears_all(),
            soon: shield.within(viewers.timeout),
            arriving: Arriving::NONE,
        }
    }
}

// Attempts leave.
impl Site {
    /// Asks a network's protections whether an attempt may leave, which is counted in `visit` already.
    /// What refuses it, if something does.
    pub(super) fn refusal(&mut self, now: Instant, visit: &mut Visit) -> Option<Leave> {
        self.shield.arriving = Arriving::NONE;
        let network = self.crowd.get_mut(visit.network)?;
        let before = network.breaker();
        let left = network.leave(now, &mut visit.ticket, visit.attempt > 1);
        let changed = network.breaker() != before;
        if changed {
            self.observe_viewers();
        }
        match left {
            Ok(pass) => {
                self.shield.arriving.pass = pass;
                None
            }
            Err(why) => Some(why),
        }
    }

    /// A breaker or a bulkhead refuses an attempt: it has failed before it left, as its viewer knows at
    /// once.
    pub(super) fn is_held_back(&mut self, ctx: &mut Ctx<'_>, visit: Visit, by: Counter) {
        let origin = self.origin(&visit);
        self.recorder.count(by, origin);
        self.trace_note(ctx.now(), &visit, "an attempt is refused before it leaves");
        let heard = ctx.now().saturating_sub(self.trip(&visit).half());
        self.what_follows(ctx, visit, heard, Failure::Error);
    }

    /// Keeps an attempt that has just arrived, beside the other if it is a hedge; else it may be hedged.
    pub(super) fn park_protected(
        &mut self,
        ctx: &mut Ctx<'_>,
        visit: Visit,
        state: State,
        deadline: Instant,
    ) -> Key {
        let Arriving { mut pass, beside } =
            std::mem::replace(&mut self.shield.arriving, Arriving::NONE);
        pass.left = ctx.now();
        if let Some(first) = beside {
            return self.put_beside(first, visit, (state, deadline), pass);
        }
        let key = self.park(visit, state, deadline);
        if let Some(request) = self.requests.get_mut(key) {
            request.pass = pass;
        }
        self.plan_hedge(ctx, key, &visit, state);
        key
    }

    /// Keeps a hedge beside its attempt. The request is under way already.
    fn put_beside(
        &mut self,
        first: Key,
        visit: Visit,
        (state, deadline): (State, Instant),
        pass: Pass,
    ) -> Key {
        self.parked += 1;
        let (serial, twin) = (self.parked, Some(first));
        let hedge = Request { visit, state, deadline, joined: None, serial, pass, twin };
        let key = self.requests.insert(hedge);
        if let Some(first) = self.requests.get_mut(first) {
            first.twin = Some(key);
        }
        key
    }
}

// Hedges.
impl Site {
    /// An attempt that is not over when its viewer's delay is may be hedged, unless the viewer waits no
    /// longer than that.
    fn plan_hedge(&mut self, ctx: &mut Ctx<'_>, key: Key, visit: &Visit, state: State) {
        let (now, trip) = (ctx.now(), self.trip(visit));
        let guard = self.crowd.get_mut(visit.network).and_then(|network| network.guard.as_mut());
        let Some(after) = guard.and_then(|guard| guard.hedges_after(now)) else {
            return;
        };
        let soon = matches!(state, State::Answer { .. }) && trip + self.takes_hit(visit) <= after;
        if soon || after >= self.plan.fabric.viewers.timeout {
            return;
        }
        let decided = now.saturating_add(after.saturating_sub(trip));
        let arrives = now.saturating_add(after);
        ctx.schedule(decided, Event::ViewerHedge { beside: key, arrives });
    }

    /// A viewer has waited for its delay, as far as the edge can know, and sends a second attempt.
    pub(super) fn hedge_viewer(&mut self, ctx: &mut Ctx<'_>, first: Key, arrives: Instant) {
        let now = ctx.now();
        let Some(&Request { visit, .. }) = self.requests.get(first) else {
            return;
        };
        let origin = self.origin(&visit);
        let mut hedge = Visit { ticket: Ticket::NEW, attempt: visit.attempt | HEDGE, ..visit };
        let Some(network) = self.crowd.get_mut(visit.network) else {
            return;
        };
        let pass = network.hedge(now, &mut hedge.ticket);
        self.observe_viewers();
        let Some(mut pass) = pass else {
            self.recorder.count(Counter::ViewerHedgesDenied, origin);
            return self.trace_note(now, &visit, "a second attempt is refused");
        };
        self.count(&visit, Counter::Attempts);
        self.recorder.count(Counter::ViewerHedges, origin);
        let key = hedge.attempt.into();
        self.tell(now, arrives, &hedge, What::Begin { part: Part::Attempt, key, parent: 0 });
        pass.left = arrives;
        let hedge = self.put_beside(first, hedge, (State::Sent, Instant::NEVER), pass);
        ctx.schedule(arrives, Event::HedgeArrives(hedge));
    }

    /// A second attempt comes to the edge.
    pub(super) fn hedge_arrives(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(Request { visit, pass, twin, .. }) = self.requests.remove(key) else {
            return;
        };
        let now = ctx.now();
        let lost = self.outage.is_some() || !self.reachable;
        let found = match &self.cache {
            Some(cache) if !lost && !visit.segment => cache.find(visit.title, now),
            _ => Found::Missing,
        };
        if twin.is_none() {
            if !lost {
                self.comes_for_nobody(ctx, &visit, found);
            }
            return;
        }
        self.shield.arriving = Arriving { pass, beside: twin };
        match found {
            _ if lost => {
                self.park_attempt(ctx, visit, State::Lost);
            }
            _ if visit.segment => self.segment_arrives(ctx, visit),
            Found::Fresh => {
                self.used(visit.title, now);
                self.hedge_hits(ctx, visit, false);
            }
            Found::Stale { refresh } => {
                if refresh {
                    let origin = self.origin(&visit);
                    self.start_fetch(ctx, visit.title, origin, None);
                }
                self.hedge_hits(ctx, visit, true);
            }
            Found::Locked(place) => self.miss(ctx, visit, self.fetches.key_at(place)),
            Found::Missing => self.miss(ctx, visit, None),
        }
    }

    /// The cache answers a second attempt: never where it is drawn, as another is under way.
    fn hedge_hits(&mut self, ctx: &mut Ctx<'_>, visit: Visit, stale: bool) {
        if self.trip(&visit) + self.hit_takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        let age = self.data_age(ctx.now(), visit.title);
        let key = self.park_attempt(ctx, visit, State::Answer { stale, age });
        ctx.schedule(ctx.now() + self.hit_takes, Event::Answered(key));
    }

    /// A second attempt comes whose request has been answered. Its viewer takes it back at once, or the edge
    /// works for nobody.
    fn comes_for_nobody(&mut self, ctx: &mut Ctx<'_>, visit: &Visit, found: Found) {
        if self.plan.fabric.viewers.cancel {
            return;
        }
        if visit.segment {
            return self.segment_comes_for_nobody(ctx, visit);
        }
        match found {
            Found::Fresh => self.used(visit.title, ctx.now()),
            Found::Missing | Found::Stale { refresh: true } => {
                let origin = self.origin(visit);
                self.start_fetch(ctx, visit.title, origin, None);
            }
            Found::Stale { refresh: false } | Found::Locked(_) => {}
        }
    }
}

// Ends of attempts.
impl Site {
    /// An attempt has failed, as its viewer knows at `heard`. Gives its request when nothing else is out for
    /// it.
    pub(super) fn fails(
        &mut self,
        now: Instant,
        key: Key,
        heard: Instant,
        how: Failure,
    ) -> Option<Visit> {
        if !self.shield.is_on {
            return self.unpark(key);
        }
        let request = *self.requests.get(key)?;
        let (pass, took) = (request.pass, self.as_seen(&request, heard));
        self.book(&request.visit, |guard| guard.failed(now, pass, took));
        let Some(twin) = request.twin else {
            if request.visit.is_hedge() {
                self.requests.discard(key);
                return None;
            }
            return self.unpark(key);
        };
        self.trace_failed(now, heard, &request.visit, how);
        if !request.visit.is_hedge() {
            self.budget_hears_of_failure(request.visit);
            self.requests.get_mut(key)?.state = State::Spent;
            return None;
        }
        self.requests.discard(key);
        let first = self.requests.get_mut(twin)?;
        first.twin = None;
        first.visit.rejected |= request.visit.rejected;
        if first.state == State::Spent {
            // What its budget has still to hear is of the hedge.
            first.visit.ticket = request.visit.ticket;
            return self.unpark(twin);
        }
        self.budget_hears_of_failure(request.visit);
        None
    }

    /// An answer leaves. Gives its request, whose other attempt is given up, if one is out.
    pub(super) fn answers(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Visit> {
        if !self.shield.is_on {
            let visit = self.unpark(key)?;
            self.book_answer(ctx.now(), &visit);
            return Some(visit);
        }
        let (now, request) = (ctx.now(), *self.requests.get(key)?);
        let heard = now + self.trip(&request.visit).half();
        let other = request.twin.and_then(|twin| self.requests.get(twin)).copied();
        let hedged = request.visit.is_hedge();
        let first = if hedged { other? } else { request };
        let (pass, took) = (request.pass, self.as_seen(&request, heard));
        let since_first = self.as_seen(&first, heard);
        self.book_answer(now, &request.visit);
        self.book(&request.visit, |guard| guard.answered(now, &pass, took, since_first));
        let mut visit = first.visit;
        visit.rejected |= request.visit.rejected;
        if hedged {
            let origin = self.origin(&visit);
            self.recorder.count(Counter::ViewerHedgesWon, origin);
            self.trace_attempt_ends(now, heard, &request.visit, "answered");
            self.requests.discard(key);
            self.unpark(request.twin?);
        } else {
            self.unpark(key);
        }
        if let (Some(other), Some(twin)) = (other, request.twin) {
            self.is_given_up(ctx, heard, twin, &other);
        }
        Some(visit)
    }

    /// The other of two attempts was answered first. One that has not come yet comes for nobody.
    fn is_given_up(&mut self, ctx: &mut Ctx<'_>, heard: Instant, key: Key, loser: &Request) {
        if loser.state == State::Spent {
            return;
        }
        self.trace_attempt_ends(ctx.now(), heard, &loser.visit, "the other was faster");
        let (pass, mut ticket) = (loser.pass, loser.visit.ticket);
        self.book(&loser.visit, |guard| guard.dropped(pass));
        if let Some(network) = self.crowd.get_mut(loser.visit.network)
            && let Some(purse) = &mut network.purse
        {
            purse.dropped(&mut ticket, true);
        }
        if loser.state == State::Sent {
            if let Some(hedge) = self.requests.get_mut(key) {
                hedge.twin = None;
            }
            return;
        }
        self.requests.discard(key);
        self.sample_lock_wait(ctx.now(), loser);
        self.stops_waiting(ctx, loser);
    }

    /// How long an attempt took, as its viewer sees it who knows at `heard`.
    fn as_seen(&self, request: &Request, heard: Instant) -> Span {
        heard.since(request.pass.left) + self.trip(&request.visit).half()
    }

    /// The protections of a network hear of something, if they are here.
    fn book(&mut self, visit: &Visit, hear: impl FnOnce(&mut Guard)) {
        let Some(network) = self.crowd.get_mut(visit.network) else {
            return;
        };
        let before = network.breaker();
        if let Some(guard) = &mut network.guard {
            hear(guard);
        }
        if network.breaker() != before {
            self.observe_viewers();
        }
    }

    fn budget_hears_of_failure(&mut self, mut visit: Visit) {
        if let Some(network) = self.crowd.get_mut(visit.network)
            && let Some(purse) = &mut network.purse
        {
            purse.failed(&mut visit.ticket);
        }
    }

    /// The breakers of the networks that are served here, where there are any.
    pub(super) fn observe_viewers(&mut self) {
        if self.plan.fabric.viewers.shield.breaker.is_some() {
            self.recorder.gauge(Gauge::ViewerBreaker, self.crowd.breaker() as u64);
        }
    }

    /// A request has failed for good, as its viewer knows at `heard`: whether something else answers it.
    pub(super) fn falls_back(&mut self, now: Instant, heard: Instant, visit: &Visit) -> bool {
        let guard = self.crowd.get_mut(visit.network).and_then(|network| network.guard.as_mut());
        let Some(answers) = guard.and_then(|guard| guard.falls_back()) else {
            return false;
        };
        let (origin, when) = (self.origin(visit), self.when(now, visit));
        if !answers {
            self.recorder.count(Counter::ViewerFallbackFailures, origin);
            return false;
        }
        self.recorder.count(Counter::ViewerFallbacks, origin);
        self.count_at(when, visit, Counter::Served);
        self.record_course(when, visit);
        let began = visit.born.saturating_sub(Span::from_micros(visit.lead.into()));
        self.recorder.sample_at(when, Timer::Latency, origin, heard.since(began));
        if visit.segment {
            // What stands in for a segment are no bytes of this edge.
            self.recorder.sample_at(when, Timer::SegmentLatency, origin, heard.since(began));
        } else if self.staleness {
            self.recorder.sample_at(when, Timer::Staleness, origin, Span::ZERO);
        }
        let outcome = "fallback";
        self.tell(now, heard, visit, What::End { part: Part::Request, key: 0, outcome });
        true
    }
}
