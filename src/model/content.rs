//! The cache of video segments beside an edge, and what viewers ask of a title.

use crate::cache::Policy;
use crate::model::Lock;
use crate::units::Span;

/// Video segments: what there is of a title, and where edges keep it.
#[derive(Clone, Debug)]
pub struct Content {
    /// The cache of each region; `None` is off: every request goes to the origin.
    pub store: Option<Store>,
    /// What a hit takes until its first byte leaves.
    pub hit: Span,
    /// The lock on a segment: one request to the origin, the others wait. `None`: every miss makes one.
    pub lock: Option<Lock>,
    /// How long a segment plays, above zero.
    pub segment: Span,
    /// Segments of each title, at least 1.
    pub segments: u32,
    /// How long a viewer watches on the mean, above zero: the segment with number n is asked for in
    /// proportion to exp(-n segment / watched), which is a geometric law cut off at the title's end.
    pub watched: Span,
    /// The renditions of each title, at least one; their shares add up to one.
    pub ladder: Vec<Rendition>,
}

/// What a content cache holds, and by which rule.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Store {
    /// Who leaves when it is full.
    pub policy: Policy,
    /// Its room in bytes.
    pub bytes: u64,
}

/// One rendition of a title.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Rendition {
    /// Bits of a second of it; all its segments have the size that follows from it.
    pub bits_per_second: u64,
    /// The share of requests that ask for it, 0 to 1.
    pub share: f64,
}
