//! The site's pools: classes, waits that are bounded, shared work, and the books.

use super::server::{Server, inside};
use super::{Arrival, Ctx, Event, Key, ProcessorSharing, Site, first_request};
use crate::model::Discipline;
use crate::observe::{Counter, Sample};
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::server::pool::Class;
use crate::sim::server::slot_classes::SlotClass;
use crate::units::{Instant, Span};

// Classes and waits.
impl Site {
    /// The class of a fetch. Nothing is drawn where there are no classes.
    pub(super) fn draw_class(&mut self) -> Class {
        let manifest = &self.plan.fabric.manifest;
        let high =
            manifest.discipline == Discipline::Priority && self.streams.class.chance(manifest.high);
        if high { Class::High } else { Class::Low }
    }

    /// Whether a fetch only validates a request. Nothing is drawn where none does.
    pub(super) fn draw_kind(&mut self, client_region: usize) -> bool {
        let share = self.plan.fabric.manifest.validations;
        let validates = share > 0.0 && self.streams.kind.chance(share);
        if validates {
            self.recorder.count(Counter::Validations, client_region);
        }
        validates
    }

    /// A fetch has waited for its slot: its class is seen where there are two.
    pub(super) fn sample_class(
        &mut self,
        class: Class,
        slot_class: SlotClass,
        client_region: usize,
        waited: Span,
    ) {
        if slot_class == SlotClass::Validations && self.manifest.slots.are_apart() {
            self.recorder.sample(Sample::WaitValidations, client_region, waited);
        }
        if self.plan.fabric.manifest.discipline != Discipline::Priority {
            return;
        }
        let sample = match class {
            Class::High => Sample::WaitHigh,
            Class::Low => Sample::WaitLow,
        };
        self.recorder.sample(sample, client_region, waited);
    }

    /// A fetch waits for a slot: it may do so for so long.
    pub(super) fn limit_wait(&self, ctx: &mut Ctx<'_>, slot_class: SlotClass) {
        if let Some(wait) = self.manifest.slots.wait(slot_class) {
            ctx.schedule(ctx.now().saturating_add(wait), Event::WaitOver(Hop::Manifest));
        }
    }

    /// The one that has waited longest for a slot may have waited long enough.
    pub(super) fn slot_wait_over(&mut self, ctx: &mut Ctx<'_>) {
        let Some(key) = self.manifest.slots.expire(ctx.now()) else {
            return;
        };
        if let Some(call) = self.manifest.calls.get(key) {
            self.recorder.count(Counter::ManifestRejected, call.client_region);
        }
        self.call_failed(ctx, key, AttemptError::Refused);
    }
}

// A closed loop.
impl Site {
    /// When each viewer of a closed loop asks for the first time.
    pub(in crate::sim) fn first_thoughts(&mut self) -> Vec<(Instant, Event)> {
        let Some(closed) = &self.plan.load.closed else {
            return Vec::new();
        };
        let (viewers, think) = (closed.viewers, &closed.think);
        let stream = &mut self.streams.think;
        (0..viewers).map(|_| thought(Instant::ZERO.saturating_add(think.draw(stream)))).collect()
    }

    /// A viewer of a closed loop knows at `heard` how its request ended, and thinks.
    pub(super) fn think(&mut self, ctx: &mut Ctx<'_>, heard: Instant) {
        if let Some(closed) = &self.plan.load.closed {
            let until = heard.saturating_add(closed.think.draw(&mut self.streams.think));
            let (at, asks) = thought(until);
            ctx.schedule(at, asks);
        }
    }
}

/// A viewer of a closed loop has thought and asks: the pool has one network and one title.
const fn thought(at: Instant) -> (Instant, Event) {
    (
        at,
        Event::Arrival(first_request(&Arrival { at, network: 0, home: 0, title: 0, last_mile: 0 })),
    )
}

// Work.
impl Site {
    /// The manifest service works on a fetch that needs this much of it.
    pub(super) fn work_on(&mut self, ctx: &mut Ctx<'_>, key: Key, takes: Span) {
        if self.manifest.cpus.is_some() {
            return self.compute(ctx, key, takes);
        }
        match &mut self.manifest.sharing {
            Some(sharing) => {
                sharing.add(key, takes, ctx.now());
                self.look_for_made(ctx);
            }
            None => ctx.schedule(ctx.now().saturating_add(takes), Event::Made(key)),
        }
    }

    /// Calls that share the manifest service and are done now leave.
    pub(super) fn look_at_shared(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(key) =
            self.manifest.sharing.as_mut().and_then(|sharing| sharing.take_done(ctx.now()))
        {
            self.manifest_made(ctx, key);
        }
        self.look_for_made(ctx);
    }

    pub(super) fn look_for_made(&mut self, ctx: &mut Ctx<'_>) {
        look_again(ctx, &mut self.manifest.sharing, Event::Shared);
    }

    /// The database works on a read that needs this much of it.
    pub(super) fn read_on(&mut self, ctx: &mut Ctx<'_>, read: Key, takes: Span) {
        match &mut self.database.sharing {
            Some(sharing) => {
                sharing.add(read, takes, ctx.now());
                self.look_for_read(ctx);
            }
            None => ctx.schedule(ctx.now().saturating_add(takes), Event::Read(read)),
        }
    }

    /// Reads that slow each other and are done now leave.
    pub(super) fn look_at_reads(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(read) =
            self.database.sharing.as_mut().and_then(|sharing| sharing.take_done(ctx.now()))
        {
            self.done(ctx, Hop::Database, read);
        }
        self.look_for_read(ctx);
    }

    pub(super) fn look_for_read(&mut self, ctx: &mut Ctx<'_>) {
        look_again(ctx, &mut self.database.sharing, Event::SharedReads);
    }
}

/// A look is due when the next is done.
fn look_again<J: Copy + Ord>(
    ctx: &mut Ctx<'_>,
    sharing: &mut Option<ProcessorSharing<J>>,
    look: Event,
) {
    if let Some(at) = sharing.as_mut().and_then(ProcessorSharing::look_at) {
        ctx.schedule(at, look);
    }
}

// The books.
impl Site {
    /// Little's law and the utilisation law, for each pool, from the beginning up to now; for the `last`
    /// time at the end of a run.
    ///
    /// # Panics
    /// When a pool's levels and its jobs' times differ: a bug in the model.
    pub(in crate::sim) fn balance_pools(&mut self, now: Instant, last: bool) {
        self.manifest.slots.balance(now, last, |slot_class| {
            let inside =
                self.manifest.calls.iter().map(|(_, call)| call).filter(|call| call.inside);
            let inside = inside.filter(move |call| {
                slot_class.is_none_or(|slot_class| call.slot_class == slot_class)
            });
            inside.map(|call| (call.came, call.has_slot))
        });
        if let Some(sharing) = &mut self.manifest.sharing {
            sharing.balance("manifest service", now, last);
        }
        if let Some(cpus) = &mut self.manifest.cpus {
            cpus.used(now);
        }
        if let Some(sharing) = &mut self.database.sharing {
            sharing.balance("database", now, last);
        }
        if let Server { calls: reads, slots: Some(pool), .. } = &mut self.database.server {
            let held = self.manifest.calls.iter().filter_map(|(_, call)| call.held);
            let within = inside(reads).chain(held.map(|held| (held.came, Some(held.began))));
            pool.balance("database", now, last, within);
        }
        self.balance_origin(now, last);
    }
}
