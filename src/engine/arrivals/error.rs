//! Why something is no profile or no rate.

use crate::units::{Instant, Span};
use std::fmt;

/// Why a profile or a rate is none; prints as a sentence without a full stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ArrivalsError {
    /// A profile without a point.
    NoPoints,
    /// A point before the one that precedes it, or a third one at its instant.
    Order {
        /// The point, counted from one.
        point: usize,
    },
    /// A factor that is negative or above [`super::Profile::LARGEST`].
    Factor(f64),
    /// A surge that ends before it begins.
    Reversed {
        /// Where it begins.
        from: Instant,
        /// Where it ends.
        to: Instant,
    },
    /// The two ramps of a surge do not fit into it.
    Ramp {
        /// The length of one ramp.
        ramp: Span,
        /// The length of the surge.
        length: Span,
    },
    /// A rate that is negative or not finite.
    Rate(f64),
}

impl fmt::Display for ArrivalsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoPoints => f.write_str("a profile needs at least one point"),
            Self::Order { point } => write!(
                f,
                "point {point} of a profile is before the point that precedes it, or the third at \
                 one instant"
            ),
            Self::Factor(factor) => {
                write!(f, "a factor of a rate must be between 0 and 1e9, and it is {factor}")
            }
            Self::Reversed { from, to } => {
                write!(f, "a surge must end after it begins, and it runs from {from} to {to}")
            }
            Self::Ramp { ramp, length } => {
                write!(f, "two ramps of {ramp} do not fit into a surge of {length}")
            }
            Self::Rate(rate) => {
                write!(f, "a rate must be at least 0 a second and finite, and it is {rate}")
            }
        }
    }
}

impl std::error::Error for ArrivalsError {}
