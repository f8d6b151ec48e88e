//! The manifest service: calls, slots, work.
//!
//! A call holds a slot while its read waits for a connection and while it is read, as a worker thread
//! does.

use super::connections::Held;
use super::fetch::Cause;
use super::pair::Pair;
use super::{Ctx, Event, Key, Site, tracing};
use crate::fabric::caller::Leave;
use crate::fabric::lanes::Lane;
use crate::fabric::pool::{Class, Offer};
use crate::fabric::tracer::Part;
use crate::fault::Service;
use crate::observe::{Counter, Gauge, Hop, HopEvent, Timer};
use crate::units::{Instant, Span};

/// An attempt of a fetch at the manifest service.
#[derive(Debug)]
pub struct Call {
    /// Whose; it may have given the call up.
    pub(super) fetch: Key,
    pub(super) origin: usize,
    /// Whom the manifest service takes first.
    class: Class,
    /// Whose slots it asks for.
    pub(super) lane: Lane,
    /// Whether it needs a read.
    reads: bool,
    /// When it came.
    pub(super) came: Instant,
    /// When its caller gives it up, where that is known here.
    pub(super) deadline: Instant,
    /// Whether the manifest service has let it in.
    pub(super) inside: bool,
    /// Since when it has a slot there.
    pub(super) has_slot: Option<Instant>,
    /// The pod that works on it, where they are looked at one by one.
    pub(super) pod: Option<u32>,
    /// The attempts that it has made to read, until one is answered.
    pub(super) pair: Option<Pair>,
    /// The connection that it keeps between its reads, where it does.
    pub(super) held: Option<Held>,
    /// How far the replica was behind that was read; `None` when it makes do without its read.
    pub(super) lag: Option<Span>,
}

/// What is left to be said of a call that is over.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) fetch: Key,
    pub(super) origin: usize,
    pub(super) pod: Option<u32>,
    pub(super) lag: Option<Span>,
}

impl Site {
    /// A fetch makes an attempt.
    pub(super) fn call_manifest(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let now = ctx.now();
        let Some(fetch) = self.fetches.get_mut(key) else {
            return;
        };
        let origin = fetch.origin;
        let refused = match self.manifest_caller.leave(now, &mut fetch.pair.turn) {
            Leave::Goes => None,
            Leave::Budget => Some(Counter::Hop(Hop::Manifest, HopEvent::RetryDenied)),
            Leave::Breaker => Some(Counter::Hop(Hop::Manifest, HopEvent::BreakerRefused)),
            Leave::Bulkhead => Some(Counter::Hop(Hop::Manifest, HopEvent::BulkheadFull)),
        };
        self.observe_breakers();
        if let Some(refused) = refused {
            self.recorder.count(refused, origin);
            self.trace_mark(now, Part::Fetch, key, "a call is refused before it leaves");
            return self.fetch_or_fall_back(ctx, key, Cause::Refused);
        }
        let after = self.manifest_caller.hedges_after(now);
        let Some(call) = self.new_call(ctx, key) else {
            return;
        };
        if let Some(fetch) = self.fetches.get_mut(key) {
            fetch.pair.sent(call);
        }
        if let Some(after) = after {
            ctx.schedule(now.saturating_add(after), Event::CallHedge(call));
        }
        self.offer_call(ctx, call);
    }

