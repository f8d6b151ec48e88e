//! Backoff.

use crate::engine::Stream;
use crate::model::{Jitter, Retry};
use crate::units::Span;

impl Retry {
    /// The wait before retry number `retry` (1 is the first).
    #[must_use]
    pub fn wait(&self, retry: u32, stream: &mut Stream) -> Span {
        let exponent = f64::from(retry.saturating_sub(1));
        let full = self.backoff.scaled(libm::pow(self.multiplier, exponent)).min(self.max_backoff);
        match self.jitter {
            Jitter::None => full,
            Jitter::Full => full.scaled(stream.unit()),
            Jitter::Equal => full.half() + full.half().scaled(stream.unit()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use crate::model::Budget;

    #[test]
    fn backoff_grows_to_its_cap_and_jitter_spreads_it() {
        let ms = Span::from_millis;
        let mut retry = Retry {
            attempts: 9,
            backoff: ms(100),
            multiplier: 2.0,
            max_backoff: ms(500),
            jitter: Jitter::None,
            budget: Budget::None,
        };
        let mut stream = Seed(1).stream("backoff");
        let waits: Vec<Span> = (1..=4).map(|n| retry.wait(n, &mut stream)).collect();
        assert_eq!(waits, [ms(100), ms(200), ms(400), ms(500)]);
        for (jitter, least, mean) in [(Jitter::Full, 0.0, 0.05), (Jitter::Equal, 0.05, 0.075)] {
            retry.jitter = jitter;
            let n = 20_000;
            let draws: Vec<f64> =
                (0..n).map(|_| retry.wait(1, &mut stream).as_secs_f64()).collect();
            assert!(draws.iter().all(|&wait| (least..=0.1).contains(&wait)));
            // A uniform part of width w has the standard deviation w / sqrt(12).
            let error = (0.1 - least) / 12_f64.sqrt() / f64::from(n).sqrt();
            let seen = draws.iter().sum::<f64>() / f64::from(n);
            assert!((seen - mean).abs() < 4.0 * error, "{jitter:?}: {seen}");
        }
    }
}
