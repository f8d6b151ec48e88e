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

use super::{Ctx, Event, InFlight, Key, Site, State};
use crate::model::Viewers;
use crate::observe::{Counter, Gauge, Sample};
use crate::sim::client::policy::{Permit, PolicyState};
use crate::sim::edge::metadata::Found;
use crate::sim::hop::budgets::RetryToken;
use crate::sim::hop::client::Admission;
use crate::sim::hop::error::AttemptError;
use crate::sim::run::event::{HEDGE, ViewerRequest};
use crate::sim::run::tracer::{Part, What};
use crate::units::{Instant, Span};

/// What is known of the attempt that is arriving, until it is kept.
#[derive(Clone, Copy, Debug)]
struct Arriving {
    permit: Permit,
    /// The attempt beside which it was sent.
    beside: Option<Key>,
}

impl Arriving {
    pub const NONE: Self = Self { permit: Permit::NONE, beside: None };
}

/// What the retry budget and the other protections of viewers want to hear of.
#[derive(Debug)]
pub(in crate::sim) struct PolicyNeeds {
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

impl PolicyNeeds {
    pub fn new(viewers: &Viewers) -> Self {
        let (client_policy, books_attempts) =
            (&viewers.client_policy, viewers.retry.budget.books_attempts());
        Self {
            books_attempts,
            asks: books_attempts || client_policy.asks(),
            is_on: client_policy.is_on(),
            hears_all: books_attempts || client_policy.hears_all(),
            soon: client_policy.within(viewers.timeout),
            arriving: Arriving::NONE,
        }
    }
}

// Attempts leave.
impl Site {
    /// Asks a network's protections whether an attempt may leave, which is counted in `visit` already.
    /// What refuses it, if something does.
    pub(super) fn refusal(&mut self, now: Instant, visit: &mut ViewerRequest) -> Option<Admission> {
        self.client.policy.arriving = Arriving::NONE;
        let network = self.client.networks.get_mut(visit.network)?;
        let before = network.breaker();
        let left = network.leave(now, &mut visit.token, visit.attempt > 1);
        let changed = network.breaker() != before;
        if changed {
            self.observe_viewers();
        }
        match left {
            Ok(permit) => {
                self.client.policy.arriving.permit = permit;
                None
            }
            Err(why) => Some(why),
        }
    }

    /// A breaker or a bulkhead refuses an attempt: it has failed before it left, as its viewer knows at
    /// once.
    pub(super) fn is_held_back(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest, by: Counter) {
        let origin = self.origin(&visit);
        self.recorder.count(by, origin);
        self.trace_note(ctx.now(), &visit, "an attempt is refused before it leaves");
        let heard = ctx.now().saturating_sub(self.trip(&visit).half());
        self.what_follows(ctx, visit, heard, AttemptError::Error);
    }

    /// Keeps an attempt that has just arrived, beside the other if it is a hedge; else it may be hedged.
    pub(super) fn park_protected(
        &mut self,
        ctx: &mut Ctx<'_>,
        visit: ViewerRequest,
        state: State,
        deadline: Instant,
    ) -> Key {
        let Arriving { mut permit, beside } =
            std::mem::replace(&mut self.client.policy.arriving, Arriving::NONE);
        permit.left = ctx.now();
        if let Some(first) = beside {
            return self.put_beside(first, visit, (state, deadline), permit);
        }
        let key = self.park(visit, state, deadline);
        if let Some(request) = self.client.requests.get_mut(key) {
            request.permit = permit;
        }
        self.plan_hedge(ctx, key, &visit, state);
        key
    }

