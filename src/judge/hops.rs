//! Attempts a request at each hop: where a storm comes from, and what the layers make of each other.

use crate::fabric::Plan;
use crate::observe::{Counter, Hop, HopEvent, Scope, SliceView};
use crate::units::{Instant, count_to_f64};

/// The hops from the viewer inwards: the word for it, what is attempted, and of what.
const HOPS: [(&str, Counter, Counter); 4] = [
    ("viewers", Counter::Attempts, Counter::Requests),
    ("manifest", Counter::Hop(Hop::Manifest, HopEvent::Call), Counter::Fetches),
    (
        "database",
        Counter::Hop(Hop::Database, HopEvent::Call),
        Counter::Hop(Hop::Manifest, HopEvent::Call),
    ),
    ("origin", Counter::Hop(Hop::Origin, HopEvent::Call), Counter::OriginFetches),
];

/// Attempts for each request, in the whole judged run and in its worst second.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Attempts {
    /// Over the whole judged run; `None` where nothing was asked for.
    pub mean: Option<f64>,
    /// The most in a second, and when that second began.
    pub worst: Option<(f64, Instant)>,
}

/// Attempts a request at every hop.
#[derive(Clone, PartialEq, Debug)]
pub struct Hops {
    /// By hop: `viewers` (attempts of a request), `manifest` (calls of a fetch), `database` (reads of a
    /// call); where anybody asks for segments also `origin` (calls of a fetch of one).
    pub hops: Vec<(&'static str, Attempts)>,
    /// Their product along the longer way: the attempts at the last hop for a request that needs all of
    /// them. Manifests go by viewers, manifest service and database, segments by viewers and origin.
    pub product: Attempts,
}

/// Takes slices in and counts.
#[derive(Debug)]
pub struct HopCounter {
    warmup: Instant,
    /// How many of the hops there are in the plan.
    hops: usize,
    /// By hop: attempts, and of how many.
    counts: [[u64; 2]; HOPS.len()],
    /// Those of viewers for segments alone.
    segments: [u64; 2],
    worst: [Option<(f64, Instant)>; HOPS.len()],
    worst_product: Option<(f64, Instant)>,
}

fn share([attempts, requests]: [u64; 2]) -> Option<f64> {
    (requests > 0).then(|| count_to_f64(attempts) / count_to_f64(requests))
}

/// Attempts and requests of viewers for segments alone.
const SEGMENTS: [Counter; 2] = [Counter::SegmentAttempts, Counter::SegmentRequests];

/// What layers make of each other; those that nothing reaches do not count.
fn product(hops: [[u64; 2]; HOPS.len()], segments: [u64; 2]) -> Option<f64> {
    let [_, manifest, database, origin] = hops.map(share);
    let others = share([0, 1].map(|part| hops[0][part].saturating_sub(segments[part])));
    let along =
        |hops: &[Option<f64>]| hops.iter().copied().flatten().reduce(|all, share| all * share);
    let manifests = along(&[others, manifest, database]);
    let segments = origin.and_then(|_| along(&[share(segments), origin]));
    manifests.map_or(segments, |most| Some(segments.map_or(most, |other| most.max(other))))
}

impl HopCounter {
    /// Nothing seen yet of a run of this plan.
    #[must_use]
    pub fn new(plan: &Plan) -> Self {
        Self {
            warmup: Instant::ZERO + plan.warmup,
            hops: HOPS.len() - usize::from(!plan.load.has_segments()),
            counts: [[0; 2]; HOPS.len()],
            segments: [0; 2],
            worst: [None; HOPS.len()],
            worst_product: None,
        }
    }

    /// A complete slice; they come in their order. The warm-up does not count.
    pub fn slice(&mut self, view: &SliceView<'_>) {
        if view.start < self.warmup {
            return;
        }
        let cell = view.cell(Scope::default());
        let measured = view.layout.measured();
        // A ratio of which a part is not measured is none.
        let pair = |counters: [Counter; 2]| {
            let seen = counters.into_iter().all(|counter| measured.counter(counter));
            counters.map(|counter| if seen { cell[counter.index()] } else { 0 })
        };
        let now = HOPS.map(|(_, of, all)| pair([of, all]));
        for (sum, now) in self.counts.iter_mut().flatten().zip(now.iter().flatten()) {
            *sum += now;
        }
        let segments = pair(SEGMENTS);
        self.segments.iter_mut().zip(segments).for_each(|(sum, now)| *sum += now);
        let shares = now.map(share);
        let worse = |worst: &mut Option<(f64, Instant)>, share: Option<f64>| {
            if let Some(share) = share
                && worst.is_none_or(|(most, _)| share > most)
            {
                *worst = Some((share, view.start));
            }
        };
        self.worst.iter_mut().zip(shares).for_each(|(worst, share)| worse(worst, share));
        worse(&mut self.worst_product, product(now, segments));
    }

    /// What came of it.
    #[must_use]
    pub fn finish(&self) -> Hops {
        let shares = self.counts.map(share);
        let of = |hop: usize| Attempts { mean: shares[hop], worst: self.worst[hop] };
        Hops {
            hops: HOPS[..self.hops]
                .iter()
                .enumerate()
                .map(|(hop, (name, ..))| (*name, of(hop)))
                .collect(),
            product: Attempts {
                mean: product(self.counts, self.segments),
                worst: self.worst_product,
            },
        }
    }
}
