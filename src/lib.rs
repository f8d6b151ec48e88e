//! Squall.

pub mod change;
pub mod cost;
pub mod engine;
pub mod fabric;
pub mod fault;
pub mod invariant;
pub mod observe;
pub mod rehearse;
pub mod trace;
pub mod units;
