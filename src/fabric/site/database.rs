//! The database: reads, connections, the replica's lag.

use super::fetch::Cause;
use super::pair::Pair;
use super::{Ctx, Event, Key, Site, tracing};
use crate::fabric::caller::{After, Leave};
use crate::fabric::config::WhenBehind;
use crate::fabric::event::Reply;
use crate::fabric::tracer::Part;
use crate::fault::{Answers, Service};
use crate::observe::{Counter, Gauge, Hop, HopEvent, Timer};
use crate::units::{Instant, Span};

/// An attempt to read, at the site that asks and, over the wide area, at the primary, too.
#[derive(Clone, Copy, Debug)]
pub struct Read {
    pub(super) of: Asker,
    pub(super) origin: usize,
    /// When it came to the database, or its connection was first asked for.
    pub(super) came: Instant,
    /// When its caller gives it up, where that is known here.
    pub(super) deadline: Instant,
    /// Whether this site's database has let it in.
    pub(super) inside: bool,
    /// Since when it has a connection.
    pub(super) began: Option<Instant>,
}

/// Who wants a read.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Asker {
    /// A call of this region; it may have given the read up.
    Call(Key),
    /// Another region, and its read there.
    Region(usize, Key),
}

// At the manifest service.
impl Site {
    /// A call needs its read.
    pub(super) fn read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let turn = self.database_caller.begin(ctx.now());
        if let Some(call) = self.calls.get_mut(key) {
            call.pair = Some(Pair::new(turn));
        }
        self.try_read(ctx, key);
    }

    /// It makes an attempt.
    pub(super) fn try_read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let now = ctx.now();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let origin = call.origin;
        let Some(pair) = &mut call.pair else {
            return;
        };
        let refused = match self.database_caller.leave(now, &mut pair.turn) {
            Leave::Goes => None,
            Leave::Budget => Some(Counter::Hop(Hop::Database, HopEvent::RetryDenied)),
            Leave::Breaker => Some(Counter::Hop(Hop::Database, HopEvent::BreakerRefused)),
            Leave::Bulkhead => Some(Counter::Hop(Hop::Database, HopEvent::BulkheadFull)),
        };
        self.observe_breakers();
        if let Some(refused) = refused {
            self.recorder.count(refused, origin);
            self.trace_mark(now, Part::Call, key, "a read is refused before it leaves");
            return self.read_or_fall_back(ctx, key, Cause::Refused);
        }
        let after = self.database_caller.hedges_after(now);
        let Some(read) = self.new_read(ctx, key) else {
            return;
        };
        if let Some(pair) = self.calls.get_mut(key).and_then(|call| call.pair.as_mut()) {
            pair.sent(read);
        }
        if let Some(after) = after {
            ctx.schedule(now.saturating_add(after), Event::ReadHedge(read));
        }
        self.ask_replica(ctx, read);
    }

    /// A read has not been answered yet: a second one goes beside it.
    pub(super) fn hedge_read(&mut self, ctx: &mut Ctx<'_>, beside: Key) {
        let Some(&Read { of: Asker::Call(key), origin, .. }) = self.reads.get(beside) else {
            return;
        };
        let pair = self.calls.get(key).and_then(|call| call.pair.as_ref());
        let Some(pair) = pair.filter(|pair| pair.is_first(beside)) else {
            return;
        };
        let turn = self.database_caller.hedge(ctx.now(), &pair.turn);
        self.observe_breakers();
        let Some(turn) = turn else {
            return self.recorder.count(Counter::Hop(Hop::Database, HopEvent::HedgeDenied), origin);
        };
        self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Hedge), origin);
        let Some(read) = self.new_read(ctx, key) else {
            return;
        };
        if let Some(pair) = self.calls.get_mut(key).and_then(|call| call.pair.as_mut()) {
            pair.hedged(read, turn);
        }
        self.ask_replica(ctx, read);
    }

    /// A read of a call, that has not come anywhere. Its time-out begins.
    fn new_read(&mut self, ctx: &mut Ctx<'_>, key: Key) -> Option<Key> {
        let (config, call) = (self.plan.fabric.database.as_ref()?, self.calls.get(key)?);
        let (how, now) = (&config.call, ctx.now());
        let gives_up = how.timeout.map_or(Instant::NEVER, |timeout| now.saturating_add(timeout));
        let deadline = if how.deadline { call.deadline.min(gives_up) } else { Instant::NEVER };
        let (of, origin) = (Asker::Call(key), call.origin);
        let read = Read { of, origin, came: now, deadline, inside: false, began: None };
        let read = self.reads.insert(read);
        self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Call), origin);
        let limited = how.timeout.is_some();
        self.trace_within(now, (Part::Call, key), (Part::Read, read));
        if limited {
            ctx.schedule(gives_up, Event::ReadTimeOut(read));
        }
        Some(read)
    }

    /// A read goes to the replica here, or to the primary if that is too far behind.
    fn ask_replica(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let (Some(config), Some(&read)) = (&self.plan.fabric.database, self.reads.get(key)) else {
            return;
        };
        let (behind, again_to_primary) = (config.behind, config.again_to_primary);
        let down_to_primary = config.down_to_primary;
        let lag = self.lag(ctx.now());
        let too_far = lag > behind.after;
        let again = again_to_primary && self.is_again(&read, key);
        let down = down_to_primary && self.distress.down == Some(Answers::Refused);
        let to_primary = self.me != self.plan.fabric.primary
            && (too_far && behind.then == WhenBehind::Primary || again || down);
        if let Asker::Call(call) = read.of
            && let Some(call) = self.calls.get_mut(call)
        {
            // The primary is never behind. Of two attempts the older data count.
            let lag = if to_primary { Span::ZERO } else { lag };
            let two = call.pair.as_ref().is_some_and(Pair::is_hedged);
            let before = call.lag.filter(|_| two);
            call.lag = Some(before.map_or(lag, |before| before.max(lag)));
        }
        if to_primary {
            self.ask_primary(ctx, key, read.origin);
        } else if too_far && behind.then == WhenBehind::Refuse {
            self.recorder.count(Counter::LagRefused, read.origin);
            self.read_failed(ctx, key, Cause::Error);
        } else if !self.connect(ctx, key) {
            self.read_failed(ctx, key, Cause::Refused);
        }
    }

    /// Whether a read is not the first attempt of its call.
    fn is_again(&self, read: &Read, key: Key) -> bool {
        let Asker::Call(call) = read.of else { return false };
        let again = |pair: &Pair| !pair.is_first(key) || pair.turn.is_retry();
        self.calls.get(call).is_some_and(|call| call.pair.as_ref().is_none_or(again))
    }

    /// A read has its data.
    pub(super) fn read_succeeded(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(read) = self.reads.remove(key) else {
            return;
        };
        self.trace_over(ctx.now(), Part::Read, key);
        match read.of {
            Asker::Region(site, read) => self.answer_region(ctx, site, read, Reply::Data),
            Asker::Call(call) => {
                if !self.wants(call, key) {
                    return self
                        .recorder
                        .count(Counter::Hop(Hop::Database, HopEvent::Wasted), read.origin);
                }
                self.trace_end(ctx.now(), Part::Read, key, "answered");
                self.call_has_read(ctx, call, key);
                self.make_manifest(ctx, call);
            }
        }
    }

    /// A read has failed; its caller hears of it if it still waits.
    pub(super) fn read_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, cause: Cause) {
        let Some(read) = self.reads.remove(key) else {
            return;
        };
        self.trace_over(ctx.now(), Part::Read, key);
        match read.of {
            Asker::Region(site, read) => {
                let reply = if cause == Cause::Error { Reply::Error } else { Reply::Refused };
                self.answer_region(ctx, site, read, reply);
            }
            Asker::Call(call) => {
                if self.wants(call, key) {
                    self.trace_end(ctx.now(), Part::Read, key, tracing::word(cause));
                    self.attempt_to_read_failed(ctx, call, key, cause);
                }
            }
        }
    }

    /// The caller of a read waits no longer for it.
    pub(super) fn read_timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(&Read { of: Asker::Call(call), origin, .. }) = self.reads.get(key) else {
            return;
        };
        if !self.wants(call, key) {
            return;
        }
        self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Timeout), origin);
        self.abandon_read(ctx, key);
        self.trace_end(ctx.now(), Part::Read, key, "timed out");
        self.attempt_to_read_failed(ctx, call, key, Cause::TimeOut);
    }

    /// Whether a call still waits for a read.
    pub(super) fn wants(&self, call: Key, read: Key) -> bool {
        let pair = self.calls.get(call).and_then(|call| call.pair.as_ref());
        pair.is_some_and(|pair| pair.is_out(read))
    }

    /// A call has its read. The other one that may be under way for it is given up.
    fn call_has_read(&mut self, ctx: &mut Ctx<'_>, key: Key, read: Key) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let Some(mut pair) = call.pair.take() else {
            return;
        };
        let won = pair.answered(&mut self.database_caller, ctx.now(), read);
        if won.by_hedge {
            self.recorder.count(Counter::Hop(Hop::Database, HopEvent::HedgeWon), call.origin);
        }
        if let Some(read) = won.other {
            self.trace_end(ctx.now(), Part::Read, read, "the other was faster");
            self.abandon_read(ctx, read);
        }
        self.observe_breakers();
    }

    /// A read has failed. If nothing else is under way for its call, it is made again, or the call has
    /// failed.
    fn attempt_to_read_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, read: Key, cause: Cause) {
        let (Some(call), caller) = (self.calls.get_mut(key), &mut self.database_caller) else {
            return;
        };
        let Some(pair) = &mut call.pair else {
            return;
        };
        if !pair.failed(caller, ctx.now(), read) {
            return self.observe_breakers();
        }
        match caller.after(ctx.now(), &mut pair.turn, cause.into(), call.deadline) {
            After::Again(at) => return ctx.schedule(at, Event::ReadAgain(key)),
            After::Denied => {
                self.recorder
                    .count(Counter::Hop(Hop::Database, HopEvent::RetryDenied), call.origin);
            }
            After::Last => {}
        }
        self.read_or_fall_back(ctx, key, cause);
    }

    /// A call gets no read. It has failed, unless it can do without.
    fn read_or_fall_back(&mut self, ctx: &mut Ctx<'_>, key: Key, cause: Cause) {
        self.observe_breakers();
        let (Some(call), fallback) = (self.calls.get_mut(key), self.database_caller.falls_back())
        else {
            return;
        };
        match fallback {
            Some(true) => {
                (call.lag, call.pair) = (None, None);
                self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Fallback), call.origin);
                self.make_manifest(ctx, key);
            }
            Some(false) => {
                self.recorder
                    .count(Counter::Hop(Hop::Database, HopEvent::FallbackFailure), call.origin);
                self.call_failed(ctx, key, cause);
            }
            None => self.call_failed(ctx, key, cause),
        }
    }

    /// How far this region's replica is behind for a read now. The primary is never behind.
    fn lag(&mut self, now: Instant) -> Span {
        if self.me == self.plan.fabric.primary {
            return Span::ZERO;
        }
        let usual = self.plan.fabric.replication.lag.draw(&mut self.streams.lag);
        usual.saturating_add(self.excess.at(now))
    }
}

