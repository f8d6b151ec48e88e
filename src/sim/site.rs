//! A site: what belongs to a region, what happens there, and how requests are drawn. A request's own
//! branches are in `life`.
//!
//! Only this module schedules. The components decide (which job goes next, what is fresh, whether a retry
//! may go); the site says what a decision means. Viewers are part of the site that serves their
//! network: a request is drawn where it arrives, and the way there and back is added to what the
//! viewer sees.
//!
//! A site is tiers, each with its own state: viewers (`client`), edge (`edge`), manifest service
//! (`service`), database (`database`), origin (`origin`), and the routes to them (`failover`). What is
//! under way, each with a key by which its events find it, and which finds nothing once it is over:
//!
//! | thing | where it is kept | what it is, and what ends it |
//! | --- | --- | --- |
//! | `ViewerRequest` | in an event | a viewer's request on the move, until it is answered or fails |
//! | `InFlight` | `client.requests` | an attempt of it that waits here: answered, failed, timed out |
//! | `CacheFill` | `edge.fills`, `edge.content.fills` | a fill of a cache: answered, failed, not wanted |
//! | `ManifestCall` | `manifest.calls` | a fill's attempt at the service: made, failed, taken back |
//! | `ServerCall` | `database.server.calls` | a call's attempt to read, of this region or another |
//! | `ServerCall` | `origin.server.calls` | a fill's attempt at the origin, of this region or another |
//! | `RemoteCall` | in an event | an attempt at the origin between two regions, until it arrives |
//!
//! Fills and calls make their attempts by the functions of `hop`, which keep them in `HedgedAttempts`.

mod accounting;
mod budget;
mod build;
mod client;
mod connections;
mod content;
mod database;
mod edge;
mod failover;
mod fast_path;
mod fill;
mod hop;
mod life;
mod origin;
mod pair;
mod pods;
mod pools;
mod protect;
mod remote_read;
mod scaling;
mod schedule;
mod server;
mod service;
mod tracing;

use crate::engine::{Context, Process, Seed, Stream};
use crate::model::Plan;
use crate::observe::Recorder;
use crate::sim::client::arrival::Arrival;
use crate::sim::client::networks::Network;
use crate::sim::client::policy::Permit;
use crate::sim::faults::active_faults::ActiveFaults;
use crate::sim::hop::budgets::RetryToken;
use crate::sim::hop::kind::Hop;
use crate::sim::run::event::{Event, ViewerRequest};
use crate::sim::run::slab::Key;
use crate::sim::run::tracer::Tracer;
use crate::sim::server::processor_sharing::ProcessorSharing;
use crate::units::{Instant, Span};
use std::sync::{Arc, Mutex};

use client::ClientTier;
use database::DatabaseTier;
use edge::EdgeTier;
use failover::RouteTable;
use fill::EdgeCache;
use origin::OriginTier;
use service::ManifestTier;

pub use origin::RemoteCall;
pub(super) use schedule::{Step, first_change, steps_of};

/// Where networks wait between two sites: taken off by the one to which the message says they go.
pub(super) type Handover = Vec<Mutex<Option<MovingNetwork>>>;

/// A network on its way, and its half that asks for segments, where viewers do.
pub(super) type MovingNetwork = (Network, Option<Network>);

/// A request under way that needed more than a look into the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct InFlight {
    request: ViewerRequest,
    state: State,
    /// When the viewer gives the attempt up.
    deadline: Instant,
    /// When it joined another's fetch.
    joined: Option<Instant>,
    /// Counts those that came before it.
    serial: u64,
    /// What it carries of its network's protections.
    permit: Permit,
    /// The other attempt, where two are out beside each other.
    twin: Option<Key>,
}

/// What a request under way waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// A fill of a cache.
    Fill(EdgeCache, Key),
    /// Nothing: no answer will reach the viewer.
    Lost,
    /// The end of its backoff.
    Backoff,
    /// The answer of a hit that has this age of data; where it is not over at once.
    Answer { stale: bool, age: Span },
    /// Its arrival at the edge: a second attempt on its way.
    Sent,
    /// The second attempt: it has failed itself.
    Spent,
}

