//! What the peers draw with.

use rand::rngs::SmallRng;
use rand::{Rng, RngExt, SeedableRng};
use rand_distr::Exp1;
use std::time::Duration;

/// A generator of its own for each purpose: xoshiro256++ with the ziggurat's exponential, the
/// quickest of the `rand` family.
#[derive(Clone, Debug)]
pub struct Draws(SmallRng);

impl Draws {
    /// The generator of a purpose in a run.
    #[must_use]
    pub fn new(seed: u64, purpose: u64) -> Self {
        Self(SmallRng::seed_from_u64(seed.wrapping_mul(1_000_003).wrapping_add(purpose)))
    }

    /// 64 random bits.
    #[inline]
    pub fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Exponential seconds with this mean.
    #[inline]
    pub fn seconds(&mut self, mean: f64) -> f64 {
        mean * self.0.sample::<f64, _>(Exp1)
    }

    /// Exponential time with this mean in seconds, at least a nanosecond: some simulators refuse
    /// an event that is due at once.
    #[inline]
    pub fn duration(&mut self, mean: f64) -> Duration {
        Duration::from_nanos(super::nanos(self.seconds(mean)).max(1))
    }
}

impl Default for Draws {
    fn default() -> Self {
        Self::new(0, 0)
    }
}
