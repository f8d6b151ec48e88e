//! Connections to the database: who gets one, who keeps it, what becomes of all when it goes down.

use super::database::Asker;
use super::fetch::Cause;
use super::service::stretched;
use super::{Ctx, Event, Key, Site};
use crate::fabric::config::Pooling;
use crate::fabric::pool::{Class, Offer};
use crate::fabric::slowdown::Slowdown;
use crate::fabric::tracer::Part;
use crate::fault::{Answers, Fault, Service};
use crate::observe::{Counter, Hop, HopEvent, Timer};
use crate::units::{Instant, Span};

/// A connection that a call keeps between its reads: when it was asked for, and since when it is there.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub(super) came: Instant,
    pub(super) began: Instant,
}

/// What is wrong with a database that a fault acts on.
#[derive(Debug, Default)]
pub(in crate::fabric) struct Distress {
    /// What it does with those who ask it, where it is down.
    pub(super) down: Option<Answers>,
    /// Reads with a connection that wait for a lock, in the order in which they came.
    blocked: Vec<Key>,
    /// Reads to which nobody answers.
    lost: Vec<Key>,
}

impl Site {
    /// Asks for a connection. False when it is refused.
    pub(super) fn connect(&mut self, ctx: &mut Ctx<'_>, key: Key) -> bool {
        if let Some(answers) = self.distress.down {
            return self.find_it_down(key, answers);
        }
        if self.reuse(ctx, key) {
            return true;
        }
        let (Some(pool), Some(read)) = (&mut self.database, self.reads.get_mut(key)) else {
            return false;
        };
        let offer = pool.offer(key, Class::Low, ctx.now());
        read.inside = offer != Offer::Refused;
        match offer {
            Offer::Starts => self.begin_read(ctx, key),
            Offer::Waits => {
                let wait = self.plan.fabric.database.as_ref().and_then(|database| database.wait);
                if let Some(wait) = wait {
                    ctx.schedule(ctx.now() + wait, Event::ConnectionWaitOver);
                }
            }
            Offer::Refused => {
                self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Rejected), read.origin);
            }
        }
        self.observe_database();
        offer != Offer::Refused
    }

    /// A read of a call that has kept its connection goes over that.
    fn reuse(&mut self, ctx: &mut Ctx<'_>, key: Key) -> bool {
        let Some(read) = self.reads.get_mut(key) else {
            return false;
        };
        let Asker::Call(call) = read.of else {
            return false;
        };
        let Some(held) = self.calls.get_mut(call).and_then(|call| call.held.take()) else {
            return false;
        };
        (read.inside, read.came, read.began) = (true, held.came, Some(held.began));
        self.start_read(ctx, key, Span::ZERO, Span::ZERO);
        true
    }

    /// A read has its connection.
    fn begin_read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let (Some(read), Some(config)) = (self.reads.get_mut(key), &self.plan.fabric.database)
        else {
            return;
        };
        read.began = Some(ctx.now());
        let waited = ctx.now().since(read.came);
        let opening = match config.pooling {
            Pooling::None { connect } => connect,
            Pooling::Transaction | Pooling::Session => Span::ZERO,
        };
        self.start_read(ctx, key, waited, opening);
    }

    /// A read comes over its connection, for which it has waited, and which takes `opening` to open.
    fn start_read(&mut self, ctx: &mut Ctx<'_>, key: Key, waited: Span, opening: Span) {
        if let Some(read) = self.reads.get(key) {
            self.recorder.count(Counter::DatabaseReads, read.origin);
            self.recorder.sample(Timer::DatabaseWait, read.origin, waited);
        }
        if self.weather.locked(&self.plan.injections) {
            return self.distress.blocked.push(key);
        }
        self.execute(ctx, key, opening);
    }

    /// The database works on a read.
    fn execute(&mut self, ctx: &mut Ctx<'_>, key: Key, opening: Span) {
        let Some(config) = &self.plan.fabric.database else {
            return;
        };
        let harm = &self.plan.injections;
        let mut slow = self.weather.slowness(harm, Service::Database, None, ctx.now());
        if let Slowdown::Rate { over, curve } = &config.slowdown {
            slow *= curve.at(self.read_rate.begin(ctx.now(), *over));
        }
        let takes = stretched(config.service.draw(&mut self.streams.database), slow);
        self.trace_mark(ctx.now(), Part::Read, key, "it has a connection");
        self.read_on(ctx, key, opening + takes);
    }

    /// A read is done with its connection: its call keeps it, or the next read gets it.
    pub(super) fn release(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let pooling = self.plan.fabric.database.as_ref().map(|database| database.pooling);
        if pooling != Some(Pooling::Transaction)
            && let Some(read) = self.reads.get(key)
            && let (Asker::Call(call), Some(began)) = (read.of, read.began)
            && self.wants(call, key)
            && let Some(call) = self.calls.get_mut(call).filter(|call| call.held.is_none())
        {
            call.held = Some(Held { came: read.came, began });
            if let Some(read) = self.reads.get_mut(key) {
                read.inside = false;
            }
            return;
        }
        self.leave_database(key, ctx.now());
        self.serve_next(ctx);
    }

    /// A call has ended that had kept its connection.
    pub(super) fn give_back(&mut self, ctx: &mut Ctx<'_>, held: Held) {
        if let Some(pool) = &mut self.database {
            pool.left(held.came, Some(held.began), ctx.now());
        }
        self.serve_next(ctx);
    }

    /// A connection is free, for the next read that is still wanted.
    fn serve_next(&mut self, ctx: &mut Ctx<'_>) {
        while let Some((next, _)) = self.database.as_mut().and_then(|pool| pool.release(ctx.now()))
        {
            let Some(read) = self.reads.get_mut(next).filter(|read| read.deadline <= ctx.now())
            else {
                self.begin_read(ctx, next);
                break;
            };
            read.began = Some(ctx.now());
            self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Expired), read.origin);
            self.leave_database(next, ctx.now());
            self.read_failed(ctx, next, Cause::TimeOut);
        }
        self.observe_database();
    }
}

