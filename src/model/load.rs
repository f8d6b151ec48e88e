//! Who asks for what, and how often.

use crate::engine::{Law, Profile};
use crate::trace::TraceSpec;

/// The viewers' requests.
#[derive(Clone, Debug)]
pub struct Load {
    /// How many titles there are.
    pub titles: u32,
    /// Exponent of their popularity by rank (Zipf); not used with a trace.
    pub zipf: f64,
    /// Requests a second from each region.
    pub rates: Vec<f64>,
    /// Requests for video segments a second from each region; empty where nobody asks for any.
    pub segments: Vec<f64>,
    /// How the rate of each region changes with time (daily curve), surges not included.
    pub profiles: Vec<Profile>,
    /// The law of the time between arrivals instead of Poisson arrivals, for one network only.
    pub interarrival: Option<Law>,
    /// A real trace instead of drawn arrivals and titles.
    pub trace: Option<TraceLoad>,
    /// Viewers who wait for their answer before they ask again, for one pool by itself only.
    pub closed: Option<Closed>,
}

impl Load {
    /// Whether anybody asks for segments.
    #[must_use]
    pub fn has_segments(&self) -> bool {
        self.segments.iter().any(|&rate| rate > 0.0)
    }

    /// Requests of all kinds a second, from all regions.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.rates.iter().chain(&self.segments).sum()
    }
}

/// A closed loop: each viewer thinks, asks, waits for its answer or failure, and thinks again.
#[derive(Clone, Debug)]
pub struct Closed {
    /// How many viewers.
    pub viewers: u32,
    /// How long each thinks before it asks; its mean is above zero.
    pub think: Law,
}

/// A trace to replay.
#[derive(Clone, Debug)]
pub struct TraceLoad {
    /// What to read.
    pub spec: TraceSpec,
    /// Where its viewers sit.
    pub region: usize,
    /// How many times as fast as it was recorded.
    pub speed: f64,
}