/// The random streams of a site, one for each source of randomness.
#[derive(Debug)]
pub(super) struct Streams {
    pub manifest: Stream,
    pub database: Stream,
    pub lag: Stream,
    pub errors: Stream,
    pub jitter: Stream,
    pub eviction: Stream,
    pub class: Stream,
    pub kind: Stream,
    pub loss: Stream,
    pub think: Stream,
}

impl Streams {
    /// The streams of the site in this region.
    pub fn new(seed: Seed, region: &str) -> Self {
        let stream = |what: &str| seed.stream(&format!("{region}/{what}"));
        Self {
            manifest: stream("manifest service"),
            database: stream("database service"),
            lag: stream("replication lag"),
            errors: stream("errors"),
            jitter: stream("retry jitter"),
            eviction: stream("eviction"),
            class: stream("priority class"),
            kind: stream("kind of request"),
            loss: stream("packet loss"),
            think: stream("think"),
        }
    }
}

/// A region with its edge, its services and the viewers that it serves.
pub struct Site {
    pub(super) me: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) steps: Arc<[Step]>,
    /// When the next step of the plan changes this site, or the run ends.
    pub(super) next_change: Instant,
    /// Whether every request is an event: the same results, slower; for tests.
    pub(super) all_events: bool,
    pub(super) active_faults: ActiveFaults,
    pub(super) streams: Streams,
    pub(super) recorder: Recorder,
    /// What is written down of a sample of requests; `None`: nothing.
    pub(super) tracer: Option<Tracer>,
    pub(super) client: ClientTier,
    pub(super) edge: EdgeTier,
    pub(super) manifest: ManifestTier,
    pub(super) database: DatabaseTier,
    /// `None` where no viewer asks for segments.
    pub(super) origin: Option<Box<OriginTier>>,
    pub(super) routes: RouteTable,
}

type Ctx<'a> = Context<'a, Event>;

impl Process for Site {
    type Event = Event;

    fn flow(&mut self, ctx: &mut Ctx<'_>) -> Instant {
        if self.all_events {
            return self.queue_next(ctx);
        }
        loop {
            self.fast_path(ctx);
            let at = self.next_arrival();
            if at >= ctx.quiet_until() {
                return at;
            }
            ctx.advance(at);
            self.recorder.advance(at);
            self.arrive_next(ctx);
        }
    }

    fn handle(&mut self, event: Event, ctx: &mut Ctx<'_>) {
        self.recorder.advance(ctx.now());
        match event {
            Event::Step(number) => self.step(ctx, number),
            Event::LastProbe { loss } => self.last_probe(ctx, loss),
            Event::Withdraw { loss } => self.withdraw(ctx, loss),
            Event::Announce { loss } => self.announce(ctx, loss),
            Event::Route { site, announced } => self.hear_route(ctx, usize::from(site), announced),
            Event::MoveOut { network, plan } => self.move_out(ctx, network, plan),
            Event::Gone { network } => self.reset_gone(ctx, network),
            Event::MoveIn { network } => self.move_in(ctx, network),
            Event::SendAgain(hop, requester) => self.send(ctx, hop, requester),
            Event::Hedge(hop, attempt) => self.hedge(ctx, hop, attempt),
            Event::AttemptTimeOut(hop, attempt) => self.attempt_timed_out(ctx, hop, attempt),
            Event::WaitOver(hop) => self.wait_over(ctx, hop),
            Event::Read(read) => self.done(ctx, Hop::Database, read),
            Event::PrimaryAsked { site, client_region, read } => {
                self.primary_asked(ctx, usize::from(site), usize::from(client_region), read);
            }
            Event::PrimaryAnswered { read, reply } => self.primary_answered(ctx, read, reply),
            Event::Made(call) => self.manifest_made(ctx, call),
            Event::Shared => self.look_at_shared(ctx),
            Event::Cpu(pod) => self.look_at_cpu(ctx, pod),
            Event::Pod { pod, life, what } => self.pod_event(ctx, pod, life, what),
            Event::SharedReads => self.look_at_reads(ctx),
            Event::Scale => self.scale(ctx),
            Event::Answered(in_flight) => self.answered(ctx, in_flight),
            Event::PrimaryTimeOut(read) => self.primary_timed_out(ctx, read),
            Event::LockWaitOver { in_flight, fill } => self.lock_wait_over(ctx, in_flight, fill),
            Event::Patience => self.look_at_patience(ctx),
            Event::TimeOut(in_flight) => self.timed_out(ctx, in_flight),
            Event::Retry(in_flight) => self.retry(ctx, in_flight),
            Event::ViewerHedge { beside, arrives } => self.hedge_viewer(ctx, beside, arrives),
            Event::HedgeArrives(in_flight) => self.hedge_arrives(ctx, in_flight),
            Event::Failed { request, how } => {
                self.untrack(&request);
                self.viewer_attempt_failed(ctx, request, ctx.now(), how);
            }
            Event::Arrival(request) => self.arrival(ctx, request),
            Event::Next => self.next_is_due(ctx),
            Event::OriginAsked { order, deadline } => self.origin_asked(ctx, order, deadline),
            Event::OriginCancelled { site, ask } => self.origin_cancelled(ctx, site.into(), ask),
            Event::OriginDone(ask) => self.done(ctx, Hop::Origin, ask),
            Event::OriginAnswered { order, reply } => self.origin_answered(ctx, order, reply),
        }
        self.start_waiting(ctx);
    }
}

