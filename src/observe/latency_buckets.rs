//! Counts of latencies in steps, second by second: enough for percentiles to look at, and small enough
//! to be kept for each second of a run.

use super::histogram::rank_of;

/// Steps of one octave, as a power of two: a step is at most a sixteenth of its value wide.
const GRAIN_BITS: u32 = 4;
const GRAINS: usize = 1 << GRAIN_BITS;
/// The first octave begins at 2^14 ns, 16 microseconds: whatever is faster counts as that.
const FIRST: u32 = 14;
/// The last octave ends at 2^37 ns, 137 seconds: whatever is slower counts as that.
const LAST: u32 = 37;

/// How many steps there are.
pub(super) const STEPS: usize = (LAST - FIRST) as usize * GRAINS;

/// The step that a value in nanoseconds belongs to.
#[inline]
#[allow(clippy::cast_possible_truncation)] // reason: an octave's part is below 16
pub(super) const fn step_of(nanos: u64) -> usize {
    if nanos < 1 << FIRST {
        return 0;
    }
    let octave = 63 - nanos.leading_zeros();
    if octave >= LAST {
        return STEPS - 1;
    }
    let part = (nanos >> (octave - GRAIN_BITS)) as usize - GRAINS;
    (octave - FIRST) as usize * GRAINS + part
}

/// Where a step begins, and how wide it is, in nanoseconds.
#[allow(clippy::cast_possible_truncation)] // reason: there are few steps
const fn bounds_of(step: usize) -> (u64, u64) {
    let octave = FIRST + (step / GRAINS) as u32;
    let width = 1 << (octave - GRAIN_BITS);
    ((GRAINS + step % GRAINS) as u64 * width, width)
}

/// The value at a share `p` of 0..=1 of the ranks, in nanoseconds: the ceil(p n)-th smallest, in a
/// straight line inside its step, so at most a sixteenth off. `None` without values.
#[allow(clippy::cast_precision_loss)] // reason: counts of a second are below 2^53
pub(super) fn quantile(counts: &[u64], p: f64) -> Option<f64> {
    let all: u64 = counts.iter().sum();
    if all == 0 {
        return None;
    }
    let rank = rank_of(p, all);
    let mut before = 0;
    for (step, &count) in counts.iter().enumerate() {
        if before + count >= rank {
            let (low, width) = bounds_of(step);
            let inside = ((rank - before) as f64 - 0.5) / count as f64;
            return Some(low as f64 + inside * width as f64);
        }
        before += count;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn steps_tile_the_range_and_its_ends_take_the_rest() {
        let mut expected = 1 << FIRST;
        for step in 0..STEPS {
            let (low, width) = bounds_of(step);
            assert_eq!(low, expected, "step {step}");
            assert_eq!((step_of(low), step_of(low + width - 1)), (step, step));
            assert!(width * GRAINS as u64 <= low);
            expected = low + width;
        }
        assert_eq!(expected, 1 << LAST);
        assert_eq!((step_of(0), step_of(u64::MAX)), (0, STEPS - 1));
    }

    #[test]
    fn percentiles_are_those_of_sorting_to_a_sixteenth() {
        let mut stream = Seed(9).stream("latency_buckets");
        let mut values: Vec<u64> = Vec::new();
        let mut counts = vec![0; STEPS];
        for _ in 0..20_000 {
            let bits = 15 + stream.below(20);
            let value = 20_000 + stream.below(1 << bits);
            values.push(value);
            counts[step_of(value)] += 1;
        }
        values.sort_unstable();
        for p in [0.01, 0.5, 0.95, 0.99, 0.999] {
            let exact = values[usize::try_from(rank_of(p, 20_000)).unwrap() - 1] as f64;
            let seen = quantile(&counts, p).unwrap();
            assert!((seen / exact - 1.0).abs() <= 1.0 / 16.0, "p{p}: {seen} against {exact}");
        }
        assert_eq!(quantile(&[0; STEPS], 0.5), None);
    }
}
