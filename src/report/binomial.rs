//! The exact interval of a share: Clopper and Pearson, "The use of confidence or fiducial limits
//! illustrated in the case of the binomial", Biometrika 26 (1934).

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
    let low = if successes == 0 { 0.0 } else { beta_quantile(tail, k, n - k + 1.0) };
    let high = if successes == trials { 1.0 } else { beta_quantile(1.0 - tail, k + 1.0, n - k) };
    (low, high)
}

/// The quantile of Beta(a, b) by bisection, to the last bit that halving can give.
fn beta_quantile(probability: f64, a: f64, b: f64) -> f64 {
    let (mut low, mut high) = (0.0, 1.0);
    for _ in 0..100 {
        let middle = 0.5 * (low + high);
        if beta_cdf(middle, a, b) < probability {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

/// The regularised incomplete beta function `I_x(a, b)` (DLMF 8.17), by its continued fraction on
/// the side where that converges fast.
fn beta_cdf(x: f64, a: f64, b: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let log_front = libm::lgamma(a + b) - libm::lgamma(a) - libm::lgamma(b)
        + a * libm::log(x)
        + b * libm::log1p(-x);
    let front = libm::exp(log_front);
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(x, a, b) / a
    } else {
        1.0 - front * beta_fraction(1.0 - x, b, a) / b
    }
}

/// The continued fraction of DLMF 8.17.22, by Lentz's method as modified by Thompson and Barnett
/// (J. Comput. Phys. 64, 1986).
fn beta_fraction(x: f64, a: f64, b: f64) -> f64 {
    const TINY: f64 = 1e-300;
    const STEPS: u32 = 10_000;
    let safe = |value: f64| if value.abs() < TINY { TINY } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / safe(1.0 - (a + b) * x / (a + 1.0));
    let mut result = d;
    for step in 1..STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / safe(1.0 + even * d);
        c = safe(1.0 + even / c);
        result *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / safe(1.0 + odd * d);
        c = safe(1.0 + odd / c);
        let change = d * c;
        result *= change;
        if (change - 1.0).abs() < 1e-15 {
            break;
        }
    }
    result
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
