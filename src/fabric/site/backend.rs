//! Behind the cache: fetches, manifest slots, database connections, the primary far away.
//!
//! A fetch holds a slot of the manifest service while its read waits for a connection and while it
//! is read, as a worker thread does.

use super::{Ctx, Event, Key, Site, State};
use crate::fabric::config::{SharedErrors, WhenBehind};
use crate::fabric::event::Reply;
use crate::fabric::pool::{Class, Offer};
use crate::fault::Service;
use crate::observe::{Counter, Gauge, Sample};
use crate::units::{Instant, Span};

/// A fetch of a title's metadata from the manifest service.
#[derive(Debug)]
pub struct Fetch {
    title: u32,
    /// Where the viewer sits who caused it.
    pub(super) origin: usize,
    /// The request that started it and waits for it.
    first: Option<Key>,
    /// The other requests that wait for it.
    pub(super) waiters: Vec<Key>,
    /// When it came to the manifest service.
    pub(super) came: Instant,
    /// When its read came to the database.
    pub(super) read_came: Instant,
    /// Whom the manifest service takes first.
    class: Class,
    /// Whether the manifest service has let it in.
    pub(super) inside: bool,
    /// Since when it has a slot there.
    pub(super) has_slot: Option<Instant>,
    /// Whether it is at the database, and since when it has a connection.
    pub(super) reads: Option<Option<Instant>>,
    asks_primary: bool,
    /// How far the replica was behind that was read.
    lag: Span,
}

/// A read for another region, at the primary.
#[derive(Clone, Copy, Debug)]
pub struct Remote {
    site: usize,
    origin: usize,
    fetch: Key,
    pub(super) came: Instant,
    /// Since when it has a connection.
    pub(super) began: Option<Instant>,
}

/// Who wants a database connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job {
    /// A fetch of this region.
    Own(Key),
    /// Another region's fetch.
    Other(Key),
}

/// Why a fetch failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Cause {
    /// A queue was full, or a wait too long.
    Refused,
    /// Anything else.
    Error,
}

// The manifest service.
impl Site {
    /// Starts a fetch for a request, or a refresh for nobody.
    pub(super) fn start_fetch(
        &mut self,
        ctx: &mut Ctx<'_>,
        title: u32,
        origin: usize,
        of: Option<Key>,
    ) {
        self.recorder.count(Counter::Fetches, origin);
        let class = self.draw_class();
        let fetch = self.fetches.insert(Fetch {
            title,
            origin,
            first: of,
            waiters: Vec::new(),
            came: ctx.now(),
            read_came: ctx.now(),
            class,
            inside: false,
            has_slot: None,
            reads: None,
            asks_primary: false,
            lag: Span::ZERO,
        });
        if let Some(request) = of.and_then(|request| self.requests.get_mut(request)) {
            request.state = State::Fetch(fetch);
        }
        if let Some(cache) = &mut self.cache {
            cache.begin(title, fetch.place, of.is_none());
        }
        let offer = self.manifest.offer(fetch, class, ctx.now());
        if let Some(fetch) = self.fetches.get_mut(fetch) {
            fetch.inside = offer != Offer::Refused;
        }
        match offer {
            Offer::Starts => self.starting.push_back(fetch),
            Offer::Waits => self.limit_wait(ctx),
            Offer::Refused => {
                self.recorder.count(Counter::ManifestRejected, origin);
                self.fetch_failed(ctx, fetch, Cause::Refused);
            }
        }
        self.observe_manifest();
    }

    /// Lets the fetches go on that have just got a slot. One that fails at once gives its slot to
    /// the next: a loop, because a full database fails a whole queue of them.
    pub(super) fn start_waiting(&mut self, ctx: &mut Ctx<'_>) {
        while let Some(key) = self.starting.pop_front() {
            let Some(fetch) = self.fetches.get_mut(key) else {
                continue;
            };
            fetch.has_slot = Some(ctx.now());
            let (origin, waited) = (fetch.origin, ctx.now().since(fetch.came));
            let class = fetch.class;
            self.recorder.sample(Sample::Wait, origin, waited);
            self.sample_class(class, origin, waited);
            if self.database.is_some() {
                self.read(ctx, key);
            } else {
                self.make_manifest(ctx, key);
            }
        }
    }

