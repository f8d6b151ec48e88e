//! The protections of the hop between viewers and the edge, beside their retry budget.
//!
//! As with budgets, everything is booked at the site that serves the network, and what happens while the
//! network is on its way to another is not: an attempt sent meanwhile is not asked, and is not hedged.
//!
//! ```text
//! attempt comes ------ after -------> its hedge comes       (the viewer sends both half a trip before)
//!        |                 |<- trip -->|
//!        +--- hedge_viewer +           +--- hedge_arrives
//! ```
//!
//! What left the edge a whole trip before the hedge comes was heard before it was sent: so that is when
//! it is decided whether it is. An answer that leaves later crosses it on its way, and it is wasted.
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
    pub(super) fn refusal(
        &mut self,
        now: Instant,
        request: &mut ViewerRequest,
    ) -> Option<Admission> {
        self.client.policy.arriving = Arriving::NONE;
        let network = self.client.networks.get_mut(request.network)?;
        let before = network.breaker();
        let left = network.admit(now, &mut request.token, request.attempt > 1);
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
    pub(super) fn refused_by_policy(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: ViewerRequest,
        by: Counter,
    ) {
        let client_region = self.client_region(&request);
        self.recorder.count(by, client_region);
        self.trace_note(ctx.now(), &request, "an attempt is refused before it leaves");
        let heard = ctx.now().saturating_sub(self.trip(&request).half());
        self.next_step(ctx, request, heard, AttemptError::Error);
    }

    /// Keeps an attempt that has just arrived, beside the other if it is a hedge; else it may be hedged.
    pub(super) fn park_protected(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: ViewerRequest,
        state: State,
        deadline: Instant,
    ) -> Key {
        let Arriving { mut permit, beside } =
            std::mem::replace(&mut self.client.policy.arriving, Arriving::NONE);
        permit.sent_at = ctx.now();
        if let Some(first) = beside {
            return self.put_beside(first, request, (state, deadline), permit);
        }
        let key = self.park(request, state, deadline);
        if let Some(in_flight) = self.client.requests.get_mut(key) {
            in_flight.permit = permit;
        }
        self.plan_hedge(ctx, key, &request, state);
        key
    }

    /// Keeps a hedge beside its attempt. The request is under way already.
    fn put_beside(
        &mut self,
        first: Key,
        request: ViewerRequest,
        (state, deadline): (State, Instant),
        permit: Permit,
    ) -> Key {
        self.client.parked += 1;
        let (serial, twin) = (self.client.parked, Some(first));
        let hedge = InFlight { request, state, deadline, joined: None, serial, permit, twin };
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
    fn plan_hedge(&mut self, ctx: &mut Ctx<'_>, key: Key, request: &ViewerRequest, state: State) {
        let (now, trip) = (ctx.now(), self.trip(request));
        let policy = self
            .client
            .networks
            .get_mut(request.network)
            .and_then(|network| network.policy.as_mut());
        let Some(after) = policy.and_then(|policy| policy.hedges_after(now)) else {
            return;
        };
        let soon = matches!(state, State::Answer { .. }) && trip + self.takes_hit(request) <= after;
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
        let Some(&InFlight { request, .. }) = self.client.requests.get(first) else {
            return;
        };
        let client_region = self.client_region(&request);
        let mut hedge =
            ViewerRequest { token: RetryToken::NEW, attempt: request.attempt | HEDGE, ..request };
        let Some(network) = self.client.networks.get_mut(request.network) else {
            return;
        };
        let permit = network.hedge(now, &mut hedge.token);
        self.observe_viewers();
        let Some(mut permit) = permit else {
            self.recorder.count(Counter::ViewerHedgesDenied, client_region);
            return self.trace_note(now, &request, "a second attempt is refused");
        };
        self.count(&request, Counter::Attempts);
        self.recorder.count(Counter::ViewerHedges, client_region);
        let key = hedge.attempt.into();
        self.tell(now, arrives, &hedge, What::Begin { part: Part::Attempt, key, parent: 0 });
        permit.sent_at = arrives;
        let hedge = self.put_beside(first, hedge, (State::Sent, Instant::NEVER), permit);
        ctx.schedule(arrives, Event::HedgeArrives(hedge));
    }

    /// A second attempt comes to the edge.
    pub(super) fn hedge_arrives(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(InFlight { request, permit, twin, .. }) = self.client.requests.remove(key) else {
            return;
        };
        let now = ctx.now();
        let lost = self.routes.outage.is_some() || !self.routes.reachable;
        let found = match &self.edge.metadata {
            Some(cache) if !lost && !request.segment => cache.find(request.title, now),
            _ => Found::Missing,
        };
        if twin.is_none() {
            if !lost {
                self.wasted_hedge(ctx, &request, found);
            }
            return;
        }
        self.client.policy.arriving = Arriving { permit, beside: twin };
        match found {
            _ if lost => {
                self.park_attempt(ctx, request, State::Lost);
            }
            _ if request.segment => self.segment_arrives(ctx, request),
            Found::Fresh => {
                self.used(request.title, now);
                self.hedge_hits(ctx, request, false);
            }
            Found::Stale { refresh } => {
                if refresh {
                    self.fill_for_none(ctx, &request);
                }
                self.hedge_hits(ctx, request, true);
            }
            Found::Locked(place) => self.miss(ctx, request, self.edge.fills.key_at(place)),
            Found::Missing => self.miss(ctx, request, None),
        }
    }

    /// The cache answers a second attempt: never where it is drawn, as another is under way.
    fn hedge_hits(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest, stale: bool) {
        if self.trip(&request) + self.edge.hit_takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, request, State::Lost);
            return;
        }
        let age = self.data_age(ctx.now(), request.title);
        let key = self.park_attempt(ctx, request, State::Answer { stale, age });
        ctx.schedule(ctx.now() + self.edge.hit_takes, Event::Answered(key));
    }

    /// A second attempt comes whose request has been answered. Its viewer takes it back at once, or the edge
    /// wastes its work.
    fn wasted_hedge(&mut self, ctx: &mut Ctx<'_>, request: &ViewerRequest, found: Found) {
        if self.plan.fabric.viewers.cancel {
            return;
        }
        if request.segment {
            return self.wasted_segment_hedge(ctx, request);
        }
        match found {
            Found::Fresh => self.used(request.title, ctx.now()),
            Found::Missing | Found::Stale { refresh: true } => {
                self.fill_for_none(ctx, request);
            }
            Found::Stale { refresh: false } | Found::Locked(_) => {}
        }
    }
}

