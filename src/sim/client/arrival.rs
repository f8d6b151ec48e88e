//! A request of a viewer, as it is drawn.

use crate::units::Instant;

/// One request of a viewer, as it is drawn.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Arrival {
    /// When it arrives at the site that serves the network.
    pub at: Instant,
    /// Which network the viewer sits in.
    pub network: u32,
    /// What it asks for.
    pub title: u32,
    /// Its last mile, in microseconds.
    pub last_mile: u32,
    /// The region in which the network lies.
    pub home: u32,
}

/// A request that a network has drawn, before what is left to compute is computed.
#[derive(Clone, Copy, Debug)]
pub struct RawArrival {
    /// When it arrives.
    pub at: Instant,
    /// The bits of its title.
    pub title: u64,
    /// Its last mile, as `Law::begin` of [`crate::engine::Law`] gives it.
    pub last_mile: u64,
    /// Which network the viewer sits in.
    pub network: u32,
    /// The region in which that lies.
    pub home: u32,
}
