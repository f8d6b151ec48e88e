//! Everything that a run needs, as plain data.

use super::{Fabric, Load};
use crate::change::Planned;
use crate::fault::Injection;
use crate::units::{Instant, Span};

/// Everything a run needs.
#[derive(Clone, Debug)]
pub struct Plan {
    /// The seed of every random stream.
    pub seed: u64,
    /// How long the run lasts.
    pub length: Span,
    /// The part of it, from the start, that is not judged.
    pub warmup: Span,
    /// Further cuts of time, from invariants that speak of a window.
    pub cuts: Vec<Instant>,
    /// The fabric.
    pub fabric: Fabric,
    /// The viewers.
    pub load: Load,
    /// What is done to it.
    pub injections: Vec<Injection>,
    /// What people do to it.
    pub changes: Vec<Planned>,
}
