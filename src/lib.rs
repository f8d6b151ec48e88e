//! Squall.

pub mod engine;
pub mod units;
