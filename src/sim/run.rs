//! A run: events, what is under way, and the simulation that joins the sites.

pub mod event;
pub mod simulation;
pub mod slab;
pub mod tracer;
