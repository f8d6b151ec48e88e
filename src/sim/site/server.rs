//! A server with one queue, behind a hop: the database of a region, or the origin. What is the same for
//! both is here; how long an attempt takes and over which ways it comes is theirs.
//!
//! ```text
//! offer -+-> begin -> (works) -> done -+-> answered
//!        +-> waits -> serve_next       +-> failed
//!        |     +----> wait_over -----------^
//!        +-> refused ----------------------^
//! ```

use super::fill::EdgeCache;
use super::{Ctx, Event, Key, Site};
use crate::fault::{Answers, Service};
use crate::sim::hop::error::{AttemptError, Reply};
use crate::sim::hop::kind::Hop;
use crate::sim::run::slab::Slab;
use crate::sim::server::pool::{Class, Offer, Pool};
use crate::units::{Instant, Span};

/// An attempt at a server, in the region that asks and, over the wide area, in that of the server, too.
#[derive(Clone, Copy, Debug)]
pub struct ServerCall {
    pub(super) of: Requester,
    /// Where the viewer sits for whom it is made.
    pub(super) client_region: usize,
    /// The segment that is asked for; of no meaning at a database.
    pub(super) object: u32,
    /// When it came to the server, or left for it; of a read over a connection that was kept, when that
    /// was first asked for.
    pub(super) came: Instant,
    /// When its caller gives it up, where that travels along.
    pub(super) deadline: Instant,
    /// Whether the server of this region has let it in.
    pub(super) inside: bool,
    /// Since when it has a slot or connection.
    pub(super) began: Option<Instant>,
}

/// What waits for an attempt at a server.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Requester {
    /// A call or fill of this region; it may have given the attempt up.
    Local(Key),
    /// Another region, and its attempt there.
    Region(usize, Key),
}

/// Attempts at a server, and the server where it is in this region.
#[derive(Debug, Default)]
pub(in crate::sim) struct Server {
    /// Attempts of this region and, where the server is, of others.
    pub(super) calls: Slab<ServerCall>,
    /// The slots or connections, where the server is.
    pub(super) slots: Option<Pool<Key>>,
    /// What it does with attempts, where it is down.
    pub(super) down: Option<Answers>,
    /// Attempts that are never answered.
    pub(super) lost: Vec<Key>,
}

impl Server {
    /// An idle server, or none in this region.
    pub(super) fn new(slots: Option<Pool<Key>>) -> Self {
        Self { slots, ..Self::default() }
    }

    /// An attempt that is inside leaves.
    pub(super) fn leave(&mut self, key: Key, now: Instant) -> Option<ServerCall> {
        let call = self.calls.get_mut(key).filter(|call| call.inside)?;
        call.inside = false;
        self.slots.as_mut()?.left(call.came, call.began, now);
        Some(*call)
    }

    /// The attempts that are inside, in the order in which they came.
    pub(super) fn inside_in_order(&self) -> Vec<Key> {
        let inside = self.calls.iter().filter(|(_, call)| call.inside);
        let mut inside: Vec<(Instant, Key)> = inside.map(|(key, call)| (call.came, key)).collect();
        inside.sort_unstable();
        inside.into_iter().map(|(_, key)| key).collect()
    }
}

/// The attempts that are inside: when each came, and since when it has a slot.
pub(super) fn inside(calls: &Slab<ServerCall>) -> impl Iterator<Item = (Instant, Option<Instant>)> {
    let inside = calls.iter().map(|(_, call)| call).filter(|call| call.inside);
    inside.map(|call| (call.came, call.began))
}

// Which server, and what each does in its own way.
impl Site {
    /// The server behind a hop, if its attempts are kept in one.
    pub(super) fn server(&self, hop: Hop) -> Option<&Server> {
        match hop {
            Hop::Manifest => None,
            Hop::Database => Some(&self.database.server),
            Hop::Origin => self.origin.as_ref().map(|origin| &origin.server),
        }
    }

