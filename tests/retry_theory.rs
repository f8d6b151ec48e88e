//! Retry budgets against their own arithmetic.

use squall::engine::Seed;
use squall::fabric::buckets::{Decorator, Standard, SuccessDeposit};

#[test]
fn half_of_the_tokens_is_grpcs_threshold() {
    let mut bucket = SuccessDeposit::new(10, 100);
    (0..4).for_each(|_| bucket.fail());
    assert!(bucket.may_retry());
    bucket.fail();
    assert!(!bucket.may_retry(), "exactly half is not more than half");
    bucket.succeed();
    assert!(bucket.may_retry(), "a tenth of a token above half");
}

#[test]
fn standard_pays_for_a_hundred_retries_or_fifty_time_outs() {
    for (timed_out, expected) in [(false, 100), (true, 50)] {
        let mut bucket = Standard::new();
        let granted = (0..1_000).filter(|_| bucket.withdraw(timed_out).is_some()).count();
        assert_eq!(granted, expected);
        (0..4).for_each(|_| bucket.succeed(None));
        assert!(bucket.withdraw(false).is_none());
        bucket.succeed(None);
        let receipt = bucket.withdraw(false);
        assert_eq!(receipt, Some(5));
        bucket.succeed(receipt);
        assert_eq!(bucket.withdraw(false), Some(5), "the last retry's price came back");
    }
}

/// Mean calls until the decorator locks, from full: the chain's equations by repeated sweeps.
fn mean_calls(failing: f64) -> f64 {
    let mut calls = [0.0_f64; 101];
    for _ in 0..20_000 {
        for tokens in 10..=100 {
            let (up, down) = (calls[(tokens + 1).min(100)], calls[tokens - 10]);
            calls[tokens] = 1.0 + (1.0 - failing) * up + failing * down;
        }
    }
    calls[100]
}

#[test]
fn the_printed_decorator_locks_when_its_chain_says() {
    for (failing, expected) in [(0.2, 74.85), (0.5, 20.88)] {
        let exact = mean_calls(failing);
        assert!((exact - expected).abs() < 0.005, "{exact}");
        let runs = 4_000;
        let mut stream = Seed(1).stream("decorator");
        let (mut sum, mut squares) = (0.0, 0.0);
        for _ in 0..runs {
            let (mut decorator, mut calls) = (Decorator::new(false), 0.0);
            while decorator.admit(false) {
                decorator.end(stream.unit() >= failing);
                calls += 1.0;
            }
            sum += calls;
            squares += calls * calls;
        }
        let n = f64::from(runs);
        let (mean, error) = (sum / n, ((squares / n - (sum / n) * (sum / n)) / n).sqrt());
        assert!((mean - exact).abs() < 4.0 * error, "{mean} against {exact}, error {error}");
    }
}

#[test]
fn the_repaired_decorator_refuses_retries_only_and_recovers() {
    let mut decorator = Decorator::new(true);
    assert_eq!((0..50).filter(|_| decorator.admit(true)).count(), 10);
    for _ in 0..10 {
        assert!(decorator.admit(false));
        decorator.end(false);
        assert!(!decorator.admit(true));
    }
    (0..10).for_each(|_| decorator.end(true));
    assert!(decorator.admit(true));
}
