//! The client side of every hop, written once. What is called, and what a requester does with an answer,
//! is in `service`, `database`, `origin` and in the fills.
//!
//! ```text
//! send -+-> new_attempt -> dispatch -+-> attempt_answered
//!  ^    |        ^                   +-> (an error) ---------+-> retry_or_fall_back -+-> send
//!  |    |      hedge                 +-> attempt_timed_out --+                       +-> fall_back
//!  |    +-> refused by its own client -> fall_back
//!  +-- Event::SendAgain
//! ```
//!
//! A **requester** is what waits for a call: a fill of a cache, or a call at the manifest service that reads.
//! It keeps the attempts of its call; an attempt keeps the key of its requester and finds out whether that
//! still waits.

use super::fill::EdgeCache;
use super::pair::HedgedAttempts;
use super::server::Requester;
use super::{Ctx, Event, Key, Site};
use crate::sim::hop::client::{Admission, Attempt, HopClient, NextStep};
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::units::Instant;

/// The call of a requester, with the clients of its hop.
struct OpenCall<'a> {
    client: &'a mut HopClient,
    attempts: &'a mut HedgedAttempts,
    /// Where the viewer sits for whom it is made.
    client_region: usize,
    /// When the requester itself is given up.
    deadline: Instant,
}

// Where each hop keeps what is its own.
impl Site {
    /// The clients of a hop in this region.
    fn client(&self, hop: Hop) -> Option<&HopClient> {
        match hop {
            Hop::Manifest => Some(&self.edge.manifest_client),
            Hop::Database => Some(&self.manifest.database_client),
            Hop::Origin => self.edge.content.as_ref().map(|content| &content.client),
        }
    }

    fn client_mut(&mut self, hop: Hop) -> Option<&mut HopClient> {
        match hop {
            Hop::Manifest => Some(&mut self.edge.manifest_client),
            Hop::Database => Some(&mut self.manifest.database_client),
            Hop::Origin => self.edge.content.as_mut().map(|content| &mut content.client),
        }
    }

    /// The call that a requester makes over a hop, if there is one.
    fn open_call(&mut self, hop: Hop, requester: Key) -> Option<OpenCall<'_>> {
        match hop {
            Hop::Manifest => {
                let fetch = self.edge.fills.get_mut(requester)?;
                Some(OpenCall {
                    client: &mut self.edge.manifest_client,
                    attempts: &mut fetch.attempts,
                    client_region: fetch.client_region,
                    deadline: fetch.deadline,
                })
            }
            Hop::Database => {
                let call = self.manifest.calls.get_mut(requester)?;
                Some(OpenCall {
                    client: &mut self.manifest.database_client,
                    attempts: call.attempts.as_mut()?,
                    client_region: call.client_region,
                    deadline: call.deadline,
                })
            }
            Hop::Origin => {
                let content = self.edge.content.as_deref_mut()?;
                let fill = content.fills.get_mut(requester)?;
                Some(OpenCall {
                    client: &mut content.client,
                    attempts: &mut fill.attempts,
                    client_region: fill.client_region,
                    deadline: fill.deadline,
                })
            }
        }
    }

    /// Whether a requester still waits for an attempt.
    pub(super) fn waits_for(&self, hop: Hop, requester: Key, attempt: Key) -> bool {
        let attempts = match hop {
            Hop::Manifest => self.edge.fills.get(requester).map(|fetch| &fetch.attempts),
            Hop::Database => {
                self.manifest.calls.get(requester).and_then(|call| call.attempts.as_ref())
            }
            Hop::Origin => {
                let fills = self.edge.content.as_ref().map(|content| &content.fills);
                fills.and_then(|fills| fills.get(requester)).map(|fill| &fill.attempts)
            }
        };
        attempts.is_some_and(|attempts| attempts.is_out(attempt))
    }

    /// The requester in this region that still waits for an attempt.
    pub(super) fn requester_of(&self, hop: Hop, attempt: Key) -> Option<Key> {
        let requester = match hop {
            Hop::Manifest => self.manifest.calls.get(attempt)?.fetch,
            Hop::Database | Hop::Origin => match self.server(hop)?.calls.get(attempt)?.of {
                Requester::Local(requester) => requester,
                Requester::Region(..) => return None,
            },
        };
        self.waits_for(hop, requester, attempt).then_some(requester)
    }

    /// Keeps a new attempt, that has not come anywhere.
    fn keep_attempt(
        &mut self,
        hop: Hop,
        requester: Key,
        now: Instant,
        deadline: Instant,
    ) -> Option<Key> {
        match hop {
            Hop::Manifest => self.keep_call(requester, now, deadline),
            Hop::Database => self.keep_read(requester, now, deadline),
            Hop::Origin => self.keep_origin_call(requester, now, deadline),
        }
    }

    /// An attempt leaves for the server.
    fn dispatch(&mut self, ctx: &mut Ctx<'_>, hop: Hop, attempt: Key) {
        match hop {
            Hop::Manifest => self.offer_call(ctx, attempt),
            Hop::Database => self.ask_replica(ctx, attempt),
            Hop::Origin => self.send_to_origin(ctx, attempt),
        }
    }

    /// The caller waits no longer for an attempt: it is taken back, or its work is wasted.
    pub(super) fn abandon(&mut self, ctx: &mut Ctx<'_>, hop: Hop, attempt: Key) {
        match hop {
            Hop::Manifest => self.abandon_call(ctx, attempt),
            Hop::Database => self.abandon_read(ctx, attempt),
            Hop::Origin => self.abandon_origin_call(ctx, attempt),
        }
    }

    /// A call has failed for good, and its fallback answers instead.
    fn answer_without(&mut self, ctx: &mut Ctx<'_>, hop: Hop, requester: Key) {
        match hop {
            Hop::Manifest => self.fill_succeeded(ctx, EdgeCache::Metadata, requester, None),
            Hop::Database => self.make_without_read(ctx, requester),
            Hop::Origin => self.fill_succeeded(ctx, EdgeCache::Content, requester, None),
        }
    }

    /// A call has failed for good.
    fn call_failed_for_good(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        requester: Key,
        error: AttemptError,
    ) {
        match hop {
            Hop::Manifest => self.fill_failed(ctx, EdgeCache::Metadata, requester, error),
            Hop::Database => self.call_failed(ctx, requester, error),
            Hop::Origin => self.fill_failed(ctx, EdgeCache::Content, requester, error),
        }
    }
}

