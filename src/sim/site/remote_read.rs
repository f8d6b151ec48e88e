//! Reads over the wide area: asked here, done at the primary, answered here.

use super::server::{Requester, ServerCall};
use super::{Ctx, Event, Key, Site};
use crate::observe::Counter;
use crate::sim::faults::active_faults::packet_loss;
use crate::sim::hop::error::AttemptError;
use crate::sim::hop::error::Reply;
use crate::sim::hop::kind::Hop;
use crate::sim::run::tracer::Part;
use crate::units::{Instant, Span};

/// Linux' `TCP_RTO_MIN`.
const LEAST_VARIANCE: Span = Span::from_millis(200);

impl Site {
    /// A read goes to the primary.
    pub(super) fn ask_primary(&mut self, ctx: &mut Ctx<'_>, read: Key, client_region: usize) {
        self.recorder.count(Counter::PrimaryReads, client_region);
        self.trace_mark(ctx.now(), Part::Read, read, "the primary is asked");
        let fabric = &self.plan.fabric;
        let (primary, one_way) =
            (fabric.primary, fabric.round_trip[self.me][fabric.primary].half());
        let patience =
            fabric.database.as_ref().map_or(Span::ZERO, |database| database.primary_timeout);
        ctx.schedule(ctx.now().saturating_add(patience), Event::PrimaryTimeOut(read));
        if !self.cut_off() {
            let (site, client_region) = (small(self.me), small(client_region));
            let late = self.retransmissions(ctx.now(), primary, self.me);
            let arrives = ctx.now() + one_way + late;
            ctx.send(primary, arrives, Event::PrimaryAsked { site, client_region, read });
        }
    }

    /// At the primary: a read comes from another region.
    pub(super) fn primary_asked(
        &mut self,
        ctx: &mut Ctx<'_>,
        site: usize,
        client_region: usize,
        read: Key,
    ) {
        if self.cut_off() {
            return;
        }
        let of = Requester::Region(site, read);
        let deadline = Instant::NEVER;
        let (object, came) = (0, ctx.now());
        let (inside, began) = (false, None);
        let read = ServerCall { of, client_region, object, came, deadline, inside, began };
        let key = self.database.server.calls.insert(read);
        self.offer(ctx, Hop::Database, key);
    }

    /// At the primary: another region's read is over.
    pub(super) fn answer_region(
        &mut self,
        ctx: &mut Ctx<'_>,
        site: usize,
        read: Key,
        reply: Reply,
    ) {
        if self.cut_off() {
            return;
        }
        let one_way = self.plan.fabric.round_trip[self.me][site].half();
        let late = self.retransmissions(ctx.now(), self.me, site);
        ctx.send(site, ctx.now() + one_way + late, Event::PrimaryAnswered { read, reply });
    }

    /// At the region that asked: the answer comes, unless the region is cut off by now or has given
    /// the read up.
    pub(super) fn primary_answered(&mut self, ctx: &mut Ctx<'_>, read: Key, reply: Reply) {
        if self.cut_off() {
            return;
        }
        match (reply, self.database.server.calls.get(read).map(|read| read.client_region)) {
            (Ok(()), Some(region)) => self.answered_by(ctx, Hop::Database, read, region),
            (Ok(()), None) => {}
            (Err(error), _) => self.attempt_failed(ctx, Hop::Database, read, error),
        }
    }

    /// The primary has not answered in time.
    pub(super) fn primary_timed_out(&mut self, ctx: &mut Ctx<'_>, read: Key) {
        self.attempt_failed(ctx, Hop::Database, read, AttemptError::Error);
    }

    /// How much later a message between the primary and another region comes because its packet was lost,
    /// perhaps again and again. The sender waits for a round trip and 200 ms, and twice as long each time
    /// (RFC 6298, with the least variance that Linux takes).
    pub(super) fn retransmissions(&mut self, now: Instant, primary: usize, other: usize) -> Span {
        let loss = packet_loss(&self.plan.injections, other, now);
        let mut late = Span::ZERO;
        let mut wait = self.plan.fabric.round_trip[primary][other] + LEAST_VARIANCE;
        // After fifteen times a connection is given up (Linux: tcp_retries2): longer than anybody waits.
        for _ in 0..15 {
            if loss <= 0.0 || !self.streams.loss.chance(loss) {
                break;
            }
            late = late.saturating_add(wait);
            wait = wait.saturating_mul(2);
        }
        late
    }

    /// Whether other regions cannot be reached.
    pub(super) fn cut_off(&self) -> bool {
        self.routes.outage.is_some_and(|outage| outage.cut_off)
    }
}

/// A region's number in an event.
#[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
pub(super) const fn small(region: usize) -> u8 {
    region as u8
}
