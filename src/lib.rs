//! Squall.

pub mod change;
pub mod cli;
pub mod cost;
pub mod engine;
pub mod fabric;
pub mod fault;
pub mod invariant;
pub mod observe;
pub mod rehearse;
pub mod report;
pub mod scenario;
pub mod slo;
pub mod trace;
pub mod units;
