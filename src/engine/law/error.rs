//! Why something is no law.

use crate::units::Span;
use std::fmt;

/// Why the parameters make no law; prints as a sentence without a full stop.
#[derive(Clone, Debug, PartialEq)]
pub enum LawError {
    /// A time that must be above zero is zero.
    Zero {
        /// Which: `the mean of an exponential law`.
        what: &'static str,
    },
    /// A number is outside what the law allows.
    OutOfRange {
        /// Which: `the shape of a pareto law`.
        what: &'static str,
        /// What it must be: `above 1`.
        needs: &'static str,
        /// What it is.
        value: f64,
    },
    /// A uniform law ends before it begins.
    Reversed {
        /// The lower bound that was given.
        from: Span,
        /// The upper bound that was given.
        to: Span,
    },
    /// A 99th percentile below the median.
    Descending {
        /// The median that was given.
        median: Span,
        /// The 99th percentile that was given.
        p99: Span,
    },
    /// An empirical table has too few points, or too many.
    TableLength {
        /// How many it has.
        points: usize,
    },
    /// An empirical table does not run from probability 0 to 1.
    TableEnds {
        /// Its first probability.
        first: f64,
        /// Its last probability.
        last: f64,
    },
    /// An empirical table descends or repeats a point.
    TableOrder {
        /// The point that does, counted from one.
        point: usize,
    },
    /// A mixture has no part with a share above zero.
    NoParts,
    /// The shares of a mixture do not add up to one.
    Shares {
        /// What they add up to.
        sum: f64,
    },
}

impl fmt::Display for LawError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Zero { what } => write!(f, "{what} must be above zero"),
            Self::OutOfRange { what, needs, value } => {
                write!(f, "{what} must be {needs}, and it is {value}")
            }
            Self::Reversed { from, to } => {
                write!(f, "a uniform law cannot run from {from} down to {to}")
            }
            Self::Descending { median, p99 } => {
                write!(f, "the 99th percentile ({p99}) is below the median ({median})")
            }
            Self::TableLength { points } => {
                write!(f, "an empirical law needs 2 to 1,048,576 points, and it has {points}")
            }
            Self::TableEnds { first, last } => write!(
                f,
                "the probabilities of an empirical law must run from 0 to 1, and they run from \
                 {first} to {last}"
            ),
            Self::TableOrder { point } => write!(
                f,
                "point {point} of an empirical law must not be below the point before it, nor \
                 repeat it"
            ),
            Self::NoParts => f.write_str("a mixture needs at least one part with a share above 0"),
            Self::Shares { sum } => {
                write!(f, "the shares of a mixture must add up to 1, and they add up to {sum}")
            }
        }
    }
}

impl std::error::Error for LawError {}
