//! One region's observations while the run goes on.

use super::cells::Layout;
use super::counter::Counter;
use super::gauge::Gauge;
use super::histogram::Histogram;
use super::timeline::Timeline;
use super::timer::Timer;
use crate::units::{Instant, Span};
use std::collections::VecDeque;
use std::sync::Arc;

/// Where in time an observation belongs: a request's to the instant at which it first arrived.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct When {
    slice: u64,
    segment: usize,
}

/// What one slice of time saw in one region.
#[derive(Clone, Debug)]
pub struct Slice {
    /// Requests that belong to this slice and have not ended here, minus those that began elsewhere
    /// and ended here: the sum over all regions is what is under way.
    pub open: i64,
    /// A cell for each region of origin.
    pub cells: Vec<u64>,
    /// The peak of each gauge.
    pub peaks: [u64; Gauge::COUNT],
    /// The level of each gauge at its end.
    pub levels: [u64; Gauge::COUNT],
}

/// Records what happens in one region. Slices leave it as soon as they are complete, so its memory
/// depends on how long a request can be under way, not on the length of the run.
#[derive(Debug)]
pub struct Recorder {
    layout: Arc<Layout>,
    timeline: Arc<Timeline>,
    origins: usize,
    /// Words of an origin in a slice's cells.
    width: usize,
    slices: Slices,
    now: When,
    /// The present slice.
    slice_start: Instant,
    slice_end: Instant,
    /// By segment, origin and sample.
    histograms: Vec<Histogram>,
    gauges: [u64; Gauge::COUNT],
    /// By origin, the hits of the present slice that are not counted yet.
    hits: Vec<Waiting>,
}

/// The slices that are kept.
#[derive(Debug)]
struct Slices {
    /// Nearly all that happens belongs to it.
    present: Slice,
    /// Those before it, from the oldest on.
    past: VecDeque<Slice>,
    /// Given back, to be used again.
    spare: Vec<Slice>,
}

impl Slices {
    /// The slice so many before the present one. A slice is kept while a request of it is under way
    /// anywhere, so that there always is one.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: an index into what is in memory
    fn back(&mut self, count: u64) -> &mut Slice {
        if count == 0 {
            return &mut self.present;
        }
        let place = self.past.len() - count as usize;
        &mut self.past[place]
    }

    /// The next slice begins, with these levels as its peaks.
    fn roll(&mut self, peaks: [u64; Gauge::COUNT]) {
        let mut next = self.spare.pop().unwrap_or_else(|| self.present.clone());
        next.cells.fill(0);
        let next = Slice { open: 0, peaks, ..next };
        self.past.push_back(std::mem::replace(&mut self.present, next));
    }

    /// From the oldest on.
    fn kept(&self) -> impl Iterator<Item = &Slice> {
        self.past.iter().chain([&self.present])
    }
}

/// Hits of an origin that are counted together: few enough that they stay in the nearest cache.
const HITS: usize = 256;
/// Latencies in nanoseconds of hits that wait to be counted.
#[derive(Clone, Debug)]
struct Waiting {
    count: usize,
    latencies: [u64; HITS],
}

/// What each hit counts as: a request that needed one attempt and found a fresh copy.
const HIT: [Counter; 4] = [Counter::Requests, Counter::Attempts, Counter::Served, Counter::Hits];

impl Recorder {
    /// A recorder at instant zero for viewers from `origins` regions.
    #[must_use]
    pub fn new(layout: Arc<Layout>, timeline: Arc<Timeline>, origins: usize) -> Self {
        let histograms = vec![Histogram::default(); timeline.segments() * origins * Timer::COUNT];
        let slice_end = timeline.slice_end(Instant::ZERO);
        let width = layout.width();
        Self {
            width,
            timeline,
            origins,
            slices: Slices {
                present: Slice {
                    open: 0,
                    cells: vec![0; origins * width],
                    peaks: [0; Gauge::COUNT],
                    levels: [0; Gauge::COUNT],
                },
                past: VecDeque::new(),
                spare: Vec::new(),
            },
            layout,
            now: When { slice: 0, segment: 0 },
            slice_start: Instant::ZERO,
            slice_end,
            histograms,
            gauges: [0; Gauge::COUNT],
            hits: vec![Waiting { count: 0, latencies: [0; HITS] }; origins],
        }
    }

    /// Time has come to `at`: begins the slices up to the one that holds it.
    #[inline]
    pub fn advance(&mut self, at: Instant) {
        while at >= self.slice_end {
            self.roll();
        }
    }

    #[cold]
    fn roll(&mut self) {
        (0..self.origins).for_each(|origin| self.hits().settle(origin));
        self.slices.present.levels = self.gauges;
        self.slices.roll(self.gauges);
        let start = self.slice_end;
        self.slice_start = start;
        self.slice_end = self.timeline.slice_end(start);
        self.now = When { slice: self.now.slice + 1, segment: self.timeline.segment_of(start) };
    }

