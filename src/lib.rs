//! Squall.

pub mod change;
pub mod engine;
pub mod fault;
pub mod observe;
pub mod units;
