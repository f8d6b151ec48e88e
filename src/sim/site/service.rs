//! The manifest service: calls, slots, work.
//!
//! A call holds a slot while its read waits for a connection and while it is read, as a worker thread
//! does.

use super::connections::Held;
use super::fill::EdgeCache;
use super::pair::HedgedAttempts;
use super::scaling::Scaling;
use super::{Ctx, Event, Key, Site};
use crate::fault::Service;
use crate::observe::{Counter, Gauge, Sample};
use crate::sim::hop::client::HopClient;
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::run::slab::Slab;
use crate::sim::run::tracer::Part;
use crate::sim::server::cpu::Cpus;
use crate::sim::server::memory::Memory;
use crate::sim::server::pods::Pods;
use crate::sim::server::pool::{Class, Offer};
use crate::sim::server::processor_sharing::ProcessorSharing;
use crate::sim::server::slot_classes::{SlotClass, SlotPools};
use crate::units::{Instant, Span};
use std::collections::VecDeque;

/// An attempt of a fetch at the manifest service.
#[derive(Debug)]
pub struct ManifestCall {
    /// Whose; it may have given the call up.
    pub(super) fetch: Key,
    pub(super) client_region: usize,
    /// Whom the manifest service takes first.
    class: Class,
    /// Whose slots it asks for.
    pub(super) slot_class: SlotClass,
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
    pub(super) attempts: Option<HedgedAttempts>,
    /// The connection that it keeps between its reads, where it does.
    pub(super) held: Option<Held>,
    /// How far the replica was behind that was read; `None` when it makes do without its read.
    pub(super) lag: Option<Span>,
}

/// What is left to be said of a call that is over.
#[derive(Debug)]
pub(super) struct Over {
    pub(super) fetch: Key,
    pub(super) client_region: usize,
    pub(super) pod: Option<u32>,
    pub(super) lag: Option<Span>,
}

/// The manifest service of a region, with its side of the hop to the database.
pub(in crate::sim) struct ManifestTier {
    pub(super) calls: Slab<ManifestCall>,
    /// Calls that have just got a slot.
    pub(super) starting: VecDeque<Key>,
    pub(super) slots: SlotPools<Key>,
    /// Which call is in which pod, where that matters.
    pub(super) pods: Option<Pods<Key>>,
    /// What pods compute on, where that is bounded.
    pub(super) cpus: Option<Cpus<Key>>,
    /// What pods have of memory, where that is bounded.
    pub(super) memory: Option<Memory>,
    /// The work of all calls, where they share it.
    pub(super) sharing: Option<ProcessorSharing<Key>>,
    /// What changes the number of pods.
    pub(super) scaling: Option<Scaling>,
    /// How calls read from the database.
    pub(super) database_client: HopClient,
}

impl Site {
    /// A call of a fetch, that has not come anywhere.
    pub(super) fn keep_call(&mut self, key: Key, now: Instant, deadline: Instant) -> Option<Key> {
        let fetch = self.edge.fills.get(key)?;
        Some(self.manifest.calls.insert(ManifestCall {
            fetch: key,
            client_region: fetch.client_region,
            class: fetch.class,
            slot_class: SlotClass::of(fetch.validates),
            reads: self.database.server.slots.is_some() && !fetch.validates,
            came: now,
            deadline,
            inside: false,
            has_slot: None,
            pod: None,
            attempts: None,
            held: None,
            lag: Some(Span::ZERO),
        }))
    }

