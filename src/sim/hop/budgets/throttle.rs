//! Adaptive throttling: the client's side of handling overload.

use crate::engine::Stream;
use crate::units::{Instant, Span, count_to_f64};

/// Parts of the window, after each of which the oldest is forgotten.
const SLOTS: usize = 60;

/// A client refuses its own attempt with probability
/// max(0, (requests - K accepts) / (requests + 1)), both counted over a window (Google, "Site
/// Reliability Engineering", 2016, chapter 21, equation 21-1: K = 2, two minutes).
///
/// Requests are attempts, retries and refused ones included, counted when they want to leave;
/// accepts are answers, counted when they come. Nothing is drawn while nothing is refused.
#[derive(Clone, Debug)]
pub struct Throttle {
    k: f64,
    slot: u64,
    stream: Stream,
    requests: [u32; SLOTS],
    accepts: [u32; SLOTS],
    all_requests: u64,
    all_accepts: u64,
    /// The number of the slot that the present lies in.
    now: u64,
}

impl Throttle {
    /// Nothing seen; the window is cut into sixty.
    #[must_use]
    pub fn new(k: f64, window: Span, stream: Stream) -> Self {
        Self {
            k,
            slot: (window.as_nanos() / SLOTS as u64).max(1),
            stream,
            requests: [0; SLOTS],
            accepts: [0; SLOTS],
            all_requests: 0,
            all_accepts: 0,
            now: 0,
        }
    }

    /// Whether an attempt may leave.
    pub fn admit(&mut self, now: Instant) -> bool {
        self.expire(now);
        let refused = self.refused();
        self.requests[place(self.now)] += 1;
        self.all_requests += 1;
        !(refused > 0.0 && self.stream.chance(refused))
    }

    /// The share of attempts that is refused now.
    #[must_use]
    pub fn refused(&self) -> f64 {
        let (requests, accepts) = (count_to_f64(self.all_requests), count_to_f64(self.all_accepts));
        ((requests - self.k * accepts) / (requests + 1.0)).max(0.0)
    }

    /// An attempt was answered.
    pub fn accept(&mut self, now: Instant) {
        self.expire(now);
        self.accepts[place(self.now)] += 1;
        self.all_accepts += 1;
    }

    fn expire(&mut self, now: Instant) {
        let number = now.as_nanos() / self.slot;
        let passed = number.saturating_sub(self.now).min(SLOTS as u64);
        for step in 1..=passed {
            let place = place(self.now + step);
            self.all_requests -= u64::from(std::mem::take(&mut self.requests[place]));
            self.all_accepts -= u64::from(std::mem::take(&mut self.accepts[place]));
        }
        self.now = self.now.max(number);
    }
}

#[allow(clippy::cast_possible_truncation)] // reason: below sixty
const fn place(number: u64) -> usize {
    (number % SLOTS as u64) as usize
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    fn at(secs: u64) -> Instant {
        Instant::ZERO + Span::from_secs(secs)
    }

    fn throttle() -> Throttle {
        Throttle::new(2.0, Span::from_secs(120), Seed(1).stream("throttle"))
    }

    #[test]
    fn a_client_whose_half_is_answered_refuses_nothing() {
        let mut throttle = throttle();
        for request in 0..1_000 {
            assert!(throttle.admit(at(request / 10)) || request == 1);
            if request % 2 == 0 {
                throttle.accept(at(request / 10));
            }
        }
    }

    #[test]
    fn the_share_refused_is_the_books_formula_and_is_forgotten_after_the_window() {
        let mut throttle = throttle();
        for _ in 0..100 {
            throttle.admit(at(1));
        }
        (0..30).for_each(|_| throttle.accept(at(1)));
        assert!((throttle.refused() - (100.0 - 2.0 * 30.0) / 101.0).abs() < 1e-12);
        throttle.admit(at(119));
        assert!((throttle.refused() - (101.0 - 60.0) / 102.0).abs() < 1e-12);
        throttle.accept(at(120));
        assert!(throttle.refused().abs() < 1e-12, "one request of 119 s and one accept");
    }
}
