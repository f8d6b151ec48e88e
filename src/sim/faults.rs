//! The faults that are in force at a site.

pub mod active_faults;
