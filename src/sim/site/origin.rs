//! Requests at the origin: asked here or over the wide area, served in the origin's region.

use super::remote_read::small;
use super::server::{Requester, Server, ServerCall, inside};
use super::service::stretched;
use super::{Ctx, Event, Key, Site};
use crate::engine::{Seed, Stream};
use crate::fault::{Answers, Fault, Service};
use crate::model::{Discipline, Plan};
use crate::observe::{Counter, Sample};
use crate::sim::hop::error::{AttemptError, Reply};
use crate::sim::hop::kind::Hop;
use crate::sim::run::tracer::Part;
use crate::sim::server::pool::Pool;
use crate::units::{Instant, Span};
use std::collections::BTreeMap;

/// What an edge asks the origin for over the wide area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemoteCall {
    /// The attempt at the edge.
    pub ask: Key,
    /// What it asks for.
    pub object: u32,
    /// Where the answer goes.
    pub site: u8,
    /// The region of the viewer.
    pub client_region: u8,
}

impl RemoteCall {
    /// All of it in one word.
    pub(in crate::sim) const fn word(&self) -> u64 {
        self.ask.word() ^ (self.site as u64) << 56 ^ (self.object as u64).rotate_left(20)
    }
}

/// Requests to the origin, and the origin where it is in this region.
#[derive(Debug)]
pub(in crate::sim) struct OriginTier {
    pub(super) server: Server,
    /// What other regions have asked for: their site and attempt, and the attempt here. Kept where they
    /// take back what they give up.
    orders: BTreeMap<(usize, Key), Key>,
    /// How long an answer takes.
    service: Stream,
}

impl OriginTier {
    /// At instant zero.
    pub(super) fn new(me: usize, plan: &Plan) -> Self {
        let (config, name) = (&plan.fabric.origin, &plan.fabric.regions[me]);
        let is_here = plan.fabric.origin_region() == me;
        let slots = is_here.then(|| Pool::new(config.slots, config.queue, Discipline::Fifo));
        Self {
            server: Server::new(slots),
            orders: BTreeMap::new(),
            service: Seed(plan.seed).stream(&format!("{name}/origin service")),
        }
    }
}

// At the edge.
impl Site {
    /// An attempt of a fill, that has not come anywhere.
    pub(super) fn keep_origin_call(
        &mut self,
        key: Key,
        now: Instant,
        deadline: Instant,
    ) -> Option<Key> {
        let fill = self.edge.content.as_ref()?.fills.get(key)?;
        let (of, client_region, object) = (Requester::Local(key), fill.client_region, fill.object);
        let (came, inside, began) = (now, false, None);
        let ask = ServerCall { of, client_region, object, came, deadline, inside, began };
        Some(self.origin.as_mut()?.server.calls.insert(ask))
    }

    /// An attempt leaves for the origin.
    pub(super) fn send_to_origin(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let to = self.plan.fabric.origin_region();
        if to == self.me {
            return self.offer(ctx, Hop::Origin, key);
        }
        let asks = self.origin.as_ref().map(|origin| &origin.server.calls);
        let Some(&ask) = asks.and_then(|asks| asks.get(key)) else {
            return;
        };
        if !self.cut_off() {
            let arrives = ctx.now() + self.way_between(ctx.now(), self.me, to);
            let (site, client_region) = (small(self.me), small(ask.client_region));
            let order = RemoteCall { ask: key, object: ask.object, site, client_region };
            ctx.send(to, arrives, Event::OriginAsked { order, deadline: ask.deadline });
        }
    }

    /// What a message takes between the origin and another region, now. Packets are lost on the way to
    /// the primary's region.
    fn way_between(&mut self, now: Instant, from: usize, to: usize) -> Span {
        let fabric = &self.plan.fabric;
        let one_way = fabric.round_trip[from][to].half();
        let primary = fabric.primary;
        if from != primary && to != primary {
            return one_way;
        }
        let other = if from == primary { to } else { from };
        one_way + self.retransmissions(now, primary, other)
    }

    /// The origin has answered an attempt, or refused it, unless this region is cut off by now.
    pub(super) fn origin_answered(&mut self, ctx: &mut Ctx<'_>, order: RemoteCall, reply: Reply) {
        if self.cut_off() {
            return;
        }
        match reply {
            Ok(()) => {
                self.count_bytes(order.object, order.client_region.into());
                self.answered_by(ctx, Hop::Origin, order.ask, order.client_region.into());
            }
            Err(error) => self.attempt_failed(ctx, Hop::Origin, order.ask, error),
        }
    }

    /// An answer of the origin has come to the edge, whether it is still wanted or not.
    pub(super) fn count_bytes(&mut self, object: u32, client_region: usize) {
        if let Some(content) = &self.edge.content {
            let bytes = content.catalogue.bytes(object);
            self.recorder.count_many(Counter::OriginBytes, client_region, bytes);
        }
    }

    /// The caller of an attempt waits no longer. It is taken back, over the wide area by a message, or
    /// goes on as wasted work.
    pub(super) fn abandon_origin_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let (cancel, now) = (self.plan.fabric.origin.call.cancel, ctx.now());
        let Some(origin) = &mut self.origin else { return };
        let server = &mut origin.server;
        let Some(&ask) = server.calls.get(key).filter(|ask| cancel || !ask.inside) else {
            return;
        };
        server.calls.discard(key);
        match &mut server.slots {
            None if cancel => self.cancel_remote(ctx, key),
            Some(slots) if ask.inside => {
                let waits = slots.withdraw(key, now);
                slots.left(ask.came, ask.began, now);
                if !waits {
                    self.serve_next(ctx, Hop::Origin);
                }
                self.observe_server(Hop::Origin);
            }
            _ => {}
        }
        self.trace_over(now, Part::Ask, key);
    }

    /// An attempt at the origin of another region is taken back.
    fn cancel_remote(&mut self, ctx: &mut Ctx<'_>, ask: Key) {
        if !self.cut_off() {
            let (site, to) = (small(self.me), self.plan.fabric.origin_region());
            let arrives = ctx.now() + self.way_between(ctx.now(), self.me, to);
            ctx.send(to, arrives, Event::OriginCancelled { site, ask });
        }
    }
}

