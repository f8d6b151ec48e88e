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
use super::origin::OriginTier;
use super::{Ctx, Event, Site, State, first_request};
use crate::engine::Seed;
use crate::model::Catalogue;
use crate::model::Plan;
use crate::observe::{Counter, Sample, When};
use crate::sim::client::networks::NetworkSet;
use crate::sim::edge::content::{ContentCache, Found};
use crate::sim::hop::client::HopClient;
use crate::sim::run::event::ViewerRequest;
use crate::sim::run::slab::Slab;
use crate::units::{Instant, Span};
use std::sync::Arc;

/// What an edge needs for segments; there is none where no viewer asks for any.
#[derive(Debug)]
pub(in crate::sim) struct ContentEdge {
    pub(super) catalogue: Arc<Catalogue>,
    pub(super) cache: Option<ContentCache>,
    /// What a hit takes.
    hit: Span,
    /// How the edge calls the origin.
    pub(super) client: HopClient,
    pub(super) fills: Slab<CacheFill>,
}

impl ContentEdge {
    /// The edge of a region at instant zero.
    fn new(name: &str, plan: &Plan, catalogue: Arc<Catalogue>) -> Self {
        let (fabric, seed) = (&plan.fabric, Seed(plan.seed));
        Self {
            catalogue,
            cache: ContentCache::new(&fabric.content),
            hit: fabric.content.hit,
            client: HopClient::new(&fabric.origin.call, seed, &format!("{name}/origin")),
            fills: Slab::default(),
        }
    }
}

impl Site {
    /// Viewers ask for segments, too: those of these networks, which are the same as the site serves.
    pub(in crate::sim) fn serve_segments(&mut self, catalogue: Arc<Catalogue>, asks: NetworkSet) {
        let name = &self.plan.fabric.regions[self.me];
        self.client.segments = Some(asks);
        self.edge.content = Some(Box::new(ContentEdge::new(name, &self.plan, catalogue)));
        self.origin = Some(Box::new(OriginTier::new(self.me, &self.plan)));
    }
}

// Arrivals.
impl Site {
    /// When the next request for a segment comes.
    #[inline]
    pub(super) fn next_segment(&self) -> Instant {
        self.client.segments.as_ref().map_or(Instant::NEVER, NetworkSet::next_at)
    }

    /// Takes the next request for a segment.
    pub(super) fn take_segment(&mut self) -> Option<ViewerRequest> {
        let draw = self.client.segments.as_mut()?.take()?;
        // Both kinds of requests pay into the one retry budget of their network.
        if let Some(network) = self.client.networks.get_mut(draw.network) {
            network.deposit(draw.at);
        }
        Some(ViewerRequest { segment: true, ..first_request(&draw) })
    }
}

// What the cache says.
impl Site {
    /// An attempt to get a segment comes to an edge that can be reached.
    pub(super) fn segment_arrives(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest) {
        let Some(content) = &mut self.edge.content else { return };
        let bytes = content.catalogue.bytes(request.title);
        let found = content.cache.as_mut().map(|cache| cache.find(request.title, bytes));
        match found {
            Some(Found::Copy) => self.segment_hit(ctx, request),
            Some(Found::Locked(place)) => {
                let fill = content.fills.key_at(place);
                self.miss(ctx, request, fill);
            }
            Some(Found::Missing) | None => self.miss(ctx, request, None),
        }
    }

    /// The cache answers.
    fn segment_hit(&mut self, ctx: &mut Ctx<'_>, request: ViewerRequest) {
        let takes = self.takes_hit(&request);
        if self.trip(&request) + takes > self.plan.fabric.viewers.timeout {
            self.park_attempt(ctx, request, State::Lost);
            return;
        }
        let ready = ctx.now() + takes;
        let soon = self.trip(&request) + takes <= self.client.policy.soon && !request.is_hedge();
        if soon && !self.client.hits_are_events && ready < self.next_change {
            let when = self.when(ctx.now(), &request);
            self.record_answer(when, &request, ready, Some(false), Span::ZERO);
        } else {
            let state = State::Answer { stale: false, age: Span::ZERO };
            let key = self.park_attempt(ctx, request, state);
            ctx.schedule(ready, Event::Answered(key));
        }
    }

    /// What a hit takes that answers a request.
    pub(super) fn takes_hit(&self, request: &ViewerRequest) -> Span {
        match &self.edge.content {
            Some(content) if request.segment => content.hit,
            _ => self.edge.hit_takes,
        }
    }

    /// A second attempt comes whose request has been answered: wasted work for the edge.
    pub(super) fn wasted_segment_hedge(&mut self, ctx: &mut Ctx<'_>, request: &ViewerRequest) {
        let Some(content) = &mut self.edge.content else { return };
        let bytes = content.catalogue.bytes(request.title);
        let found = content.cache.as_mut().map(|cache| cache.find(request.title, bytes));
        if matches!(found, None | Some(Found::Missing)) {
            self.fill_for_none(ctx, request);
        }
    }

    /// A segment is answered, from the cache or not.
    #[cold] // reason: what manifests do stays together
    pub(super) fn record_segment(
        &mut self,
        when: When,
        request: &ViewerRequest,
        hit: bool,
        waited: Span,
    ) {
        let client_region = self.client_region(request);
        let Some(content) = &self.edge.content else { return };
        let bytes = content.catalogue.bytes(request.title);
        self.recorder.count_at(when, Counter::SegmentServed, client_region);
        self.recorder.count_many_at(when, Counter::ContentBytes, client_region, bytes);
        if hit {
            self.recorder.count_at(when, Counter::SegmentHits, client_region);
            self.recorder.count_many_at(when, Counter::ContentHitBytes, client_region, bytes);
        }
        self.recorder.sample_at(when, Sample::SegmentLatency, client_region, waited);
    }
}

// Evictions.
impl Site {
    /// Throws a share of the content cache out.
    pub(super) fn evict_content(&mut self, share: f64) {
        let cache = self.edge.content.as_mut().and_then(|content| content.cache.as_mut());
        let gone = cache.map_or(0, |cache| cache.evict(share, &mut self.streams.eviction));
        self.recorder.count_many(Counter::ContentEvicted, self.me, gone);
    }
}
