//! Which observations are made at all. A counter that is not measured stays 0 for ever: only this mask
//! tells it from one that was measured and found nothing.

use super::counter::Counter;
use super::gauge::Gauge;
use super::metric::{Metric, RunFigure};
use super::timer::Timer;

/// One thing that is measured or is not; ratios and the like are derived from several.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A counter.
    Counter(Counter),
    /// The values of a sample.
    Timer(Timer),
    /// A level.
    Gauge(Gauge),
    /// A figure of the run, which also needs what it is computed from.
    RunFigure(RunFigure),
}

/// The set of what is measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Measured {
    /// A bit for each, by index.
    counters: u128,
    samples: u32,
    gauges: u32,
    figures: u8,
}

const _: () = assert!(Counter::COUNT <= 128 && Timer::COUNT <= 32 && Gauge::COUNT <= 32);

/// The ways in which a request ends: what a share of requests is computed from.
pub(crate) const ENDS: [Counter; 3] = [Counter::Served, Counter::Failed, Counter::GivenUp];

/// What the share of bytes from the content cache is computed from.
const BYTES: [Counter; 3] =
    [Counter::ContentBytes, Counter::ContentHitBytes, Counter::SegmentServed];

impl Measured {
    /// Everything.
    pub const ALL: Self =
        Self { counters: u128::MAX, samples: u32::MAX, gauges: u32::MAX, figures: u8::MAX };
    /// Nothing.
    pub const NONE: Self = Self { counters: 0, samples: 0, gauges: 0, figures: 0 };

    /// The mask of one part alone.
    const fn only(part: Part) -> Self {
        let mut mask = Self::NONE;
        match part {
            Part::Counter(counter) => mask.counters = 1 << counter.index(),
            Part::Timer(sample) => mask.samples = 1 << sample as u32,
            Part::Gauge(gauge) => mask.gauges = 1 << gauge as u32,
            Part::RunFigure(figure) => mask.figures = 1 << figure as u32,
        }
        mask
    }

    /// The same, and this part is measured.
    #[must_use]
    pub const fn with(self, part: Part) -> Self {
        let one = Self::only(part);
        Self {
            counters: self.counters | one.counters,
            samples: self.samples | one.samples,
            gauges: self.gauges | one.gauges,
            figures: self.figures | one.figures,
        }
    }

    /// The same, and this part is not measured.
    #[must_use]
    pub const fn without(self, part: Part) -> Self {
        let one = Self::only(part);
        Self {
            counters: self.counters & !one.counters,
            samples: self.samples & !one.samples,
            gauges: self.gauges & !one.gauges,
            figures: self.figures & !one.figures,
        }
    }

    /// Whether a part is measured, whatever it is computed from.
    #[must_use]
    pub const fn part(self, part: Part) -> bool {
        let one = Self::only(part);
        self.counters & one.counters != 0
            || self.samples & one.samples != 0
            || self.gauges & one.gauges != 0
            || self.figures & one.figures != 0
    }

    /// Whether a counter is measured.
    #[must_use]
    pub const fn counter(self, counter: Counter) -> bool {
        self.part(Part::Counter(counter))
    }

    /// Whether a metric is measured: all that it is computed from must be.
    #[must_use]
    pub fn metric(self, metric: Metric) -> bool {
        let all = |counters: &[Counter]| counters.iter().all(|&counter| self.counter(counter));
        match metric {
            Metric::Availability => all(&ENDS),
            Metric::ByteHits => all(&BYTES),
            Metric::Counter(counter) => self.counter(counter),
            Metric::Timer(sample) => self.part(Part::Timer(sample)),
            Metric::Gauge(gauge) => self.part(Part::Gauge(gauge)),
            Metric::RunFigure(figure) => {
                self.part(Part::RunFigure(figure))
                    && match figure {
                        RunFigure::ErrorBudgetSpent => all(&ENDS),
                        RunFigure::MonthlyCost => {
                            all(&[Counter::Served, Counter::PrimaryReads])
                                && self.part(Part::Gauge(Gauge::Nodes))
                        }
                    }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::observe::METRICS;

    /// Every part that a name stands for; several names may stand for one.
    fn parts() -> Vec<Part> {
        let part = |metric| match metric {
            Metric::Availability | Metric::ByteHits => None,
            Metric::Counter(counter) => Some(Part::Counter(counter)),
            Metric::Timer(sample) => Some(Part::Timer(sample)),
            Metric::Gauge(gauge) => Some(Part::Gauge(gauge)),
            Metric::RunFigure(figure) => Some(Part::RunFigure(figure)),
        };
        METRICS.iter().filter_map(|row| part(row.metric)).collect()
    }

    #[test]
    fn each_part_has_a_place_of_its_own() {
        let all = parts();
        for &one in &all {
            let (without, with) = (Measured::ALL.without(one), Measured::NONE.with(one));
            for &other in &all {
                assert_eq!(without.part(other), other != one, "{one:?} {other:?}");
                assert_eq!(with.part(other), other == one, "{one:?} {other:?}");
            }
            assert_eq!(without.with(one), Measured::ALL);
            assert_eq!(with.without(one), Measured::NONE);
        }
        assert!(METRICS.iter().all(|row| Measured::ALL.metric(row.metric)));
        assert!(!METRICS.iter().any(|row| Measured::NONE.metric(row.metric)));
    }

    #[test]
    fn what_is_derived_needs_all_of_its_parts() {
        let of = |metric, part| Measured::ALL.without(part).metric(metric);
        for end in ENDS {
            assert!(!of(Metric::Availability, Part::Counter(end)));
            assert!(!of(Metric::RunFigure(RunFigure::ErrorBudgetSpent), Part::Counter(end)));
        }
        for bytes in BYTES {
            assert!(!of(Metric::ByteHits, Part::Counter(bytes)));
        }
        let cost = Metric::RunFigure(RunFigure::MonthlyCost);
        assert!(!of(cost, Part::Counter(Counter::Served)));
        assert!(!of(cost, Part::Counter(Counter::PrimaryReads)));
        assert!(!of(cost, Part::Gauge(Gauge::Nodes)));
        assert!(!of(cost, Part::RunFigure(RunFigure::MonthlyCost)));
        assert!(of(cost, Part::RunFigure(RunFigure::ErrorBudgetSpent)));
        assert!(of(Metric::Availability, Part::Counter(Counter::Requests)));
    }
}
