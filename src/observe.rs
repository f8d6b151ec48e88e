//! What is seen, in simulation and live alike. Knows metrics and time, not what makes them.
//!
//! A [`Recorder`] stands in each region and counts. When a slice of time is complete everywhere it
//! is read out, judged and added to the [`Totals`], so that a run's memory does not grow with its
//! length. Everything about a request belongs to the instant at which it first arrived.

mod cells;
mod counter;
mod digest_order;
mod histogram;
mod hop;
mod ladder;
mod measured;
mod metric;
mod names;
mod recorder;
mod series;
mod timeline;
mod totals;

pub use cells::Layout;
pub use counter::Counter;
pub use histogram::{Histogram, rank_of};
pub use hop::{Hop, HopEvent};
pub(crate) use measured::ENDS;
pub use measured::{Measured, Part};
pub use metric::{Described, Figure, Form, Gauge, Metric, Sample};
pub use names::METRICS;
pub use recorder::{Hits, Recorder, Slice, When};
pub use series::{PERCENTILES, Series, Track};
pub use timeline::Timeline;
pub use totals::{Scope, SliceView, Totals};
