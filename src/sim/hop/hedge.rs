//! When a caller sends a second attempt beside one that has not been answered.
//!
//! Dean and Barroso, "The Tail at Scale", Communications of the ACM 56(2), 2013: a hedged request, sent
//! when the first has been out for longer than most take, cuts the tail for little more load.

use crate::model::Hedge;
use crate::observe::Histogram;
use crate::units::{Instant, Span};

/// Over how long the times of answered calls are counted, one stretch after the other.
pub const STRETCH: Span = Span::from_secs(10);
/// Answers in a stretch from which on its percentile is believed.
pub const ENOUGH: u64 = 100;

/// The delay of a hop's hedges.
#[derive(Debug)]
pub struct HedgeDelay {
    delay: Span,
    percentile: Option<f64>,
    /// When the stretch under way began, and the times of what was answered in it.
    since: Instant,
    seen: Histogram,
}

impl HedgeDelay {
    /// The delay at instant zero is the one that is written.
    #[must_use]
    pub fn new(hedge: &Hedge) -> Self {
        Self {
            delay: hedge.after,
            percentile: hedge.percentile,
            since: Instant::ZERO,
            seen: Histogram::default(),
        }
    }

    /// How long a call that leaves now is waited for.
    pub fn delay(&mut self, now: Instant) -> Span {
        let (Some(share), true) = (self.percentile, now.since(self.since) >= STRETCH) else {
            return self.delay;
        };
        if self.seen.count() >= ENOUGH
            && let Some(nanos) = self.seen.quantile(share)
        {
            self.delay = Span::from_nanos(whole(nanos));
        }
        (self.since, self.seen) = (now, Histogram::default());
        self.delay
    }

    /// A call was answered so long after its first attempt had left.
    pub fn note(&mut self, took: Span) {
        if self.percentile.is_some() {
            self.seen.record(took.as_nanos());
        }
    }
}

/// A quantile of times, in whole nanoseconds.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: a time that was a u64
fn whole(nanos: f64) -> u64 {
    nanos.round_ties_even() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Budget;

    fn hedge_delay(percentile: Option<f64>) -> HedgeDelay {
        let after = Span::from_millis(50);
        HedgeDelay::new(&Hedge { after, percentile, budget: Budget::None })
    }

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Span::from_millis(millis)
    }

    #[test]
    fn a_delay_that_is_written_stays() {
        let mut hedge_delay = hedge_delay(None);
        (0..1_000).for_each(|_| hedge_delay.note(Span::from_millis(1)));
        assert_eq!(hedge_delay.delay(at(100_000)), Span::from_millis(50));
    }

    #[test]
    fn a_percentile_is_that_of_the_last_stretch_with_enough_answers() {
        let mut hedge_delay = hedge_delay(Some(0.95));
        (1..=100).for_each(|nanos| hedge_delay.note(Span::from_nanos(nanos)));
        assert_eq!(hedge_delay.delay(at(9_999)), Span::from_millis(50));
        // Values below 256 are exact.
        assert_eq!(hedge_delay.delay(at(10_000)), Span::from_nanos(95));
        (1..100).for_each(|_| hedge_delay.note(Span::from_nanos(7)));
        assert_eq!(hedge_delay.delay(at(20_000)), Span::from_nanos(95), "99 are too few");
        (0..100).for_each(|_| hedge_delay.note(Span::from_nanos(7)));
        assert_eq!(hedge_delay.delay(at(29_999)), Span::from_nanos(95));
        assert_eq!(hedge_delay.delay(at(30_000)), Span::from_nanos(7));
    }
}