// At the database.
impl Site {
    /// The database is done with a read.
    pub(super) fn read_done(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if self.reads.get(key).is_none_or(|read| !read.inside) {
            return;
        }
        self.release(ctx, key);
        if self.errs(Service::Database, None, ctx.now()) {
            self.read_failed(ctx, key, Cause::Error);
        } else {
            self.read_succeeded(ctx, key);
        }
    }

    /// The caller of a read waits no longer. It is taken back, or goes on for nobody. Over the wide
    /// area nothing is taken back.
    pub(super) fn abandon_read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let cancel = self.plan.fabric.database.as_ref().is_some_and(|config| config.call.cancel);
        let Some(&read) = self.reads.get(key).filter(|read| cancel || !read.inside) else {
            return;
        };
        if let (Some(pool), true) = (&mut self.database, read.inside) {
            if pool.withdraw(key, ctx.now()) {
                self.leave_database(key, ctx.now());
            } else {
                if let Some(sharing) = &mut self.reading {
                    sharing.withdraw(key, ctx.now());
                }
                self.release(ctx, key);
                self.look_for_read(ctx);
            }
            self.observe_database();
        }
        self.reads.discard(key);
        self.trace_over(ctx.now(), Part::Read, key);
    }

    /// The one that has waited longest for a connection may have waited long enough.
    pub(super) fn connection_wait_over(&mut self, ctx: &mut Ctx<'_>) {
        let wait = self.plan.fabric.database.as_ref().and_then(|database| database.wait);
        let (Some(pool), Some(wait)) = (&mut self.database, wait) else {
            return;
        };
        let Some((key, came)) = pool.expire(ctx.now(), wait) else {
            return;
        };
        self.leave_database(key, ctx.now());
        if let Some(read) = self.reads.get(key) {
            // It has waited too long: its wait counts like that of any other.
            self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Rejected), read.origin);
            self.recorder.sample(Timer::DatabaseWait, read.origin, ctx.now().since(came));
        }
        self.read_failed(ctx, key, Cause::Refused);
        self.observe_database();
    }

    pub(super) fn observe_database(&mut self) {
        if let Some(pool) = &self.database {
            let (queued, busy) = (pool.queued(), pool.busy());
            self.recorder.gauge(Gauge::DatabaseQueue, queued);
            self.recorder.gauge(Gauge::DatabaseBusy, busy);
        }
    }

    /// The level of the replication lag at an instant.
    pub(super) fn observe_lag(&mut self, at: Instant) {
        self.recorder.gauge(Gauge::ReplicationLag, self.excess.at(at).as_nanos());
    }
}