    /// The present.
    #[inline]
    #[must_use]
    pub const fn now(&self) -> When {
        self.now
    }

    /// When an instant of the past was.
    #[inline]
    #[must_use]
    pub fn when(&self, at: Instant) -> When {
        if (self.slice_start..self.slice_end).contains(&at) {
            return self.now;
        }
        When { slice: self.timeline.slice_of(at), segment: self.timeline.segment_of(at) }
    }

    #[inline]
    fn counter(&mut self, when: When, counter: Counter, origin: usize) -> &mut u64 {
        let place = origin * self.width + counter.index();
        &mut self.slices.back(self.now.slice - when.slice).cells[place]
    }

    /// Counts something that happens now.
    #[inline]
    pub fn count(&mut self, counter: Counter, origin: usize) {
        self.slices.present.cells[origin * self.width + counter.index()] += 1;
    }

    /// Counts several that happen now.
    pub fn count_many(&mut self, counter: Counter, origin: usize, count: u64) {
        *self.counter(self.now, counter, origin) += count;
    }

    /// Counts several that belong to another time.
    pub fn count_many_at(&mut self, when: When, counter: Counter, origin: usize, count: u64) {
        *self.counter(when, counter, origin) += count;
    }

    /// Counts something that belongs to another time.
    #[inline]
    pub fn count_at(&mut self, when: When, counter: Counter, origin: usize) {
        *self.counter(when, counter, origin) += 1;
    }

    /// Counts a value seen now.
    #[inline]
    pub fn sample(&mut self, sample: Timer, origin: usize, value: Span) {
        self.sample_at(self.now, sample, origin, value);
    }

    /// Counts a value that belongs to another time.
    #[inline]
    pub fn sample_at(&mut self, when: When, sample: Timer, origin: usize, value: Span) {
        let cells = &mut self.slices.back(self.now.slice - when.slice).cells;
        self.layout.record(cells, origin * self.width, sample, &[value.as_nanos()]);
        let place = (when.segment * self.origins + origin) * Timer::COUNT + sample as usize;
        self.histograms[place].record(value.as_nanos());
    }

    /// When the present slice ends.
    #[inline]
    #[must_use]
    pub const fn slice_end(&self) -> Instant {
        self.slice_end
    }

    /// For requests of the present slice that fresh copies answer at once.
    #[inline]
    pub fn hits(&mut self) -> Hits<'_> {
        let first = self.now.segment * self.origins * Timer::COUNT;
        Hits {
            layout: &self.layout,
            cells: &mut self.slices.present.cells,
            histograms: &mut self.histograms[first..],
            waiting: &mut self.hits,
        }
    }

    /// A request of this time begins here.
    #[inline]
    pub fn open(&mut self, when: When) {
        self.slices.back(self.now.slice - when.slice).open += 1;
    }

    /// A request of this time ends here.
    #[inline]
    pub fn close(&mut self, when: When) {
        self.slices.back(self.now.slice - when.slice).open -= 1;
    }

    /// A level has changed.
    #[inline]
    pub fn gauge(&mut self, gauge: Gauge, value: u64) {
        self.gauges[gauge as usize] = value;
        let peak = &mut self.slices.present.peaks[gauge as usize];
        *peak = (*peak).max(value);
    }

    /// The oldest slice that is kept; the present one if no other is.
    #[must_use]
    pub fn oldest(&self) -> &Slice {
        self.slices.past.front().unwrap_or(&self.slices.present)
    }

    /// How many of a counter the slices hold that are still kept.
    #[must_use]
    pub fn kept(&self, counter: Counter, origin: usize) -> u64 {
        let place = origin * self.width + counter.index();
        let counted: u64 = self.slices.kept().map(|slice| slice.cells[place]).sum();
        let waiting = if HIT.contains(&counter) { self.hits[origin].count } else { 0 };
        counted + waiting as u64
    }

    /// Takes the oldest slice out; give it back with [`Self::recycle`].
    pub fn take_oldest(&mut self) -> Option<Slice> {
        if self.slices.past.is_empty() {
            self.roll();
        }
        self.slices.past.pop_front()
    }

    /// Gives a slice back, so that its memory is used again.
    pub fn recycle(&mut self, slice: Slice) {
        self.slices.spare.push(slice);
    }

    /// The histogram of a sample in a segment, for viewers of one origin, up to the end of the last
    /// slice that is complete.
    #[must_use]
    pub fn histogram(&self, segment: usize, origin: usize, sample: Timer) -> &Histogram {
        &self.histograms[(segment * self.origins + origin) * Timer::COUNT + sample as usize]
    }
}

/// Records requests that begin and are answered at once in the present slice: the common case.
#[derive(Debug)]
pub struct Hits<'a> {
    layout: &'a Layout,
    cells: &'a mut [u64],
    /// Those of the present segment and later.
    histograms: &'a mut [Histogram],
    waiting: &'a mut [Waiting],
}

