//! The database: reads, connections, the replica's lag.

use super::pair::HedgedAttempts;
use super::server::{Requester, Server, ServerCall};
use super::{Ctx, Key, Site};
use crate::fault::Answers;
use crate::model::WhenBehind;
use crate::observe::{Counter, Gauge};
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::kind::Hop;
use crate::sim::network::replication::ReplicationLag;
use crate::sim::run::tracer::Part;
use crate::sim::server::processor_sharing::ProcessorSharing;
use crate::sim::server::slowdown::RateMeter;
use crate::units::{Instant, Span};

/// The database of a region: reads, connections, and the replica's lag.
pub(in crate::sim) struct DatabaseTier {
    /// The attempts to read, and the connections.
    pub(super) server: Server,
    /// The reads under way, where they slow each other.
    pub(super) sharing: Option<ProcessorSharing<Key>>,
    /// Reads with a connection that wait for a lock, in the order in which they came.
    pub(super) blocked: Vec<Key>,
    /// When reads began, where their rate slows them.
    pub(super) read_rate: RateMeter,
    pub(super) replication_lag: ReplicationLag,
}

// At the manifest service.
impl Site {
    /// A call needs its read.
    pub(super) fn read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let attempt = self.begin_call(Hop::Database, ctx.now());
        if let Some(call) = self.manifest.calls.get_mut(key) {
            call.attempts = attempt.map(HedgedAttempts::new);
        }
        self.send(ctx, Hop::Database, key);
    }

    /// A read of a call, that has not come anywhere.
    pub(super) fn keep_read(&mut self, key: Key, now: Instant, deadline: Instant) -> Option<Key> {
        let (of, client_region) =
            (Requester::Local(key), self.manifest.calls.get(key)?.client_region);
        let (object, came, inside, began) = (0, now, false, None);
        let read = ServerCall { of, client_region, object, came, deadline, inside, began };
        Some(self.database.server.calls.insert(read))
    }

    /// A read goes to the replica here, or to the primary if that is too far behind.
    pub(super) fn ask_replica(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let (Some(config), Some(&read)) =
            (&self.plan.fabric.database, self.database.server.calls.get(key))
        else {
            return;
        };
        let (behind, again_to_primary) = (config.behind, config.again_to_primary);
        let down_to_primary = config.down_to_primary;
        let lag = self.lag(ctx.now());
        let too_far = lag > behind.after;
        let again = again_to_primary && self.is_again(&read, key);
        let down = down_to_primary && self.database.server.down == Some(Answers::Refused);
        let to_primary = self.me != self.plan.fabric.primary
            && (too_far && behind.then == WhenBehind::Primary || again || down);
        if let Requester::Local(call) = read.of
            && let Some(call) = self.manifest.calls.get_mut(call)
        {
            // The primary is never behind. Of two attempts the older data count.
            let lag = if to_primary { Span::ZERO } else { lag };
            let two = call.attempts.as_ref().is_some_and(HedgedAttempts::is_hedged);
            let before = call.lag.filter(|_| two);
            call.lag = Some(before.map_or(lag, |before| before.max(lag)));
        }
        if to_primary {
            self.ask_primary(ctx, key, read.client_region);
        } else if too_far && behind.then == WhenBehind::Refuse {
            self.recorder.count(Counter::LagRefused, read.client_region);
            self.attempt_failed(ctx, Hop::Database, key, AttemptError::Error);
        } else {
            self.offer(ctx, Hop::Database, key);
        }
    }

    /// Whether a read is not the first attempt of its call.
    fn is_again(&self, read: &ServerCall, key: Key) -> bool {
        let Requester::Local(call) = read.of else { return false };
        let again =
            |attempts: &HedgedAttempts| !attempts.is_first(key) || attempts.attempt.is_retry();
        self.manifest.calls.get(call).is_some_and(|call| call.attempts.as_ref().is_none_or(again))
    }

    /// A call has its read. The other one that may be under way for it is given up.
    pub(super) fn call_has_read(&mut self, ctx: &mut Ctx<'_>, key: Key, read: Key) {
        let other = self.attempt_answered(ctx.now(), Hop::Database, key, read);
        if let Some(call) = self.manifest.calls.get_mut(key) {
            call.attempts = None;
        }
        self.abandon_loser(ctx, Hop::Database, other);
        self.make_manifest(ctx, key);
    }

    /// A call does without its read.
    pub(super) fn make_without_read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if let Some(call) = self.manifest.calls.get_mut(key) {
            (call.lag, call.attempts) = (None, None);
        }
        self.make_manifest(ctx, key);
    }

    /// How far this region's replica is behind for a read now. The primary is never behind.
    fn lag(&mut self, now: Instant) -> Span {
        if self.me == self.plan.fabric.primary {
            return Span::ZERO;
        }
        let usual = self.plan.fabric.replication.lag.draw(&mut self.streams.lag);
        usual.saturating_add(self.database.replication_lag.at(now))
    }
}

// At the database.
impl Site {
    /// The caller of a read waits no longer. It is taken back, or goes on as wasted work. Over the wide
    /// area nothing is taken back.
    pub(super) fn abandon_read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let cancel = self.plan.fabric.database.as_ref().is_some_and(|config| config.call.cancel);
        let Some(&read) = self.database.server.calls.get(key).filter(|read| cancel || !read.inside)
        else {
            return;
        };
        if let (Some(pool), true) = (&mut self.database.server.slots, read.inside) {
            if pool.withdraw(key, ctx.now()) {
                self.database.server.leave(key, ctx.now());
            } else {
                if let Some(sharing) = &mut self.database.sharing {
                    sharing.withdraw(key, ctx.now());
                }
                self.release(ctx, Hop::Database, key);
                self.look_for_read(ctx);
            }
            self.observe_server(Hop::Database);
        }
        self.database.server.calls.discard(key);
        self.trace_over(ctx.now(), Part::Read, key);
    }

    /// The level of the replication lag at an instant.
    pub(super) fn observe_lag(&mut self, at: Instant) {
        self.recorder.gauge(Gauge::ReplicationLag, self.database.replication_lag.at(at).as_nanos());
    }
}
