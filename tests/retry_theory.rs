//! The printed decorator against its Markov chain.

use squall::engine::Seed;
use squall::fabric::budgets::Decorator;

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
            while decorator.admits() {
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
