//! What one search found: the two values of an axis between which something gives way.

/// What was found for one combination of the axes that are not searched.
#[derive(Clone, PartialEq, Debug)]
pub struct Finding {
    /// The value of each axis; 0 for the one that is searched.
    pub choice: Vec<usize>,
    /// Of a recovery first without the trigger, then with it; else one.
    pub sides: Vec<Side>,
}

/// Between which values of the axis it lies.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Side {
    /// The last value with which everything holds; `None` when it does not hold with the first.
    pub holds: Option<usize>,
    /// The first with which it does not; `None` when it holds with the last.
    pub fails: Option<usize>,
    /// What gave way there.
    pub gave_way: Option<GaveWay>,
}

/// The invariant that broke first in simulated time.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct GaveWay {
    /// Its place.
    pub invariant: usize,
    /// In how many runs it did not hold.
    pub runs: u64,
    /// Of how many.
    pub of: u64,
    /// When it broke in the earliest of them, in seconds.
    pub at_s: Option<f64>,
}