// What is the same for all hops.
impl Site {
    /// A requester begins a call over a hop: it has made no attempt yet.
    pub(super) fn begin_call(&mut self, hop: Hop, now: Instant) -> Option<Attempt> {
        self.client_mut(hop).map(|client| client.begin(now))
    }

    /// A requester is over that had attempts under way: they are to be abandoned.
    pub(super) fn drop_attempts(
        &mut self,
        hop: Hop,
        mut attempts: HedgedAttempts,
    ) -> impl Iterator<Item = Key> + use<> {
        self.client_mut(hop).map(|client| attempts.dropped(client)).into_iter().flatten()
    }

    /// A requester makes an attempt, its first or a retry, unless its own client refuses it.
    pub(super) fn send(&mut self, ctx: &mut Ctx<'_>, hop: Hop, requester: Key) {
        let (now, counters) = (ctx.now(), &hop.table().counters);
        let Some(OpenCall { client, attempts, client_region, .. }) = self.open_call(hop, requester)
        else {
            return;
        };
        let refused = match client.admit(now, &mut attempts.attempt) {
            Admission::Goes => None,
            Admission::Budget => Some(counters.retries_denied),
            Admission::Breaker => Some(counters.breaker_refused),
            Admission::Bulkhead => Some(counters.bulkhead_full),
        };
        if let Some(refused) = refused {
            self.recorder.count(refused, client_region);
            let parts = &hop.table().parts;
            self.trace_mark(now, parts.requester, requester, parts.refused);
            return self.fall_back(ctx, hop, requester, AttemptError::Refused);
        }
        let hedge_after = client.hedges_after(now);
        self.observe_breaker(hop);
        let Some(attempt) = self.new_attempt(ctx, hop, requester) else {
            return;
        };
        if let Some(call) = self.open_call(hop, requester) {
            call.attempts.sent(attempt);
        }
        if let Some(after) = hedge_after {
            ctx.schedule(now.saturating_add(after), Event::Hedge(hop, attempt));
        }
        self.dispatch(ctx, hop, attempt);
    }

    /// An attempt has not been answered yet: a second one goes beside it.
    pub(super) fn hedge(&mut self, ctx: &mut Ctx<'_>, hop: Hop, beside: Key) {
        let counters = &hop.table().counters;
        let Some(requester) = self.requester_of(hop, beside) else {
            return;
        };
        let Some(OpenCall { client, attempts, client_region, .. }) =
            self.open_call(hop, requester).filter(|call| call.attempts.is_first(beside))
        else {
            return;
        };
        let hedge = client.hedge(ctx.now(), &attempts.attempt);
        self.observe_breaker(hop);
        let Some(hedge) = hedge else {
            return self.recorder.count(counters.hedges_denied, client_region);
        };
        self.recorder.count(counters.hedges, client_region);
        let Some(attempt) = self.new_attempt(ctx, hop, requester) else {
            return;
        };
        if let Some(call) = self.open_call(hop, requester) {
            call.attempts.hedged(attempt, hedge);
        }
        self.dispatch(ctx, hop, attempt);
    }