    /// Keeps a hedge beside its attempt. The request is under way already.
    fn put_beside(
        &mut self,
        first: Key,
        visit: ViewerRequest,
        (state, deadline): (State, Instant),
        permit: Permit,
    ) -> Key {
        self.client.parked += 1;
        let (serial, twin) = (self.client.parked, Some(first));
        let hedge = InFlight { visit, state, deadline, joined: None, serial, permit, twin };
        let key = self.client.requests.insert(hedge);
        if let Some(first) = self.client.requests.get_mut(first) {
            first.twin = Some(key);
        }
        key
    }
}

// Hedges.
impl Site {
    /// An attempt that is not over when its viewer's delay is may be hedged, unless the viewer waits no
    /// longer than that.
    fn plan_hedge(&mut self, ctx: &mut Ctx<'_>, key: Key, visit: &ViewerRequest, state: State) {
        let (now, trip) = (ctx.now(), self.trip(visit));
        let policy =
            self.client.networks.get_mut(visit.network).and_then(|network| network.policy.as_mut());
        let Some(after) = policy.and_then(|policy| policy.hedges_after(now)) else {
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
        let Some(&InFlight { visit, .. }) = self.client.requests.get(first) else {
            return;
        };
        let origin = self.origin(&visit);
        let mut hedge =
            ViewerRequest { token: RetryToken::NEW, attempt: visit.attempt | HEDGE, ..visit };
        let Some(network) = self.client.networks.get_mut(visit.network) else {
            return;
        };
        let permit = network.hedge(now, &mut hedge.token);
        self.observe_viewers();
        let Some(mut permit) = permit else {
            self.recorder.count(Counter::ViewerHedgesDenied, origin);
            return self.trace_note(now, &visit, "a second attempt is refused");
        };
        self.count(&visit, Counter::Attempts);
        self.recorder.count(Counter::ViewerHedges, origin);
        let key = hedge.attempt.into();
        self.tell(now, arrives, &hedge, What::Begin { part: Part::Attempt, key, parent: 0 });
        permit.left = arrives;
        let hedge = self.put_beside(first, hedge, (State::Sent, Instant::NEVER), permit);
        ctx.schedule(arrives, Event::HedgeArrives(hedge));
    }

    /// A second attempt comes to the edge.
    pub(super) fn hedge_arrives(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(InFlight { visit, permit, twin, .. }) = self.client.requests.remove(key) else {
            return;
        };
        let now = ctx.now();
        let lost = self.routes.outage.is_some() || !self.routes.reachable;
        let found = match &self.edge.metadata {
            Some(cache) if !lost && !visit.segment => cache.find(visit.title, now),
            _ => Found::Missing,
        };
        if twin.is_none() {
            if !lost {
                self.comes_for_nobody(ctx, &visit, found);
            }
            return;
        }
        self.client.policy.arriving = Arriving { permit, beside: twin };
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
                    self.fill_for_none(ctx, &visit);
                }
                self.hedge_hits(ctx, visit, true);
            }
            Found::Locked(place) => self.miss(ctx, visit, self.edge.fills.key_at(place)),
            Found::Missing => self.miss(ctx, visit, None),
        }
    }

    /// The cache answers a second attempt: never where it is drawn, as another is under way.
    fn hedge_hits(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest, stale: bool) {
        if self.trip(&visit) + self.edge.hit_takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        let age = self.data_age(ctx.now(), visit.title);
        let key = self.park_attempt(ctx, visit, State::Answer { stale, age });
        ctx.schedule(ctx.now() + self.edge.hit_takes, Event::Answered(key));
    }

    /// A second attempt comes whose request has been answered. Its viewer takes it back at once, or the edge
    /// works for nobody.
    fn comes_for_nobody(&mut self, ctx: &mut Ctx<'_>, visit: &ViewerRequest, found: Found) {
        if self.plan.fabric.viewers.cancel {
            return;
        }
        if visit.segment {
            return self.segment_comes_for_nobody(ctx, visit);
        }
        match found {
            Found::Fresh => self.used(visit.title, ctx.now()),
            Found::Missing | Found::Stale { refresh: true } => {
                self.fill_for_none(ctx, visit);
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
        how: AttemptError,
    ) -> Option<ViewerRequest> {
        if !self.client.policy.is_on {
            return self.unpark(key);
        }
        let request = *self.client.requests.get(key)?;
        let (permit, took) = (request.permit, self.as_seen(&request, heard));
        self.book(&request.visit, |policy| policy.failed(now, permit, took));
        let Some(twin) = request.twin else {
            if request.visit.is_hedge() {
                self.client.requests.discard(key);
                return None;
            }
            return self.unpark(key);
        };
        self.trace_failed(now, heard, &request.visit, how);
        if !request.visit.is_hedge() {
            self.budget_hears_of_failure(request.visit);
            self.client.requests.get_mut(key)?.state = State::Spent;
            return None;
        }
        self.client.requests.discard(key);
        let first = self.client.requests.get_mut(twin)?;
        first.twin = None;
        first.visit.rejected |= request.visit.rejected;
        if first.state == State::Spent {
            // What its budget has still to hear is of the hedge.
            first.visit.token = request.visit.token;
            return self.unpark(twin);
        }
        self.budget_hears_of_failure(request.visit);
        None
    }

    /// An answer leaves. Gives its request, whose other attempt is given up, if one is out.
    pub(super) fn answers(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<ViewerRequest> {
        if !self.client.policy.is_on {
            let visit = self.unpark(key)?;
            self.book_answer(ctx.now(), &visit);
            return Some(visit);
        }
        let (now, request) = (ctx.now(), *self.client.requests.get(key)?);
        let heard = now + self.trip(&request.visit).half();
        let other = request.twin.and_then(|twin| self.client.requests.get(twin)).copied();
        let hedged = request.visit.is_hedge();
        let first = if hedged { other? } else { request };
        let (permit, took) = (request.permit, self.as_seen(&request, heard));
        let since_first = self.as_seen(&first, heard);
        self.book_answer(now, &request.visit);
        self.book(&request.visit, |policy| policy.answered(now, &permit, took, since_first));
        let mut visit = first.visit;
        visit.rejected |= request.visit.rejected;
        if hedged {
            let origin = self.origin(&visit);
            self.recorder.count(Counter::ViewerHedgesWon, origin);
            self.trace_attempt_ends(now, heard, &request.visit, "answered");
            self.client.requests.discard(key);
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
    fn is_given_up(&mut self, ctx: &mut Ctx<'_>, heard: Instant, key: Key, loser: &InFlight) {
        if loser.state == State::Spent {
            return;
        }
        self.trace_attempt_ends(ctx.now(), heard, &loser.visit, "the other was faster");
        let (permit, mut token) = (loser.permit, loser.visit.token);
        self.book(&loser.visit, |policy| policy.dropped(permit));
        if let Some(network) = self.client.networks.get_mut(loser.visit.network)
            && let Some(retry_budget) = &mut network.retry_budget
        {
            retry_budget.dropped(&mut token, true);
        }
        if loser.state == State::Sent {
            if let Some(hedge) = self.client.requests.get_mut(key) {
                hedge.twin = None;
            }
            return;
        }
        self.client.requests.discard(key);
        self.sample_lock_wait(ctx.now(), loser);
        self.stops_waiting(ctx, loser);
    }

    /// How long an attempt took, as its viewer sees it who knows at `heard`.
    fn as_seen(&self, request: &InFlight, heard: Instant) -> Span {
        heard.since(request.permit.left) + self.trip(&request.visit).half()
    }

    /// The protections of a network hear of something, if they are here.
    fn book(&mut self, visit: &ViewerRequest, hear: impl FnOnce(&mut PolicyState)) {
        let Some(network) = self.client.networks.get_mut(visit.network) else {
            return;
        };
        let before = network.breaker();
        if let Some(policy) = &mut network.policy {
            hear(policy);
        }
        if network.breaker() != before {
            self.observe_viewers();
        }
    }

    fn budget_hears_of_failure(&mut self, mut visit: ViewerRequest) {
        if let Some(network) = self.client.networks.get_mut(visit.network)
            && let Some(retry_budget) = &mut network.retry_budget
        {
            retry_budget.failed(&mut visit.token);
        }
    }

    /// The breakers of the networks that are served here, where there are any.
    pub(super) fn observe_viewers(&mut self) {
        if self.plan.fabric.viewers.client_policy.breaker.is_some() {
            self.recorder.gauge(Gauge::ViewerBreaker, self.client.networks.breaker() as u64);
        }
    }

    /// A request has failed for good, as its viewer knows at `heard`: whether something else answers it.
    pub(super) fn falls_back(
        &mut self,
        now: Instant,
        heard: Instant,
        visit: &ViewerRequest,
    ) -> bool {
        let policy =
            self.client.networks.get_mut(visit.network).and_then(|network| network.policy.as_mut());
        let Some(answers) = policy.and_then(|policy| policy.falls_back()) else {
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
        self.recorder.sample_at(when, Sample::Latency, origin, heard.since(began));
        if visit.segment {
            // What stands in for a segment are no bytes of this edge.
            self.recorder.sample_at(when, Sample::SegmentLatency, origin, heard.since(began));
        } else if self.edge.keeps_ages {
            self.recorder.sample_at(when, Sample::Staleness, origin, Span::ZERO);
        }
        let outcome = "fallback";
        self.tell(now, heard, visit, What::End { part: Part::Request, key: 0, outcome });
        true
    }
}
