//! Segments at the edge: found in the content cache, or fetched from the origin.
//!
//! ```text
//! arrive -> segment_arrives -+-> hit --> (answered)
//!                            +-> miss -> a fill, joined or started
//! ```
//!
//! Fills are those of any cache, in `fill`; what becomes of an attempt at the origin is in `origin`. Ends
//! of viewers' attempts are those of all requests, in `life`.

use super::fill::CacheFill;
use super::origin::slots_of;
use super::server::Server;
use super::{Ctx, Event, Key, Site, State, first_visit};
use crate::engine::{Seed, Stream};
use crate::model::Catalogue;
use crate::model::Plan;
use crate::observe::{Counter, Sample, When};
use crate::sim::client::networks::NetworkSet;
use crate::sim::edge::content::{ContentCache, Found};
use crate::sim::hop::client::HopClient;
use crate::sim::run::event::ViewerRequest;
use crate::sim::run::slab::Slab;
use crate::units::{Instant, Span};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What a site needs for segments; there is none where nobody asks for any.
#[derive(Debug)]
pub(in crate::sim) struct Contents {
    /// The same networks as the site serves, as far as they ask for segments.
    pub(in crate::sim) network_set: NetworkSet,
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) cache: Option<ContentCache>,
    /// What a hit takes.
    hit: Span,
    /// How the edge calls the origin.
    pub(super) caller: HopClient,
    pub(super) fills: Slab<CacheFill>,
    /// Attempts at the origin, and the origin in its region.
    pub(super) server: Server,
    /// At the origin, what other regions have asked for: their site and attempt, and the attempt here.
    /// Kept where they take back what they give up.
    pub(super) orders: BTreeMap<(usize, Key), Key>,
    /// How long an answer of the origin takes.
    pub(super) service: Stream,
}

impl Contents {
    /// What the site of a region has for segments at instant zero.
    pub(in crate::sim) fn new(
        me: usize,
        plan: &Plan,
        catalogue: Arc<Catalogue>,
        network_set: NetworkSet,
    ) -> Self {
        let (fabric, seed) = (&plan.fabric, Seed(plan.seed));
        let name = &fabric.regions[me];
        Self {
            network_set,
            catalogue,
            cache: ContentCache::new(&fabric.content),
            hit: fabric.content.hit,
            caller: HopClient::new(&fabric.origin.call, seed, &format!("{name}/origin")),
            fills: Slab::default(),
            server: Server::new((fabric.origin_region() == me).then(|| slots_of(&fabric.origin))),
            orders: BTreeMap::new(),
            service: seed.stream(&format!("{name}/origin service")),
        }
    }
}

// Arrivals.
impl Site {
    /// When the next request for a segment comes.
    #[inline]
    pub(super) fn next_segment(&self) -> Instant {
        self.content.as_ref().map_or(Instant::NEVER, |content| content.network_set.next_at())
    }

    /// Takes the next request for a segment.
    pub(super) fn take_segment(&mut self) -> Option<ViewerRequest> {
        let draw = self.content.as_mut()?.network_set.take()?;
        // Both kinds of requests pay into the one retry budget of their network.
        if let Some(network) = self.network_set.get_mut(draw.network) {
            network.deposit(draw.at);
        }
        Some(ViewerRequest { segment: true, ..first_visit(&draw) })
    }
}

// What the cache says.
impl Site {
    /// An attempt to get a segment comes to an edge that can be reached.
    pub(super) fn segment_arrives(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest) {
        let Some(content) = &mut self.content else { return };
        let bytes = content.catalogue.bytes(visit.title);
        let found = content.cache.as_mut().map(|cache| cache.find(visit.title, bytes));
        match found {
            Some(Found::Copy) => self.segment_hit(ctx, visit),
            Some(Found::Locked(place)) => {
                let fill = content.fills.key_at(place);
                self.miss(ctx, visit, fill);
            }
            Some(Found::Missing) | None => self.miss(ctx, visit, None),
        }
    }

    /// The cache answers.
    fn segment_hit(&mut self, ctx: &mut Ctx<'_>, visit: ViewerRequest) {
        let takes = self.takes_hit(&visit);
        if self.trip(&visit) + takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, visit, State::Lost);
            return;
        }
        let ready = ctx.now() + takes;
        let soon = self.trip(&visit) + takes <= self.client_policy.soon && !visit.is_hedge();
        if soon && !self.hits_are_events && ready < self.next_change {
            let when = self.when(ctx.now(), &visit);
            self.record_answer(when, &visit, ready, Some(false), Span::ZERO);
        } else {
            let state = State::Answer { stale: false, age: Span::ZERO };
            let key = self.park_attempt(ctx, visit, state);
            ctx.schedule(ready, Event::Answered(key));
        }
    }

    /// What a hit takes that answers a request.
    pub(super) fn takes_hit(&self, visit: &ViewerRequest) -> Span {
        match &self.content {
            Some(content) if visit.segment => content.hit,
            _ => self.hit_takes,
        }
    }

    /// A second attempt comes whose request has been answered: the edge works for nobody.
    pub(super) fn segment_comes_for_nobody(&mut self, ctx: &mut Ctx<'_>, visit: &ViewerRequest) {
        let Some(content) = &mut self.content else { return };
        let bytes = content.catalogue.bytes(visit.title);
        let found = content.cache.as_mut().map(|cache| cache.find(visit.title, bytes));
        if matches!(found, None | Some(Found::Missing)) {
            self.fill_for_none(ctx, visit);
        }
    }

    /// A segment is answered, from the cache or not.
    #[cold] // reason: what manifests do stays together
    pub(super) fn record_segment(
        &mut self,
        when: When,
        visit: &ViewerRequest,
        hit: bool,
        waited: Span,
    ) {
        let origin = self.origin(visit);
        let Some(content) = &self.content else { return };
        let bytes = content.catalogue.bytes(visit.title);
        self.recorder.count_at(when, Counter::SegmentServed, origin);
        self.recorder.count_many_at(when, Counter::ContentBytes, origin, bytes);
        if hit {
            self.recorder.count_at(when, Counter::SegmentHits, origin);
            self.recorder.count_many_at(when, Counter::ContentHitBytes, origin, bytes);
        }
        self.recorder.sample_at(when, Sample::SegmentLatency, origin, waited);
    }
}

// Evictions.
impl Site {
    /// Throws a share of the content cache out.
    pub(super) fn evict_content(&mut self, share: f64) {
        let cache = self.content.as_mut().and_then(|content| content.cache.as_mut());
        let gone = cache.map_or(0, |cache| cache.evict(share, &mut self.streams.eviction));
        self.recorder.count_many(Counter::ContentEvicted, self.me, gone);
    }
}
