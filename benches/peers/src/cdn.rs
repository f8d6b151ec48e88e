//! The constants of the CDN, and the arrivals of a region for the peers.

use crate::Draws;
use crate::edge::Edge;
use squall::engine::{Zipf, ZipfError};

/// Regions.
pub const REGIONS: usize = 5;
/// Seconds between two requests of one region, in the mean: 30,000 a second in all five.
pub const GAP: f64 = 1.0 / 6_000.0;
/// Objects.
pub const OBJECTS: u32 = 1_000_000;
/// Zipf's exponent.
pub const EXPONENT: f64 = 1.0;
/// Objects that a region's cache holds.
pub const SLOTS: u32 = 50_000;
/// Seconds from a region to the origin, and as many back.
pub const TRIP: f64 = 0.015;
/// Servers of the origin.
pub const SERVERS: u32 = 256;
/// Seconds of service at the origin, in the mean.
pub const SERVICE: f64 = 0.002;

/// The law of objects.
///
/// # Errors
/// Never with these constants.
pub fn zipf() -> Result<Zipf, ZipfError> {
    Zipf::new(OBJECTS, EXPONENT)
}

/// A region's edge, and what it draws its viewers from.
#[derive(Debug)]
pub struct Region {
    /// The cache and what waits.
    pub edge: Edge,
    draws: Draws,
    zipf: Zipf,
    /// The bits that the next object will be made of.
    bits: u64,
}

impl Region {
    /// A region with an empty cache.
    #[must_use]
    pub fn new(zipf: &Zipf, seed: u64, number: usize) -> Self {
        let mut draws = Draws::new(seed, number as u64);
        let bits = draws.bits();
        Self { edge: Edge::new(OBJECTS, SLOTS), draws, zipf: zipf.clone(), bits }
    }

    /// Draws the next arrival: seconds from now, and the object. What will be read for it, and for
    /// the one after it, is prefetched.
    #[inline]
    pub fn arrival(&mut self) -> (f64, u32) {
        let object = self.zipf.draw_from(self.bits);
        self.edge.expect(object);
        self.bits = self.draws.bits();
        self.zipf.expect(self.bits);
        (self.draws.seconds(GAP), object)
    }
}