    pub(super) fn server_mut(&mut self, hop: Hop) -> Option<&mut Server> {
        match hop {
            Hop::Manifest => None,
            Hop::Database => Some(&mut self.database.server),
            Hop::Origin => self.origin.as_mut().map(|origin| &mut origin.server),
        }
    }

    /// An attempt has its slot or connection.
    fn begin(&mut self, ctx: &mut Ctx<'_>, hop: Hop, key: Key) {
        match hop {
            Hop::Manifest => {}
            Hop::Database => self.begin_read(ctx, key),
            Hop::Origin => self.begin_origin_call(ctx, key),
        }
    }

    /// An answer, good or bad, goes to another region.
    fn reply_to(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        (site, there): (usize, Key),
        call: &ServerCall,
        reply: Reply,
    ) {
        match hop {
            Hop::Manifest => {}
            Hop::Database => self.answer_region(ctx, site, there, reply),
            Hop::Origin => self.answer_origin_call(ctx, site, there, call, reply),
        }
    }
}

// At the server.
impl Site {
    /// An attempt comes to the server of this region.
    pub(super) fn offer(&mut self, ctx: &mut Ctx<'_>, hop: Hop, key: Key) {
        let down = self.server(hop).and_then(|server| server.down);
        if hop == Hop::Database && down.is_none() && self.reuse(ctx, key) {
            return;
        }
        let Some(server) = self.server_mut(hop) else {
            return;
        };
        let (Some(slots), Some(call)) = (&mut server.slots, server.calls.get_mut(key)) else {
            return;
        };
        let offer = match down {
            None => slots.offer(key, Class::Low, ctx.now()),
            Some(Answers::Refused) => Offer::Refused,
            Some(Answers::Silent) => return server.lost.push(key),
        };
        call.inside = offer != Offer::Refused;
        let client_region = call.client_region;
        match offer {
            Offer::Starts => self.begin(ctx, hop, key),
            Offer::Waits => {
                if let Some(wait) = hop.longest_wait(&self.plan.fabric) {
                    ctx.schedule(ctx.now().saturating_add(wait), Event::WaitOver(hop));
                }
            }
            Offer::Refused => self.recorder.count(hop.table().counters.rejected, client_region),
        }
        self.observe_server(hop);
        if offer == Offer::Refused {
            self.attempt_failed(ctx, hop, key, AttemptError::Refused);
        }
    }

    /// A slot is free, for the next attempt that is still wanted.
    pub(super) fn serve_next(&mut self, ctx: &mut Ctx<'_>, hop: Hop) {
        let now = ctx.now();
        while let Some(server) = self.server_mut(hop)
            && let Some((next, _)) = server.slots.as_mut().and_then(|slots| slots.release(now))
        {
            let Some(call) = server.calls.get_mut(next).filter(|call| call.deadline <= now) else {
                self.begin(ctx, hop, next);
                break;
            };
            call.began = Some(now);
            let client_region = call.client_region;
            server.leave(next, now);
            self.recorder.count(hop.table().counters.expired, client_region);
            self.attempt_failed(ctx, hop, next, AttemptError::TimeOut);
        }
        self.observe_server(hop);
    }

    /// The server is done with an attempt.
    pub(super) fn done(&mut self, ctx: &mut Ctx<'_>, hop: Hop, key: Key) {
        let calls = self.server(hop).map(|server| &server.calls);
        let Some(&call) = calls.and_then(|calls| calls.get(key)).filter(|call| call.inside) else {
            return;
        };
        self.release(ctx, hop, key);
        let service = if hop == Hop::Origin { Service::Origin } else { Service::Database };
        if self.errs(service, None, ctx.now()) {
            return self.attempt_failed(ctx, hop, key, AttemptError::Error);
        }
        match call.of {
            Requester::Local(_) => {
                if hop == Hop::Origin {
                    self.count_bytes(call.object, call.client_region);
                }
                self.answered_by(ctx, hop, key, call.client_region);
            }
            Requester::Region(site, there) => {
                if let Some(server) = self.server_mut(hop) {
                    server.calls.discard(key);
                }
                self.trace_over(ctx.now(), hop.table().parts.attempt, key);
                self.reply_to(ctx, hop, (site, there), &call, Ok(()));
            }
        }
    }