    /// A call comes to the manifest service.
    pub(super) fn offer_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(call) = self.manifest.calls.get_mut(key) else {
            return;
        };
        let slot_class = call.slot_class;
        let offer = self.manifest.slots.offer(slot_class, key, call.class, ctx.now());
        if let Some(scaling) = &mut self.manifest.scaling {
            scaling.meter.came += 1;
        }
        call.inside = offer != Offer::Refused;
        let (client_region, timeout) = (call.client_region, self.plan.fabric.manifest.call.timeout);
        if let (true, Some(timeout)) = (call.inside, timeout) {
            ctx.schedule(
                ctx.now().saturating_add(timeout),
                Event::AttemptTimeOut(Hop::Manifest, key),
            );
        }
        match offer {
            Offer::Starts => self.manifest.starting.push_back(key),
            Offer::Waits => self.limit_wait(ctx, slot_class),
            Offer::Refused => {
                self.recorder.count(Counter::ManifestRejected, client_region);
                self.call_failed(ctx, key, AttemptError::Refused);
            }
        }
        self.observe_manifest();
    }

    /// Lets the calls go on that have just got a slot. One that fails at once gives its slot to the
    /// next: a loop, because a full database fails a whole queue of them.
    pub(super) fn start_waiting(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(key) = self.manifest.starting.pop_front() {
            let Some(call) = self.manifest.calls.get_mut(key) else {
                continue;
            };
            call.has_slot = Some(ctx.now());
            let (client_region, class, waited) =
                (call.client_region, call.class, ctx.now().since(call.came));
            let (reads, slot_class) = (call.reads, call.slot_class);
            if call.deadline <= ctx.now() {
                self.recorder.count(Counter::ManifestExpired, client_region);
                self.call_failed(ctx, key, AttemptError::TimeOut);
                continue;
            }
            let longest = self.plan.fabric.manifest.controlled_delay;
            if longest.is_some_and(|longest| waited > longest)
                && self.manifest.slots.stands(slot_class, ctx.now())
            {
                self.recorder.count(Counter::ManifestRejected, client_region);
                self.call_failed(ctx, key, AttemptError::Refused);
                continue;
            }
            self.recorder.sample(Sample::Wait, client_region, waited);
            self.trace_mark(ctx.now(), Part::Call, key, "it has a slot");
            self.sample_class(class, slot_class, client_region, waited);
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
        let slow =
            self.active_faults.slowness(&self.plan.injections, Service::Manifest, pod, ctx.now());
        let takes = stretched(law.draw(&mut self.streams.manifest), slow);
        // What a gate must find: the same draws, two in a hundred slower.
        #[cfg(feature = "test-slowdown")]
        let takes = stretched(takes, 1.02);
        self.work_on(ctx, call, takes);
    }

    pub(super) fn manifest_made(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(pod) = self.manifest.calls.get(key).map(|call| call.pod) else {
            return;
        };
        if self.errs(Service::Manifest, pod, ctx.now()) {
            return self.call_failed(ctx, key, AttemptError::Error);
        }
        let Some(call) = self.end_call(ctx, key) else {
            return;
        };
        self.trace_end(ctx.now(), Part::Call, key, "answered");
        if self.waits_for(Hop::Manifest, call.fetch, key) {
            self.pod_answered(call.pod);
            self.fill_answered(ctx, EdgeCache::Metadata, (call.fetch, key), call.lag);
        } else {
            self.recorder.count(Counter::ManifestWasted, call.client_region);
        }
    }

    /// A call has failed; its caller hears of it if it still waits.
    pub(super) fn call_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, error: AttemptError) {
        let Some(call) = self.end_call(ctx, key) else {
            return;
        };
        self.trace_end(ctx.now(), Part::Call, key, error.word());
        if self.waits_for(Hop::Manifest, call.fetch, key) {
            self.pod_failed(ctx, call.pod);
            self.retry_or_fall_back(ctx, Hop::Manifest, (call.fetch, key), error);
        }
    }

    /// The caller waits no longer. What it asked for is taken back, or goes on as wasted work.
    pub(super) fn abandon_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if !self.plan.fabric.manifest.call.cancel {
            return;
        }
        let Some(call) = self.manifest.calls.get_mut(key) else {
            return;
        };
        let waits = self.manifest.slots.withdraw(call.slot_class, key, ctx.now());
        if !waits {
            // It may have got its slot at this very instant and not have begun.
            call.has_slot.get_or_insert(ctx.now());
        }
        if let Some(sharing) = &mut self.manifest.sharing {
            sharing.withdraw(key, ctx.now());
            self.look_for_made(ctx);
        }
        self.take_back(ctx, key);
    }

    /// A call is over: its slot is free.
    pub(super) fn end_call(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Over> {
        let now = ctx.now();
        let call = self.manifest.calls.get_mut(key)?;
        let over = Over {
            fetch: call.fetch,
            client_region: call.client_region,
            pod: call.pod,
            lag: call.lag,
        };
        let (slot_class, has_slot, held) =
            (call.slot_class, call.has_slot.is_some(), call.held.take());
        if call.inside {
            self.manifest.slots.left(slot_class, call.came, call.has_slot, now);
        }
        self.manifest.calls.discard(key);
        self.unseat(key, over.pod, slot_class);
        self.trace_over(now, Part::Call, key);
        if has_slot && let Some(next) = self.manifest.slots.release(slot_class, now) {
            self.manifest.starting.push_back(next);
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
        let share = self.active_faults.error_share(&self.plan.injections, service, pod, now);
        share > 0.0 && self.streams.errors.chance(share)
    }

    pub(super) fn observe_manifest(&mut self) {
        let ((queued, of_validations), busy) =
            (self.manifest.slots.queued(), self.manifest.slots.busy());
        self.recorder.gauge(Gauge::ManifestQueue, queued);
        self.recorder.gauge(Gauge::ManifestBusy, busy.0);
        if self.manifest.slots.are_apart() {
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
