//! Several tests at once: Holm, "A simple sequentially rejective multiple test procedure",
//! Scandinavian Journal of Statistics 6 (1979).

use super::sample::float;

/// The probabilities of error, in their order, adjusted so that each can be compared with the error that
/// all tests together may make: the smallest times the number of tests, the next times one less, and so on,
/// none smaller than the one before it and none above 1.
#[must_use]
pub fn holm(probabilities: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..probabilities.len()).collect();
    order.sort_by(|&a, &b| probabilities[a].total_cmp(&probabilities[b]));
    let mut adjusted = vec![1.0; probabilities.len()];
    let mut least = 0.0_f64;
    for (rank, index) in order.into_iter().enumerate() {
        let left = float(probabilities.len() - rank);
        least = least.max((left * probabilities[index]).min(1.0));
        adjusted[index] = least;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_example_of_four_tests() {
        // 4 x 0.005, 3 x 0.01, then 2 x 0.03 = 0.06 and 1 x 0.04 which may not be less than 0.06.
        let seen = holm(&[0.01, 0.04, 0.03, 0.005]);
        for (seen, expected) in seen.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((seen - expected).abs() < 1e-15, "{seen} is not {expected}");
        }
    }

    #[test]
    fn one_test_stays_as_it_is_and_none_is_above_one() {
        assert_eq!(holm(&[0.3]), [0.3]);
        assert_eq!(holm(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(holm(&[]).is_empty());
    }
}
