//! What can be said of a metric: a row of the reference.

use super::{Counter, Gauge, Sample};
use crate::units::Unit;

/// A figure of the whole run.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Figure {
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
    /// Counted events.
    Counter(Counter),
    /// One value each.
    Sample(Sample),
    /// A level in each region.
    Gauge(Gauge),
    /// One value for the run.
    Figure(Figure),
}

/// How a metric's name may stand in a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Form {
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
pub struct Described {
    /// As written in files.
    pub name: &'static str,
    /// What it is.
    pub metric: Metric,
    /// How it may stand in a term.
    pub form: Form,
    /// The unit of its values (of its rate, when counted).
    pub unit: Unit,
    /// One sentence for `squall explain`.
    pub text: &'static str,
}

pub(super) const fn flag(name: &'static str, counter: Counter, text: &'static str) -> Described {
    Described { name, metric: Metric::Counter(counter), form: Form::Flag, unit: Unit::Ratio, text }
}
pub(super) const fn counted(name: &'static str, counter: Counter, text: &'static str) -> Described {
    Described {
        name,
        metric: Metric::Counter(counter),
        form: Form::Counted,
        unit: Unit::Rate,
        text,
    }
}
pub(super) const fn sampled(name: &'static str, sample: Sample, text: &'static str) -> Described {
    Described { name, metric: Metric::Sample(sample), form: Form::Valued, unit: Unit::Time, text }
}
pub(super) const fn level(
    name: &'static str,
    gauge: Gauge,
    unit: Unit,
    text: &'static str,
) -> Described {
    Described { name, metric: Metric::Gauge(gauge), form: Form::Valued, unit, text }
}
pub(super) const fn figure(
    name: &'static str,
    figure: Figure,
    unit: Unit,
    text: &'static str,
) -> Described {
    Described { name, metric: Metric::Figure(figure), form: Form::Alone, unit, text }
}
