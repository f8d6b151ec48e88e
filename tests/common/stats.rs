//! Estimates from several runs. The unit is the run: values within one depend on each other.

use squall::units::count_to_f64;

/// The mean of several runs' values and its standard error, from their own spread.
pub fn estimate(values: &[f64]) -> (f64, f64) {
    let n = count_to_f64(values.len() as u64);
    let mean = values.iter().sum::<f64>() / n;
    let spread: f64 = values.iter().map(|value| (value - mean) * (value - mean)).sum();
    (mean, (spread / (n - 1.0) / n).sqrt())
}

// reason: one of the test crates that share this file makes rows of a page instead
#[allow(dead_code)] // reason: see above
/// The runs agree with a formula: their mean lies within four standard errors of it. And they could
/// have disagreed: the standard error is at most `grain` of the value.
pub fn assert_agrees(what: &str, values: &[f64], formula: f64, grain: f64) {
    let (mean, error) = estimate(values);
    let seen = format!("{what}: {mean:.6} with standard error {error:.6}, by formula {formula:.6}");
    println!("{seen}: off by {:.2} standard errors", (mean - formula) / error);
    assert!((mean - formula).abs() <= 4.0 * error, "{seen}");
    assert!(error > 0.0 && error <= grain * formula, "{seen}: too coarse to say anything");
}
