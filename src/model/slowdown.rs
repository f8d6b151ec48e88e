//! What load does to a service that has no queue of its own to show it: everything takes longer.

use crate::units::{Span, count_to_f64};

/// A factor on times, by load: straight lines between points, level before the first and after the
/// last. Two points at one load are a jump just above it.
#[derive(Clone, PartialEq, Debug)]
pub struct Curve {
    points: Vec<(f64, f64)>,
}

/// What is wrong with the points of a curve.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum CurveError {
    /// There are none.
    Empty,
    /// The point of this number lies before the one before it, or is no finite load of at least 0.
    Load(usize),
    /// The point of this number has a factor outside 1 to 1,000.
    Factor(usize),
}

impl std::fmt::Display for CurveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Empty => write!(f, "a curve without points"),
            Self::Load(at) => write!(f, "the load of point {} is below that before it", at + 1),
            Self::Factor(at) => write!(f, "the factor of point {} is not 1 to 1000", at + 1),
        }
    }
}

impl std::error::Error for CurveError {}

impl Curve {
    /// A curve through points of load and factor, loads ascending.
    ///
    /// # Errors
    /// See [`CurveError`].
    pub fn new(points: Vec<(f64, f64)>) -> Result<Self, CurveError> {
        let mut before = 0.0;
        for (at, &(load, factor)) in points.iter().enumerate() {
            if !(load >= before && load.is_finite()) {
                return Err(CurveError::Load(at));
            }
            if !(1.0..=1_000.0).contains(&factor) {
                return Err(CurveError::Factor(at));
            }
            before = load;
        }
        if points.is_empty() { Err(CurveError::Empty) } else { Ok(Self { points }) }
    }

    /// The factor at a load.
    #[must_use]
    pub fn at(&self, load: f64) -> f64 {
        let next = self.points.partition_point(|&(at, _)| at < load);
        match (next.checked_sub(1).map(|before| self.points[before]), self.points.get(next)) {
            (Some((a, low)), Some(&(b, high))) => low + (high - low) * ((load - a) / (b - a)),
            (None, Some(&(_, only))) | (Some((_, only)), None) => only,
            (None, None) => 1.0,
        }
    }

    /// The factor in whole thousandths, as work that is shared counts it.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: 1 to 1,000
    #[must_use]
    pub fn thousandths(&self, load: usize) -> u128 {
        (self.at(count_to_f64(load as u64)) * 1e3).round_ties_even() as u128
    }
}

/// How a database slows down under its own load.
#[derive(Clone, PartialEq, Debug)]
pub enum Slowdown {
    /// Not at all: connections are servers that do not know of each other.
    None,
    /// By how many reads are under way: each of them goes at one over the factor's speed for as long
    /// as there are so many (generalised processor sharing: Cohen 1979; Kelly 1979, section 3.3).
    Concurrency(Curve),
    /// By how many reads have begun in the time that is just over, in reads a second: a read that
    /// begins takes as many times as long.
    Rate {
        /// The time over which reads are counted.
        over: Span,
        /// The factor by reads a second.
        curve: Curve,
    },
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_curve_is_level_then_straight_then_level() {
        let curve = Curve::new(vec![(10.0, 1.0), (20.0, 3.0)]).unwrap();
        let factors = [0.0, 10.0, 15.0, 20.0, 1e9].map(|load| curve.at(load));
        assert_eq!(factors, [1.0, 1.0, 2.0, 3.0, 3.0]);
        assert_eq!(curve.thousandths(11), 1_200);
    }

    #[test]
    fn two_points_at_one_load_are_a_jump_above_it() {
        let curve = Curve::new(vec![(300.0, 1.0), (300.0, 10.0)]).unwrap();
        assert_eq!([299.0, 300.0, 300.1].map(|load| curve.at(load)), [1.0, 1.0, 10.0]);
    }

    #[test]
    fn what_is_no_curve_is_refused() {
        let refused = |points: &[(f64, f64)]| Curve::new(points.to_vec()).unwrap_err();
        assert_eq!(refused(&[]), CurveError::Empty);
        assert_eq!(refused(&[(1.0, 1.0), (0.5, 1.0)]), CurveError::Load(1));
        assert_eq!(refused(&[(f64::NAN, 1.0)]), CurveError::Load(0));
        assert_eq!(refused(&[(0.0, 0.5)]), CurveError::Factor(0));
        // Points are counted from one for people.
        let said =
            [CurveError::Empty, CurveError::Load(1), CurveError::Factor(0)].map(|e| e.to_string());
        assert_eq!(
            said,
            [
                "a curve without points",
                "the load of point 2 is below that before it",
                "the factor of point 1 is not 1 to 1000"
            ]
        );
    }
}