impl Hits<'_> {
    /// One request, which needed one attempt.
    #[inline]
    pub fn add(&mut self, origin: usize, latency: Span) {
        let waiting = &mut self.waiting[origin];
        waiting.latencies[waiting.count % HITS] = latency.as_nanos();
        waiting.count += 1;
        if waiting.count == HITS {
            self.settle(origin);
        }
    }

    /// Counts the requests that wait for it.
    #[inline(never)] // reason: once in many requests
    fn settle(&mut self, origin: usize) {
        let cell = origin * self.layout.width();
        let waiting = &mut self.waiting[origin];
        let latencies = &waiting.latencies[..waiting.count];
        for counter in HIT {
            self.cells[cell + counter.index()] += latencies.len() as u64;
        }
        self.layout.record(self.cells, cell, Timer::Latency, latencies);
        self.histograms[origin * Timer::COUNT + Timer::Latency as usize].record_all(latencies);
        waiting.count = 0;
    }

    /// A value seen with one.
    #[inline]
    pub fn sample(&mut self, sample: Timer, origin: usize, value: Span) {
        let cell = origin * self.layout.width();
        self.layout.record(self.cells, cell, sample, &[value.as_nanos()]);
        self.histograms[origin * Timer::COUNT + sample as usize].record(value.as_nanos());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recorder() -> Recorder {
        let cut = Instant::ZERO + Span::from_millis(1_500);
        let timeline = Arc::new(Timeline::new(Span::from_secs(10), [cut]));
        Recorder::new(Arc::new(Layout::new([])), timeline, 2)
    }

    #[test]
    fn late_news_go_to_the_slice_and_segment_they_belong_to() {
        let mut recorder = recorder();
        let born = recorder.now();
        recorder.open(born);
        recorder.advance(Instant::ZERO + Span::from_secs(3));
        recorder.count_at(born, Counter::Served, 1);
        recorder.sample_at(born, Timer::Latency, 1, Span::from_secs(3));
        recorder.close(born);
        recorder.count(Counter::Attempts, 0);
        assert_eq!(recorder.when(Instant::ZERO), born);
        let first = recorder.take_oldest().unwrap();
        assert_eq!(first.open, 0);
        let width = recorder.layout.width();
        assert_eq!(first.cells[width + Counter::Served.index()], 1);
        assert_eq!(recorder.histogram(0, 1, Timer::Latency).count(), 1);
        for _ in 0..3 {
            let between = recorder.take_oldest().unwrap();
            assert_eq!(between.cells[Counter::Attempts.index()], 0);
        }
        let now = recorder.take_oldest().unwrap();
        assert_eq!(now.cells[Counter::Attempts.index()], 1);
    }

    #[test]
    fn hits_count_as_single_requests_do() {
        let (mut one, mut many) = (recorder(), recorder());
        for number in 0..3_000_u64 {
            let at = Instant::ZERO + Span::from_millis(number);
            one.advance(at);
            many.advance(at);
            let (origin, latency) = ((number % 2) as usize, Span::from_micros(number * number));
            HIT.iter().for_each(|&counter| one.count(counter, origin));
            one.sample(Timer::Latency, origin, latency);
            many.hits().add(origin, latency);
            let kept = |recorder: &Recorder| HIT.map(|counter| recorder.kept(counter, origin));
            assert_eq!(kept(&one), kept(&many));
        }
        for _ in 0..4 {
            let (one, many) = (one.take_oldest().unwrap(), many.take_oldest().unwrap());
            assert_eq!(one.cells, many.cells);
        }
        for (one, many) in one.histograms.iter().zip(&many.histograms) {
            let seen = |histogram: &Histogram| {
                let quantiles = [0.0, 0.1, 0.5, 1.0].map(|p| histogram.quantile(p));
                (quantiles, histogram.count(), histogram.sum(), histogram.min(), histogram.max())
            };
            assert_eq!(seen(one), seen(many));
        }
    }

    #[test]
    fn a_gauge_keeps_its_level_into_the_next_slice_and_its_peak_in_its_own() {
        let mut recorder = recorder();
        recorder.gauge(Gauge::DatabaseQueue, 9);
        recorder.gauge(Gauge::DatabaseQueue, 4);
        recorder.advance(Instant::ZERO + Span::from_secs(1));
        recorder.gauge(Gauge::DatabaseQueue, 3);
        let queue = Gauge::DatabaseQueue as usize;
        let slices: Vec<_> = (0..2).map(|_| recorder.take_oldest().unwrap()).collect();
        let seen = slices.iter().map(|slice| (slice.peaks[queue], slice.levels[queue]));
        assert_eq!(seen.collect::<Vec<_>>(), [(9, 4), (4, 3)]);
    }
}