    /// A call has not been answered yet: a second one goes beside it.
    pub(super) fn hedge_call(&mut self, ctx: &mut Ctx<'_>, beside: Key) {
        let now = ctx.now();
        let Some(key) = self.calls.get(beside).map(|call| call.fetch) else {
            return;
        };
        let Some(fetch) = self.fetches.get(key).filter(|fetch| fetch.pair.is_first(beside)) else {
            return;
        };
        let (origin, turn) = (fetch.origin, self.manifest_caller.hedge(now, &fetch.pair.turn));
        self.observe_breakers();
        let Some(turn) = turn else {
            return self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::HedgeDenied), origin);
        };
        self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Hedge), origin);
        let Some(call) = self.new_call(ctx, key) else {
            return;
        };
        if let Some(fetch) = self.fetches.get_mut(key) {
            fetch.pair.hedged(call, turn);
        }
        self.offer_call(ctx, call);
    }

    /// A call of a fetch, that has not come anywhere.
    fn new_call(&mut self, ctx: &Ctx<'_>, key: Key) -> Option<Key> {
        let (fetch, now) = (self.fetches.get(key)?, ctx.now());
        let how = &self.plan.fabric.manifest.call;
        let gives_up = how.timeout.map_or(Instant::NEVER, |timeout| now.saturating_add(timeout));
        let deadline = if how.deadline { fetch.deadline.min(gives_up) } else { Instant::NEVER };
        self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Call), fetch.origin);
        let call = self.calls.insert(Call {
            fetch: key,
            origin: fetch.origin,
            class: fetch.class,
            lane: Lane::of(fetch.validates),
            reads: self.database.is_some() && !fetch.validates,
            came: now,
            deadline,
            inside: false,
            has_slot: None,
            pod: None,
            pair: None,
            held: None,
            lag: Some(Span::ZERO),
        });
        self.trace_within(now, (Part::Fetch, key), (Part::Call, call));
        Some(call)
    }

    /// A call comes to the manifest service.
    fn offer_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let lane = call.lane;
        let offer = self.manifest.offer(lane, key, call.class, ctx.now());
        if let Some(scaling) = &mut self.scaling {
            scaling.meter.came += 1;
        }
        call.inside = offer != Offer::Refused;
        let (origin, timeout) = (call.origin, self.plan.fabric.manifest.call.timeout);
        if let (true, Some(timeout)) = (call.inside, timeout) {
            ctx.schedule(ctx.now().saturating_add(timeout), Event::CallTimeOut(key));
        }
        match offer {
            Offer::Starts => self.starting.push_back(key),
            Offer::Waits => self.limit_wait(ctx, lane),
            Offer::Refused => {
                self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Rejected), origin);
                self.call_failed(ctx, key, Cause::Refused);
            }
        }
        self.observe_manifest();
    }

    /// Lets the calls go on that have just got a slot. One that fails at once gives its slot to the
    /// next: a loop, because a full database fails a whole queue of them.
    pub(super) fn start_waiting(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(key) = self.starting.pop_front() {
            let Some(call) = self.calls.get_mut(key) else {
                continue;
            };
            call.has_slot = Some(ctx.now());
            let (origin, class, waited) = (call.origin, call.class, ctx.now().since(call.came));
            let (reads, lane) = (call.reads, call.lane);
            if call.deadline <= ctx.now() {
                self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Expired), origin);
                self.call_failed(ctx, key, Cause::TimeOut);
                continue;
            }
            let longest = self.plan.fabric.manifest.controlled_delay;
            if longest.is_some_and(|longest| waited > longest)
                && self.manifest.stands(lane, ctx.now())
            {
                self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Rejected), origin);
                self.call_failed(ctx, key, Cause::Refused);
                continue;
            }
            self.recorder.sample(Timer::Wait, origin, waited);
            self.trace_mark(ctx.now(), Part::Call, key, "it has a slot");
            self.sample_class(class, lane, origin, waited);
            self.seat(ctx, key);
            if reads {
                self.read(ctx, key);
            } else {
                self.make_manifest(ctx, key);
            }
        }
    }

    /// A call has what it needs to make its manifest.
    pub(super) fn make_manifest(&mut self, ctx: &mut Ctx<'_>, call: Key) {
        let law = &self.plan.fabric.manifest.service;
        let pod = self.pod_of(call);
        let slow = self.weather.slowness(&self.plan.injections, Service::Manifest, pod, ctx.now());
        let takes = stretched(law.draw(&mut self.streams.manifest), slow);
        // What a gate must find: the same draws, two in a hundred slower.
        #[cfg(feature = "test-slowdown")]
        let takes = stretched(takes, 1.02);
        self.work_on(ctx, call, takes);
    }

    pub(super) fn manifest_made(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(pod) = self.calls.get(key).map(|call| call.pod) else {
            return;
        };
        if self.errs(Service::Manifest, pod, ctx.now()) {
            return self.call_failed(ctx, key, Cause::Error);
        }
        let Some(call) = self.end_call(ctx, key) else {
            return;
        };
        self.trace_end(ctx.now(), Part::Call, key, "answered");
        if self.listens(call.fetch, key) {
            self.pod_answered(call.pod);
            self.fetched(ctx, call.fetch, key, call.lag);
        } else {
            self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Wasted), call.origin);
        }
    }

    /// A call has failed; its caller hears of it if it still waits.
    pub(super) fn call_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, cause: Cause) {
        let Some(call) = self.end_call(ctx, key) else {
            return;
        };
        self.trace_end(ctx.now(), Part::Call, key, tracing::word(cause));
        if self.listens(call.fetch, key) {
            self.pod_failed(ctx, call.pod);
            self.attempt_of_fetch_failed(ctx, call.fetch, key, cause);
        }
    }

    pub(super) fn call_timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(call) = self.calls.get(key) else {
            return;
        };
        let (fetch, origin, listens) = (call.fetch, call.origin, self.listens(call.fetch, key));
        let pod = call.pod;
        if !listens {
            return;
        }
        self.pod_failed(ctx, pod);
        self.recorder.count(Counter::Hop(Hop::Manifest, HopEvent::Timeout), origin);
        self.abandon_call(ctx, key);
        self.trace_end(ctx.now(), Part::Call, key, "timed out");
        self.attempt_of_fetch_failed(ctx, fetch, key, Cause::TimeOut);
    }

    /// The caller waits no longer. What it asked for is taken back, or goes on for nobody.
    pub(super) fn abandon_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if !self.plan.fabric.manifest.call.cancel {
            return;
        }
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let waits = self.manifest.withdraw(call.lane, key, ctx.now());
        if !waits {
            // It may have got its slot at this very instant and not have begun.
            call.has_slot.get_or_insert(ctx.now());
        }
        if let Some(sharing) = &mut self.sharing {
            sharing.withdraw(key, ctx.now());
            self.look_for_made(ctx);
        }
        self.take_back(ctx, key);
    }

    /// Whether the caller of a call still waits for it.
    pub(super) fn listens(&self, fetch: Key, call: Key) -> bool {
        let fetch = self.fetches.get(fetch);
        fetch.is_some_and(|fetch| fetch.pair.is_out(call))
    }

    /// A call is over: its slot is free.
    pub(super) fn end_call(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Over> {
        let now = ctx.now();
        let call = self.calls.get_mut(key)?;
        let over = Over { fetch: call.fetch, origin: call.origin, pod: call.pod, lag: call.lag };
        let (lane, has_slot, held) = (call.lane, call.has_slot.is_some(), call.held.take());
        if call.inside {
            self.manifest.left(lane, call.came, call.has_slot, now);
        }
        self.calls.discard(key);
        self.unseat(key, over.pod, lane);
        self.trace_over(now, Part::Call, key);
        if has_slot && let Some(next) = self.manifest.release(lane, now) {
            self.starting.push_back(next);
        }
        if let Some(held) = held {
            self.give_back(ctx, held);
        }
        self.observe_manifest();
        Some(over)
    }

    /// Whether an answer of a service is an error by a fault, from a pod where there are any.
    #[inline]
    pub(super) fn errs(&mut self, service: Service, pod: Option<u32>, now: Instant) -> bool {
        let share = self.weather.error_share(&self.plan.injections, service, pod, now);
        share > 0.0 && self.streams.errors.chance(share)
    }

    /// The breakers of both hops, where there are any.
    #[inline]
    pub(super) fn observe_breakers(&mut self) {
        for (caller, gauge) in [
            (&self.manifest_caller, Gauge::ManifestBreaker),
            (&self.database_caller, Gauge::DatabaseBreaker),
        ] {
            if caller.has_breakers() {
                self.recorder.gauge(gauge, caller.breaker() as u64);
            }
        }
    }

    pub(super) fn observe_manifest(&mut self) {
        let ((queued, of_validations), busy) = (self.manifest.queued(), self.manifest.busy());
        self.recorder.gauge(Gauge::ManifestQueue, queued);
        self.recorder.gauge(Gauge::ManifestBusy, busy.0);
        if self.manifest.are_apart() {
            self.recorder.gauge(Gauge::ValidationsQueue, of_validations);
            self.recorder.gauge(Gauge::ValidationsBusy, busy.1);
        }
    }
}

/// A service time made longer by a fault. Without one the draw stays as it is, to the bit.
#[allow(clippy::float_cmp)] // reason: exactly one is "no fault"
pub(super) fn stretched(takes: Span, slow: f64) -> Span {
    if slow == 1.0 { takes } else { takes.scaled(slow) }
}
