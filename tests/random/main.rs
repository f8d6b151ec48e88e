//! Random fabrics with everything that can be done to one, the same ones each time.

#![allow(clippy::unwrap_used, clippy::panic)] // reason: a test fails by panicking

mod exact;
#[path = "../common/files.rs"]
mod files;
#[path = "../common/plans.rs"]
mod plans;
#[path = "../common/runs.rs"]
mod runs;
mod traced;
