//! Deposits of requests that expire: the budget of Finagle (`RetryBudget`) and tower (`TpsBudget`).

use crate::units::{Instant, Span};

/// Parts of the window after which a deposit expires.
const SLOTS: usize = 10;
/// One deposit, in thousandths of a deposit.
const DEPOSIT: i64 = 1_000;

/// A retry costs `1 / ratio` deposits; `min_per_second x ttl` retries are always in reserve, and
/// withdrawals weigh on the window in which they were made (tower's `TpsBudget`, which follows
/// Finagle's `RetryBudget`).
#[derive(Clone, Debug)]
pub struct RequestDeposit {
    ttl: Span,
    min_per_second: u32,
    ratio: f64,
    /// Deposits less withdrawals, by tenth of the window.
    slots: [i64; SLOTS],
    /// The number of the tenth that the present lies in, since the run began.
    tenth: u64,
}

impl RequestDeposit {
    /// Nothing deposited; deposits count for `ttl` and buy `ratio` retries each.
    #[must_use]
    pub const fn new(ttl: Span, min_per_second: u32, ratio: f64) -> Self {
        Self { ttl, min_per_second, ratio, slots: [0; SLOTS], tenth: 0 }
    }

    /// A request was made.
    #[inline]
    pub fn deposit(&mut self, now: Instant) {
        self.expire(now);
        self.slots[slot(self.tenth)] += if self.ratio > 0.0 { DEPOSIT } else { 0 };
    }

    /// Takes the price of a retry, if it is there.
    pub fn withdraw(&mut self, now: Instant) -> bool {
        self.expire(now);
        let price = price_of(self.ratio);
        // tower counts the window in whole seconds here, and so do we.
        let seconds = self.ttl.as_nanos() / 1_000_000_000;
        let reserve = i64::from(self.min_per_second)
            .saturating_mul(i64::try_from(seconds).unwrap_or(i64::MAX))
            .saturating_mul(price);
        let balance = self.slots.iter().sum::<i64>().saturating_add(reserve);
        if balance < price {
            return false;
        }
        self.slots[slot(self.tenth)] -= price;
        true
    }

    fn expire(&mut self, now: Instant) {
        let tenth = now.as_nanos() / (self.ttl.as_nanos() / SLOTS as u64).max(1);
        let passed = tenth.saturating_sub(self.tenth).min(SLOTS as u64);
        for step in 1..=passed {
            self.slots[slot(self.tenth + step)] = 0;
        }
        self.tenth = self.tenth.max(tenth);
    }
}

#[allow(clippy::cast_possible_truncation)] // reason: below ten
const fn slot(tenth: u64) -> usize {
    (tenth % SLOTS as u64) as usize
}

/// A retry's price in thousandths of a deposit. At ratio zero only the reserve pays.
#[allow(clippy::cast_possible_truncation)] // reason: `as` saturates and the ratio is at least 1e-6
fn price_of(ratio: f64) -> i64 {
    if ratio <= 0.0 { 1 } else { (1_000.0 / ratio).round_ties_even() as i64 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Span::from_millis(millis)
    }

    fn retry_budget(min_per_second: u32, ratio: f64) -> RequestDeposit {
        RequestDeposit::new(Span::from_secs(10), min_per_second, ratio)
    }

    #[test]
    fn five_deposits_buy_one_retry_at_a_fifth() {
        let mut retry_budget = retry_budget(0, 0.2);
        for _ in 0..4 {
            retry_budget.deposit(at(0));
        }
        assert!(!retry_budget.withdraw(at(1)));
        retry_budget.deposit(at(2));
        assert!(retry_budget.withdraw(at(3)));
        assert!(!retry_budget.withdraw(at(4)));
    }

    #[test]
    fn the_reserve_is_rate_times_window() {
        let mut retry_budget = retry_budget(10, 0.2);
        let granted = (0..1_000).filter(|_| retry_budget.withdraw(at(500))).count();
        assert_eq!(granted, 100);
        assert!(!retry_budget.withdraw(at(9_999)), "withdrawals weigh for the whole window");
        assert!(retry_budget.withdraw(at(10_000)), "and are forgotten after it");
    }

    #[test]
    fn at_ratio_zero_only_the_reserve_pays() {
        let mut retry_budget = retry_budget(1, 0.0);
        (0..1_000_000).for_each(|_| retry_budget.deposit(at(0)));
        assert_eq!((0..50).filter(|_| retry_budget.withdraw(at(0))).count(), 10);
    }

    #[test]
    fn deposits_expire_after_the_window() {
        let mut fresh = retry_budget(0, 0.2);
        (0..50).for_each(|_| fresh.deposit(at(100)));
        assert!(fresh.clone().withdraw(at(9_900)));
        assert!(!fresh.withdraw(at(10_000)));
    }

    #[test]
    fn in_the_long_run_the_ratio_of_retries_is_the_budget() {
        let mut retry_budget = retry_budget(0, 0.1);
        let mut retries = 0;
        for request in 0..100_000 {
            retry_budget.deposit(at(request));
            // Every request fails and would like three retries.
            retries += (0..3).filter(|_| retry_budget.withdraw(at(request))).count();
        }
        assert!((9_999..=10_000).contains(&retries), "{retries}");
    }
}
