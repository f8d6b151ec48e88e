//! The origin: the store in one region that holds the master library.

use crate::engine::Law;
use crate::model::Call;
use crate::units::Span;

/// The origin, as the edges of all regions see it.
#[derive(Clone, Debug)]
pub struct Origin {
    /// The region that holds it; `None` is the primary's.
    pub region: Option<usize>,
    /// Requests that it works on at once, at least 1.
    pub slots: u32,
    /// Requests that may wait; `None` is without bound.
    pub queue: Option<u32>,
    /// The longest wait; `None` is without bound.
    pub wait: Option<Span>,
    /// What it takes until the first byte leaves.
    pub service: Law,
    /// Bytes of an answer a second, each by itself; `None`: the last byte comes with the first.
    pub rate: Option<u64>,
    /// How each edge calls it. Where it has no time-out, [`PATIENCE`] is one: an answer may be lost on
    /// the way.
    pub call: Call,
}

/// How long an edge waits for the origin that is not told how long (CloudFront's default response
/// timeout of an origin).
pub const PATIENCE: Span = Span::from_secs(30);
