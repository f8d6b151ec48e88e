//! The exact interval of a share: Clopper and Pearson, "The use of confidence or fiducial limits
//! illustrated in the case of the binomial", Biometrika 26 (1934).

use super::beta::quantile;
use crate::units::count_to_f64;

/// The two-sided confidence interval, in shares of one, of the probability behind `successes` of
/// `trials`: with no trial it is everything, `(0, 1)`. `level` lies between 0 and 1 (`0.95`);
/// successes beyond the trials count as all of them.
///
/// The lower end is the quantile `(1 - level) / 2` of Beta(k, n - k + 1), the upper end the
/// opposite quantile of Beta(k + 1, n - k).
#[must_use]
pub fn clopper_pearson(successes: u64, trials: u64, level: f64) -> (f64, f64) {
    let successes = successes.min(trials);
    let (k, n) = (count_to_f64(successes), count_to_f64(trials));
    let tail = (1.0 - level) / 2.0;
    let low = if successes == 0 { 0.0 } else { quantile(tail, k, n - k + 1.0) };
    let high = if successes == trials { 1.0 } else { quantile(1.0 - tail, k + 1.0, n - k) };
    (low, high)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(seen: f64, expected: f64, tolerance: f64) {
        assert!((seen - expected).abs() <= tolerance, "{seen} is not {expected}");
    }

    #[test]
    fn ends_have_closed_forms() {
        // All of n: the lower end is tail^(1/n); none of n: the upper end is 1 - tail^(1/n).
        for n in [1_u64, 5, 20, 1_000] {
            let root = libm::pow(0.025, 1.0 / count_to_f64(n));
            close(clopper_pearson(n, n, 0.95).0, root, 1e-12);
            close(clopper_pearson(n, n, 0.95).1, 1.0, 0.0);
            close(clopper_pearson(0, n, 0.95).1, 1.0 - root, 1e-12);
            close(clopper_pearson(0, n, 0.95).0, 0.0, 0.0);
        }
        close(clopper_pearson(20, 20, 0.95).0, 0.832, 5e-4);
        close(clopper_pearson(0, 20, 0.95).1, 0.168, 5e-4);
    }

    #[test]
    fn values_of_the_definition_in_long_arithmetic() {
        // The binomial tails themselves, solved by bisection with forty decimal digits.
        for (k, n, low, high) in [
            (1, 10, 0.002_528_578_5, 0.445_016_117_0),
            (10, 20, 0.271_957_849_6, 0.728_042_150_4),
            (17, 20, 0.621_073_173_5, 0.967_929_062_8),
            (19, 20, 0.751_267_237_2, 0.998_734_910_5),
        ] {
            let (seen_low, seen_high) = clopper_pearson(k, n, 0.95);
            close(seen_low, low, 1e-9);
            close(seen_high, high, 1e-9);
        }
    }

    /// The definition: at each end the binomial tail is exactly half of what is left.
    #[test]
    fn the_tails_of_the_binomial_are_what_was_asked() {
        for (k, n) in [(3_u64, 12_u64), (250, 1_000), (7, 400)] {
            let (low, high) = clopper_pearson(k, n, 0.95);
            let mass = |p: f64, range: std::ops::RangeInclusive<u64>| -> f64 {
                let n_float = count_to_f64(n);
                range
                    .map(|i| {
                        let i = count_to_f64(i);
                        libm::exp(
                            libm::lgamma(n_float + 1.0)
                                - libm::lgamma(i + 1.0)
                                - libm::lgamma(n_float - i + 1.0)
                                + i * libm::log(p)
                                + (n_float - i) * libm::log1p(-p),
                        )
                    })
                    .sum()
            };
            close(mass(low, k..=n), 0.025, 1e-9);
            close(mass(high, 0..=k), 0.025, 1e-9);
        }
    }

    #[test]
    fn nothing_tried_says_nothing() {
        assert_eq!(clopper_pearson(0, 0, 0.95), (0.0, 1.0));
        assert_eq!(clopper_pearson(9, 4, 0.95), clopper_pearson(4, 4, 0.95));
    }
}
