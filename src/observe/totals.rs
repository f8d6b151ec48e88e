//! What a run has seen, put together from all regions.

use super::cells::Layout;
use super::counter::Counter;
use super::digest_order as order;
use super::gauge::Gauge;
use super::histogram::Histogram;
use super::recorder::Recorder;
use super::timeline::Timeline;
use super::timer::Timer;
use crate::engine::Digest;
use crate::units::Instant;
use std::sync::Arc;

/// One slice of time as all regions saw it.
#[derive(Clone, Debug)]
pub struct SliceView<'a> {
    /// When it began.
    pub start: Instant,
    /// When it ended.
    pub end: Instant,
    /// The segment it lies in.
    pub segment: usize,
    /// Cells by origin, then place of work.
    pub cells: &'a [u64],
    /// Peaks by place of work, then gauge.
    pub peaks: &'a [u64],
    /// Levels at the slice's end by place of work, then gauge.
    pub levels: &'a [u64],
    /// How cells are laid out.
    pub layout: &'a Layout,
    /// How many regions there are.
    pub regions: usize,
}

/// Which regions an observation is asked for; `None` means all.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Scope {
    /// Where the viewer sits.
    pub from: Option<usize>,
    /// Where the work is done.
    pub at: Option<usize>,
}

/// Sums over the whole run, by segment.
#[derive(Clone, Debug)]
pub struct Totals {
    layout: Arc<Layout>,
    timeline: Arc<Timeline>,
    regions: usize,
    cells: Vec<u64>,
    histograms: Vec<Histogram>,
    gauges: Vec<Histogram>,
    digest: Digest,
}

/// The cells of a block (by origin, then place) that a scope covers.
fn covered(
    block: &[u64],
    regions: usize,
    width: usize,
    scope: Scope,
) -> impl Iterator<Item = &[u64]> {
    block.chunks_exact(width).enumerate().filter_map(move |(place, cell)| {
        let (from, at) = (place / regions, place % regions);
        let fits = scope.from.is_none_or(|wanted| wanted == from)
            && scope.at.is_none_or(|wanted| wanted == at);
        fits.then_some(cell)
    })
}

impl SliceView<'_> {
    /// One cell that sums all cells of the scope.
    #[must_use]
    pub fn cell(&self, scope: Scope) -> Vec<u64> {
        let mut sum = vec![0; self.layout.width()];
        for cell in covered(self.cells, self.regions, self.layout.width(), scope) {
            sum.iter_mut().zip(cell).for_each(|(sum, &word)| *sum += word);
        }
        sum
    }

    /// A gauge's peak: the greatest over the regions of the scope.
    #[must_use]
    pub fn peak(&self, gauge: Gauge, scope: Scope) -> u64 {
        (0..self.regions)
            .filter(|&region| scope.at.is_none_or(|wanted| wanted == region))
            .map(|region| self.peaks[region * Gauge::COUNT + gauge as usize])
            .max()
            .unwrap_or(0)
    }
}

impl Totals {
    /// Nothing seen yet.
    #[must_use]
    pub fn new(layout: Arc<Layout>, timeline: Arc<Timeline>, regions: usize) -> Self {
        let pairs = timeline.segments() * regions * regions;
        Self {
            cells: vec![0; pairs * layout.width()],
            histograms: vec![Histogram::default(); pairs * Timer::COUNT],
            gauges: vec![Histogram::default(); timeline.segments() * regions * Gauge::COUNT],
            layout,
            timeline,
            regions,
            digest: Digest::default(),
        }
    }

    /// Takes a complete slice in. Slices come in their order.
    pub fn add(&mut self, slice: &SliceView<'_>) {
        let block = self.regions * self.regions * self.layout.width();
        let start = slice.segment * block;
        for (sum, &word) in self.cells[start..start + block].iter_mut().zip(slice.cells) {
            *sum += word;
        }
        let start = slice.segment * self.regions * Gauge::COUNT;
        for (histogram, &peak) in self.gauges[start..].iter_mut().zip(slice.peaks) {
            histogram.record(peak);
        }
        self.digest.word(slice.start.as_nanos());
        let cells = slice.cells.chunks_exact(self.layout.width());
        let told = cells.flat_map(|cell| self.layout.digest_words(cell));
        let peaks = slice.peaks.chunks_exact(Gauge::COUNT).flat_map(|peaks| {
            let of =
                move |list: &'static [Gauge]| list.iter().map(move |&gauge| &peaks[gauge as usize]);
            of(order::GAUGES).chain(order::up_to_the_last(of(order::LATER_GAUGES)))
        });
        for &word in told.chain(peaks) {
            self.digest.word(word);
        }
    }