    /// An attempt of a requester, that has not come anywhere. Its time-out begins, unless the server has
    /// to let it in first.
    fn new_attempt(&mut self, ctx: &mut Ctx<'_>, hop: Hop, requester: Key) -> Option<Key> {
        let (now, table) = (ctx.now(), hop.table());
        let call = hop.call(&self.plan.fabric)?;
        let (timeout, deadline_travels) = (hop.timeout(call), call.deadline);
        let gives_up = timeout.map_or(Instant::NEVER, |timeout| now.saturating_add(timeout));
        let OpenCall { client_region, deadline, .. } = self.open_call(hop, requester)?;
        let deadline = if deadline_travels { deadline.min(gives_up) } else { Instant::NEVER };
        let attempt = self.keep_attempt(hop, requester, now, deadline)?;
        self.recorder.count(table.counters.calls, client_region);
        let parts = &table.parts;
        self.trace_within(now, (parts.requester, requester), (parts.attempt, attempt));
        if timeout.is_some() && !table.times_admitted_only {
            ctx.schedule(gives_up, Event::AttemptTimeOut(hop, attempt));
        }
        Some(attempt)
    }

    /// An attempt has failed. If nothing else is under way for its requester, it is tried again, or the call
    /// has failed.
    pub(super) fn retry_or_fall_back(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        (requester, attempt): (Key, Key),
        error: AttemptError,
    ) {
        let Some(OpenCall { client, attempts, client_region, deadline }) =
            self.open_call(hop, requester)
        else {
            return;
        };
        if !attempts.failed(client, ctx.now(), attempt) {
            return self.observe_breaker(hop);
        }
        match client.next_step(ctx.now(), &mut attempts.attempt, error, deadline) {
            NextStep::Again(at) => return ctx.schedule(at, Event::SendAgain(hop, requester)),
            NextStep::Denied => {
                self.recorder.count(hop.table().counters.retries_denied, client_region);
            }
            NextStep::Last => {}
        }
        self.fall_back(ctx, hop, requester, error);
    }

    /// An attempt was answered. The other one that may be under way for its requester is to be abandoned
    /// ([`Self::abandon_loser`]).
    pub(super) fn attempt_answered(
        &mut self,
        now: Instant,
        hop: Hop,
        requester: Key,
        attempt: Key,
    ) -> Option<Key> {
        let OpenCall { client, attempts, client_region, .. } = self.open_call(hop, requester)?;
        let won = attempts.answered(client, now, attempt);
        if won.by_hedge {
            self.recorder.count(hop.table().counters.hedges_won, client_region);
        }
        self.observe_breaker(hop);
        won.other
    }

    /// The other of two attempts was answered first.
    pub(super) fn abandon_loser(&mut self, ctx: &mut Ctx<'_>, hop: Hop, other: Option<Key>) {
        if let Some(other) = other {
            self.trace_end(ctx.now(), hop.table().parts.attempt, other, "the other was faster");
            self.abandon(ctx, hop, other);
        }
    }

    /// The caller waits no longer for an attempt, if it still does.
    pub(super) fn attempt_timed_out(&mut self, ctx: &mut Ctx<'_>, hop: Hop, attempt: Key) {
        let Some(requester) = self.requester_of(hop, attempt) else {
            return;
        };
        let Some(OpenCall { client_region, .. }) = self.open_call(hop, requester) else {
            return;
        };
        if hop == Hop::Manifest {
            self.pod_failed(ctx, self.pod_of(attempt));
        }
        self.recorder.count(hop.table().counters.timeouts, client_region);
        self.abandon(ctx, hop, attempt);
        self.trace_end(ctx.now(), hop.table().parts.attempt, attempt, "timed out");
        self.retry_or_fall_back(ctx, hop, (requester, attempt), AttemptError::TimeOut);
    }

    /// A call has failed for good, unless something else answers in its place.
    fn fall_back(&mut self, ctx: &mut Ctx<'_>, hop: Hop, requester: Key, error: AttemptError) {
        self.observe_breaker(hop);
        let Some(OpenCall { client, client_region, .. }) = self.open_call(hop, requester) else {
            return;
        };
        let counters = &hop.table().counters;
        match client.falls_back() {
            Some(true) => {
                self.recorder.count(counters.fallbacks, client_region);
                return self.answer_without(ctx, hop, requester);
            }
            Some(false) => self.recorder.count(counters.fallback_failures, client_region),
            None => {}
        }
        self.call_failed_for_good(ctx, hop, requester, error);
    }

    /// The state of a hop's breakers, where there are any.
    fn observe_breaker(&mut self, hop: Hop) {
        if let Some(client) = self.client(hop).filter(|client| client.has_breakers()) {
            self.recorder.gauge(hop.table().gauges.breaker, client.breaker() as u64);
        }
    }
}