    fn make_manifest(&mut self, ctx: &mut Ctx<'_>, fetch: Key) {
        let law = &self.plan.fabric.manifest.service;
        let slow = self.weather.slowness(&self.plan.injections, Service::Manifest);
        let takes = stretched(law.draw(&mut self.streams.manifest), slow);
        self.work_on(ctx, fetch, takes);
    }

    pub(super) fn manifest_made(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if self.errs(Service::Manifest) {
            return self.fetch_failed(ctx, key, Cause::Error);
        }
        let Some(fetch) = self.finish_fetch(key, ctx.now()) else {
            return;
        };
        if let Some(cache) = &mut self.cache {
            cache.fill(fetch.title, ctx.now(), fetch.lag);
        }
        for &request in fetch.first.iter().chain(&fetch.waiters) {
            if let Some(&waiting) = self.requests.get(request)
                && waiting.state == State::Fetch(key)
            {
                self.sample_lock_wait(ctx.now(), &waiting);
                self.deliver(ctx, request, false, fetch.lag);
            }
        }
    }

    pub(super) fn fetch_failed(&mut self, ctx: &mut Ctx<'_>, key: Key, cause: Cause) {
        let Some(fetch) = self.finish_fetch(key, ctx.now()) else {
            return;
        };
        self.recorder.count(Counter::FetchesFailed, fetch.origin);
        let metadata = self.plan.fabric.metadata.as_ref();
        let alone = metadata
            .and_then(|metadata| metadata.lock)
            .is_some_and(|lock| lock.errors == SharedErrors::Alone);
        for &request in fetch.first.iter().chain(&fetch.waiters) {
            let Some(&waiting) = self.requests.get(request) else {
                continue;
            };
            if waiting.state != State::Fetch(key) {
                continue;
            }
            self.sample_lock_wait(ctx.now(), &waiting);
            if alone && waiting.joined.is_some() {
                if let Some(parked) = self.requests.get_mut(request) {
                    parked.joined = None;
                }
                let origin = self.origin(&waiting.visit);
                self.start_fetch(ctx, fetch.title, origin, Some(request));
            } else {
                self.refuse(ctx, request, cause == Cause::Refused);
            }
        }
    }

    /// A fetch has ended: its lock and its slot are free.
    fn finish_fetch(&mut self, key: Key, now: Instant) -> Option<Fetch> {
        let fetch = self.fetches.remove(key)?;
        if let Some(cache) = &mut self.cache {
            cache.end(fetch.title, key.place);
        }
        if fetch.inside {
            self.manifest.left(fetch.came, fetch.has_slot, now);
        }
        if fetch.has_slot.is_some()
            && let Some((next, _)) = self.manifest.release(now)
        {
            self.starting.push_back(next);
        }
        self.observe_manifest();
        Some(fetch)
    }

    pub(super) fn observe_manifest(&mut self) {
        self.recorder.gauge(Gauge::ManifestQueue, self.manifest.queued());
        self.recorder.gauge(Gauge::ManifestBusy, self.manifest.busy());
    }
}

