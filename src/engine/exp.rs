//! The exponential function, the same to the bit everywhere and quick.

use std::sync::LazyLock;

/// Parts of an octave.
const PARTS: u32 = 128;
/// 2^(k / 128) for k of 0..128.
static POWERS: LazyLock<[f64; PARTS as usize]> = LazyLock::new(|| {
    let mut powers = [0.0; PARTS as usize];
    for (power, k) in powers.iter_mut().zip(0_u32..) {
        *power = libm::exp2(f64::from(k) / f64::from(PARTS));
    }
    powers
});

/// `e^x`, by a table of powers of two and a polynomial for the rest (Tang 1989). Additions and
/// multiplications alone, so that every processor agrees; within 2e-15 of the true value,
/// relatively. Beyond 700 either way the `libm` crate answers, with infinity and denormal numbers.
///
/// It is a third of a lognormal draw, and there is one for each request: `libm::exp` alone took a
/// sixth of a run's time.
#[inline]
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: bounded just before
pub fn exp(x: f64) -> f64 {
    const INVERSE: f64 = 128.0 * std::f64::consts::LOG2_E;
    // ln 2 / 128 in two parts: the first has trailing zeros, so that its multiples are exact.
    const STEP_HIGH: f64 = f64::from_bits(0x3f762e42fee00000);
    const STEP_LOW: f64 = f64::from_bits(0x3d7a39ef35793c76);
    // Adding rounds to a whole number, ties to even, and leaves it in the sum's lowest bits.
    const ROUND: f64 = 6_755_399_441_055_744.0;
    let within = x.abs() < 700.0;
    if !within {
        return libm::exp(x);
    }
    let sum = x * INVERSE + ROUND;
    let (whole, k) = (sum - ROUND, sum.to_bits());
    let rest = (x - whole * STEP_HIGH) - whole * STEP_LOW;
    // e^r - 1 for |r| < 0.0028: the next term is below 1e-18.
    let series = rest
        + rest * rest * (0.5 + rest * (1.0 / 6.0 + rest * (1.0 / 24.0 + rest * (1.0 / 120.0))));
    let power = POWERS[(k % u64::from(PARTS)) as usize];
    let octave = f64::from_bits((k >> 7 << 52).wrapping_add(1_023 << 52));
    octave * (power + power * series)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn it_agrees_with_an_independent_implementation() {
        let mut stream = Seed(1).stream("exp");
        let mut worst = 0.0_f64;
        for step in 0..400_000_u32 {
            let range = if step % 2 == 0 { 5.0 } else { 699.0 };
            let x = (stream.unit() - 0.5) * 2.0 * range;
            let (seen, wanted) = (exp(x), libm::exp(x));
            worst = worst.max(((seen - wanted) / wanted).abs());
        }
        assert!(worst < 2e-15, "{worst}");
    }

    #[test]
    fn the_edges_are_what_they_should_be() {
        assert_eq!(exp(0.0).to_bits(), 1.0_f64.to_bits());
        assert_eq!(exp(-1_000.0).to_bits(), 0);
        assert!(exp(1_000.0).is_infinite() && exp(f64::NAN).is_nan());
        for x in [699.999, -699.999, 700.0, -700.0] {
            assert!((exp(x) / libm::exp(x) - 1.0).abs() < 2e-15, "{x}");
        }
    }
}