// Ends of attempts.
impl Site {
    /// An attempt has failed, as its viewer knows at `heard`. Gives its request when nothing else is out for
    /// it.
    pub(super) fn viewer_attempt_fails(
        &mut self,
        now: Instant,
        key: Key,
        heard: Instant,
        how: AttemptError,
    ) -> Option<ViewerRequest> {
        if !self.client.policy.is_on {
            return self.unpark(key);
        }
        let in_flight = *self.client.requests.get(key)?;
        let (permit, took) = (in_flight.permit, self.as_seen(&in_flight, heard));
        self.tell_policy(&in_flight.request, |policy| policy.failed(now, permit, took));
        let Some(twin) = in_flight.twin else {
            if in_flight.request.is_hedge() {
                self.client.requests.discard(key);
                return None;
            }
            return self.unpark(key);
        };
        self.trace_failed(now, heard, &in_flight.request, how);
        if !in_flight.request.is_hedge() {
            self.tell_budget_failed(in_flight.request);
            self.client.requests.get_mut(key)?.state = State::Spent;
            return None;
        }
        self.client.requests.discard(key);
        let first = self.client.requests.get_mut(twin)?;
        first.twin = None;
        first.request.rejected |= in_flight.request.rejected;
        if first.state == State::Spent {
            // What its budget has still to hear is of the hedge.
            first.request.token = in_flight.request.token;
            return self.unpark(twin);
        }
        self.tell_budget_failed(in_flight.request);
        None
    }

