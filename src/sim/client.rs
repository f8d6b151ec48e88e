//! The viewers of a site: their networks, when they ask for what, and what protects them.

pub mod arrival;
pub mod arrival_batch;
pub mod networks;
pub mod policy;
pub mod trace_arrivals;
