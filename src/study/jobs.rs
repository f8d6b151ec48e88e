//! The units of a study's work: single runs, parts, and blocks of variants.

use std::ops::Range;
use std::vec;

/// Variants that are decided upon together: enough to keep many cores busy, few enough to be held.
pub(super) const BLOCK: u64 = 16;

/// One run to be made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Job {
    /// The variant, as in [`Record::variant`].
    pub variant: u64,
    /// The seed.
    pub seed: u64,
}

/// A part of a study: part `part` of `parts`, counted from 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shard {
    /// Which.
    pub part: u64,
    /// Of how many.
    pub parts: u64,
}

impl Shard {
    /// The whole.
    pub const WHOLE: Self = Self { part: 1, parts: 1 };

    /// The share of `all` things that is this part's: parts differ by one at most, and lie one behind
    /// the other.
    #[must_use]
    pub fn of(self, all: u64) -> Range<u64> {
        let cut = |at: u64| {
            let product = u128::from(all) * u128::from(at) / u128::from(self.parts.max(1));
            u64::try_from(product).unwrap_or(all)
        };
        cut(self.part - 1)..cut(self.part)
    }
}

/// Jobs that wait for nothing but a free core.
#[derive(Debug)]
pub enum Jobs {
    /// Of the table: numbers of runs, with the seeds of a variant and the first of them.
    Table(Range<u64>, u64, u64),
    /// Others.
    List(vec::IntoIter<Job>),
}

impl Iterator for Jobs {
    type Item = Job;

    fn next(&mut self) -> Option<Job> {
        match self {
            Self::Table(numbers, seeds, first) => {
                let number = numbers.next()?;
                Some(Job { variant: number / *seeds, seed: *first + number % *seeds })
            }
            Self::List(jobs) => jobs.next(),
        }
    }
}

/// Takes what is left up to the end of a block: blocks end at multiples of [`BLOCK`] of the whole.
pub(super) fn next_block(left: &mut Range<u64>) -> Option<Range<u64>> {
    if left.is_empty() {
        return None;
    }
    let end = ((left.start / BLOCK + 1) * BLOCK).min(left.end);
    let block = left.start..end;
    left.start = end;
    Some(block)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_cover_everything_once_and_evenly() {
        for (all, parts) in [(10_000, 1), (10_000, 7), (10_000, 64), (3, 5), (0, 4)] {
            let mut next = 0;
            for part in 1..=parts {
                let range = Shard { part, parts }.of(all);
                assert_eq!(range.start, next);
                assert!((range.end - range.start).abs_diff(all / parts) <= 1);
                next = range.end;
            }
            assert_eq!(next, all);
        }
    }

    #[test]
    fn blocks_end_where_those_of_the_whole_do() {
        let mut left = 10..37;
        let blocks: Vec<_> = std::iter::from_fn(|| next_block(&mut left)).collect();
        assert_eq!(blocks, [10..16, 16..32, 32..37]);
    }
}
