//! The model of the fabric: viewers, routes, caches, services, databases. Knows no file, no report
//! and no command line.
//!
//! Components (pool, metadata cache, retry purse, routes, replication) are structs whose methods
//! take values and return decisions; the site alone schedules, and holds every branch in the life of
//! a request.

mod autoscale;
mod batch;
mod breaker;
pub mod budgets;
mod caller;
mod config;
mod content;
mod cpu;
mod event;
mod feed;
mod guard;
mod hedge;
mod lanes;
mod ledger;
mod locks;
mod memory;
mod metadata;
mod pods;
mod pool;
pub mod preset;
mod replication;
mod retry;
mod routing;
mod sharing;
mod simulation;
mod site;
mod slab;
mod slowdown;
mod tracer;
mod viewers;
mod virtual_time;
mod weather;

pub use breaker::{BreakerRule, Window};
pub use config::*;
pub use content::Catalogue;
pub use simulation::{
    Options, Outcome, RunError, lookahead, simulate, timeline, worthwhile_threads,
};
pub use slowdown::{Curve, CurveError, Slowdown};
pub use tracer::{Fact, Part, Sampling, Traced, Traces, What};
pub use weather::acts_on;
