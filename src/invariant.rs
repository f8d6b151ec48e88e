//! Sentences about a run: parsed when the file is loaded, judged while the run goes on.
//!
//! ```text
//! invariant = term compare quantity
//! watch     = term
//! term      = metric clauses | statistic "(" metric ")" clauses
//!           | ("share" | "time_until") "(" metric compare quantity ")" clauses
//!           | "share" "(" metric ")" clauses
//! statistic = "mean" | "min" | "max" | "total" | "p50" | "p99" | "p99.9" ...
//! clauses   = { "from" region | "in" region | "of" class
//!             | ("before" | "during" | "after") label | "within" span "of" label }
//! compare   = "<" | "<=" | "==" | ">=" | ">"
//! ```
//!
//! **Where.** `from` is where the viewer sits, `in` is where the work is done. A share of a flag is
//! its count over the requests that ended (served, failed, given up) in the same scope, except that
//! `share(served) in R` is what was answered in R over all requests, whatever their region.
//!
//! **When.** Without a clause: from the end of the warm-up to the end. `during L`: from L's
//! beginning to its end, or to the end of the run. `before L`: from the end of the warm-up to L's
//! beginning. `after L`: from L's end, or from its beginning if it has no end, to the end.
//! `within S of L`: S from L's beginning. The warm-up is never judged: the part of a window in it
//! is cut off.
//!
//! **What.** Means are exact. A percentile, least or greatest value or share of a sample is judged
//! by exact counts of the values below the bound, not by histogram buckets; what is printed is
//! interpolated, and moved to the bound's side on which the exact value lies. A counted metric is a
//! count in `total`, a count over the window's length in `mean`, and otherwise the rate of each
//! slice of at least 100 ms. A level is the peak of each second in each region. `time_until` runs
//! from the window's start to the end of the last second that violates the condition: zero if none
//! does, the whole window if the last measured second does; seconds that measure nothing neither
//! violate nor satisfy it, and a level must satisfy it in every region of the scope. A bound that a
//! condition which never comes true would satisfy is refused when the sentence is read.
//!
//! **Nothing** measured (no value, no ended request, no second) is [`Verdict::Unmeasured`]. A total
//! or rate of no events is a measured zero where its counter is measured. A term that is computed from
//! something that is not ([`crate::observe::Measured`]) is unmeasured, whatever is asked of it.
//!
//! A broken sentence names the first slice that breaks the bound by itself, or, for `total` and
//! `time_until`, in which what has added up so far breaks it for good.

mod bound;
mod check;
mod clauses;
#[cfg(test)]
mod complaint_tests;
mod exact;
mod finish;
mod judge;
#[cfg(test)]
mod judge_tests;
mod lex;
mod measured;
#[cfg(test)]
mod measured_tests;
mod parse;
#[cfg(test)]
mod parse_tests;
mod parser;
#[cfg(test)]
mod property_tests;
mod reference;
mod tally;
mod term;
#[cfg(test)]
mod time_tests;
mod value;
mod window;
mod words;

pub use judge::Judge;
pub use parse::{parse_invariant, parse_watch};
pub use reference::{Entry, Reference, reference};
pub use term::{Ask, Class, Compare, Condition, Percentile, Statement, Term};

use crate::units::{Instant, Money, Span, Unit};
use std::ops::Range;

/// What a sentence may refer to.
#[derive(Clone, Copy, Debug)]
pub struct Names<'a> {
    /// The fabric's regions, in its order.
    pub regions: &'a [String],
    /// The labels of faults and changes.
    pub labels: &'a [LabelInfo],
    /// The end of the warm-up.
    pub warmup: Instant,
    /// The length of the run.
    pub length: Span,
}

/// A label and its time.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LabelInfo {
    /// The label.
    pub name: String,
    /// When it begins.
    pub at: Instant,
    /// When it ends; `None` for an instant, or when it lasts to the end of the run.
    pub until: Option<Instant>,
    /// Whether it happens at an instant, so that nothing is `during` it.
    pub instant: bool,
}

/// Something wrong with a sentence.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Complaint {
    /// Where: bytes within the sentence; empty at its end when something is missing there.
    pub at: Range<usize>,
    /// What, as a sentence without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// The figures of the whole run, which are computed from its totals elsewhere.
#[derive(Clone, Copy, PartialEq, Default, Debug)]
pub struct Figures {
    /// The part of a month's error budget that was spent, as a share of one; `None` if unknown.
    pub error_budget_spent: Option<f64>,
    /// The bill of a month; `None` if unknown.
    pub monthly_cost: Option<Money>,
}

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
