//! The common case by itself: first attempts that find fresh copies, one after the other.

use super::accounting::{lead_of, trip_of, way_of};
use super::{Ctx, Site};
use crate::observe::Sample;
use crate::units::Instant;

impl Site {
    /// Takes the coming arrivals for as long as the cache answers each at once and nothing else can
    /// happen in between, and records what [`Site::arrive`] would.
    ///
    /// More than nine of ten requests of a usual run end here. What is the same for all of them is
    /// looked at once, before the first.
    #[inline]
    pub(super) fn fast_path(&mut self, ctx: &mut Ctx<'_>) {
        let Some(cache) = self.edge.metadata.as_ref().filter(|cache| !cache.counts_hits()) else {
            return;
        };
        if self.routes.outage.is_some()
            || !self.routes.reachable
            || self.client.hits_are_events
            || self.tracer.is_some()
        {
            return;
        }
        let takes = self.edge.hit_takes;
        let trace_arrivals = self
            .client
            .trace_arrivals
            .as_ref()
            .map_or(Instant::NEVER, |trace_arrivals| trace_arrivals.next_at());
        let next = trace_arrivals.min(self.next_segment());
        let until = ctx
            .quiet_until()
            .min(next)
            .min(self.recorder.slice_end())
            .min(self.next_change.saturating_sub(takes));
        let patience = self.client.policy.soon;
        let mut hits = self.recorder.hits();
        // What the loop reads by values and slices: it need not be looked up for each request.
        let (fresh, trips, staleness) =
            (cache.fresh(), self.client.trips.as_slice(), self.edge.keeps_ages);
        let last = self.client.networks.take_while(until, |draw, soon| {
            let client_region = draw.home as usize;
            let trip = trip_of(trips[client_region], draw.last_mile);
            if !fresh.has(draw.title, draw.at) || trip + takes > patience {
                return false;
            }
            fresh.expect(soon);
            hits.add(client_region, takes + way_of(lead_of(trip), trip));
            if staleness {
                hits.sample(Sample::Staleness, client_region, cache.data_age(draw.title, draw.at));
            }
            true
        });
        if let Some(at) = last {
            ctx.advance(at);
        }
    }
}
