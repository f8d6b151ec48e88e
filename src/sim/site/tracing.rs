//! What is written down of traced requests, where there are any.

use super::{Key, Site};
use crate::sim::hop::error::AttemptError;
use crate::sim::run::event::ViewerRequest;
use crate::sim::run::tracer::{Part, What, id_of};
use crate::units::Instant;

impl Site {
    /// A request arrives for the first time: is it traced?
    #[inline]
    pub(super) fn trace_request(&mut self, now: Instant, request: &mut ViewerRequest) {
        if let Some(tracer) = &mut self.tracer {
            request.traced = tracer.samples(request);
            let key = self.client_region(request) as u64;
            self.tell(now, now, request, What::Begin { part: Part::Request, key, parent: 0 });
        }
    }

    /// A fact of a request, if it is traced. `when` is for the site; the viewer is half a trip away.
    #[inline]
    pub(super) fn tell(&mut self, at: Instant, when: Instant, request: &ViewerRequest, what: What) {
        if request.traced {
            self.tell_traced(at, when, request, what);
        }
    }

    #[cold]
    fn tell_traced(&mut self, at: Instant, when: Instant, request: &ViewerRequest, what: What) {
        let way = self.trip(request).half();
        let when = match what {
            What::Begin { part: Part::Request | Part::Attempt, .. } => when.saturating_sub(way),
            _ => when,
        };
        if let Some(tracer) = &mut self.tracer {
            tracer.of_request(at, when, request, what);
        }
    }

    /// An attempt arrives.
    #[inline]
    pub(super) fn trace_attempt(&mut self, now: Instant, request: &ViewerRequest) {
        let key = request.attempt.into();
        self.tell(now, now, request, What::Begin { part: Part::Attempt, key, parent: 0 });
    }

    /// An attempt fails; the viewer knows at `heard`.
    #[inline]
    pub(super) fn trace_failed(
        &mut self,
        now: Instant,
        heard: Instant,
        request: &ViewerRequest,
        how: AttemptError,
    ) {
        let (outcome, key) = (how.word(), request.attempt.into());
        self.tell(now, heard, request, What::End { part: Part::Attempt, key, outcome });
    }

    /// One of two attempts that are out beside each other ends; the viewer knows at `heard`.
    pub(super) fn trace_attempt_ends(
        &mut self,
        now: Instant,
        heard: Instant,
        request: &ViewerRequest,
        outcome: &'static str,
    ) {
        let key = request.attempt.into();
        self.tell(now, heard, request, What::End { part: Part::Attempt, key, outcome });
    }

    /// A request is answered by what leaves at `ready`.
    #[inline]
    pub(super) fn trace_answer(
        &mut self,
        ready: Instant,
        request: &ViewerRequest,
        cache: Option<bool>,
    ) {
        if !request.traced {
            return;
        }
        let outcome = match cache {
            Some(false) => "answered from the cache",
            Some(true) => "answered with a stale copy",
            None => "answered",
        };
        let (key, heard) = (request.attempt.into(), ready + self.trip(request).half());
        self.tell(ready, heard, request, What::End { part: Part::Attempt, key, outcome });
        self.tell(ready, heard, request, What::End { part: Part::Request, key: 0, outcome });
    }

    /// A request has failed for good.
    #[inline]
    pub(super) fn trace_given_up(
        &mut self,
        now: Instant,
        request: &ViewerRequest,
        how: AttemptError,
    ) {
        let outcome = match how {
            AttemptError::Error | AttemptError::Refused => "failed",
            AttemptError::TimeOut => "given up",
        };
        self.tell(now, now, request, What::End { part: Part::Request, key: 0, outcome });
    }

    /// Something to be known of a request.
    #[inline]
    pub(super) fn trace_note(&mut self, now: Instant, request: &ViewerRequest, text: &'static str) {
        self.tell(now, now, request, What::Mark(text));
    }

    /// A request waits for another's fetch.
    #[inline]
    pub(super) fn trace_joins(&mut self, now: Instant, request: &ViewerRequest, fetch: Key) {
        let (key, parent) = (fetch.word(), request.attempt.into());
        self.tell(now, now, request, What::Begin { part: Part::Lock, key, parent });
    }

    /// It waits no longer.
    #[inline]
    pub(super) fn trace_leaves(&mut self, now: Instant, request: &ViewerRequest, fetch: Key) {
        let (key, outcome) = (fetch.word(), "over");
        self.tell(now, now, request, What::End { part: Part::Lock, key, outcome });
    }

    /// A fetch or fill begins for a request.
    #[inline]
    pub(super) fn trace_fetch(&mut self, now: Instant, fetch: (Part, Key), of: Option<Key>) {
        if self.tracer.is_some() {
            self.fetch_begins(now, fetch, of);
        }
    }

    #[cold]
    fn fetch_begins(&mut self, now: Instant, (part, key): (Part, Key), of: Option<Key>) {
        let Some(tracer) = &mut self.tracer else { return };
        let in_flight = of.and_then(|of| self.client.requests.get(of));
        if let Some(in_flight) = in_flight.filter(|in_flight| in_flight.request.traced) {
            let (id, attempt) = (id_of(&in_flight.request), in_flight.request.attempt.into());
            tracer.begin(now, id, part, key, attempt);
        }
    }

    /// A call of a fetch begins, or a read of a call.
    #[inline]
    pub(super) fn trace_within(&mut self, now: Instant, outer: (Part, Key), inner: (Part, Key)) {
        if self.tracer.is_some() {
            self.part_begins(now, outer, inner);
        }
    }

    #[cold]
    fn part_begins(&mut self, now: Instant, outer: (Part, Key), inner: (Part, Key)) {
        let Some(tracer) = &mut self.tracer else { return };
        if let Some(whose) = tracer.whose(outer.0, outer.1) {
            tracer.begin(now, whose, inner.0, inner.1, outer.1.word());
        }
    }

    /// What waits for a fill, call or read waits no longer.
    #[inline]
    pub(super) fn trace_end(&mut self, now: Instant, part: Part, key: Key, outcome: &'static str) {
        if self.tracer.is_some() {
            self.tell_of_part(now, part, key, What::End { part, key: key.word(), outcome });
        }
    }

    /// The work on a fetch, call or read is over.
    #[inline]
    pub(super) fn trace_over(&mut self, now: Instant, part: Part, key: Key) {
        if self.tracer.is_some() {
            self.tell_of_part(now, part, key, What::Over { part, key: key.word() });
        }
    }

    /// Something to be known of a fetch, call or read.
    #[inline]
    pub(super) fn trace_mark(&mut self, now: Instant, part: Part, key: Key, text: &'static str) {
        if self.tracer.is_some() {
            self.tell_of_part(now, part, key, What::Mark(text));
        }
    }

    #[cold]
    fn tell_of_part(&mut self, now: Instant, part: Part, key: Key, what: What) {
        if let Some(tracer) = &mut self.tracer {
            tracer.of_part(now, part, key, what);
        }
    }
}
