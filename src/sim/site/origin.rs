//! Requests at the origin: asked here or over the wide area, served in the origin's region.

use super::fetch::Cause;
use super::service::stretched;
use super::{Ctx, Event, Key, Site, tracing};
use crate::fault::{Answers, Fault, Service};
use crate::model::{Discipline, Origin, PATIENCE};
use crate::observe::{Counter, Gauge, Sample};
use crate::sim::run::event::Reply;
use crate::sim::run::tracer::Part;
use crate::sim::server::pool::{Class, Offer, Pool};
use crate::units::{Instant, Span};
use std::collections::BTreeMap;

/// An attempt to get a segment, at the edge that asks and, over the wide area, at the origin, too.
#[derive(Clone, Copy, Debug)]
pub(super) struct OriginCall {
    of: Requester,
    /// Where the viewers sit.
    origin: usize,
    object: u32,
    /// When it came to the origin, or left for it.
    came: Instant,
    /// When its caller gives it up, where that travels along.
    deadline: Instant,
    /// Whether the origin has let it in.
    inside: bool,
    /// Since when it has a slot there.
    began: Option<Instant>,
}

/// Who wants an answer of the origin.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Requester {
    /// A fill of this region; it may have given the attempt up.
    Fill(Key),
    /// Another region, and its attempt there.
    Region(usize, Key),
}

/// What an edge asks the origin for over the wide area.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct RemoteCall {
    /// The attempt at the edge.
    pub ask: Key,
    /// What it asks for.
    pub object: u32,
    /// Where the answer goes.
    pub site: u8,
    /// Where the viewers sit.
    pub origin: u8,
}

impl RemoteCall {
    /// All of it in one word.
    pub(in crate::sim) const fn word(&self) -> u64 {
        self.ask.word() ^ (self.site as u64) << 56 ^ (self.object as u64).rotate_left(20)
    }
}

/// The origin at work.
#[derive(Debug)]
pub(super) struct Server {
    slots: Pool<Key>,
    /// What it does with those who ask it, where it is down.
    down: Option<Answers>,
    /// Requests to which nobody answers.
    lost: Vec<Key>,
    /// What other regions have asked for: their site and attempt, and the attempt here. Kept where they
    /// take back what they give up.
    orders: BTreeMap<(usize, Key), Key>,
}

impl Server {
    pub(super) fn new(config: &Origin) -> Self {
        let slots = Pool::new(config.slots, config.queue, Discipline::Fifo);
        Self { slots, down: None, lost: Vec::new(), orders: BTreeMap::new() }
    }
}

// At the edge.
impl Site {
    /// An attempt of a fill, that has not come anywhere. Its time-out begins.
    pub(super) fn new_ask(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Key> {
        let (how, now) = (&self.plan.fabric.origin.call, ctx.now());
        let content = self.content.as_mut()?;
        let fill = content.fills.get(key)?;
        let gives_up = now.saturating_add(how.timeout.unwrap_or(PATIENCE));
        let deadline = if how.deadline { fill.deadline.min(gives_up) } else { Instant::NEVER };
        let (of, origin, object) = (Requester::Fill(key), fill.origin, fill.object);
        let ask =
            OriginCall { of, origin, object, came: now, deadline, inside: false, began: None };
        let ask = content.asks.insert(ask);
        self.recorder.count(Counter::OriginCalls, origin);
        self.trace_within(now, (Part::Fill, key), (Part::Ask, ask));
        ctx.schedule(gives_up, Event::AskTimeOut(ask));
        Some(ask)
    }

    /// An attempt leaves for the origin.
    pub(super) fn send_ask(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let to = self.plan.fabric.origin_region();
        if to == self.me {
            return self.offer_ask(ctx, key);
        }
        let asks = self.content.as_ref().map(|content| &content.asks);
        let Some(&ask) = asks.and_then(|asks| asks.get(key)) else {
            return;
        };
        if !self.cut_off() {
            let arrives = ctx.now() + self.way_between(ctx.now(), self.me, to);
            let (site, origin) =
                (super::remote_read::small(self.me), super::remote_read::small(ask.origin));
            let order = RemoteCall { ask: key, object: ask.object, site, origin };
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
            Reply::Data => self.ask_answered(ctx, order.ask, order.object, order.origin.into()),
            Reply::Error => self.ask_failed(ctx, order.ask, Cause::Error),
            Reply::Refused => self.ask_failed(ctx, order.ask, Cause::Refused),
        }
    }

    /// An answer comes to the edge; its attempt may have been given up.
    fn ask_answered(&mut self, ctx: &mut Ctx<'_>, key: Key, object: u32, origin: usize) {
        let fill = self.fill_of(key);
        let Some(content) = &mut self.content else { return };
        let bytes = content.catalogue.bytes(object);
        content.asks.discard(key);
        self.recorder.count_many(Counter::OriginBytes, origin, bytes);
        self.trace_over(ctx.now(), Part::Ask, key);
        match fill {
            Some(fill) => {
                self.trace_end(ctx.now(), Part::Ask, key, "answered");
                self.filled(ctx, fill, key);
            }
            None => self.recorder.count(Counter::OriginWasted, origin),
        }
    }

    /// An attempt has failed; its caller hears of it if it still waits.
    pub(super) fn ask_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, cause: Cause) {
        let fill = self.fill_of(key);
        let Some(ask) = self.content.as_mut().and_then(|content| content.asks.remove(key)) else {
            return;
        };
        self.trace_over(ctx.now(), Part::Ask, key);
        if let Requester::Region(site, there) = ask.of {
            let reply = if cause == Cause::Error { Reply::Error } else { Reply::Refused };
            return self.answer_order(ctx, site, there, &ask, reply);
        }
        if let Some(fill) = fill {
            self.trace_end(ctx.now(), Part::Ask, key, tracing::word(cause));
            self.attempt_of_fill_failed(ctx, fill, key, cause);
        }
    }

