//! Sentences about a run: parsed when the file is loaded, judged while the run goes on.
//!
//! ```text
//! term      = metric clauses | statistic "(" metric ")" clauses
//!           | ("share" | "time_until") "(" metric compare quantity ")" clauses
//!           | "share" "(" metric ")" clauses
//! statistic = "mean" | "min" | "max" | "total" | "p50" | "p99" | "p99.9" ...
//! clauses   = { "from" region | "in" region | "of" class
//!             | ("before" | "during" | "after") label | "within" span "of" label }
//! compare   = "<" | "<=" | "==" | ">=" | ">"
//! ```

use crate::units::Unit;

/// What became of an invariant.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// What was seen satisfies the bound.
    Holds,
    /// Nothing was seen: never a pass.
    Unmeasured,
    /// What was seen breaks the bound.
    Broken,
}

/// What was seen of one term, in the unit's short name (`ms`, `%`, `$`, `1/s`, or a bare number).
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Seen {
    /// The value; `None` when nothing was measured.
    pub value: Option<f64>,
    /// Its unit.
    pub unit: Unit,
    /// How many samples, requests or seconds it rests on.
    pub samples: u64,
}

/// An invariant's judgement.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Judgement {
    /// Whether it holds.
    pub verdict: Verdict,
    /// What was seen.
    pub seen: Seen,
    /// The bound, in the same unit.
    pub bound: f64,
    /// The end of the first second that broke the bound by itself, when the verdict is broken and a
    /// second can break it; in seconds since the start.
    pub first_broken_s: Option<f64>,
}