    /// An answer leaves. Gives its request, whose other attempt is given up, if one is out.
    pub(super) fn request_answered(
        &mut self,
        ctx: &mut Ctx<'_>,
        key: Key,
    ) -> Option<ViewerRequest> {
        if !self.client.policy.is_on {
            let request = self.unpark(key)?;
            self.tell_budget_answered(ctx.now(), &request);
            return Some(request);
        }
        let (now, in_flight) = (ctx.now(), *self.client.requests.get(key)?);
        let heard = now + self.trip(&in_flight.request).half();
        let other = in_flight.twin.and_then(|twin| self.client.requests.get(twin)).copied();
        let hedged = in_flight.request.is_hedge();
        let first = if hedged { other? } else { in_flight };
        let (permit, took) = (in_flight.permit, self.as_seen(&in_flight, heard));
        let since_first = self.as_seen(&first, heard);
        self.tell_budget_answered(now, &in_flight.request);
        self.tell_policy(&in_flight.request, |policy| {
            policy.answered(now, &permit, took, since_first);
        });
        let mut request = first.request;
        request.rejected |= in_flight.request.rejected;
        if hedged {
            let client_region = self.client_region(&request);
            self.recorder.count(Counter::ViewerHedgesWon, client_region);
            self.trace_attempt_ends(now, heard, &in_flight.request, "answered");
            self.client.requests.discard(key);
            self.unpark(in_flight.twin?);
        } else {
            self.unpark(key);
        }
        if let (Some(other), Some(twin)) = (other, in_flight.twin) {
            self.abandon_viewer_attempt(ctx, heard, twin, &other);
        }
        Some(request)
    }

    /// The other of two attempts was answered first. One that has not come yet is wasted.
    fn abandon_viewer_attempt(
        &mut self,
        ctx: &mut Ctx<'_>,
        heard: Instant,
        key: Key,
        loser: &InFlight,
    ) {
        if loser.state == State::Spent {
            return;
        }
        self.trace_attempt_ends(ctx.now(), heard, &loser.request, "the other was faster");
        let (permit, mut token) = (loser.permit, loser.request.token);
        self.tell_policy(&loser.request, |policy| policy.dropped(permit));
        if let Some(network) = self.client.networks.get_mut(loser.request.network)
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

    /// How long an attempt took, as the viewer sees it, which knows at `heard`.
    fn as_seen(&self, in_flight: &InFlight, heard: Instant) -> Span {
        heard.since(in_flight.permit.sent_at) + self.trip(&in_flight.request).half()
    }

    /// The protections of a network hear of something, if they are here.
    fn tell_policy(&mut self, request: &ViewerRequest, hear: impl FnOnce(&mut PolicyState)) {
        let Some(network) = self.client.networks.get_mut(request.network) else {
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

    fn tell_budget_failed(&mut self, mut request: ViewerRequest) {
        if let Some(network) = self.client.networks.get_mut(request.network)
            && let Some(retry_budget) = &mut network.retry_budget
        {
            retry_budget.failed(&mut request.token);
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
        request: &ViewerRequest,
    ) -> bool {
        let policy = self
            .client
            .networks
            .get_mut(request.network)
            .and_then(|network| network.policy.as_mut());
        let Some(answers) = policy.and_then(|policy| policy.falls_back()) else {
            return false;
        };
        let (client_region, when) = (self.client_region(request), self.when(now, request));
        if !answers {
            self.recorder.count(Counter::ViewerFallbackFailures, client_region);
            return false;
        }
        self.recorder.count(Counter::ViewerFallbacks, client_region);
        self.count_at(when, request, Counter::Served);
        self.record_course(when, request);
        let began = request.born.saturating_sub(Span::from_micros(request.lead.into()));
        self.recorder.sample_at(when, Sample::Latency, client_region, heard.since(began));
        if request.segment {
            // What stands in for a segment are no bytes of this edge.
            self.recorder.sample_at(
                when,
                Sample::SegmentLatency,
                client_region,
                heard.since(began),
            );
        } else if self.edge.keeps_ages {
            self.recorder.sample_at(when, Sample::Staleness, client_region, Span::ZERO);
        }
        let outcome = "fallback";
        self.tell(now, heard, request, What::End { part: Part::Request, key: 0, outcome });
        true
    }
}