    /// An attempt is done with its slot: the next gets it, unless a call keeps its connection.
    pub(super) fn release(&mut self, ctx: &mut Ctx<'_>, hop: Hop, key: Key) {
        if hop == Hop::Database && self.keeps_connection(key) {
            return;
        }
        if let Some(server) = self.server_mut(hop) {
            server.leave(key, ctx.now());
        }
        self.serve_next(ctx, hop);
    }

    /// The attempt that has waited longest for a slot may have waited long enough.
    pub(super) fn wait_over(&mut self, ctx: &mut Ctx<'_>, hop: Hop) {
        let (now, table) = (ctx.now(), hop.table());
        if hop == Hop::Manifest {
            return self.slot_wait_over(ctx);
        }
        let longest = hop.longest_wait(&self.plan.fabric);
        let (Some(server), Some(wait)) = (self.server_mut(hop), longest) else {
            return;
        };
        let Some((key, came)) = server.slots.as_mut().and_then(|slots| slots.expire(now, wait))
        else {
            return;
        };
        if let Some(call) = server.leave(key, now) {
            // It has waited too long: its wait counts like that of any other.
            self.recorder.count(table.counters.rejected, call.client_region);
            self.recorder.sample(table.wait, call.client_region, now.since(came));
        }
        self.attempt_failed(ctx, hop, key, AttemptError::Refused);
        self.observe_server(hop);
    }

    pub(super) fn observe_server(&mut self, hop: Hop) {
        if let Some(slots) = self.server(hop).and_then(|server| server.slots.as_ref()) {
            let (queued, busy) = (slots.queued(), slots.busy());
            self.recorder.gauge(hop.table().gauges.queue, queued);
            self.recorder.gauge(hop.table().gauges.busy, busy);
        }
    }
}

// At the caller.
impl Site {
    /// An answer comes to the region that asked; the attempt may have been given up.
    pub(super) fn answered_by(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        key: Key,
        client_region: usize,
    ) {
        let requester = self.requester_of(hop, key);
        if let Some(server) = self.server_mut(hop) {
            server.calls.discard(key);
        }
        let table = hop.table();
        self.trace_over(ctx.now(), table.parts.attempt, key);
        let Some(requester) = requester else {
            return self.recorder.count(table.counters.wasted, client_region);
        };
        self.trace_end(ctx.now(), table.parts.attempt, key, "answered");
        if hop == Hop::Origin {
            let whole = Some(Span::ZERO);
            self.fill_answered(ctx, EdgeCache::Content, (requester, key), whole);
        } else {
            self.call_has_read(ctx, requester, key);
        }
    }

    /// An attempt has failed, at the server or on the way; its requester hears of it if it still waits.
    pub(super) fn attempt_failed(
        &mut self,
        ctx: &mut Ctx<'_>,
        hop: Hop,
        key: Key,
        error: AttemptError,
    ) {
        let Some(call) = self.server_mut(hop).and_then(|server| server.calls.remove(key)) else {
            return;
        };
        let part = hop.table().parts.attempt;
        self.trace_over(ctx.now(), part, key);
        match call.of {
            Requester::Region(site, there) => {
                self.reply_to(ctx, hop, (site, there), &call, Err(error.as_told()));
            }
            Requester::Local(requester) => {
                if self.waits_for(hop, requester, key) {
                    self.trace_end(ctx.now(), part, key, error.word());
                    self.retry_or_fall_back(ctx, hop, (requester, key), error);
                }
            }
        }
    }
}
