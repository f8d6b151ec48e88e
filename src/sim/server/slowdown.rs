//! The rate of reads that slows a database, and what its reads share where each slows the others.

use crate::model::Slowdown;
use crate::sim::server::processor_sharing::ProcessorSharing;
use crate::units::{Instant, Span, count_to_f64};
use std::collections::VecDeque;

/// The processor that reads share where they slow each other while they are under way.
#[must_use]
pub fn sharing<J: Copy + Ord>(slowdown: &Slowdown) -> Option<ProcessorSharing<J>> {
    match slowdown {
        Slowdown::Concurrency(curve) => Some(ProcessorSharing::slowed(curve.clone())),
        Slowdown::None | Slowdown::Rate { .. } => None,
    }
}

/// When the reads of the last while began.
#[derive(Clone, Debug, Default)]
pub struct RateMeter {
    begun: VecDeque<Instant>,
}

impl RateMeter {
    /// A read begins. How many have begun a second in the last `over`, this one included.
    pub fn begin(&mut self, now: Instant, over: Span) -> f64 {
        self.begun.push_back(now);
        while self.begun.front().is_some_and(|&first| now.since(first) >= over) {
            self.begun.pop_front();
        }
        count_to_f64(self.begun.len() as u64) / over.as_secs_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rate_counts_what_began_less_than_a_while_ago() {
        let (mut meter, over) = (RateMeter::default(), Span::from_secs(2));
        let rates = [0, 500, 1_999, 2_000, 4_100]
            .map(|millis| meter.begin(Instant::ZERO + Span::from_millis(millis), over));
        assert_eq!(rates, [0.5, 1.0, 1.5, 1.5, 0.5]);
    }
}