    /// The caller of an attempt waits no longer for it.
    pub(super) fn ask_timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(fill) = self.fill_of(key) else {
            return;
        };
        let asks = self.content.as_ref().map(|content| &content.asks);
        let Some(origin) = asks.and_then(|asks| asks.get(key)).map(|ask| ask.origin) else {
            return;
        };
        self.recorder.count(Counter::OriginTimeouts, origin);
        self.abandon_ask(ctx, key);
        self.trace_end(ctx.now(), Part::Ask, key, "timed out");
        self.attempt_of_fill_failed(ctx, fill, key, Cause::TimeOut);
    }

    /// The fill of this region that waits for an attempt, if one does.
    pub(super) fn fill_of(&self, key: Key) -> Option<Key> {
        let content = self.content.as_ref()?;
        let Requester::Fill(fill) = content.asks.get(key)?.of else {
            return None;
        };
        content.fills.get(fill)?.pair.is_out(key).then_some(fill)
    }

    /// The caller of an attempt waits no longer. It is taken back, over the wide area by a message, or
    /// goes on for nobody.
    pub(super) fn abandon_ask(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let (cancel, now) = (self.plan.fabric.origin.call.cancel, ctx.now());
        let Some(content) = &mut self.content else { return };
        let Some(&ask) = content.asks.get(key).filter(|ask| cancel || !ask.inside) else {
            return;
        };
        content.asks.discard(key);
        if cancel && content.server.is_none() {
            self.call_back(ctx, key);
        } else if let (true, Some(server)) = (ask.inside, &mut content.server) {
            let waits = server.slots.withdraw(key, now);
            server.slots.left(ask.came, ask.began, now);
            if !waits {
                self.serve_next_ask(ctx);
            }
            self.observe_origin();
        }
        self.trace_over(now, Part::Ask, key);
    }

    /// An attempt at the origin of another region is taken back.
    fn call_back(&mut self, ctx: &mut Ctx<'_>, ask: Key) {
        if !self.cut_off() {
            let (site, to) = (super::remote_read::small(self.me), self.plan.fabric.origin_region());
            let arrives = ctx.now() + self.way_between(ctx.now(), self.me, to);
            ctx.send(to, arrives, Event::OriginCancelled { site, ask });
        }
    }

    /// The breakers of the edge before the origin, where there are any.
    pub(super) fn observe_origin_breaker(&mut self) {
        if let Some(content) = self.content.as_ref().filter(|content| content.caller.has_breakers())
        {
            self.recorder.gauge(Gauge::OriginBreaker, content.caller.breaker() as u64);
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
        let Some(content) = &mut self.content else { return };
        let of = Requester::Region(order.site.into(), order.ask);
        let (origin, object, came) = (order.origin.into(), order.object, ctx.now());
        let ask = OriginCall { of, origin, object, came, deadline, inside: false, began: None };
        let key = content.asks.insert(ask);
        if let (true, Some(server)) = (self.plan.fabric.origin.call.cancel, &mut content.server) {
            server.orders.insert((order.site.into(), order.ask), key);
        }
        self.offer_ask(ctx, key);
    }

    /// Another region takes an attempt back, unless it is over.
    pub(super) fn origin_cancelled(&mut self, ctx: &mut Ctx<'_>, site: usize, ask: Key) {
        if self.cut_off() {
            return;
        }
        let server = self.content.as_mut().and_then(|content| content.server.as_mut());
        if let Some(key) = server.and_then(|server| server.orders.remove(&(site, ask))) {
            self.abandon_ask(ctx, key);
        }
    }

    /// An attempt asks for a slot.
    fn offer_ask(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(content) = &mut self.content else { return };
        let (Some(server), Some(ask)) = (&mut content.server, content.asks.get_mut(key)) else {
            return;
        };
        let origin = ask.origin;
        let offer = match server.down {
            None => server.slots.offer(key, Class::Low, ctx.now()),
            Some(Answers::Refused) => Offer::Refused,
            Some(Answers::Silent) => return server.lost.push(key),
        };
        ask.inside = offer != Offer::Refused;
        match offer {
            Offer::Starts => self.begin_ask(ctx, key),
            Offer::Waits => {
                if let Some(wait) = self.plan.fabric.origin.wait {
                    ctx.schedule(ctx.now().saturating_add(wait), Event::OriginWaitOver);
                }
            }
            Offer::Refused => {
                self.recorder.count(Counter::OriginRejected, origin);
                self.ask_failed(ctx, key, Cause::Refused);
            }
        }
        self.observe_origin();
    }

    /// An attempt has its slot.
    fn begin_ask(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let now = ctx.now();
        let harm = &self.plan.injections;
        let slow = self.active_faults.slowness(harm, Service::Origin, None, now);
        let config = &self.plan.fabric.origin;
        let Some(content) = &mut self.content else { return };
        let Some(ask) = content.asks.get_mut(key) else {
            return;
        };
        ask.began = Some(now);
        self.recorder.sample(Sample::OriginWait, ask.origin, now.since(ask.came));
        let bytes = content.catalogue.bytes(ask.object);
        let carries = config.rate.map_or(Span::ZERO, |rate| carried(bytes, rate));
        let first_byte = config.service.draw(&mut content.service);
        let takes = stretched(first_byte.saturating_add(carries), slow);
        self.trace_mark(now, Part::Ask, key, "it has a slot at the origin");
        ctx.schedule(now.saturating_add(takes), Event::OriginDone(key));
    }

    /// The origin is done with an attempt.
    pub(super) fn origin_done(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(ask) = self.leave_origin(ctx.now(), key) else {
            return;
        };
        self.serve_next_ask(ctx);
        if self.errs(Service::Origin, None, ctx.now()) {
            return self.ask_failed(ctx, key, Cause::Error);
        }
        match ask.of {
            Requester::Region(site, there) => {
                if let Some(content) = &mut self.content {
                    content.asks.discard(key);
                }
                self.answer_order(ctx, site, there, &ask, Reply::Data);
            }
            Requester::Fill(_) => self.ask_answered(ctx, key, ask.object, ask.origin),
        }
    }

    /// An attempt that is inside leaves the origin's pool.
    fn leave_origin(&mut self, now: Instant, key: Key) -> Option<OriginCall> {
        let content = self.content.as_mut()?;
        let ask = content.asks.get_mut(key).filter(|ask| ask.inside)?;
        ask.inside = false;
        content.server.as_mut()?.slots.left(ask.came, ask.began, now);
        Some(*ask)
    }

    /// A slot is free, for the next attempt that is still wanted.
    fn serve_next_ask(&mut self, ctx: &mut Ctx<'_>) {
        loop {
            let Some(content) = &mut self.content else { return };
            let Some(server) = &mut content.server else { return };
            let Some((next, _)) = server.slots.release(ctx.now()) else {
                break;
            };
            let expired = content.asks.get_mut(next).filter(|ask| ask.deadline <= ctx.now());
            let Some(ask) = expired else {
                self.begin_ask(ctx, next);
                break;
            };
            ask.began = Some(ctx.now());
            self.recorder.count(Counter::OriginExpired, ask.origin);
            self.leave_origin(ctx.now(), next);
            self.ask_failed(ctx, next, Cause::TimeOut);
        }
        self.observe_origin();
    }

    /// An answer goes to another region.
    fn answer_order(
        &mut self,
        ctx: &mut Ctx<'_>,
        site: usize,
        there: Key,
        ask: &OriginCall,
        reply: Reply,
    ) {
        let server = self.content.as_mut().and_then(|content| content.server.as_mut());
        if let Some(server) = server {
            server.orders.remove(&(site, there));
        }
        if self.cut_off() {
            return;
        }
        let arrives = ctx.now() + self.way_between(ctx.now(), self.me, site);
        let (to, origin) = (super::remote_read::small(site), super::remote_read::small(ask.origin));
        let order = RemoteCall { ask: there, object: ask.object, site: to, origin };
        ctx.send(site, arrives, Event::OriginAnswered { order, reply });
    }

    /// The one that has waited longest for a slot may have waited long enough.
    pub(super) fn origin_wait_over(&mut self, ctx: &mut Ctx<'_>) {
        let Some(wait) = self.plan.fabric.origin.wait else {
            return;
        };
        let server = self.content.as_mut().and_then(|content| content.server.as_mut());
        let Some((key, came)) = server.and_then(|server| server.slots.expire(ctx.now(), wait))
        else {
            return;
        };
        if let Some(ask) = self.leave_origin(ctx.now(), key) {
            // It has waited too long: its wait counts like that of any other.
            self.recorder.count(Counter::OriginRejected, ask.origin);
            self.recorder.sample(Sample::OriginWait, ask.origin, ctx.now().since(came));
        }
        self.ask_failed(ctx, key, Cause::Refused);
        self.observe_origin();
    }

    fn observe_origin(&mut self) {
        let server = self.content.as_ref().and_then(|content| content.server.as_ref());
        if let Some(server) = server {
            self.recorder.gauge(Gauge::OriginQueue, server.slots.queued());
            self.recorder.gauge(Gauge::OriginBusy, server.slots.busy());
        }
    }

    /// Little's law and the utilisation law at the origin, up to now.
    pub(super) fn balance_origin(&mut self, now: Instant, last: bool) {
        let Some(content) = &mut self.content else { return };
        let Some(server) = &mut content.server else { return };
        let inside = content.asks.iter().map(|(_, ask)| ask).filter(|ask| ask.inside);
        server.slots.balance("origin", now, last, inside.map(|ask| (ask.came, ask.began)));
    }
}

