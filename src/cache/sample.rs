//! Miss ratios from samples of the objects, with the error that this makes.

use super::{Misses, highest};

/// A miniature cache has room for at least so many objects.
const SMALLEST: u64 = 256;
/// Disjoint samples whose spread gives the error.
const SAMPLES: u64 = 8;
/// Student's t for 95 % and seven degrees of freedom.
const STUDENT: f64 = 2.364_6;
/// A miniature cache of bytes has room for at least so many of the largest object.
const OF_LARGEST: u64 = 100;
/// No sample is smaller than one object in so many.
const MOST_PARTS: u64 = 1 << 20;

/// A ratio and how far the truth may be from it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Estimate {
    /// The mean of the samples.
    pub mean: f64,
    /// Half the width of the 95 % confidence interval around it; 0 when all objects were simulated.
    pub error: f64,
}

/// What a cache misses, of all requests and of all bytes.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sampled {
    /// The share of requests that miss.
    pub requests: Estimate,
    /// The share of bytes that are missed.
    pub bytes: Estimate,
    /// One object of so many was in each sample; 1: all were simulated, and the result is exact.
    pub one_in: u64,
}

/// Estimates what a cache of so much room misses, by miniature simulation (Waldspurger et al., "Cache
/// modeling and optimization using miniature simulations", ATC 2017): a sample of the objects by
/// their hash goes through a cache that is smaller by the same factor. `misses` counts them for a
/// room, requests and their sizes. `by_bytes` says that the room is bytes.
///
/// The sample is as small as leaves room for 256 objects and, in bytes, for a hundred of the largest.
/// Eight disjoint samples are simulated, and their spread gives the error (Student's t). As in SHARDS'
/// adjusted form (Waldspurger et al., FAST 2015) misses are divided by the requests that a sample
/// ought to have, not by those that it has: whether a popular object is in it changes hits, not
/// misses. Where that would take an eighth or more of the objects, all are simulated instead.
#[must_use]
pub fn sampled(
    room: u64,
    by_bytes: bool,
    ids: &[u32],
    sizes: &[u64],
    misses: impl Fn(u64, &[u32], &[u64]) -> Misses,
) -> Sampled {
    let requests = ids.len() as u64;
    let bytes: u64 = sizes.iter().sum();
    let grain = if by_bytes {
        let largest = sizes.iter().max().copied().unwrap_or(0);
        (SMALLEST * (bytes / requests.max(1))).max(OF_LARGEST * largest).max(1)
    } else {
        SMALLEST
    };
    let parts = (room / grain).checked_ilog2().map_or(1, |power| 1 << power).min(MOST_PARTS);
    if parts <= SAMPLES {
        let all = misses(room, ids, sizes);
        let exact = |part, whole| Estimate { mean: share(part, whole), error: 0.0 };
        let (requests, bytes) = (exact(all.misses, requests), exact(all.bytes, bytes));
        return Sampled { requests, bytes, one_in: 1 };
    }
    let seen: Vec<Misses> = (0..SAMPLES)
        .map(|part| {
            let (some, their_sizes) = sample(ids, sizes, part, parts);
            misses(room / parts, &some, &their_sizes)
        })
        .collect();
    let of = |count: fn(&Misses) -> u64, whole: u64| {
        estimate(&seen.iter().map(|seen| share(count(seen) * parts, whole)).collect::<Vec<_>>())
    };
    let (requests, bytes) = (of(|seen| seen.misses, requests), of(|seen| seen.bytes, bytes));
    Sampled { requests, bytes, one_in: parts }
}

/// The requests whose object falls into one of so many parts, a power of two, numbered anew.
fn sample(ids: &[u32], sizes: &[u64], part: u64, parts: u64) -> (Vec<u32>, Vec<u64>) {
    let mut numbers = vec![u32::MAX; highest(ids)];
    let mut next = 0;
    let (mut some, mut their_sizes) = (Vec::new(), Vec::new());
    for (at, &object) in ids.iter().enumerate() {
        if mix(object) & (parts - 1) != part {
            continue;
        }
        let number = &mut numbers[object as usize];
        if *number == u32::MAX {
            *number = next;
            next += 1;
        }
        some.push(*number);
        their_sizes.extend(sizes.get(at));
    }
    (some, their_sizes)
}

#[allow(clippy::cast_precision_loss)] // reason: a ratio of counts
fn share(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

fn estimate(values: &[f64]) -> Estimate {
    let count = share(values.len() as u64, 1);
    let mean = values.iter().sum::<f64>() / count;
    let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    let error = STUDENT * (squares / (count - 1.0) / count).sqrt();
    Estimate { mean: mean.min(1.0), error }
}

/// The finaliser of `MurmurHash3` for 64 bits (Appleby): other bits than the sketch of W-TinyLFU
/// takes, so that no sample falls into a part of its counters.
const fn mix(object: u32) -> u64 {
    let mut mixed = object as u64 + 1;
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    mixed = (mixed ^ (mixed >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    mixed ^ (mixed >> 33)
}
