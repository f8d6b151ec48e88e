//! Two models that every simulator here runs, and what their programs share.
//!
//! **M/M/1** ([`mm1`]): one server, first come first served, mean service 20 ms, 40 customers a
//! second: load 0.8, so the mean sojourn is 20 ms / (1 - 0.8) = 100 ms.
//!
//! **A minimal CDN** ([`cdn`]): five regions with 6,000 Poisson requests a second each, objects by
//! Zipf's law with exponent 1 over a million, a least-recently-used cache of 50,000 objects in each
//! region, misses for one object joined into one fetch, and one origin 15 ms away (30 ms there and
//! back in all) with 256 servers, one first-come-first-served queue and exponential service of 2 ms
//! in the mean. A hit takes 1 ms; a fetch takes its trips, its wait and its service; a request that
//! joins a fetch takes what is left of it. Caches start empty, and everything counts from the
//! beginning.
//!
//! Cache, waiting requests, Zipf table and histogram are one implementation, this one, for Squall as
//! well, and where a choice was free it was made for the peer: peers draw from `SmallRng` (Squall from
//! ChaCha8, which is slower); a hit is finished in the event of its arrival; the object of the next
//! arrival is drawn when that is scheduled, and its memory is prefetched.
//!
//! What remains is the simulator, and what its style allows. In Squall arrivals are no events, so a
//! region's next requests follow each other, and it draws and prefetches whole batches of them. In the
//! others each arrival is an event that brings the next.
//!
//! In SimPy the CDN is there twice: with as few processes as it can have, and with a process a request, as
//! SimPy's documentation writes its models.

mod answers;
pub mod cdn;
mod draws;
pub mod edge;

pub use answers::{Run, Sojourns};
pub use draws::Draws;

/// The constants of the single queue.
pub mod mm1 {
    /// Seconds between two customers, in the mean.
    pub const GAP: f64 = 1.0 / 40.0;
    /// Seconds of service, in the mean.
    pub const SERVICE: f64 = 0.020;
}

/// Nanoseconds of a second.
pub const NANOS: f64 = 1e9;

/// Whole nanoseconds of a number of seconds, rounded down.
#[inline]
#[must_use]
pub fn nanos(seconds: f64) -> u64 {
    (seconds * NANOS) as u64
}

/// Whole nanoseconds of a duration.
#[inline]
#[must_use]
pub fn nanos_of(duration: std::time::Duration) -> u64 {
    duration.as_secs() * 1_000_000_000 + u64::from(duration.subsec_nanos())
}
