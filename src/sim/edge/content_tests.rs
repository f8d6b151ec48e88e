use super::*;
use crate::cache::Policy;
use crate::engine::Seed;
use crate::model::Catalogue;
use crate::model::{AfterWait, Lock, Rendition, SharedErrors, Store};
use crate::units::Span;

fn config(segments: u32, watched: u64) -> Content {
    let rendition = |bits_per_second, share| Rendition { bits_per_second, share };
    let wait = Span::from_secs(1);
    Content {
        store: Some(Store { policy: Policy::Lru, bytes: 1_000 }),
        hit: Span::ZERO,
        lock: Some(Lock { wait, after: AfterWait::Fetch, errors: SharedErrors::Shared }),
        segment: Span::from_secs(6),
        segments,
        watched: Span::from_secs(watched),
        ladder: vec![
            rendition(1_400_000, 0.2),
            rendition(3_000_000, 0.5),
            rendition(16_000_001, 0.3),
        ],
    }
}

#[test]
fn a_segment_has_the_bytes_of_its_rendition_and_its_title() {
    let catalogue = Catalogue::new(&config(10, 60));
    assert_eq!(Catalogue::count(&config(10, 60), 7), 210);
    let mut seen = Vec::new();
    for title in 0..7 {
        for (rendition, bytes) in [1_050_000, 2_250_000, 12_000_001].into_iter().enumerate() {
            for segment in 0..10 {
                let object = catalogue.number(title, rendition, segment);
                assert_eq!((catalogue.title(object), catalogue.bytes(object)), (title, bytes));
                seen.push(object);
            }
        }
    }
    assert_eq!(seen, (0..210).collect::<Vec<_>>(), "dense, and each once");
}

/// Chi-square against the law: segment n with exp(-6 n / watched), cut off, and renditions by share;
/// each title by itself, because one word chooses all three.
#[test]
fn segments_and_renditions_follow_their_laws_whatever_the_title() {
    for (segments, watched) in [(12, 20), (12, 1_000_000)] {
        let catalogue = Catalogue::new(&config(segments, watched));
        let mut stream = Seed(3).stream("words");
        let weights: Vec<f64> =
            (0..segments).map(|n| libm::exp(-6.0 * f64::from(n) / watched as f64)).collect();
        let all: f64 = weights.iter().sum();
        // The words of one title are those of a narrow interval.
        for narrow in [63, 30, 20] {
            let mut counts = [0_u32; 36];
            let draws = 100_000;
            for _ in 0..draws {
                let fixed = 0x5a5a_5a5a_u64 << 32 & !((1 << narrow) - 1);
                let word = stream.bits() >> (64 - narrow) | fixed;
                counts[catalogue.draw(0, word) as usize] += 1;
            }
            let shares = [0.2, 0.5, 0.3];
            let expected = (0..36).map(|object: usize| {
                f64::from(draws) * shares[object / 12] * weights[object % 12] / all
            });
            let chi: f64 = counts
                .iter()
                .zip(expected)
                .map(|(&seen, mean)| (f64::from(seen) - mean).powi(2) / mean)
                .sum();
            // 35 degrees of freedom: 73.4 is the 99.985 % point.
            assert!(chi < 73.4, "{segments}, {watched}, {narrow} bits: {chi}");
        }
    }
}

#[test]
fn copies_stay_until_there_is_no_room_and_one_request_fetches() {
    for policy in [Policy::Lru, Policy::Fifo, Policy::Sieve] {
        let config = Content { store: Some(Store { policy, bytes: 1_000 }), ..config(10, 60) };
        let mut cache = ContentCache::new(&config).unwrap();
        assert_eq!(cache.find(70, 400), Found::Missing);
        cache.begin(70, 5);
        assert_eq!(cache.find(70, 400), Found::Locked(5));
        cache.fill(70, 400);
        cache.end(70, 5);
        assert_eq!(cache.find(70, 400), Found::Copy);
        cache.fill(71, 400);
        cache.fill(72, 400);
        let found = [70, 71, 72].map(|object| cache.find(object, 400) == Found::Copy);
        assert_eq!(found.iter().filter(|&&found| found).count(), 2, "{policy:?}: two have room");
        assert!(found[2] || policy == Policy::Sieve);
    }
}

#[test]
fn without_a_lock_every_miss_fetches() {
    let config = Content { lock: None, ..config(10, 60) };
    let mut cache = ContentCache::new(&config).unwrap();
    cache.begin(1, 5);
    assert_eq!(cache.find(1, 10), Found::Missing);
    assert!(ContentCache::new(&Content { store: None, ..config }).is_none());
}

#[test]
fn what_is_thrown_out_is_missed_until_it_comes_again() {
    for policy in Policy::ALL {
        let bytes = 100_000;
        let config = Content { store: Some(Store { policy, bytes }), ..config(10, 60) };
        let mut cache = ContentCache::new(&config).unwrap();
        let mut stream = Seed(2).stream("evict");
        (0..1_000).for_each(|object| cache.fill(object, 10));
        assert_eq!(cache.evict(0.0, &mut stream), 0);
        let gone = cache.evict(0.5, &mut stream);
        // Five standard deviations of a thousand tosses.
        assert!((421..=579).contains(&gone), "{policy:?}: {gone}");
        let missing: Vec<u32> =
            (0..1_000).filter(|&object| cache.find(object, 10) == Found::Missing).collect();
        assert_eq!(missing.len() as u64, gone, "{policy:?}");
        cache.fill(missing[0], 10);
        assert_eq!(cache.find(missing[0], 10), Found::Copy, "{policy:?}");
        assert_eq!(cache.evict(1.0, &mut stream), 1_001 - gone);
        assert!((0..1_000).all(|object| cache.find(object, 10) == Found::Missing));
    }
}