// The database.
impl Site {
    /// A fetch needs its read: from the replica here, or from the primary if that is too far behind.
    fn read(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        let Some(config) = &self.plan.fabric.database else {
            return;
        };
        let behind = config.behind;
        let lag = self.lag(ctx.now());
        let too_far = lag > behind.after;
        let Some(fetch) = self.fetches.get_mut(key) else {
            return;
        };
        (fetch.lag, fetch.read_came) = (lag, ctx.now());
        let origin = fetch.origin;
        match behind.then {
            WhenBehind::Refuse if too_far => {
                self.recorder.count(Counter::LagRefused, origin);
                self.fetch_failed(ctx, key, Cause::Error);
            }
            WhenBehind::Primary if too_far => self.ask_primary(ctx, key, origin),
            _ => {
                if !self.connect(ctx, Job::Own(key), origin) {
                    self.fetch_failed(ctx, key, Cause::Refused);
                }
            }
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

    /// Asks for a connection. False when it is refused.
    fn connect(&mut self, ctx: &mut Ctx<'_>, job: Job, origin: usize) -> bool {
        let Some(pool) = &mut self.database else {
            return false;
        };
        let offer = pool.offer(job, Class::Low, ctx.now());
        if let (Job::Own(key), true) = (job, offer != Offer::Refused)
            && let Some(fetch) = self.fetches.get_mut(key)
        {
            fetch.reads = Some(None);
        }
        match offer {
            Offer::Starts => self.begin_read(ctx, job),
            Offer::Waits => {
                let wait = self.plan.fabric.database.as_ref().and_then(|database| database.wait);
                if let Some(wait) = wait {
                    ctx.schedule(ctx.now() + wait, Event::ConnectionWaitOver);
                }
            }
            Offer::Refused => self.recorder.count(Counter::DatabaseRefused, origin),
        }
        self.observe_database();
        offer != Offer::Refused
    }

    /// A read has its connection.
    fn begin_read(&mut self, ctx: &mut Ctx<'_>, job: Job) {
        let found = match job {
            Job::Own(key) => self.fetches.get_mut(key).map(|fetch| {
                fetch.reads = Some(Some(ctx.now()));
                (fetch.origin, fetch.read_came)
            }),
            Job::Other(key) => self.remotes.get_mut(key).map(|remote| {
                remote.began = Some(ctx.now());
                (remote.origin, remote.came)
            }),
        };
        let (Some((origin, came)), Some(config)) = (found, &self.plan.fabric.database) else {
            return;
        };
        self.recorder.count(Counter::DatabaseReads, origin);
        self.recorder.sample(Sample::DatabaseWait, origin, ctx.now().since(came));
        let slow = self.weather.slowness(&self.plan.injections, Service::Database);
        let takes = stretched(config.service.draw(&mut self.streams.database), slow);
        let done = match job {
            Job::Own(key) => Event::Read(key),
            Job::Other(key) => Event::ReadForOther(key),
        };
        ctx.schedule(ctx.now().saturating_add(takes), done);
    }

    /// A job's connection is free.
    fn disconnect(&mut self, ctx: &mut Ctx<'_>, job: Job) {
        self.leave_database(job, ctx.now());
        let next = self.database.as_mut().and_then(|pool| pool.release(ctx.now()));
        if let Some((job, _)) = next {
            self.begin_read(ctx, job);
        }
        self.observe_database();
    }

    pub(super) fn read_done(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        self.disconnect(ctx, Job::Own(key));
        if self.errs(Service::Database) {
            self.fetch_failed(ctx, key, Cause::Error);
        } else {
            self.make_manifest(ctx, key);
        }
    }

    /// The one that has waited longest for a connection may have waited long enough.
    pub(super) fn connection_wait_over(&mut self, ctx: &mut Ctx<'_>) {
        let wait = self.plan.fabric.database.as_ref().and_then(|database| database.wait);
        let (Some(pool), Some(wait)) = (&mut self.database, wait) else {
            return;
        };
        let Some((job, came)) = pool.expire(ctx.now(), wait) else {
            return;
        };
        let waited = ctx.now().since(came);
        self.leave_database(job, ctx.now());
        match job {
            Job::Own(key) => {
                if let Some(fetch) = self.fetches.get(key) {
                    self.count_given_up(fetch.origin, waited);
                }
                self.fetch_failed(ctx, key, Cause::Refused);
            }
            Job::Other(key) => {
                if let Some(remote) = self.remotes.remove(key) {
                    self.count_given_up(remote.origin, waited);
                    self.answer_other(ctx, remote, Reply::Refused);
                }
            }
        }
        self.observe_database();
    }

    /// A read has waited too long: its wait counts like that of any other.
    fn count_given_up(&mut self, origin: usize, waited: Span) {
        self.recorder.count(Counter::DatabaseRefused, origin);
        self.recorder.sample(Sample::DatabaseWait, origin, waited);
    }

    /// Whether an answer of a service is an error by a fault.
    fn errs(&mut self, service: Service) -> bool {
        let share = self.weather.error_share(&self.plan.injections, service);
        share > 0.0 && self.streams.errors.chance(share)
    }

    fn observe_database(&mut self) {
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

// Reads over the wide area.
impl Site {
    fn ask_primary(&mut self, ctx: &mut Ctx<'_>, key: Key, origin: usize) {
        self.recorder.count(Counter::PrimaryReads, origin);
        let fabric = &self.plan.fabric;
        let (primary, one_way) =
            (fabric.primary, fabric.round_trip[self.me][fabric.primary].half());
        let patience =
            fabric.database.as_ref().map_or(Span::ZERO, |database| database.primary_timeout);
        if let Some(fetch) = self.fetches.get_mut(key) {
            (fetch.asks_primary, fetch.lag) = (true, Span::ZERO);
        }
        ctx.schedule(ctx.now().saturating_add(patience), Event::PrimaryTimeOut(key));
        if !self.cut_off() {
            let (site, origin) = (small(self.me), small(origin));
            ctx.send(
                primary,
                ctx.now() + one_way,
                Event::PrimaryAsked { site, origin, fetch: key },
            );
        }
    }

    /// At the primary: a read comes from another region.
    pub(super) fn primary_asked(
        &mut self,
        ctx: &mut Ctx<'_>,
        site: usize,
        origin: usize,
        fetch: Key,
    ) {
        if self.cut_off() {
            return;
        }
        let remote = Remote { site, origin, fetch, came: ctx.now(), began: None };
        let key = self.remotes.insert(remote);
        if !self.connect(ctx, Job::Other(key), origin) {
            self.remotes.remove(key);
            self.answer_other(ctx, remote, Reply::Refused);
        }
    }

    pub(super) fn remote_read_done(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        self.disconnect(ctx, Job::Other(key));
        let reply = if self.errs(Service::Database) { Reply::Error } else { Reply::Data };
        if let Some(remote) = self.remotes.remove(key) {
            self.answer_other(ctx, remote, reply);
        }
    }

    fn answer_other(&mut self, ctx: &mut Ctx<'_>, remote: Remote, reply: Reply) {
        if self.cut_off() {
            return;
        }
        let one_way = self.plan.fabric.round_trip[self.me][remote.site].half();
        let fetch = remote.fetch;
        ctx.send(remote.site, ctx.now() + one_way, Event::PrimaryAnswered { fetch, reply });
    }

    /// At the region that asked: the answer comes, unless the region is cut off by now or has given
    /// the read up.
    pub(super) fn primary_answered(&mut self, ctx: &mut Ctx<'_>, key: Key, reply: Reply) {
        if self.cut_off() {
            return;
        }
        let Some(fetch) = self.fetches.get_mut(key).filter(|fetch| fetch.asks_primary) else {
            return;
        };
        fetch.asks_primary = false;
        match reply {
            Reply::Data => self.make_manifest(ctx, key),
            Reply::Error => self.fetch_failed(ctx, key, Cause::Error),
            Reply::Refused => self.fetch_failed(ctx, key, Cause::Refused),
        }
    }

    pub(super) fn primary_timed_out(&mut self, ctx: &mut Ctx<'_>, key: Key) {
        if self.fetches.get(key).is_some_and(|fetch| fetch.asks_primary) {
            self.fetch_failed(ctx, key, Cause::Error);
        }
    }

    /// Whether other regions cannot be reached.
    fn cut_off(&self) -> bool {
        self.outage.is_some_and(|outage| outage.cut_off)
    }
}

/// A service time made longer by a fault. Without one the draw stays as it is, to the bit.
#[allow(clippy::float_cmp)] // reason: exactly one is "no fault"
fn stretched(takes: Span, slow: f64) -> Span {
    if slow == 1.0 { takes } else { takes.scaled(slow) }
}

/// A region's number in an event.
#[allow(clippy::cast_possible_truncation)] // reason: at most 64 regions
const fn small(region: usize) -> u8 {
    region as u8
}
