//! A log-linear histogram of times and levels.

use crate::engine::Digest;

/// Sub-buckets of one octave, as a power of two: a bucket is at most 1/128 of its value wide.
const GRAIN_BITS: u32 = 7;
const GRAINS: u64 = 1 << GRAIN_BITS;

/// Counts of `u64` values in buckets of at most 0.8 % of their value (as in HdrHistogram); values
/// below 256 are exact. Percentiles are interpolated inside a bucket.
#[derive(Clone, Debug, Default)]
pub struct Histogram {
    buckets: Vec<u64>,
    count: u64,
    sum: u128,
    min: u64,
    max: u64,
}

#[inline]
#[allow(clippy::cast_possible_truncation)] // reason: at most 64 * 128 buckets
const fn bucket_of(value: u64) -> usize {
    if value < 2 * GRAINS {
        return value as usize;
    }
    let shift = 63 - value.leading_zeros() - GRAIN_BITS;
    ((shift as u64) * GRAINS + (value >> shift)) as usize
}

/// The first value of a bucket and its width.
#[allow(clippy::cast_possible_truncation)] // reason: the shift is below 64
const fn bounds_of(bucket: usize) -> (u64, u64) {
    let bucket = bucket as u64;
    if bucket < 2 * GRAINS {
        return (bucket, 1);
    }
    let shift = bucket / GRAINS - 1;
    ((bucket - shift * GRAINS) << shift, 1 << shift)
}

impl Histogram {
    /// Counts one value.
    #[inline]
    pub fn record(&mut self, value: u64) {
        match self.buckets.get_mut(bucket_of(value)) {
            Some(bucket) => *bucket += 1,
            None => self.count_beyond(value),
        }
        self.min = if self.count == 0 { value } else { self.min.min(value) };
        self.max = self.max.max(value);
        self.count += 1;
        self.sum += u128::from(value);
    }

    /// Counts a value in a bucket that is not there yet.
    #[cold]
    fn count_beyond(&mut self, value: u64) {
        self.buckets.resize(bucket_of(value), 0);
        self.buckets.push(1);
    }

    /// Counts several values.
    #[inline]
    pub fn record_all(&mut self, values: &[u64]) {
        if values.is_empty() {
            return;
        }
        let mut least = if self.count == 0 { u64::MAX } else { self.min };
        let mut greatest = self.max;
        for &value in values {
            match self.buckets.get_mut(bucket_of(value)) {
                Some(bucket) => *bucket += 1,
                None => self.count_beyond(value),
            }
            least = least.min(value);
            greatest = greatest.max(value);
        }
        (self.min, self.max) = (least, greatest);
        self.count += values.len() as u64;
        self.sum += values.iter().map(|&value| u128::from(value)).sum::<u128>();
    }

    /// Adds another's counts.
    pub fn merge(&mut self, other: &Self) {
        if other.count == 0 {
            return;
        }
        if other.buckets.len() > self.buckets.len() {
            self.buckets.resize(other.buckets.len(), 0);
        }
        for (mine, theirs) in self.buckets.iter_mut().zip(&other.buckets) {
            *mine += theirs;
        }
        self.min = if self.count == 0 { other.min } else { self.min.min(other.min) };
        self.max = self.max.max(other.max);
        self.count += other.count;
        self.sum += other.sum;
    }

    /// What is left without another's values, which are among these. The least and greatest are known up
    /// to the width of their buckets.
    #[must_use]
    pub fn without(&self, other: &Self) -> Self {
        let theirs = other.buckets.iter().copied().chain(std::iter::repeat(0));
        let buckets: Vec<u64> =
            self.buckets.iter().zip(theirs).map(|(mine, theirs)| mine - theirs).collect();
        let first = buckets.iter().position(|&n| n > 0).map(bounds_of);
        let last = buckets.iter().rposition(|&n| n > 0).map(bounds_of);
        Self {
            count: self.count - other.count,
            sum: self.sum - other.sum,
            min: first.map_or(0, |(low, _)| low.max(self.min)),
            max: last.map_or(0, |(low, width)| (low + (width - 1)).min(self.max)),
            buckets,
        }
    }

    /// How many values.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// Their exact sum.
    #[must_use]
    pub const fn sum(&self) -> u128 {
        self.sum
    }

    /// The least value; `None` without values.
    #[must_use]
    pub const fn min(&self) -> Option<u64> {
        if self.count == 0 { None } else { Some(self.min) }
    }

    /// The greatest value; `None` without values.
    #[must_use]
    pub const fn max(&self) -> Option<u64> {
        if self.count == 0 { None } else { Some(self.max) }
    }

