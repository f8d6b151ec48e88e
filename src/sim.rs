//! The simulator: viewers, routes, caches, services, databases. Knows no file, no report and no
//! command line.
//!
//! Components (pool, metadata cache, retry budget, routes, replication) are structs whose methods take
//! values and return decisions; the site alone schedules, and holds every branch in the life of a
//! request.

mod client;
mod edge;
mod faults;
mod hop;
mod network;
mod run;
mod server;
mod site;

pub use hop::budgets;
pub use run::simulation::{
    Options, Outcome, RunError, lookahead, simulate, timeline, worthwhile_threads,
};
pub use run::tracer::{Fact, Part, Sampling, Traced, Traces, What};
