//! The life of a request at one site: every branch that it can take.
//!
//! Only this module schedules. The components decide (who goes next, what is fresh, whether a retry
//! may go); the site says what a decision means. Viewers are part of the site that serves their
//! network: a request is drawn where it arrives, and the way there and back is added to what the
//! viewer sees.

mod backend;
mod books;
mod budget;
mod ends;
mod moves;
mod pools;
mod rush;
mod steps;

use super::budgets::Ticket;
use super::config::{AfterWait, Plan};
use super::event::{Event, Failure, Visit};
use super::feed::Feed;
use super::metadata::{Found, MetadataCache};
use super::pool::Pool;
use super::replication::Excess;
use super::sharing::Sharing;
use super::slab::{Key, Slab};
use super::viewers::{Crowd, Draw, Network};
use super::weather::{Outage, Weather};
use crate::engine::{Context, Process, Seed, Stream};
use crate::observe::{Counter, Recorder};
use crate::units::{Instant, Span};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

pub(super) use backend::{Fetch, Job, Remote};
pub(super) use steps::{Step, first_change, steps_of};

/// Where networks wait between two sites: taken off by the one to which the message says they go.
pub(super) type Shelf = Vec<Mutex<Option<Network>>>;

/// A request under way that needed more than a look into the cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Request {
    visit: Visit,
    state: State,
    /// When the viewer gives the attempt up.
    deadline: Instant,
    /// When it joined another's fetch.
    joined: Option<Instant>,
    /// Counts those that came before it.
    serial: u64,
}

/// What a request under way waits for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum State {
    /// A fetch.
    Fetch(Key),
    /// Nothing: no answer will reach the viewer.
    Lost,
    /// The end of its backoff.
    Backoff,
    /// The answer of a hit that has this age of data; only when every request is an event.
    Answer { stale: bool, age: Span },
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
            think: stream("think"),
        }
    }
}

/// A region with its edge, its services and the viewers that it serves.
pub struct Site {
    pub(super) me: usize,
    pub(super) plan: Arc<Plan>,
    pub(super) steps: Arc<[Step]>,
    pub(super) rankings: Arc<[Vec<usize>]>,
    /// The region in which each network lies.
    pub(super) homes: Arc<[u8]>,
    /// The round trip between each region and this site.
    pub(super) trips: Vec<Span>,
    /// What a hit takes.
    pub(super) hit_takes: Span,
    pub(super) shelf: Arc<Shelf>,
    pub(super) crowd: Crowd,
    pub(super) feed: Option<Feed>,
    /// Where each network went, when it went from here.
    pub(super) forward: Vec<usize>,
    /// Until when a network that is on its way is still served here.
    pub(super) leaving: Vec<Instant>,
    pub(super) recorder: Recorder,
    pub(super) requests: Slab<Request>,
    pub(super) fetches: Slab<Fetch>,
    pub(super) remotes: Slab<Remote>,
    /// Fetches that have just got a slot.
    pub(super) starting: VecDeque<Key>,
    pub(super) cache: Option<MetadataCache>,
    pub(super) manifest: Pool<Key>,
    /// The work of the manifest service, where all share it.
    pub(super) sharing: Option<Sharing<Key>>,
    /// When the next look at it is due.
    pub(super) next_look: Instant,
    pub(super) database: Option<Pool<Job>>,
    pub(super) excess: Excess,
    pub(super) weather: Weather,
    pub(super) outage: Option<Outage>,
    /// Counts the losses and returns of this site, so that what belonged to an earlier one is void.
    pub(super) loss: u32,
    pub(super) withdrawn: bool,
    pub(super) drains: u32,
    pub(super) announced: Vec<bool>,
    /// Whether any site announces the prefix: without a route nothing gets anywhere.
    pub(super) reachable: bool,
    /// When the next step of the plan changes this site, or the run ends.
    pub(super) next_change: Instant,
    /// Where in its period the prober stands.
    pub(super) probe_phase: f64,
    pub(super) streams: Streams,
    /// By origin: requests in the slab and on their way to other sites, less those that came.
    pub(super) under_way: Vec<i64>,
    /// Whether the age of data is asked for.
    pub(super) staleness: bool,
    /// Whether every request is an event: the same results, slower; for tests.
    pub(super) all_events: bool,
    /// Whether the retry budget counts attempts and answers.
    pub(super) books_attempts: bool,
    /// Whether every hit is an event: with all events, and where the retry budget counts answers.
    pub(super) hits_are_events: bool,
    /// When the next arrival is put into the queue for; only when every request is an event.
    pub(super) next_queued: Instant,
    /// Attempts with their deadlines, in the order in which they are looked at again.
    pub(super) patience: VecDeque<(Instant, Key)>,
    /// How many requests were ever kept.
    pub(super) parked: u64,
}

type Ctx<'a> = Context<'a, Event>;

