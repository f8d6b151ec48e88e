//! Content caches and origins at random.

use super::{call, law, lock, span};
use proptest::prelude::*;
use proptest::sample::select;
use proptest::{collection, option};
use squall::cache::Policy;
use squall::model::{Content, Origin, Rendition, Store};

/// A content cache with room for a few segments or for all, or none.
pub fn content() -> BoxedStrategy<Content> {
    let store = (select(Policy::ALL.to_vec()), 1_000_u64..3_000_000)
        .prop_map(|(policy, bytes)| Store { policy, bytes });
    let ladder = collection::vec((1_u64..200_000, 0.1..1.0), 1..4).prop_map(|rungs| {
        let all: f64 = rungs.iter().map(|(_, weight)| weight).sum();
        let rung = |(bits_per_second, weight)| Rendition { bits_per_second, share: weight / all };
        rungs.into_iter().map(rung).collect()
    });
    let title = (span(1, 10_000), 1_u32..20, span(10, 100_000), ladder);
    (option::weighted(0.8, store), span(0, 50), option::of(lock()), title)
        .prop_map(|(store, hit, lock, (segment, segments, watched, ladder))| Content {
            store,
            hit,
            lock,
            segment,
            segments,
            watched,
            ladder,
        })
        .boxed()
}

pub fn origin(regions: usize) -> BoxedStrategy<Origin> {
    let pool = (1_u32..8, option::of(0_u32..40), option::of(span(1, 500)));
    let work = (law(30), option::of(1_000_u64..10_000_000), call());
    (option::of(0..regions), pool, work)
        .prop_map(|(region, (slots, queue, wait), (service, rate, call))| Origin {
            region,
            slots,
            queue,
            wait,
            service,
            rate,
            call,
        })
        .boxed()
}
