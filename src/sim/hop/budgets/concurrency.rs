//! A bound on retries at one time: Envoy's `retry_budget` and `max_retries`.

use crate::units::count_to_f64;

/// At most so many retries at one time: a share of the attempts under way, rounded down, or a fixed
/// number if that is more (Envoy: `retry_budget` with `budget_percent` 20 and
/// `min_retry_concurrency` 3; with the share zero it is the circuit breaker `max_retries`, 3).
///
/// A retry counts from its grant to its end, its backoff included; an attempt is under way from when
/// it leaves to its end. The one whose failure asks is over.
#[derive(Clone, Debug)]
pub struct Concurrency {
    share: f64,
    at_least: u64,
    active: u64,
    retries: u64,
}

impl Concurrency {
    /// Nothing under way.
    #[must_use]
    pub fn new(share: f64, at_least: u32) -> Self {
        Self { share, at_least: u64::from(at_least), active: 0, retries: 0 }
    }

    /// An attempt leaves; `uncounted` if it is a retry that holds no place yet.
    pub fn begin(&mut self, uncounted: bool) {
        self.active += 1;
        self.retries += u64::from(uncounted);
    }

    /// An attempt that was under way has ended.
    ///
    /// # Panics
    /// When none was: a bug in the model.
    pub fn end(&mut self, retry: bool) {
        assert!(self.active > 0 && self.retries >= u64::from(retry), "an attempt ended twice");
        self.active -= 1;
        self.retries -= u64::from(retry);
    }

    /// Takes a place for a retry, if there is one.
    pub fn grant(&mut self) -> bool {
        let granted = self.retries < self.most();
        self.retries += u64::from(granted);
        granted
    }

    /// A place that was taken is not needed.
    ///
    /// # Panics
    /// When none was taken: a bug in the model.
    pub fn give_back(&mut self) {
        assert!(self.retries > 0, "a place was given back that nobody had");
        self.retries -= 1;
    }

    /// How many retries there may be now.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: rounded down
    fn most(&self) -> u64 {
        self.at_least.max((self.share * count_to_f64(self.active)) as u64)
    }

    /// Nothing is under way any more.
    pub const fn clear(&mut self) {
        (self.active, self.retries) = (0, 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fifth_of_what_is_under_way_and_never_below_three() {
        for (active, expected) in [(0, 3), (15, 3), (19, 3), (20, 4), (24, 4), (1_000, 200)] {
            let mut all = Concurrency::new(0.2, 3);
            (0..active).for_each(|_| all.begin(false));
            assert_eq!((0..2_000).filter(|_| all.grant()).count(), expected, "{active}");
        }
    }

    #[test]
    fn a_place_is_free_when_its_retry_ends() {
        let mut all = Concurrency::new(0.0, 2);
        assert!(all.grant() && all.grant() && !all.grant());
        all.begin(false);
        all.end(true);
        assert!(all.grant() && !all.grant());
    }
}
