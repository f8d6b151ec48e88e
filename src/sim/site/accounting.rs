//! Bookkeeping: where requests are kept, and to which time they belong.

use super::{Ctx, Event, InFlight, Key, Site, State};
use crate::observe::{Counter, When};
use crate::sim::client::policy::Permit;
use crate::sim::run::event::ViewerRequest;
use crate::units::{Instant, Span};

/// The way to the first site on a round trip, in whole microseconds, as a visit carries it.
#[inline]
pub(super) fn lead_of(trip: Span) -> u32 {
    u32::try_from(trip.half().as_nanos() / 1_000).unwrap_or(u32::MAX)
}

/// The round trip of a viewer whose network's round trip to this site is `network`.
#[inline]
pub(super) fn trip_of(network: Span, last_mile: u32) -> Span {
    network + Span::from_micros(u64::from(last_mile))
}

/// What a viewer waits beside the time at sites: the way to the first, and back from one on `trip`.
#[inline]
pub(super) fn way_of(lead: u32, trip: Span) -> Span {
    Span::from_micros(u64::from(lead)) + trip.half()
}

impl Site {
    /// The region in which a request's viewer sits.
    #[inline]
    pub(super) fn client_region(&self, request: &ViewerRequest) -> usize {
        usize::from(self.client.homes[request.network as usize])
    }

    /// The round trip between a request's viewer and this site.
    #[inline]
    pub(super) fn trip(&self, request: &ViewerRequest) -> Span {
        trip_of(self.client.trips[self.client_region(request)], request.last_mile)
    }

    /// What a viewer waits beside the time at sites: the way to the first, and back from this one.
    #[inline]
    pub(super) fn way(&self, request: &ViewerRequest) -> Span {
        way_of(request.lead, self.trip(request))
    }

    /// When the viewer of an attempt that arrives at `arrived` gives it up.
    pub(super) fn deadline(&self, arrived: Instant, request: &ViewerRequest) -> Instant {
        let left = self.plan.fabric.viewers.timeout.saturating_sub(self.trip(request).half());
        arrived.saturating_add(left)
    }

    /// Counts something of a request that happens now.
    #[inline]
    pub(super) fn count(&mut self, request: &ViewerRequest, counter: Counter) {
        self.count_at(self.recorder.now(), request, counter);
    }

    /// Counts something of a request that belongs to another time: among all requests, and among those
    /// for segments if it is one.
    #[inline]
    pub(super) fn count_at(&mut self, when: When, request: &ViewerRequest, counter: Counter) {
        let client_region = self.client_region(request);
        self.recorder.count_at(when, counter, client_region);
        if let (true, Some(twin)) = (request.segment, counter.of_segments()) {
            self.recorder.count_at(when, twin, client_region);
        }
    }

    /// The time to which a request belongs.
    #[inline]
    pub(super) fn when(&self, now: Instant, request: &ViewerRequest) -> When {
        if request.born == now { self.recorder.now() } else { self.recorder.when(request.born) }
    }

    /// Keeps an attempt that has just arrived, with its time-out.
    pub(super) fn park_attempt(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: ViewerRequest,
        state: State,
    ) -> Key {
        let deadline = self.deadline(ctx.now(), &request);
        let key = if self.client.policy.is_on {
            self.park_protected(ctx, request, state, deadline)
        } else {
            self.park(request, state, deadline)
        };
        let look = ctx.now().saturating_add(self.plan.fabric.viewers.timeout.half());
        if look < deadline {
            if self.client.patience.is_empty() {
                ctx.schedule(look, Event::Patience);
            }
            self.client.patience.push_back((look, key));
        } else {
            ctx.schedule(deadline, Event::TimeOut(key));
        }
        key
    }

    /// Nearly all attempts are over long before their time-out. So a time-out is put into the queue
    /// only at half time, for those that are still under way: the queue stays short.
    pub(super) fn look_at_patience(&mut self, ctx: &mut Ctx<'_>) {
        // Looking a little early costs nothing and saves events.
        let slack = Span::from_nanos(self.plan.fabric.viewers.timeout.as_nanos() / 64);
        let due = ctx.now().saturating_add(slack);
        while let Some(&(look, key)) = self.client.patience.front() {
            if look > due {
                ctx.schedule(look, Event::Patience);
                return;
            }
            self.client.patience.pop_front();
            if let Some(in_flight) = self.client.requests.get(key) {
                ctx.schedule(in_flight.deadline, Event::TimeOut(key));
            }
        }
    }

    pub(super) fn park(&mut self, request: ViewerRequest, state: State, deadline: Instant) -> Key {
        self.track(&request);
        self.client.parked += 1;
        let (serial, permit) = (self.client.parked, Permit::NONE);
        let joined = None;
        self.client.requests.insert(InFlight {
            request,
            state,
            deadline,
            joined,
            serial,
            permit,
            twin: None,
        })
    }

    pub(super) fn unpark(&mut self, key: Key) -> Option<ViewerRequest> {
        let request = self.client.requests.get(key)?.request;
        self.client.requests.discard(key);
        self.untrack(&request);
        Some(request)
    }

    /// A request is under way from here on.
    pub(super) fn track(&mut self, request: &ViewerRequest) {
        let client_region = self.client_region(request);
        self.client.under_way[client_region] += 1;
        let when = self.recorder.when(request.born);
        self.recorder.open(when);
    }

    /// A request that was under way is dealt with here.
    pub(super) fn untrack(&mut self, request: &ViewerRequest) {
        let client_region = self.client_region(request);
        self.client.under_way[client_region] -= 1;
        let when = self.recorder.when(request.born);
        self.recorder.close(when);
    }

    /// Sends a request to where its network went. It is there at `due`, or as soon as it can be.
    pub(super) fn send_on(
        &mut self,
        ctx: &mut Ctx<'_>,
        request: &ViewerRequest,
        due: Instant,
        event: Event,
    ) {
        self.track(request);
        let soonest = ctx.now() + ctx.lookahead();
        ctx.send(self.routes.forward[request.network as usize], due.max(soonest), event);
    }

    /// Whether the age of data is asked for.
    pub(in crate::sim) fn keep_ages(&mut self, asked: bool) {
        self.edge.keeps_ages = asked;
        if let Some(cache) = self.edge.metadata.as_mut().filter(|_| asked) {
            cache.keep_lags();
        }
    }

    /// Time has come to the end of a slice: nothing more happens in it.
    pub(in crate::sim) fn close_slice(&mut self, end: Instant) {
        let last = Instant::from_nanos(end.as_nanos() - 1);
        self.recorder.advance(last);
        self.observe_lag(last);
        self.recorder.advance(end);
        self.observe_lag(end);
    }
}
