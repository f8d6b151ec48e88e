//! Everything that can be seen, by name. Simulation and live mode fill the same list.

use super::counter::{Counter, Kind};
use super::gauge::Gauge;
use super::timer::Timer;
use crate::units::Unit;

/// A figure of the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum RunFigure {
    /// The share of a month's error budget that the judged part of the run spends.
    ErrorBudgetSpent,
    /// The monthly bill of the fabric with the run's traffic.
    MonthlyCost,
}

/// Anything that an invariant or a watch can name.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Metric {
    /// Answered requests as a share of those that ended.
    Availability,
    /// Bytes of segments from the content cache as a share of those that viewers got.
    ByteHits,
    /// Counted events.
    Counter(Counter),
    /// One value each.
    Timer(Timer),
    /// A level in each region.
    Gauge(Gauge),
    /// One value for the run.
    RunFigure(RunFigure),
}

/// How a metric's name may stand in a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum MetricKind {
    /// Alone: a ratio or a figure.
    Alone,
    /// As `share(name)`: a part of the requests.
    Flag,
    /// In `total(...)`, or as a rate a second in any other statistic.
    Counted,
    /// In `mean`, `min`, `max`, a percentile, or `share(name < bound)`.
    Valued,
}

/// One row of the reference.
#[derive(Clone, Copy, Debug)]
pub struct MetricInfo {
    /// As written in files.
    pub name: &'static str,
    /// What it is.
    pub metric: Metric,
    /// How it may stand in a term.
    pub form: MetricKind,
    /// The unit of its values (of its rate, when counted).
    pub unit: Unit,
    /// One sentence for `squall explain`.
    pub text: &'static str,
}

impl Metric {
    /// Whether only requests for segments have it.
    #[must_use]
    pub fn is_of_segments_alone(self) -> bool {
        match self {
            Self::ByteHits => true,
            Self::Counter(counter) => counter.kind() == Kind::Segments,
            Self::Timer(sample) => {
                matches!(sample, Timer::SegmentLatency | Timer::SegmentLockWait | Timer::OriginWait)
            }
            Self::Availability | Self::Gauge(_) | Self::RunFigure(_) => false,
        }
    }

    /// Whether it is told of requests of all kinds together.
    #[must_use]
    pub fn has_no_class(self) -> bool {
        matches!(self, Self::Counter(counter) if counter.kind() == Kind::Together)
    }

    /// Whether requests for segments have it.
    #[must_use]
    pub fn is_of_segments(self) -> bool {
        self.is_of_segments_alone()
            || match self {
                Self::Availability => true,
                Self::Counter(counter) => counter.of_segments().is_some(),
                Self::Timer(sample) => sample.of_segments().is_some(),
                _ => false,
            }
    }
}