/// What so many bytes take at so many a second, in whole nanoseconds, rounded up.
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
        let server = self.content.as_mut().and_then(|content| content.server.as_mut());
        let Some(server) = server else { return };
        match (std::mem::replace(&mut server.down, answers), answers) {
            (None, Some(answers)) => self.break_origin(ctx, answers),
            (Some(_), None) => {
                for ask in std::mem::take(&mut server.lost) {
                    self.ask_failed(ctx, ask, Cause::Error);
                }
            }
            _ => {}
        }
    }

    /// The origin goes down: nobody has a slot any more.
    fn break_origin(&mut self, ctx: &mut Ctx<'_>, answers: Answers) {
        let Some(content) = &mut self.content else { return };
        let inside = content.asks.iter().filter(|(_, ask)| ask.inside);
        let mut broken: Vec<(Instant, Key)> = inside.map(|(key, ask)| (ask.came, key)).collect();
        broken.sort_unstable();
        for &(_, key) in &broken {
            self.leave_origin(ctx.now(), key);
        }
        if let Some(server) = self.content.as_mut().and_then(|content| content.server.as_mut()) {
            server.slots.clear(ctx.now());
        }
        self.observe_origin();
        for (_, key) in broken {
            let server = self.content.as_mut().and_then(|content| content.server.as_mut());
            match (answers, server) {
                (Answers::Silent, Some(server)) => server.lost.push(key),
                _ => self.ask_failed(ctx, key, Cause::Error),
            }
        }
    }
}
