//! Rows of the table of names.

use crate::observe::counter::Counter;
use crate::observe::gauge::Gauge;
use crate::observe::metric::{Metric, MetricInfo, MetricKind, RunFigure};
use crate::observe::timer::Timer;
use crate::units::Unit;

pub const fn flag(name: &'static str, counter: Counter, text: &'static str) -> MetricInfo {
    MetricInfo {
        name,
        metric: Metric::Counter(counter),
        form: MetricKind::Flag,
        unit: Unit::Ratio,
        text,
    }
}
pub const fn counted(name: &'static str, counter: Counter, text: &'static str) -> MetricInfo {
    MetricInfo {
        name,
        metric: Metric::Counter(counter),
        form: MetricKind::Counted,
        unit: Unit::Rate,
        text,
    }
}
pub const fn sampled(name: &'static str, sample: Timer, text: &'static str) -> MetricInfo {
    MetricInfo {
        name,
        metric: Metric::Timer(sample),
        form: MetricKind::Valued,
        unit: Unit::Time,
        text,
    }
}
pub const fn level(name: &'static str, gauge: Gauge, unit: Unit, text: &'static str) -> MetricInfo {
    MetricInfo { name, metric: Metric::Gauge(gauge), form: MetricKind::Valued, unit, text }
}
pub const fn figure(
    name: &'static str,
    figure: RunFigure,
    unit: Unit,
    text: &'static str,
) -> MetricInfo {
    MetricInfo { name, metric: Metric::RunFigure(figure), form: MetricKind::Alone, unit, text }
}
