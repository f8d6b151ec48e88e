//! One value of each of several runs.

use super::student::{student_cdf, student_quantile};
use crate::units::count_to_f64;

/// Mean and spread of one value of each of several runs.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Sample {
    /// How many runs.
    pub n: usize,
    /// Their mean.
    pub mean: f64,
    /// Their standard deviation, with n - 1; zero of one run, of which nothing is known.
    pub deviation: f64,
}

impl Sample {
    /// Of these values, in two passes (the second takes the mean away first, so that large values which
    /// differ little keep their digits); `None` of none.
    #[must_use]
    pub fn of(values: &[f64]) -> Option<Self> {
        let first = *values.first()?;
        let n = values.len();
        let count = float(n);
        // Of values that are all alike the mean is that value, to the last bit.
        let mean = first + values.iter().map(|value| value - first).sum::<f64>() / count;
        let squares: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
        let deviation = if n > 1 { libm::sqrt(squares / (count - 1.0)) } else { 0.0 };
        Some(Self { n, mean, deviation })
    }

    /// The standard error of the mean.
    #[must_use]
    pub fn error(&self) -> f64 {
        self.deviation / libm::sqrt(float(self.n))
    }

    /// Half the width of the confidence interval of the mean (Student); infinite of a single run.
    #[must_use]
    pub fn half_width(&self, level: f64) -> f64 {
        if self.n < 2 {
            return f64::INFINITY;
        }
        if self.deviation == 0.0 {
            return 0.0;
        }
        student_quantile(0.5 + level / 2.0, float(self.n - 1)) * self.error()
    }

    /// The probability of a mean as high as this or higher if the true one were `bound` (Student, one
    /// side). Without any spread it is 0 above the bound and 1 otherwise; of a single run 1, because it
    /// proves nothing.
    #[must_use]
    pub fn p_above(&self, bound: f64) -> f64 {
        if self.n < 2 {
            return 1.0;
        }
        if self.deviation == 0.0 {
            return if self.mean > bound { 0.0 } else { 1.0 };
        }
        student_cdf((bound - self.mean) / self.error(), float(self.n - 1))
    }
}

/// A number of runs as a float: exact, as there are never 2^53.
pub(super) fn float(count: usize) -> f64 {
    count_to_f64(count as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_small_sample_by_hand() {
        let sample = Sample::of(&[1.0, 2.0, 3.0, 4.0, 5.0]).unwrap();
        assert_eq!((sample.n, sample.mean), (5, 3.0));
        assert!((sample.deviation - libm::sqrt(2.5)).abs() < 1e-15);
        // 2.776 standard errors of sqrt(2.5 / 5).
        assert!((sample.half_width(0.95) - 2.776_445 * libm::sqrt(0.5)).abs() < 1e-5);
        // t = 3 / sqrt(0.5) = 4.243 with four degrees: 0.0066.
        assert!((sample.p_above(0.0) - 0.006_62).abs() < 1e-4, "{}", sample.p_above(0.0));
        assert!((sample.p_above(3.0) - 0.5).abs() < 1e-12);
    }

    #[test]
    fn what_never_varies_is_certain_and_one_run_is_not() {
        let same = Sample::of(&[0.1; 7]).unwrap();
        assert_eq!((same.mean, same.deviation, same.half_width(0.95)), (0.1, 0.0, 0.0));
        assert_eq!((same.p_above(0.05), same.p_above(0.1)), (0.0, 1.0));
        let one = Sample::of(&[4.0]).unwrap();
        assert_eq!((one.half_width(0.95), one.p_above(0.0)), (f64::INFINITY, 1.0));
        assert_eq!(Sample::of(&[]), None);
    }

    #[test]
    fn large_values_keep_their_digits() {
        let sample = Sample::of(&[1e12 + 1.0, 1e12 + 2.0, 1e12 + 3.0]).unwrap();
        assert_eq!((sample.mean, sample.deviation), (1e12 + 2.0, 1.0));
    }
}
