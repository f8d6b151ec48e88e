//! Connections to the database: which read gets one, which call keeps it, and what becomes of all of them
//! when the database goes down.

use super::server::Requester;
use super::service::stretched;
use super::{Ctx, Key, Site};
use crate::fault::{Answers, Fault, Service};
use crate::model::Pooling;
use crate::model::Slowdown;
use crate::observe::{Counter, Sample};
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::run::tracer::Part;
use crate::units::{Instant, Span};

/// A connection that a call keeps between its reads: when it was asked for, and since when it is there.
#[derive(Clone, Copy, Debug)]
pub struct Held {
    pub(super) came: Instant,
    pub(super) began: Instant,
}

impl Site {
    /// A read of a call that has kept its connection goes over that.
    pub(super) fn reuse(&mut self, ctx: &mut Ctx<'_>, key: Key) -> bool {
        let Some(read) = self.database.server.calls.get_mut(key) else {
            return false;
        };
        let Requester::Local(call) = read.of else {
            return false;
        };
        let Some(held) = self.manifest.calls.get_mut(call).and_then(|call| call.held.take()) else {
            return false;
        };
        (read.inside, read.came, read.began) = (true, held.came, Some(held.began));
        self.start_read(ctx, key, Span::ZERO, Span::ZERO);
        true
    }

    /// A read has its connection.
    pub(super) fn begin_read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let (Some(read), Some(config)) =
            (self.database.server.calls.get_mut(key), &self.plan.fabric.database)
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
        if let Some(read) = self.database.server.calls.get(key) {
            self.recorder.count(Counter::DatabaseReads, read.client_region);
            self.recorder.sample(Sample::DatabaseWait, read.client_region, waited);
        }
        if self.active_faults.locked(&self.plan.injections) {
            return self.database.blocked.push(key);
        }
        self.execute(ctx, key, opening);
    }

    /// The database works on a read.
    fn execute(&mut self, ctx: &mut Ctx<'_>, key: Key, opening: Span) {
        let Some(config) = &self.plan.fabric.database else {
            return;
        };
        let harm = &self.plan.injections;
        let mut slow = self.active_faults.slowness(harm, Service::Database, None, ctx.now());
        if let Slowdown::Rate { over, curve } = &config.slowdown {
            slow *= curve.at(self.database.read_rate.begin(ctx.now(), *over));
        }
        let takes = stretched(config.service.draw(&mut self.streams.database), slow);
        self.trace_mark(ctx.now(), Part::Read, key, "it has a connection");
        self.read_on(ctx, key, opening + takes);
    }

    /// Whether the call of a read that is done keeps the connection for its next.
    pub(super) fn keeps_connection(&mut self, key: Key) -> bool {
        let pooling = self.plan.fabric.database.as_ref().map(|database| database.pooling);
        if pooling == Some(Pooling::Transaction) {
            return false;
        }
        let Some(requester) = self.requester_of(Hop::Database, key) else {
            return false;
        };
        if let Some(read) = self.database.server.calls.get_mut(key)
            && let Some(began) = read.began
            && let Some(call) =
                self.manifest.calls.get_mut(requester).filter(|call| call.held.is_none())
        {
            call.held = Some(Held { came: read.came, began });
            read.inside = false;
            return true;
        }
        false
    }

    /// A call has ended that had kept its connection.
    pub(super) fn give_back(&mut self, ctx: &mut Ctx<'_>, held: Held) {
        if let Some(pool) = &mut self.database.server.slots {
            pool.left(held.came, Some(held.began), ctx.now());
        }
        self.serve_next(ctx, Hop::Database);
    }
}

// Faults.
impl Site {
    /// A fault of the database has begun or ended.
    pub(super) fn follow_database(&mut self, ctx: &mut Ctx<'_>, changed: &Fault) {
        match *changed {
            Fault::DatabaseDown { region, .. } if region == self.me => {
                let before = self.database.server.down;
                self.database.server.down =
                    self.active_faults.database_down(&self.plan.injections, self.me);
                match (before, self.database.server.down) {
                    (None, Some(answers)) => self.break_connections(ctx, answers),
                    (Some(_), None) => {
                        for read in std::mem::take(&mut self.database.server.lost) {
                            self.attempt_failed(ctx, Hop::Database, read, AttemptError::Error);
                        }
                    }
                    _ => {}
                }
            }
            Fault::LockTable { .. } if !self.active_faults.locked(&self.plan.injections) => {
                for read in std::mem::take(&mut self.database.blocked) {
                    if self.database.server.calls.get(read).is_some_and(|read| read.inside) {
                        self.execute(ctx, read, Span::ZERO);
                    }
                }
            }
            _ => {}
        }
    }

    /// The database goes down: no read has a connection any more.
    fn break_connections(&mut self, ctx: &mut Ctx<'_>, answers: Answers) {
        let now = ctx.now();
        let broken = self.database.server.inside_in_order();
        for &key in &broken {
            self.database.server.leave(key, now);
            if let Some(sharing) = &mut self.database.sharing {
                sharing.withdraw(key, now);
            }
        }
        let holding =
            self.manifest.calls.iter().filter_map(|(key, call)| call.held.map(|held| (key, held)));
        for (key, held) in holding.collect::<Vec<_>>() {
            if let Some(pool) = &mut self.database.server.slots {
                pool.left(held.came, Some(held.began), now);
            }
            if let Some(call) = self.manifest.calls.get_mut(key) {
                call.held = None;
            }
        }
        if let Some(pool) = &mut self.database.server.slots {
            pool.clear(now);
        }
        self.database.blocked.clear();
        self.observe_server(Hop::Database);
        for key in broken {
            match answers {
                Answers::Refused => {
                    self.attempt_failed(ctx, Hop::Database, key, AttemptError::Error);
                }
                Answers::Silent => self.database.server.lost.push(key),
            }
        }
    }
}
