//! Named random streams.
//!
//! One seed and one name give one sequence, whoever else draws. A new component takes a new name
//! and shifts nobody's numbers, so two variants of a scenario see the same viewers (common random
//! numbers).

use super::ziggurat::{Ziggurats, ziggurats};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// The layout of the streams: the generator, how names choose streams, and which stream each source of
/// randomness draws from and in which order. Raise it when one of these changes, so that runs which no
/// longer share their viewers are not laid side by side. A new source with a name of its own changes
/// nothing.
pub const STREAMS: u32 = 1;

/// The seed of a run.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seed(pub u64);

/// A sequence of random numbers: ChaCha8 with the seed as key and the name's hash as stream number.
#[derive(Clone, Debug)]
pub struct Stream {
    words: ChaCha8Rng,
    pub(super) ziggurats: &'static Ziggurats,
}

impl Seed {
    /// The stream of this name. The name says purpose and place: `sa-east-1/network 17/arrivals`.
    #[must_use]
    pub fn stream(self, name: &str) -> Stream {
        let mut key = [0_u8; 32];
        key[..8].copy_from_slice(&self.0.to_le_bytes());
        key[8..22].copy_from_slice(b"squall streams");
        let mut rng = ChaCha8Rng::from_seed(key);
        rng.set_stream(fnv1a(name.as_bytes()));
        Stream { words: rng, ziggurats: ziggurats() }
    }
}

/// The 64-bit FNV-1a hash (Fowler, Noll, Vo), which needs no table and has a published reference.
const fn fnv1a(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut at = 0;
    while at < bytes.len() {
        hash = (hash ^ bytes[at] as u64).wrapping_mul(0x0000_0100_0000_01b3);
        at += 1;
    }
    hash
}

impl Stream {
    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.words.next_u64()
    }

    /// Uniform on the open interval (0, 1): never 0 and never 1, so its logarithm is finite.
    #[inline]
    #[allow(clippy::cast_precision_loss)] // reason: 53 bits fit an f64 exactly
    pub fn unit(&mut self) -> f64 {
        ((self.bits() >> 12) as f64 + 0.5) * (1.0 / (1_u64 << 52) as f64)
    }

    /// Uniform on `0..bound`, without bias to within 2^-64 (multiply-shift). `bound` is positive.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: the high half of a 128-bit product fits
    pub fn below(&mut self, bound: u64) -> u64 {
        ((u128::from(self.bits()) * u128::from(bound)) >> 64) as u64
    }

    /// True with the given probability; never for 0, always for 1.
    #[inline]
    pub fn chance(&mut self, probability: f64) -> bool {
        self.unit() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fnv_agrees_with_its_published_vectors() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_name_and_a_seed_make_the_sequence() {
        let mut one = Seed(7).stream("a");
        let mut again = Seed(7).stream("a");
        let mut other_name = Seed(7).stream("b");
        let mut other_seed = Seed(8).stream("a");
        let first: Vec<u64> = (0..100).map(|_| one.bits()).collect();
        assert_eq!(first, (0..100).map(|_| again.bits()).collect::<Vec<_>>());
        assert_ne!(first, (0..100).map(|_| other_name.bits()).collect::<Vec<_>>());
        assert_ne!(first, (0..100).map(|_| other_seed.bits()).collect::<Vec<_>>());
    }

    /// When this fails, runs with a seed are no longer what they were: raise [`STREAMS`].
    #[test]
    fn the_layout_has_these_numbers() {
        let mut stream = Seed(7).stream("sa-east-1/arrivals");
        let seen = [stream.bits(), stream.bits()];
        assert_eq!((STREAMS, seen), (1, [6_535_288_461_790_039_413, 16_793_819_692_758_186_920]));
    }

    #[test]
    fn below_is_uniform() {
        let mut stream = Seed(1).stream("below");
        let mut counts = [0_u32; 7];
        for _ in 0..70_000 {
            counts[usize::try_from(stream.below(7)).unwrap()] += 1;
        }
        // Chi-square with 6 degrees of freedom: 22.46 is its 99.9 % point.
        let chi: f64 = counts.iter().map(|&n| (f64::from(n) - 1e4).powi(2) / 1e4).sum();
        assert!(chi < 22.46, "{chi}");
    }

    #[test]
    fn a_chance_is_that_share_of_draws() {
        let mut stream = Seed(1).stream("chance");
        let mut seen = |probability| (0..10_000).filter(|_| stream.chance(probability)).count();
        assert_eq!((seen(0.0), seen(1.0)), (0, 10_000));
        // Four standard errors: the square root of 10^4 * 0.3 * 0.7 is 45.8.
        let some = seen(0.3);
        assert!(some.abs_diff(3_000) <= 183, "{some}");
    }
}
