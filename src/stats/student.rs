//! Student's law: "The probable error of a mean", Biometrika 6 (1908).

use super::beta;

/// The probability that a value of Student's law with `freedom` degrees of freedom, above 0, is at most
/// `t` (DLMF 8.17 through the beta distribution). Of what is not a number it is 0.5: it says nothing.
#[must_use]
pub fn student_cdf(t: f64, freedom: f64) -> f64 {
    if t.is_nan() {
        return 0.5;
    }
    if t.is_infinite() {
        return if t > 0.0 { 1.0 } else { 0.0 };
    }
    let beyond = 0.5 * beta::cdf(freedom / (freedom + t * t), freedom / 2.0, 0.5);
    if t > 0.0 { 1.0 - beyond } else { beyond }
}

/// The value below which Student's law with `freedom` degrees of freedom, above 0, lies with
/// `probability`, between 0 and 1, both excluded.
#[must_use]
pub fn student_quantile(probability: f64, freedom: f64) -> f64 {
    let tail = probability.min(1.0 - probability);
    let x = beta::quantile(2.0 * tail, freedom / 2.0, 0.5);
    let t = libm::sqrt(freedom * (1.0 - x) / x);
    if probability < 0.5 { -t } else { t }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(seen: f64, expected: f64) {
        assert!((seen - expected).abs() < 5e-4 * expected.abs().max(1.0), "{seen}, not {expected}");
    }

    #[test]
    fn quantiles_are_those_of_the_tables() {
        // The common table of critical values, three digits behind the point.
        for (freedom, q95, q975, q995) in [
            (1.0, 6.314, 12.706, 63.657),
            (2.0, 2.920, 4.303, 9.925),
            (4.0, 2.132, 2.776, 4.604),
            (19.0, 1.729, 2.093, 2.861),
            (120.0, 1.658, 1.980, 2.617),
        ] {
            close(student_quantile(0.95, freedom), q95);
            close(student_quantile(0.975, freedom), q975);
            close(student_quantile(0.995, freedom), q995);
            close(student_quantile(0.025, freedom), -q975);
        }
    }

    #[test]
    fn one_and_two_degrees_have_closed_forms() {
        for t in [-3.0, -0.4, 0.0, 0.7, 25.0] {
            let cauchy = 0.5 + libm::atan(t) / core::f64::consts::PI;
            assert!((student_cdf(t, 1.0) - cauchy).abs() < 1e-12);
            let two = 0.5 + t / (2.0 * libm::sqrt(2.0 + t * t));
            assert!((student_cdf(t, 2.0) - two).abs() < 1e-12);
        }
    }

    #[test]
    fn the_quantile_inverts_the_distribution() {
        for freedom in [1.0, 3.0, 4.0, 30.0] {
            for p in [0.001, 0.2, 0.5, 0.9, 0.9999] {
                let back = student_cdf(student_quantile(p, freedom), freedom);
                assert!((back - p).abs() < 1e-9, "{p} at {freedom}: {back}");
            }
        }
    }

    #[test]
    fn the_ends_say_what_they_can() {
        assert_eq!(student_cdf(f64::INFINITY, 4.0), 1.0);
        assert_eq!(student_cdf(f64::NEG_INFINITY, 4.0), 0.0);
        assert_eq!(student_cdf(f64::NAN, 4.0), 0.5);
    }
}