    /// The exact mean; `None` without values.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // reason: a float is what is asked for
    pub const fn mean(&self) -> Option<f64> {
        if self.count == 0 { None } else { Some(self.sum as f64 / self.count as f64) }
    }

    /// The value at a share `p` of 0..=1 of the ranks: the ceil(p n)-th smallest, interpolated
    /// linearly inside its bucket. `None` without values.
    #[must_use]
    #[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // reason: counts are below 2^53 and p is in 0..=1
    pub fn quantile(&self, p: f64) -> Option<f64> {
        if self.count == 0 {
            return None;
        }
        let rank = rank_of(p, self.count);
        let mut before = 0;
        for (bucket, &n) in self.buckets.iter().enumerate() {
            if before + n >= rank {
                let (low, width) = bounds_of(bucket);
                let inside = ((rank - before) as f64 - 0.5) / n as f64;
                let value = low as f64 + inside * (width - 1) as f64;
                return Some(value.clamp(self.min as f64, self.max as f64));
            }
            before += n;
        }
        Some(self.max as f64)
    }

    /// Takes everything into a digest.
    pub fn fold(&self, digest: &mut Digest) {
        digest.word(self.count);
        for (bucket, &n) in self.buckets.iter().enumerate() {
            if n > 0 {
                digest.word(bucket as u64);
                digest.word(n);
            }
        }
        digest.word(self.min);
        digest.word(self.max);
    }
}

/// The rank, from 1, that stands for the share `p` of `n` values: ceil(p n), at least 1.
#[must_use]
#[allow(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// reason: counts are below 2^53 and p is in 0..=1
pub fn rank_of(p: f64, n: u64) -> u64 {
    // A product such as 0.99 * 100 is 99.00000000000001 or so: the grain keeps the ceiling honest.
    let exact = p * n as f64;
    ((exact - exact * 1e-12).ceil() as u64).clamp(1, n)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;

    #[test]
    fn buckets_tile_the_whole_range() {
        let mut expected = 0;
        for bucket in 0..=bucket_of(u64::MAX) {
            let (low, width) = bounds_of(bucket);
            assert_eq!(low, expected, "bucket {bucket}");
            assert_eq!(bucket_of(low), bucket);
            assert_eq!(bucket_of(low + (width - 1)), bucket);
            assert!(width == 1 || width * GRAINS <= low);
            expected = low.wrapping_add(width);
        }
        assert_eq!(expected, 0, "the last bucket ends at 2^64");
    }

    #[test]
    fn quantiles_agree_with_sorting() {
        let mut stream = Seed(5).stream("histogram");
        let mut values: Vec<u64> = Vec::new();
        for _ in 0..50_000 {
            let bits = 10 + stream.below(30);
            values.push(stream.below(1 << bits));
        }
        let mut histogram = Histogram::default();
        values[..100].iter().for_each(|&value| histogram.record(value));
        values[100..].chunks(999).for_each(|values| histogram.record_all(values));
        histogram.record_all(&[]);
        values.sort_unstable();
        for p in [0.001, 0.1, 0.5, 0.9, 0.99, 0.9999] {
            let exact = values[usize::try_from(rank_of(p, 50_000)).unwrap() - 1] as f64;
            let seen = histogram.quantile(p).unwrap();
            assert!((seen - exact).abs() <= exact / 127.0 + 1.0, "p{p}: {seen} against {exact}");
        }
        assert_eq!(histogram.min(), values.first().copied());
        assert_eq!(histogram.max(), values.last().copied());
        assert_eq!(histogram.sum(), values.iter().map(|&v| u128::from(v)).sum::<u128>());
    }

    #[test]
    fn merging_is_recording_together() {
        let (mut left, mut right, mut both) =
            (Histogram::default(), Histogram::default(), Histogram::default());
        for value in 0..3_000_u64 {
            let value = value * value;
            if value % 3 == 0 {
                left.record(value);
            } else {
                right.record(value);
            };
            both.record(value);
        }
        left.merge(&right);
        let of = |histogram: &Histogram| {
            let mut digest = Digest::default();
            histogram.fold(&mut digest);
            digest
        };
        assert_eq!(of(&left), of(&both));
        left.merge(&Histogram::default());
        assert_eq!(of(&left), of(&both));
    }

    #[test]
    fn ranks_are_not_moved_by_rounding() {
        assert_eq!(rank_of(0.99, 100), 99);
        assert_eq!(rank_of(0.99, 1_000), 990);
        assert_eq!(rank_of(0.999, 1_000), 999);
        assert_eq!(rank_of(0.5, 3), 2);
        assert_eq!(rank_of(0.0, 9), 1);
        assert_eq!(rank_of(1.0, 9), 9);
    }
}