    /// Takes the histograms of the region `at` in, once, at the end.
    pub fn add_histograms(&mut self, at: usize, recorder: &Recorder) {
        for segment in 0..self.timeline.segments() {
            for from in 0..self.regions {
                for sample in Timer::ALL {
                    let theirs = recorder.histogram(segment, from, sample);
                    if order::SAMPLES.contains(&sample) || theirs.count() > 0 {
                        theirs.fold(&mut self.digest);
                    }
                    let place = self.histogram_place(segment, from, at, sample);
                    self.histograms[place].merge(theirs);
                }
            }
        }
    }

    const fn histogram_place(
        &self,
        segment: usize,
        from: usize,
        at: usize,
        sample: Timer,
    ) -> usize {
        ((segment * self.regions + from) * self.regions + at) * Timer::COUNT + sample as usize
    }

    /// One cell that sums the scope's cells over the segments that `chosen` accepts.
    #[must_use]
    pub fn cell(&self, chosen: impl Fn(usize) -> bool, scope: Scope) -> Vec<u64> {
        let width = self.layout.width();
        let block = self.regions * self.regions * width;
        let mut sum = vec![0; width];
        for segment in (0..self.timeline.segments()).filter(|&segment| chosen(segment)) {
            let cells = &self.cells[segment * block..(segment + 1) * block];
            for cell in covered(cells, self.regions, width, scope) {
                sum.iter_mut().zip(cell).for_each(|(sum, &word)| *sum += word);
            }
        }
        sum
    }

    /// The scope's histogram of a sample over the chosen segments.
    #[must_use]
    pub fn histogram(
        &self,
        chosen: impl Fn(usize) -> bool,
        scope: Scope,
        sample: Timer,
    ) -> Histogram {
        let mut all = Histogram::default();
        for segment in (0..self.timeline.segments()).filter(|&segment| chosen(segment)) {
            for from in (0..self.regions).filter(|&r| scope.from.is_none_or(|wanted| wanted == r)) {
                for at in (0..self.regions).filter(|&r| scope.at.is_none_or(|wanted| wanted == r)) {
                    all.merge(&self.histograms[self.histogram_place(segment, from, at, sample)]);
                }
            }
        }
        all
    }

    /// The histogram of a gauge's peaks, one value a second and region of the scope.
    #[must_use]
    pub fn peaks(&self, chosen: impl Fn(usize) -> bool, scope: Scope, gauge: Gauge) -> Histogram {
        let mut all = Histogram::default();
        for segment in (0..self.timeline.segments()).filter(|&segment| chosen(segment)) {
            for at in (0..self.regions).filter(|&r| scope.at.is_none_or(|wanted| wanted == r)) {
                all.merge(
                    &self.gauges[(segment * self.regions + at) * Gauge::COUNT + gauge as usize],
                );
            }
        }
        all
    }

    /// How many of a counter over the whole run, warm-up included.
    #[must_use]
    pub fn count(&self, counter: Counter, scope: Scope) -> u64 {
        self.cell(|_| true, scope)[counter.index()]
    }

    /// How cells are laid out.
    #[must_use]
    pub fn layout(&self) -> &Layout {
        &self.layout
    }

    /// How time is cut.
    #[must_use]
    pub fn timeline(&self) -> &Timeline {
        &self.timeline
    }

    /// How many regions there are.
    #[must_use]
    pub const fn regions(&self) -> usize {
        self.regions
    }

    /// The digest of everything seen.
    #[must_use]
    pub const fn digest(&self) -> Digest {
        self.digest
    }
}
