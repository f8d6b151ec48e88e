//! How a run's time is cut: into segments that invariants speak of, and into slices of a second.

use crate::units::{Instant, Span};

/// The cut of time. A *segment* lies between two boundaries (the end of the warm-up, the start or
/// end of a fault, the end of a `within` window); a *slice* is a whole second, cut at boundaries.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Timeline {
    /// Ascending, from zero to the end of the run.
    boundaries: Vec<Instant>,
    /// The boundaries that are not whole seconds, ascending: each adds a slice.
    fractions: Vec<Instant>,
}

const SECOND: u64 = 1_000_000_000;

impl Timeline {
    /// A run of this length cut at these instants; those outside the run are dropped.
    #[must_use]
    pub fn new(length: Span, cuts: impl IntoIterator<Item = Instant>) -> Self {
        let end = Instant::ZERO + length;
        let mut boundaries: Vec<Instant> =
            cuts.into_iter().filter(|&at| at < end).chain([Instant::ZERO, end]).collect();
        boundaries.sort_unstable();
        boundaries.dedup();
        let whole = |at: &Instant| at.as_nanos().is_multiple_of(SECOND);
        let fractions = boundaries.iter().copied().filter(|at| *at < end && !whole(at)).collect();
        Self { boundaries, fractions }
    }

    /// The end of the run.
    #[must_use]
    pub fn end(&self) -> Instant {
        self.boundaries.last().copied().unwrap_or(Instant::ZERO)
    }

    /// How many segments there are.
    #[must_use]
    pub const fn segments(&self) -> usize {
        self.boundaries.len() - 1
    }

    /// The segment that holds this instant; the last one for the end and beyond.
    #[must_use]
    pub fn segment_of(&self, at: Instant) -> usize {
        let after = self.boundaries.partition_point(|&boundary| boundary <= at);
        after.saturating_sub(1).min(self.segments() - 1)
    }

    /// Where a segment begins and ends.
    #[must_use]
    pub fn segment(&self, segment: usize) -> (Instant, Instant) {
        (self.boundaries[segment], self.boundaries[segment + 1])
    }

    /// The slice that holds this instant.
    #[must_use]
    pub fn slice_of(&self, at: Instant) -> u64 {
        let cuts = self.fractions.partition_point(|&cut| cut <= at);
        at.as_nanos() / SECOND + cuts as u64
    }

    /// Where the slice that holds this instant ends.
    #[must_use]
    pub fn slice_end(&self, at: Instant) -> Instant {
        let second = Instant::from_nanos((at.as_nanos() / SECOND + 1).saturating_mul(SECOND));
        let cut = self.boundaries.partition_point(|&boundary| boundary <= at);
        self.boundaries.get(cut).map_or(second, |&boundary| boundary.min(second))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: u64) -> Instant {
        Instant::ZERO + Span::from_millis(millis)
    }

    #[test]
    fn slices_are_seconds_cut_at_boundaries() {
        let timeline = Timeline::new(Span::from_millis(4_200), [at(1_500), at(2_000), at(9_000)]);
        let mut start = Instant::ZERO;
        let mut slices = Vec::new();
        while start < timeline.end() {
            let end = timeline.slice_end(start);
            assert_eq!(timeline.slice_of(start), slices.len() as u64);
            assert_eq!(
                timeline.slice_of(Instant::from_nanos(end.as_nanos() - 1)),
                slices.len() as u64
            );
            slices.push((start, end));
            start = end;
        }
        let cuts = [0, 1_000, 1_500, 2_000, 3_000, 4_000, 4_200].map(at);
        assert_eq!(slices, cuts.windows(2).map(|w| (w[0], w[1])).collect::<Vec<_>>());
    }

    #[test]
    fn segments_lie_between_boundaries() {
        let timeline = Timeline::new(Span::from_secs(10), [at(2_000), at(5_500), at(2_000)]);
        assert_eq!(timeline.segments(), 3);
        assert_eq!(timeline.segment_of(at(0)), 0);
        assert_eq!(timeline.segment_of(at(1_999)), 0);
        assert_eq!(timeline.segment_of(at(2_000)), 1);
        assert_eq!(timeline.segment_of(at(5_500)), 2);
        assert_eq!(timeline.segment_of(at(60_000)), 2);
        assert_eq!(timeline.segment(1), (at(2_000), at(5_500)));
    }
}