// Arrivals.
impl Site {
    #[inline]
    fn next_arrival(&self) -> Instant {
        self.next_manifest().min(self.next_segment())
    }

    /// When the next request comes that is not for a segment.
    #[inline]
    fn next_manifest(&self) -> Instant {
        let network_set = self.client.networks.next_at();
        self.client
            .trace_arrivals
            .as_ref()
            .map_or(network_set, |trace_arrivals| network_set.min(trace_arrivals.next_at()))
    }

    /// Takes the next arrival, which is due now.
    #[inline]
    fn arrive_next(&mut self, ctx: &mut Ctx<'_>) {
        if self.next_segment() < self.next_manifest() {
            if let Some(request) = self.take_segment() {
                self.arrive(ctx, request);
            }
            return self.start_waiting(ctx);
        }
        let from_trace = self.client.trace_arrivals.as_ref().is_some_and(|trace_arrivals| {
            trace_arrivals.next_at() < self.client.networks.next_at()
        });
        let draw = if from_trace { self.take_from_trace() } else { self.take_from_networks() };
        if let Some(draw) = draw {
            self.arrive(ctx, first_request(&draw));
            self.start_waiting(ctx);
        }
    }

    #[inline]
    fn take_from_networks(&mut self) -> Option<Arrival> {
        let draw = self.client.networks.take()?;
        if let (Some(cache), Some(title)) = (&self.edge.metadata, self.client.networks.expected()) {
            cache.expect(title);
        }
        Some(draw)
    }

    /// The trace's next record, if its network is served here: other sites take the others.
    fn take_from_trace(&mut self) -> Option<Arrival> {
        let draw = self.client.trace_arrivals.as_mut()?.take()?;
        if let Some(network) = self.client.networks.get_mut(draw.network) {
            network.deposit(draw.at);
            return Some(draw);
        }
        (draw.at < self.routes.leaving[draw.network as usize]).then_some(draw)
    }

    /// All events: puts the next arrival into the queue.
    fn queue_next(&mut self, ctx: &mut Ctx<'_>) -> Instant {
        let at = self.next_arrival();
        if at < self.client.next_queued {
            self.client.next_queued = at;
            ctx.schedule(at, Event::Next);
        }
        Instant::NEVER
    }

    /// All events: the next arrival is due, unless its network has gone meanwhile.
    fn next_is_due(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.now() >= self.client.next_queued {
            self.client.next_queued = Instant::NEVER;
        }
        if self.next_arrival() <= ctx.now() {
            self.arrive_next(ctx);
        }
    }
}

/// A request before it arrives.
pub(super) const fn first_request(draw: &Arrival) -> ViewerRequest {
    ViewerRequest {
        network: draw.network,
        title: draw.title,
        last_mile: draw.last_mile,
        attempt: 0,
        rejected: false,
        traced: false,
        segment: false,
        token: RetryToken::NEW,
        lead: 0,
        born: Instant::ZERO,
    }
}
