//! The model as plain data, one struct an element: what scenario, simulator, judge and reports share.
//! Nothing here draws, schedules or counts.
//!
//! Every number is a key of the scenario file with a unit, a default and a source; the presets in
//! [`preset`] hold the defaults. "Off" is always a legal value, so that each element can be looked at
//! alone.

mod autoscale;
mod breaker;
mod call;
mod catalogue;
mod client_policy;
mod content;
mod cost;
mod database;
mod fabric;
mod load;
mod manifest;
mod metadata;
mod origin;
mod plan;
mod pods;
pub mod preset;
mod retry;
mod routing;
mod slot_classes;
mod slowdown;
mod viewers;

pub use autoscale::{AutoscaleRules, ScalePace, ScaleTarget};
pub use breaker::{BreakerRule, Window};
pub use call::{Call, Fallback, Hedge};
pub use catalogue::Catalogue;
pub use client_policy::ClientPolicy;
pub use content::{Content, Rendition, Store};
pub use cost::Cost;
pub use database::{Behind, Database, Pooling, Replication, WhenBehind};
pub use fabric::Fabric;
pub use load::{Closed, Load, TraceLoad};
pub use manifest::{Discipline, Manifest};
pub use metadata::{AfterWait, Entries, Lock, Metadata, SharedErrors, TtlFrom};
pub use origin::{Origin, PATIENCE};
pub use plan::Plan;
pub use pods::{Balance, CpuRules, Ejection, MemoryRules, PodRules};
pub use retry::{Budget, Jitter, Retry};
pub use routing::{Detect, Routing};
pub use slot_classes::{ClassPool, ClassPools};
pub use slowdown::{Curve, CurveError, Slowdown};
pub use viewers::Viewers;
