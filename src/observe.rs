//! What is seen, in simulation and live alike. Knows metrics and time, not what makes them.
//!
//! A [`Recorder`] stands in each region and counts. When a slice of time is complete everywhere it
//! is read out, judged and added to the [`Totals`], so that a run's memory does not grow with its
//! length. Everything about a request belongs to the instant at which it first arrived.

mod cells;
mod counter;
mod digest_order;
mod gauge;
mod histogram;
mod hop;
mod latency_buckets;
mod listed;
mod measured;
mod metric;
mod names;
mod recorder;
mod series;
mod timeline;
mod timer;
mod totals;

pub use cells::Layout;
pub use counter::Counter;
pub use gauge::Gauge;
pub use histogram::{Histogram, rank_of};
pub use hop::{Hop, HopEvent};
pub(crate) use measured::ENDS;
pub use measured::{Measured, Part};
pub use metric::{Metric, MetricInfo, MetricKind, RunFigure};
pub use names::METRICS;
pub use recorder::{Hits, Recorder, Slice, When};
pub use series::{PERCENTILES, Series, Track};
pub use timeline::Timeline;
pub use timer::Timer;
pub use totals::{Scope, SliceView, Totals};
