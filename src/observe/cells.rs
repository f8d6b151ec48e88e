//! The flat layout of counts: one row of words for each pair of origin and place of work.

use super::counter::Counter;
use super::digest_order as order;
use super::latency_buckets::{STEPS, step_of};
use super::measured::Measured;
use super::timer::Timer;
use crate::units::Span;

/// Where each count stands in a cell. A cell holds all counters, then for each sample the number of
/// values, their sum in two words (of the low and of the high halves, so that neither overflows), and
/// how many lay below each bound that an invariant asks about (so that shares
/// and percentiles are judged by exact counts, not by histogram buckets). Where latencies are to be
/// looked at second by second, the buckets of latencies follow, which no digest takes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Layout {
    bounds: [Vec<u64>; Timer::COUNT],
    starts: [usize; Timer::COUNT],
    width: usize,
    /// Where the steps of latencies begin, if they are counted.
    latency_buckets: Option<usize>,
    /// Of which words zero means that there was nothing, and not that nobody looked.
    measured: Measured,
}

/// Words of a sample before its bounds.
const BOUNDS: usize = 3;
/// The low half of a word.
const LOW: u64 = 0xffff_ffff;

impl Layout {
    /// A layout that counts values below each of these bounds (exclusive, in nanoseconds).
    #[must_use]
    pub fn new(bounds: impl IntoIterator<Item = (Timer, Span)>) -> Self {
        let mut by_sample: [Vec<u64>; Timer::COUNT] = Default::default();
        for (sample, bound) in bounds {
            by_sample[sample as usize].push(bound.as_nanos());
        }
        let mut starts = [0; Timer::COUNT];
        let mut width = Counter::COUNT;
        for (start, list) in starts.iter_mut().zip(&mut by_sample) {
            list.sort_unstable();
            list.dedup();
            *start = width;
            width += BOUNDS + list.len();
        }
        Self { bounds: by_sample, starts, width, latency_buckets: None, measured: Measured::ALL }
    }

    /// The same of a run in which only this is measured; without, everything is. Changes no digest.
    #[must_use]
    pub const fn measuring(mut self, measured: Measured) -> Self {
        self.measured = measured;
        self
    }

    /// What is measured.
    #[must_use]
    pub const fn measured(&self) -> Measured {
        self.measured
    }

    /// The same, and each latency is counted in its step, too. Changes no digest.
    #[must_use]
    pub fn with_latency_buckets(self) -> Self {
        let start = self.width;
        Self { width: start + STEPS, latency_buckets: Some(start), ..self }
    }

    /// A cell's latencies by step; `None` where they are not counted.
    pub(super) fn latency_buckets<'a>(&self, cell: &'a [u64]) -> Option<&'a [u64]> {
        self.latency_buckets.map(|start| &cell[start..start + STEPS])
    }

    /// Words in a cell.
    #[must_use]
    pub const fn width(&self) -> usize {
        self.width
    }

    /// Adds values of a sample to the cell that begins at `cell`.
    #[inline(always)] // a call of its own costs 3 % of a run
    pub(super) fn record(&self, cells: &mut [u64], cell: usize, sample: Timer, values: &[u64]) {
        let bounds = &self.bounds[sample as usize];
        let start = cell + self.starts[sample as usize];
        let words = &mut cells[start..start + BOUNDS + bounds.len()];
        words[0] += values.len() as u64;
        words[1] += values.iter().map(|value| value & LOW).sum::<u64>();
        words[2] += values.iter().map(|value| value >> 32).sum::<u64>();
        for (word, bound) in words[BOUNDS..].iter_mut().zip(bounds) {
            *word += values.iter().map(|value| u64::from(value < bound)).sum::<u64>();
        }
        if let Some(start) = self.latency_buckets
            && sample == Timer::Latency
        {
            count_in_buckets(&mut cells[cell + start..], values);
        }
    }

    /// A cell's words without those of optional counters and samples that it does not hold.
    pub(super) fn digest_words<'a>(&'a self, cell: &'a [u64]) -> impl Iterator<Item = &'a u64> {
        let counters = move |list: &'static [Counter]| list.iter().map(|one| &cell[one.index()]);
        let samples = move |list: &'static [Timer]| {
            list.iter().flat_map(move |&sample| {
                let start = self.starts[sample as usize];
                &cell[start..start + BOUNDS + self.bounds[sample as usize].len()]
            })
        };
        counters(order::COUNTERS)
            .chain(where_any(counters(order::OPTIONAL_COUNTERS)))
            .chain(order::up_to_the_last(counters(order::LATER_COUNTERS)))
            .chain(samples(order::SAMPLES))
            .chain(where_any(samples(order::OPTIONAL_SAMPLES)))
            .chain(order::up_to_the_last(samples(order::LATER_SAMPLES)))
    }

    /// How many values of a sample a cell holds.
    #[must_use]
    pub fn samples(&self, cell: &[u64], sample: Timer) -> u64 {
        cell[self.starts[sample as usize]]
    }

    /// The sum of a cell's values of a sample, in nanoseconds.
    #[must_use]
    pub fn sum(&self, cell: &[u64], sample: Timer) -> u128 {
        let start = self.starts[sample as usize];
        u128::from(cell[start + 1]) + (u128::from(cell[start + 2]) << 32)
    }

    /// How many values of a sample lie below a bound; `None` if nobody asked for this bound.
    #[must_use]
    pub fn below(&self, cell: &[u64], sample: Timer, bound: Span) -> Option<u64> {
        let place = self.bounds[sample as usize].binary_search(&bound.as_nanos()).ok()?;
        Some(cell[self.starts[sample as usize] + BOUNDS + place])
    }
}

