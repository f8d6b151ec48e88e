//! Everything that slices of time say, second by second, for those who want to look at a run later.

use super::counter::Counter;
use super::gauge::Gauge;
use super::latency_buckets::quantile;
use super::timer::Timer;
use super::totals::SliceView;
use crate::units::{Instant, Span};

/// What is kept of a run: cumulative counts and sums, and levels, at the end of each whole second
/// and at the end of the run. Only what was ever counted takes memory.
#[derive(Clone, Debug)]
pub struct Series {
    regions: usize,
    /// When each row was taken.
    times: Vec<Instant>,
    /// By counter, origin and place of work.
    counters: Vec<Option<Track<u64>>>,
    /// How many values of each sample, by sample, origin and place of work.
    values: Vec<Option<Track<u64>>>,
    /// Their sums in nanoseconds, in the same order.
    sums: Vec<Option<Track<u128>>>,
    /// By row, place of work and gauge: the level at the end, and the peak of the second.
    levels: Vec<[u64; 2]>,
    /// The peaks so far of a second that was cut.
    peaks: Vec<u64>,
    /// By row and origin: percentiles of latency in nanoseconds, where there were any and they were
    /// counted by step.
    latency: Vec<[Option<f64>; PERCENTILES.len()]>,
    /// By origin, the steps so far of a second that was cut.
    latency_buckets: Vec<Vec<u64>>,
}

/// The percentiles of latency that are kept of each second, as shares of the ranks.
pub const PERCENTILES: [f64; 3] = [0.5, 0.95, 0.99];

/// A quantity that only grows.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Track<T> {
    /// The row in which it is first above zero; it was zero before.
    first: usize,
    /// Its value in this row and those after it.
    rows: Vec<T>,
    /// Its value now.
    now: T,
}

impl<T: Copy + Default> Track<T> {
    /// Its value in a row.
    #[must_use]
    pub fn at(&self, row: usize) -> T {
        let place = row.checked_sub(self.first);
        place.and_then(|place| self.rows.get(place)).copied().unwrap_or_default()
    }

    /// Its value at the end.
    #[must_use]
    pub const fn last(&self) -> T {
        self.now
    }
}

/// Adds to a track, which begins in this row if it has not.
fn grow<T: Copy + Default + std::ops::AddAssign>(track: &mut Option<Track<T>>, row: usize, by: T) {
    track.get_or_insert_with(|| Track { first: row, rows: Vec::new(), now: T::default() }).now +=
        by;
}

fn write_down<T: Copy>(tracks: &mut [Option<Track<T>>]) {
    tracks.iter_mut().flatten().for_each(|track| track.rows.push(track.now));
}

impl Series {
    /// Nothing seen yet of so many regions.
    #[must_use]
    pub fn new(regions: usize) -> Self {
        let pairs = regions * regions;
        Self {
            regions,
            times: Vec::new(),
            counters: vec![None; Counter::COUNT * pairs],
            values: vec![None; Timer::COUNT * pairs],
            sums: vec![None; Timer::COUNT * pairs],
            levels: Vec::new(),
            peaks: vec![0; regions * Gauge::COUNT],
            latency: Vec::new(),
            latency_buckets: vec![Vec::new(); regions],
        }
    }

    const fn place(&self, kind: usize, from: usize, at: usize) -> usize {
        (kind * self.regions + from) * self.regions + at
    }

    /// Takes a complete slice in. Slices come in their order, the last one with `ends`.
    pub fn add(&mut self, slice: &SliceView<'_>, ends: bool) {
        let row = self.times.len();
        for (pair, cell) in slice.cells.chunks_exact(slice.layout.width()).enumerate() {
            let (from, at) = (pair / self.regions, pair % self.regions);
            for (counter, &count) in cell[..Counter::COUNT].iter().enumerate() {
                if count > 0 {
                    let place = self.place(counter, from, at);
                    grow(&mut self.counters[place], row, count);
                }
            }
            for sample in Timer::ALL {
                let values = slice.layout.samples(cell, sample);
                if values > 0 {
                    let place = self.place(sample as usize, from, at);
                    grow(&mut self.values[place], row, values);
                    grow(&mut self.sums[place], row, slice.layout.sum(cell, sample));
                }
            }
            if let Some(steps) = slice.layout.latency_buckets(cell) {
                let sum = &mut self.latency_buckets[from];
                sum.resize(steps.len(), 0);
                sum.iter_mut().zip(steps).for_each(|(sum, &count)| *sum += count);
            }
        }
        for (most, &peak) in self.peaks.iter_mut().zip(slice.peaks) {
            *most = (*most).max(peak);
        }
        let whole = slice.end.as_nanos().is_multiple_of(Span::from_secs(1).as_nanos());
        if whole || ends {
            self.times.push(slice.end);
            write_down(&mut self.counters);
            write_down(&mut self.values);
            write_down(&mut self.sums);
            let both = slice.levels.iter().zip(&self.peaks);
            self.levels.extend(both.map(|(&level, &peak)| [level, peak]));
            self.peaks.fill(0);
            for steps in &mut self.latency_buckets {
                self.latency.push(PERCENTILES.map(|p| quantile(steps, p)));
                steps.fill(0);
            }
        }
    }