impl Process for Site {
    type Event = Event;

    fn flow(&mut self, ctx: &mut Ctx<'_>) -> Instant {
        if self.all_events {
            return self.queue_next(ctx);
        }
        loop {
            self.rush(ctx);
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
            Event::Read(fetch) => self.read_done(ctx, fetch),
            Event::ReadForOther(remote) => self.remote_read_done(ctx, remote),
            Event::PrimaryAsked { site, origin, fetch } => {
                self.primary_asked(ctx, usize::from(site), usize::from(origin), fetch);
            }
            Event::PrimaryAnswered { fetch, reply } => self.primary_answered(ctx, fetch, reply),
            Event::Made(fetch) => self.manifest_made(ctx, fetch),
            Event::Shared => self.look_at_shared(ctx),
            Event::SlotWaitOver => self.slot_wait_over(ctx),
            Event::Answered(request) => self.answered(ctx, request),
            Event::ConnectionWaitOver => self.connection_wait_over(ctx),
            Event::PrimaryTimeOut(fetch) => self.primary_timed_out(ctx, fetch),
            Event::LockWaitOver { request, fetch } => self.lock_wait_over(ctx, request, fetch),
            Event::Patience => self.look_at_patience(ctx),
            Event::TimeOut(request) => self.timed_out(ctx, request),
            Event::Retry(request) => self.retry(ctx, request),
            Event::Failed { visit, how } => {
                self.land(&visit);
                self.attempt_failed(ctx, visit, ctx.now(), how);
            }
            Event::Arrival(visit) => self.arrival(ctx, visit),
            Event::Next => self.next_is_due(ctx),
        }
        self.start_waiting(ctx);
    }
}

// Arrivals.
impl Site {
    #[inline]
    fn next_arrival(&self) -> Instant {
        let crowd = self.crowd.next_at();
        self.feed.as_ref().map_or(crowd, |feed| crowd.min(feed.next_at()))
    }

    /// Takes the next arrival, which is due now.
    #[inline]
    fn arrive_next(&mut self, ctx: &mut Ctx<'_>) {
        let from_feed =
            self.feed.as_ref().is_some_and(|feed| feed.next_at() < self.crowd.next_at());
        let draw = if from_feed { self.take_from_feed() } else { self.take_from_crowd() };
        if let Some(draw) = draw {
            self.arrive(ctx, first_visit(&draw));
            self.start_waiting(ctx);
        }
    }

    #[inline]
    fn take_from_crowd(&mut self) -> Option<Draw> {
        let draw = self.crowd.take()?;
        if let (Some(cache), Some(title)) = (&self.cache, self.crowd.expected()) {
            cache.expect(title);
        }
        Some(draw)
    }

    /// The trace's next record, if its network is served here: other sites take the others.
    fn take_from_feed(&mut self) -> Option<Draw> {
        let draw = self.feed.as_mut()?.take()?;
        if let Some(network) = self.crowd.get_mut(draw.network) {
            network.deposit(draw.at);
            return Some(draw);
        }
        (draw.at < self.leaving[draw.network as usize]).then_some(draw)
    }

    /// All events: puts the next arrival into the queue.
    fn queue_next(&mut self, ctx: &mut Ctx<'_>) -> Instant {
        let at = self.next_arrival();
        if at < self.next_queued {
            self.next_queued = at;
            ctx.schedule(at, Event::Next);
        }
        Instant::NEVER
    }

    /// All events: the next arrival is due, unless its network has gone meanwhile.
    fn next_is_due(&mut self, ctx: &mut Ctx<'_>) {
        if ctx.now() >= self.next_queued {
            self.next_queued = Instant::NEVER;
        }
        if self.next_arrival() <= ctx.now() {
            self.arrive_next(ctx);
        }
    }

    /// Something arrives that was drawn or decided on before.
    fn arrival(&mut self, ctx: &mut Ctx<'_>, visit: Visit) {
        if visit.attempt == 0 {
            return self.arrive(ctx, visit);
        }
        self.land(&visit);
        if self.crowd.has(visit.network) {
            self.arrive(ctx, visit);
        } else {
            self.send_on(ctx, &visit, ctx.now(), Event::Arrival(visit));
        }
    }