/// The words, or none where all are zero.
fn where_any<'a>(words: impl Iterator<Item = &'a u64> + Clone) -> impl Iterator<Item = &'a u64> {
    let any = words.clone().any(|&word| word != 0);
    words.filter(move |_| any)
}

/// Counts values in the buckets of latencies. Out of line: few runs have one.
#[cold]
#[inline(never)]
fn count_in_buckets(buckets: &mut [u64], values: &[u64]) {
    values.iter().for_each(|&value| buckets[step_of(value)] += 1);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bounds_are_exclusive_and_counted_exactly() {
        let ms = Span::from_millis;
        let layout = Layout::new([
            (Timer::Latency, ms(10)),
            (Timer::Wait, ms(1)),
            (Timer::Latency, ms(5)),
            (Timer::Latency, ms(10)),
        ]);
        assert_eq!(layout.width(), Counter::COUNT + 3 * Timer::COUNT + 3);
        let mut cell = vec![0; layout.width()];
        for value in [0, 4, 5, 9, 10, 11] {
            layout.record(&mut cell, 0, Timer::Latency, &[ms(value).as_nanos()]);
        }
        assert_eq!(layout.samples(&cell, Timer::Latency), 6);
        assert_eq!(layout.sum(&cell, Timer::Latency), u128::from(ms(39).as_nanos()));
        let ages = 1_u64 << 63;
        layout.record(&mut cell, 0, Timer::Staleness, &[ages; 4]);
        assert_eq!(layout.sum(&cell, Timer::Staleness), 1 << 65, "sums do not wrap");
        assert_eq!(layout.below(&cell, Timer::Latency, ms(5)), Some(2));
        assert_eq!(layout.below(&cell, Timer::Latency, ms(10)), Some(4));
        assert_eq!(layout.below(&cell, Timer::Latency, ms(11)), None);
        assert_eq!(layout.samples(&cell, Timer::Wait), 0);
    }

    #[test]
    fn steps_are_counted_and_told_to_nobody() {
        let (plain, fine) = (Layout::new([]), Layout::new([]).with_latency_buckets());
        let (mut one, mut two) = (vec![0; plain.width()], vec![0; fine.width()]);
        for value in [1_000_000, 2_000_000, 2_000_001] {
            plain.record(&mut one, 0, Timer::Latency, &[value]);
            fine.record(&mut two, 0, Timer::Latency, &[value]);
            fine.record(&mut two, 0, Timer::Staleness, &[value]);
            plain.record(&mut one, 0, Timer::Staleness, &[value]);
        }
        assert!(plain.digest_words(&one).eq(fine.digest_words(&two)));
        assert!(plain.latency_buckets(&one).is_none());
        let steps = fine.latency_buckets(&two).unwrap();
        assert_eq!(steps.iter().sum::<u64>(), 3);
        assert_eq!(steps[step_of(2_000_000)], 2);
    }
}
