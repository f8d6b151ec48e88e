//! Estimates from several runs. The unit is the run: values within one depend on each other.

use squall::units::count_to_f64;

/// The mean of several runs' values and its standard error, from their own spread.
pub fn estimate(values: &[f64]) -> (f64, f64) {
    let n = count_to_f64(values.len() as u64);
    let mean = values.iter().sum::<f64>() / n;
    let spread: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (spread / (n - 1.0) / n).sqrt())
}