    /// An attempt arrives.
    #[inline]
    fn arrive(&mut self, ctx: &mut Ctx<'_>, mut visit: Visit) {
        let now = ctx.now();
        let origin = self.origin(&visit);
        let first = visit.attempt == 0;
        if first {
            visit.born = now;
            visit.lead = books::lead_of(self.trip(&visit));
        }
        visit.attempt += 1;
        let lost = self.outage.is_some() || !self.reachable;
        let found = match &self.cache {
            Some(cache) if !lost => cache.find(visit.title, now),
            _ => Found::Missing,
        };
        if first {
            self.recorder.count(Counter::Requests, origin);
        }
        if self.books_attempts && !self.may_leave(now, &mut visit) {
            return self.stays(ctx, visit);
        }
        self.recorder.count(Counter::Attempts, origin);
        if lost {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        match found {
            Found::Fresh => self.hit(ctx, visit, false),
            Found::Stale { refresh } => {
                if refresh {
                    self.start_fetch(ctx, visit.title, origin, None);
                }
                self.hit(ctx, visit, true);
            }
            Found::Locked(place) => self.miss(ctx, visit, self.fetches.key_at(place)),
            Found::Missing => self.miss(ctx, visit, None),
        }
    }

    /// Whether an answer of the cache is over where it is drawn: it holds nothing which others wait
    /// for, and no planned change of the site can come between.
    #[inline]
    fn is_over_at_once(&self, now: Instant, visit: &Visit) -> bool {
        !self.hits_are_events
            && now + self.hit_takes < self.next_change
            && self.trip(visit) + self.hit_takes <= self.plan.fabric.viewers.timeout
    }

    /// The cache answers.
    fn hit(&mut self, ctx: &mut Ctx<'_>, visit: Visit, stale: bool) {
        if self.trip(&visit) + self.hit_takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        let age = self.data_age(ctx.now(), visit.title);
        if self.is_over_at_once(ctx.now(), &visit) {
            let when = self.when(ctx.now(), &visit);
            self.record_answer(when, &visit, ctx.now() + self.hit_takes, Some(stale), age);
        } else {
            let key = self.park_attempt(ctx, visit, State::Answer { stale, age });
            ctx.schedule(ctx.now() + self.hit_takes, Event::Answered(key));
        }
    }

    /// The age of the data that the cache answers with, if that is asked for.
    fn data_age(&self, now: Instant, title: u32) -> Span {
        match &self.cache {
            Some(cache) if self.staleness => cache.data_age(title, now),
            _ => Span::ZERO,
        }
    }

    /// A hit's answer leaves, if the site can still be reached.
    fn answered(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(&Request { visit, state: State::Answer { stale, age }, .. }) =
            self.requests.get(key)
        else {
            return;
        };
        if self.outage.is_some() {
            return self.lose(key);
        }
        self.unpark(key);
        self.book_answer(ctx.now(), &visit);
        let when = self.when(ctx.now(), &visit);
        self.record_answer(when, &visit, ctx.now(), Some(stale), age);
    }

    /// The cache has nothing to serve: join the fetch that holds the lock, or start one.
    fn miss(&mut self, ctx: &mut Ctx<'_>, visit: Visit, locked: Option<Key>) {
        let origin = self.origin(&visit);
        let Some(fetch) = locked else {
            let request = self.park_attempt(ctx, visit, State::Lost);
            self.start_fetch(ctx, visit.title, origin, Some(request));
            return;
        };
        self.recorder.count(Counter::Coalesced, origin);
        let request = self.park_attempt(ctx, visit, State::Fetch(fetch));
        let deadline = self.deadline(ctx.now(), &visit);
        if let Some(parked) = self.requests.get_mut(request) {
            parked.joined = Some(ctx.now());
        }
        if let Some(fetch) = self.fetches.get_mut(fetch) {
            fetch.waiters.push(request);
        }
        let lock = self.plan.fabric.metadata.as_ref().and_then(|metadata| metadata.lock);
        if let Some(lock) = lock
            && ctx.now() + lock.wait < deadline
        {
            ctx.schedule(ctx.now() + lock.wait, Event::LockWaitOver { request, fetch });
        }
    }

    fn lock_wait_over(&mut self, ctx: &mut Ctx<'_>, key: Key, fetch: Key) {
        let Some(&request) = self.requests.get(key) else {
            return;
        };
        if request.state != State::Fetch(fetch) {
            return;
        }
        let origin = self.origin(&request.visit);
        self.recorder.count(Counter::LockTimeouts, origin);
        self.sample_lock_wait(ctx.now(), &request);
        let lock = self.plan.fabric.metadata.as_ref().and_then(|metadata| metadata.lock);
        match lock.map(|lock| lock.after) {
            Some(AfterWait::Fail) => self.refuse(ctx, key, false),
            Some(AfterWait::Fetch) | None => {
                if let Some(parked) = self.requests.get_mut(key) {
                    (parked.state, parked.joined) = (State::Lost, None);
                }
                self.start_fetch(ctx, request.visit.title, origin, Some(key));
            }
        }
    }
}

/// A request before it arrives.
pub(super) const fn first_visit(draw: &Draw) -> Visit {
    Visit {
        network: draw.network,
        title: draw.title,
        last_mile: draw.last_mile,
        attempt: 0,
        rejected: false,
        ticket: Ticket::NEW,
        lead: 0,
        born: Instant::ZERO,
    }
}
