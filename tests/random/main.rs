//! Random fabrics with everything that can be done to one, and damaged files: the same ones each time.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

mod exact;
#[path = "../common/files.rs"]
mod files;
mod fuzz;
#[path = "../common/plans.rs"]
mod plans;
#[path = "../common/runs.rs"]
mod runs;
mod traced;
