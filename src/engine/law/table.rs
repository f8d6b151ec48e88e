//! Empirical laws: a quantile table with straight lines between its points.

use super::LawError;
use crate::units::Span;

/// A quantile table: `(probability, time)` points from probability 0 to 1, linear in between.
///
/// Two points of one probability are a gap in the values, two of one value an atom.
#[derive(Clone, Debug, PartialEq)]
pub struct Table {
    points: Box<[(f64, Span)]>,
    pieces: Box<[Piece]>,
    /// For each `k`, the piece that holds probability `k / guide.len()` (Chen and Asau, "On
    /// Generating Random Variates from an Empirical Distribution", AIIE Transactions 6(2), 1974).
    /// The length is a power of two, so that products with it are exact.
    guide: Box<[u32]>,
}

/// A line over the probabilities from `from` to `to`, in nanoseconds.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    from: f64,
    to: f64,
    base: f64,
    slope: f64,
}

impl Piece {
    #[inline]
    fn at(&self, probability: f64) -> f64 {
        self.base + self.slope * (probability - self.from)
    }

    fn last(&self) -> f64 {
        self.at(self.to)
    }
}

/// The most points that a table may have.
const MOST_POINTS: usize = 1 << 20;

impl Table {
    /// Checks the points and prepares the draw.
    ///
    /// # Errors
    /// When there are fewer than two points or more than 2^20, probabilities do not run from 0 to
    /// 1, or either coordinate descends.
    pub fn new(points: &[(f64, Span)]) -> Result<Self, LawError> {
        if !(2..=MOST_POINTS).contains(&points.len()) {
            return Err(LawError::TableLength { points: points.len() });
        }
        let (first, last) = (points[0].0, points[points.len() - 1].0);
        if first != 0.0 || last != 1.0 {
            return Err(LawError::TableEnds { first, last });
        }
        for (at, pair) in points.windows(2).enumerate() {
            let ((p, low), (q, high)) = (pair[0], pair[1]);
            // Written so that not-a-number fails.
            let ascends = p <= q && low <= high && (p, low) != (q, high);
            if !ascends {
                return Err(LawError::TableOrder { point: at + 2 });
            }
        }
        let pieces: Box<[Piece]> = points
            .windows(2)
            .filter(|pair| pair[0].0 < pair[1].0)
            .map(|pair| {
                let ((from, low), (to, high)) = (pair[0], pair[1]);
                let (base, rise) = (nanos(low), nanos(high) - nanos(low));
                Piece { from, to, base, slope: rise / (to - from) }
            })
            .collect();
        let guide = guide(&pieces);
        Ok(Self { points: points.into(), pieces, guide })
    }

    /// The points, as they were given.
    #[must_use]
    pub fn points(&self) -> &[(f64, Span)] {
        &self.points
    }

    /// The value in nanoseconds at a probability in (0, 1): one to three steps whatever the size.
    #[inline]
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
    // reason: the product is at least zero and below the guide's length
    pub(super) fn nanos_at(&self, probability: f64) -> f64 {
        let cell = (probability * self.guide.len() as f64) as usize;
        let mut piece = self.guide[cell.min(self.guide.len() - 1)] as usize;
        while probability >= self.pieces[piece].to && piece + 1 < self.pieces.len() {
            piece += 1;
        }
        self.pieces[piece].at(probability)
    }

    /// The smallest value in nanoseconds whose distribution function reaches the probability.
    pub(super) fn quantile_nanos(&self, probability: f64) -> f64 {
        let piece = self.pieces.partition_point(|piece| piece.to < probability);
        self.pieces[piece.min(self.pieces.len() - 1)].at(probability)
    }

    /// The probability of at most `nanos`.
    pub(super) fn cdf_nanos(&self, nanos: f64) -> f64 {
        match self.pieces.partition_point(|piece| piece.base <= nanos) {
            0 => 0.0,
            after => {
                let piece = &self.pieces[after - 1];
                if nanos >= piece.last() {
                    piece.to
                } else {
                    (piece.from + (nanos - piece.base) / piece.slope).min(piece.to)
                }
            }
        }
    }

    /// Mean in nanoseconds.
    pub(super) fn mean_nanos(&self) -> f64 {
        self.pieces.iter().map(|p| (p.to - p.from) * 0.5 * (p.base + p.last())).sum()
    }

    /// Variance in squared nanoseconds: each piece is uniform, and the squares are taken about the
    /// mean so that they do not cancel.
    pub(super) fn variance_nanos(&self) -> f64 {
        let mean = self.mean_nanos();
        let square = |p: &Piece| {
            let (low, high) = (p.base - mean, p.last() - mean);
            (p.to - p.from) * (low * low + low * high + high * high) / 3.0
        };
        self.pieces.iter().map(square).sum()
    }

    /// The smallest value of positive density or mass.
    pub(super) fn min(&self) -> Span {
        // Points of probability zero before the last of them carry nothing.
        let within = self.points.partition_point(|&(p, _)| p <= 0.0);
        self.points[within - 1].1
    }
}

#[allow(clippy::cast_possible_truncation)] // reason: at most 2^20 pieces
fn guide(pieces: &[Piece]) -> Box<[u32]> {
    let cells = pieces.len().next_power_of_two();
    let holding = |k: usize| {
        let probability = k as f64 / cells as f64;
        pieces.partition_point(|piece| piece.to <= probability) as u32
    };
    (0..cells).map(holding).collect()
}

fn nanos(span: Span) -> f64 {
    crate::units::count_to_f64(span.as_nanos())
}