// At the origin.
impl Site {
    /// An attempt comes from another region.
    pub(super) fn origin_asked(&mut self, ctx: &mut Ctx<'_>, order: RemoteCall, deadline: Instant) {
        if self.cut_off() {
            return;
        }
        let Some(origin) = &mut self.origin else { return };
        let of = Requester::Region(order.site.into(), order.ask);
        let (client_region, object, came) = (order.client_region.into(), order.object, ctx.now());
        let (inside, began) = (false, None);
        let ask = ServerCall { of, client_region, object, came, deadline, inside, began };
        let key = origin.server.calls.insert(ask);
        if self.plan.fabric.origin.call.cancel {
            origin.orders.insert((order.site.into(), order.ask), key);
        }
        self.offer(ctx, Hop::Origin, key);
    }

    /// Another region takes an attempt back, unless it is over.
    pub(super) fn origin_cancelled(&mut self, ctx: &mut Ctx<'_>, site: usize, ask: Key) {
        if self.cut_off() {
            return;
        }
        let origin = self.origin.as_mut();
        if let Some(key) = origin.and_then(|origin| origin.orders.remove(&(site, ask))) {
            self.abandon_origin_call(ctx, key);
        }
    }

    /// An attempt has its slot.
    pub(super) fn begin_origin_call(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let now = ctx.now();
        let harm = &self.plan.injections;
        let slow = self.active_faults.slowness(harm, Service::Origin, None, now);
        let config = &self.plan.fabric.origin;
        let (Some(content), Some(origin)) = (&self.edge.content, &mut self.origin) else { return };
        let Some(ask) = origin.server.calls.get_mut(key) else {
            return;
        };
        ask.began = Some(now);
        self.recorder.sample(Sample::OriginWait, ask.client_region, now.since(ask.came));
        let bytes = content.catalogue.bytes(ask.object);
        let carries = config.rate.map_or(Span::ZERO, |rate| carried(bytes, rate));
        let first_byte = config.service.draw(&mut origin.service);
        let takes = stretched(first_byte.saturating_add(carries), slow);
        self.trace_mark(now, Part::Ask, key, "it has a slot at the origin");
        ctx.schedule(now.saturating_add(takes), Event::OriginDone(key));
    }

    /// An answer goes to another region.
    pub(super) fn answer_origin_call(
        &mut self,
        ctx: &mut Ctx<'_>,
        site: usize,
        there: Key,
        ask: &ServerCall,
        reply: Reply,
    ) {
        if let Some(origin) = &mut self.origin {
            origin.orders.remove(&(site, there));
        }
        if self.cut_off() {
            return;
        }
        let arrives = ctx.now() + self.way_between(ctx.now(), self.me, site);
        let (to, client_region) = (small(site), small(ask.client_region));
        let order = RemoteCall { ask: there, object: ask.object, site: to, client_region };
        ctx.send(site, arrives, Event::OriginAnswered { order, reply });
    }

    /// Little's law and the utilisation law at the origin, up to now.
    pub(super) fn balance_origin(&mut self, now: Instant, last: bool) {
        let Some(origin) = &mut self.origin else { return };
        let Server { calls, slots: Some(slots), .. } = &mut origin.server else { return };
        slots.balance("origin", now, last, inside(calls));
    }
}

/// What `bytes` take at `rate` bytes a second, in whole nanoseconds, rounded up.
fn carried(bytes: u64, rate: u64) -> Span {
    let nanos = (u128::from(bytes) * 1_000_000_000).div_ceil(u128::from(rate.max(1)));
    Span::from_nanos(u64::try_from(nanos).unwrap_or(u64::MAX))
}

// Faults.
impl Site {
    /// A fault of the origin has begun or ended.
    pub(super) fn follow_origin(&mut self, ctx: &mut Ctx<'_>, changed: &Fault) {
        if !matches!(changed, Fault::OriginDown { .. }) {
            return;
        }
        let answers = self.active_faults.origin_down(&self.plan.injections);
        let Some(origin) = &mut self.origin else { return };
        let server = &mut origin.server;
        if server.slots.is_none() {
            return;
        }
        match (std::mem::replace(&mut server.down, answers), answers) {
            (None, Some(answers)) => self.break_origin(ctx, answers),
            (Some(_), None) => {
                for ask in std::mem::take(&mut server.lost) {
                    self.attempt_failed(ctx, Hop::Origin, ask, AttemptError::Error);
                }
            }
            _ => {}
        }
    }

    /// The origin goes down: no request has a slot any more.
    fn break_origin(&mut self, ctx: &mut Ctx<'_>, answers: Answers) {
        let Some(origin) = &mut self.origin else { return };
        let broken = origin.server.inside_in_order();
        for &key in &broken {
            origin.server.leave(key, ctx.now());
        }
        if let Some(slots) = &mut origin.server.slots {
            slots.clear(ctx.now());
        }
        self.observe_server(Hop::Origin);
        for key in broken {
            match (answers, &mut self.origin) {
                (Answers::Silent, Some(origin)) => origin.server.lost.push(key),
                _ => self.attempt_failed(ctx, Hop::Origin, key, AttemptError::Error),
            }
        }
    }
}
