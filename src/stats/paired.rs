//! Two runs with the same viewers, side by side: common random numbers (Law, "Simulation Modeling and
//! Analysis", chapter 11.2).

use super::sample::{Sample, float};

/// Values of two variants with the same seeds.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Paired {
    /// The differences, the second value less the first.
    pub difference: Sample,
    /// The first variant by itself.
    pub first: Sample,
    /// The second.
    pub second: Sample,
    /// How far the two go together, -1 to 1 (Pearson); `None` where one of them does not vary, or of less
    /// than three pairs. Below 0.2 the common seeds were in vain.
    pub correlation: Option<f64>,
}

impl Paired {
    /// Of these pairs; `None` of none.
    #[must_use]
    pub fn of(pairs: &[(f64, f64)]) -> Option<Self> {
        let column =
            |pick: fn(&(f64, f64)) -> f64| -> Vec<f64> { pairs.iter().map(pick).collect() };
        let first = Sample::of(&column(|pair| pair.0))?;
        let second = Sample::of(&column(|pair| pair.1))?;
        let difference = Sample::of(&column(|pair| pair.1 - pair.0))?;
        let varies = first.deviation > 0.0 && second.deviation > 0.0;
        let correlation = (varies && first.n > 2).then(|| {
            let products = pairs.iter().map(|&(a, b)| (a - first.mean) * (b - second.mean));
            let covariance = products.sum::<f64>() / float(first.n - 1);
            (covariance / first.deviation / second.deviation).clamp(-1.0, 1.0)
        });
        Some(Self { difference, first, second, correlation })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_goes_together_leaves_only_the_difference() {
        let pairs = [(1.0, 3.0), (5.0, 7.0), (2.0, 4.0)];
        let paired = Paired::of(&pairs).unwrap();
        assert_eq!((paired.difference.mean, paired.difference.deviation), (2.0, 0.0));
        assert!((paired.correlation.unwrap() - 1.0).abs() < 1e-12);
        let turned = Paired::of(&[(1.0, -1.0), (5.0, -5.0), (2.0, -2.0)]).unwrap();
        assert!((turned.correlation.unwrap() + 1.0).abs() < 1e-12);
    }

    #[test]
    fn what_does_not_vary_has_no_correlation() {
        let paired = Paired::of(&[(1.0, 3.0), (1.0, 7.0), (1.0, 4.0)]).unwrap();
        assert_eq!(paired.correlation, None);
        assert_eq!(Paired::of(&[(1.0, 2.0), (2.0, 5.0)]).unwrap().correlation, None);
        assert_eq!(Paired::of(&[]), None);
    }
}