    /// When each row was taken: ascending, whole seconds but for the last.
    #[must_use]
    pub fn times(&self) -> &[Instant] {
        &self.times
    }

    /// How many regions there are.
    #[must_use]
    pub const fn regions(&self) -> usize {
        self.regions
    }

    /// A counter of viewers from `from` and of work in `at`; `None` where nothing was counted.
    #[must_use]
    pub fn counter(&self, counter: Counter, from: usize, at: usize) -> Option<&Track<u64>> {
        self.counters[self.place(counter.index(), from, at)].as_ref()
    }

    /// How many values a sample had, and their sum in nanoseconds; `None` where it had none.
    #[must_use]
    pub fn sample(
        &self,
        sample: Timer,
        from: usize,
        at: usize,
    ) -> Option<(&Track<u64>, &Track<u128>)> {
        let place = self.place(sample as usize, from, at);
        self.values[place].as_ref().zip(self.sums[place].as_ref())
    }

    /// The [`PERCENTILES`] of the latency of viewers from `from` whose requests were first made in the
    /// second before a row's instant, in nanoseconds and to a sixteenth of their value; `None` where
    /// nobody was answered, or where the layout counts no steps.
    #[must_use]
    pub fn latency(&self, from: usize, row: usize) -> [Option<f64>; PERCENTILES.len()] {
        self.latency[row * self.regions + from]
    }

    /// A gauge's level at a row's instant.
    #[must_use]
    pub fn level(&self, gauge: Gauge, at: usize, row: usize) -> u64 {
        self.levels[(row * self.regions + at) * Gauge::COUNT + gauge as usize][0]
    }

    /// A gauge's peak in the second before a row's instant.
    #[must_use]
    pub fn peak(&self, gauge: Gauge, at: usize, row: usize) -> u64 {
        self.levels[(row * self.regions + at) * Gauge::COUNT + gauge as usize][1]
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Layout, Recorder, Timeline};
    use super::*;
    use std::sync::Arc;

    #[test]
    fn rows_are_whole_seconds_and_the_end_and_hold_what_was_counted() {
        let at = |millis| Instant::ZERO + Span::from_millis(millis);
        let timeline = Arc::new(Timeline::new(Span::from_millis(2_500), [at(1_500)]));
        let layout = Arc::new(Layout::new([]).with_latency_buckets());
        let mut recorder = Recorder::new(Arc::clone(&layout), Arc::clone(&timeline), 1);
        for (millis, level) in [(100, 3), (1_100, 7), (1_600, 2), (2_200, 5)] {
            recorder.advance(at(millis));
            recorder.gauge(Gauge::ManifestQueue, level);
            if millis > 1_000 {
                recorder.count(Counter::Fetches, 0);
                recorder.sample(Timer::Wait, 0, Span::from_millis(millis));
                recorder.sample(Timer::Latency, 0, Span::from_millis(millis));
            }
        }
        recorder.advance(at(2_500));
        let (mut series, mut start) = (Series::new(1), Instant::ZERO);
        while start < timeline.end() {
            let (slice, end) = (recorder.take_oldest().unwrap(), timeline.slice_end(start));
            let view = SliceView {
                start,
                end,
                segment: timeline.segment_of(start),
                cells: &slice.cells,
                peaks: &slice.peaks,
                levels: &slice.levels,
                layout: &layout,
                regions: 1,
            };
            series.add(&view, end == timeline.end());
            start = end;
        }
        assert_eq!(series.times(), [at(1_000), at(2_000), at(2_500)]);
        let fetches = series.counter(Counter::Fetches, 0, 0).unwrap();
        assert_eq!([0, 1, 2].map(|row| fetches.at(row)), [0, 2, 3]);
        assert_eq!(fetches.last(), 3);
        let (values, sums) = series.sample(Timer::Wait, 0, 0).unwrap();
        assert_eq!((values.last(), sums.at(1)), (3, 2_700_000_000));
        let queue = |row| {
            (series.level(Gauge::ManifestQueue, 0, row), series.peak(Gauge::ManifestQueue, 0, row))
        };
        assert_eq!([0, 1, 2].map(queue), [(3, 3), (2, 7), (5, 5)]);
        assert!(series.counter(Counter::Requests, 0, 0).is_none());
        let medians = [0, 1, 2].map(|row| series.latency(0, row)[0]);
        assert_eq!(medians[0], None);
        // 1.1 and 1.6 s in the second that was cut at 1.5 s, of which the median is the first.
        for (seen, exact) in [(medians[1], 1.1e9), (medians[2], 2.2e9)] {
            assert!((seen.unwrap() / exact - 1.0).abs() < 0.07, "{seen:?} against {exact}");
        }
    }
}