// Faults.
impl Site {
    /// A fault of the database has begun or ended.
    pub(super) fn follow_database(&mut self, ctx: &mut Ctx<'_>, changed: &Fault) {
        match *changed {
            Fault::DatabaseDown { region, .. } if region == self.me => {
                let before = self.distress.down;
                self.distress.down = self.weather.database_down(&self.plan.injections, self.me);
                match (before, self.distress.down) {
                    (None, Some(answers)) => self.break_connections(ctx, answers),
                    (Some(_), None) => {
                        for read in std::mem::take(&mut self.distress.lost) {
                            self.read_failed(ctx, read, Cause::Error);
                        }
                    }
                    _ => {}
                }
            }
            Fault::LockTable { .. } if !self.weather.locked(&self.plan.injections) => {
                for read in std::mem::take(&mut self.distress.blocked) {
                    if self.reads.get(read).is_some_and(|read| read.inside) {
                        self.execute(ctx, read, Span::ZERO);
                    }
                }
            }
            _ => {}
        }
    }

    /// A read comes to a database that is down: whether it is let in, if only to wait for ever.
    fn find_it_down(&mut self, key: Key, answers: Answers) -> bool {
        let Some(read) = self.reads.get(key) else {
            return false;
        };
        match answers {
            Answers::Refused => {
                self.recorder.count(Counter::Hop(Hop::Database, HopEvent::Rejected), read.origin);
            }
            Answers::Silent => self.distress.lost.push(key),
        }
        answers == Answers::Silent
    }

    /// The database goes down: nobody has a connection any more.
    fn break_connections(&mut self, ctx: &mut Ctx<'_>, answers: Answers) {
        let now = ctx.now();
        let inside = self.reads.iter().filter(|(_, read)| read.inside);
        let mut broken: Vec<(Instant, Key)> = inside.map(|(key, read)| (read.came, key)).collect();
        broken.sort_unstable();
        for &(_, key) in &broken {
            self.leave_database(key, now);
            if let Some(sharing) = &mut self.reading {
                sharing.withdraw(key, now);
            }
        }
        let holding = self.calls.iter().filter_map(|(key, call)| call.held.map(|held| (key, held)));
        for (key, held) in holding.collect::<Vec<_>>() {
            if let Some(pool) = &mut self.database {
                pool.left(held.came, Some(held.began), now);
            }
            if let Some(call) = self.calls.get_mut(key) {
                call.held = None;
            }
        }
        if let Some(pool) = &mut self.database {
            pool.clear(now);
        }
        self.distress.blocked.clear();
        self.observe_database();
        for (_, key) in broken {
            match answers {
                Answers::Refused => self.read_failed(ctx, key, Cause::Error),
                Answers::Silent => self.distress.lost.push(key),
            }
        }
    }
}
