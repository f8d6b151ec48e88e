//! Poisson arrivals whose rate changes with time.
//!
//! Arrivals are drawn by the exact change of time (Çinlar, "Introduction to Stochastic Processes",
//! 1975, chapter 4): the integral of the rate from one arrival to the next is exponential with mean
//! one. Thinning would be exact too, but it rejects a number of candidates that depends on the
//! rate, so that two variants of a scenario would soon stop seeing the same viewers; here every
//! arrival takes one variate.

mod error;

pub use error::ArrivalsError;

use crate::units::{Instant, Span, count_to_f64};

/// How a rate varies: a factor over time, made of straight lines and jumps.
///
/// Before the first point and after the last it is constant. At a jump the later value holds.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// From the beginning of the run on, each until the next starts; the last one is constant.
    pieces: Box<[Piece]>,
    /// The factor is one throughout.
    flat: bool,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Piece {
    start: Instant,
    /// The factor at the start.
    first: f64,
    /// The factor that the line reaches at the end.
    last: f64,
    /// The factor's change in a nanosecond.
    slope: f64,
}

impl Piece {
    fn new(start: Instant, end: Instant, first: f64, last: f64) -> Self {
        let slope = if first == last { 0.0 } else { (last - first) / nanos(start, end) };
        Self { start, first, last, slope }
    }

    #[inline]
    fn at(&self, at: Instant) -> f64 {
        // Rounding must not take a line that ends at zero below it.
        (self.first + self.slope * nanos(self.start, at)).max(0.0)
    }
}

/// Where the last search in a [`Profile`] ended. One cursor serves one profile: after replacing the
/// profile a new one is needed for speed, not for correctness.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProfileCursor(usize);

/// Nanoseconds between two instants: the unit of all computation here, because it takes no division.
#[inline]
fn nanos(from: Instant, to: Instant) -> f64 {
    count_to_f64(to.since(from).as_nanos())
}

fn checked_factor(factor: f64) -> Result<(), ArrivalsError> {
    let holds = (0.0..=Profile::LARGEST).contains(&factor);
    if holds { Ok(()) } else { Err(ArrivalsError::Factor(factor)) }
}

impl Profile {
    /// The largest factor that a point may have.
    pub const LARGEST: f64 = 1e9;

    /// The factor one, always.
    #[must_use]
    pub fn flat() -> Self {
        Self::from_pieces(vec![Piece::new(Instant::ZERO, Instant::NEVER, 1.0, 1.0)])
    }

    /// Straight lines between `(instant, factor)` points; two points at one instant are a jump.
    ///
    /// # Errors
    /// When there is no point, an instant is before its predecessor or appears three times, or a
    /// factor is not between 0 and [`Profile::LARGEST`].
    pub fn new(points: &[(Instant, f64)]) -> Result<Self, ArrivalsError> {
        let (Some(first), Some(last)) = (points.first(), points.last()) else {
            return Err(ArrivalsError::NoPoints);
        };
        points.iter().try_for_each(|&(_, factor)| checked_factor(factor))?;
        if let Some(at) = points.windows(2).position(|w| w[1].0 < w[0].0) {
            return Err(ArrivalsError::Order { point: at + 2 });
        }
        if let Some(at) = points.windows(3).position(|w| w[2].0 == w[0].0) {
            return Err(ArrivalsError::Order { point: at + 3 });
        }
        let mut all = Vec::with_capacity(points.len() + 2);
        all.push((Instant::ZERO, first.1));
        all.extend_from_slice(points);
        let mut pieces: Vec<Piece> = all
            .windows(2)
            .filter(|w| w[0].0 < w[1].0)
            .map(|w| Piece::new(w[0].0, w[1].0, w[0].1, w[1].1))
            .collect();
        pieces.push(Piece::new(last.0, Instant::NEVER, last.1, last.1));
        Ok(Self::from_pieces(pieces))
    }

    fn from_pieces(pieces: Vec<Piece>) -> Self {
        let flat = pieces.iter().all(|piece| piece.first == 1.0 && piece.last == 1.0);
        Self { pieces: pieces.into(), flat }
    }

    /// Whether the factor is one throughout.
    #[must_use]
    pub const fn is_flat(&self) -> bool {
        self.flat
    }

    /// The factor at an instant; at a jump, the value after it.
    #[must_use]
    pub fn factor(&self, at: Instant) -> f64 {
        self.pieces[self.search(at)].at(at)
    }

    /// The integral of the factor, in seconds: how long the factor one would have to last to bring
    /// as many arrivals. Zero when `to` is not after `from`.
    #[must_use]
    pub fn integral(&self, from: Instant, to: Instant) -> f64 {
        let (mut sum, mut at) = (0.0, from);
        for index in self.search(from)..self.pieces.len() {
            let end = self.end(index).min(to);
            if at < end {
                let piece = &self.pieces[index];
                sum += 0.5 * (piece.at(at) + piece.at(end)) * nanos(at, end);
                at = end;
            }
            if at >= to {
                break;
            }
        }
        sum / 1e9
    }

    /// The mean factor over `[from, to)`; the factor at `from` when that is empty.
    #[must_use]
    pub fn mean(&self, from: Instant, to: Instant) -> f64 {
        if to <= from {
            self.factor(from)
        } else {
            self.integral(from, to) / to.since(from).as_secs_f64()
        }
    }

    /// The product of two profiles.
    ///
    /// Exact where at most one of them slopes. Where both do, the product is a parabola, and lines
    /// replace it that are off by at most 0.1 % of the largest value that the product has between
    /// the two neighbouring points of the profiles; they meet it at their ends.
    #[must_use]
    pub fn times(&self, other: &Self) -> Self {
        let mut starts: Vec<Instant> =
            self.pieces.iter().chain(&other.pieces).map(|piece| piece.start).collect();
        starts.sort_unstable();
        starts.dedup();
        let mut pieces = Vec::with_capacity(starts.len());
        for (i, &start) in starts.iter().enumerate() {
            let end = starts.get(i + 1).copied().unwrap_or(Instant::NEVER);
            let (one, two) = (&self.pieces[self.search(start)], &other.pieces[other.search(start)]);
            let product = |at| one.at(at) * two.at(at);
            let steps = steps_of_product(one, two, start, end);
            let length = end.since(start).as_nanos();
            let mut from = start;
            for step in 1..=steps {
                let offset = u128::from(length) * u128::from(step) / u128::from(steps);
                let offset = u64::try_from(offset).unwrap_or(length);
                let to = start.saturating_add(Span::from_nanos(offset));
                // A step shorter than a nanosecond is none.
                if from < to {
                    pieces.push(Piece::new(from, to, product(from), product(to)));
                    from = to;
                }
            }
        }
        Self::from_pieces(pieces)
    }

    /// This profile with a surge: times `factor` over `[from, to)`, reached and left along straight
    /// lines of length `ramp` inside the interval. A factor below one is a lull.
    ///
    /// # Errors
    /// When the interval is empty, the ramps do not fit into it, or the factor is not between 0 and
    /// [`Profile::LARGEST`].
    pub fn scaled_between(
        &self,
        from: Instant,
        to: Instant,
        factor: f64,
        ramp: Span,
    ) -> Result<Self, ArrivalsError> {
        if to <= from {
            return Err(ArrivalsError::Reversed { from, to });
        }
        let length = to.since(from);
        if ramp > length.half() {
            return Err(ArrivalsError::Ramp { ramp, length });
        }
        let mut points = vec![
            (from, 1.0),
            (from.saturating_add(ramp), factor),
            (to.saturating_sub(ramp), factor),
            (to, 1.0),
        ];
        points.dedup();
        Ok(self.times(&Self::new(&points)?))
    }

    /// The piece that holds an instant.
    fn search(&self, at: Instant) -> usize {
        // The first piece starts at the beginning of the run, so there is always one.
        self.pieces.partition_point(|piece| piece.start <= at).saturating_sub(1)
    }

    /// The same, walking forward from where the last search ended.
    #[inline]
    fn search_from(&self, hint: usize, at: Instant) -> usize {
        if hint >= self.pieces.len() || self.pieces[hint].start > at {
            return self.search(at);
        }
        let mut index = hint;
        while self.pieces.get(index + 1).is_some_and(|next| next.start <= at) {
            index += 1;
        }
        index
    }

    #[inline]
    fn end(&self, index: usize) -> Instant {
        self.pieces.get(index + 1).map_or(Instant::NEVER, |next| next.start)
    }
}

/// How many lines replace the product of two between `start` and `end`: a parabola `c t^2 + ..` and
/// its chord over a step `h` differ by at most `c (h / 2)^2`.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: `as` saturates
fn steps_of_product(one: &Piece, two: &Piece, start: Instant, end: Instant) -> u32 {
    let (a, b) = (one.at(start), one.at(end));
    let (c, d) = (two.at(start), two.at(end));
    let bend = ((b - a) * (d - c)).abs();
    // The middle counts when one rises from zero while the other falls to it.
    let largest = (a * c).max(b * d).max(0.25 * (a + b) * (c + d));
    if bend == 0.0 || largest == 0.0 {
        return 1;
    }
    // 0.1 % of the largest value, less a little for rounding to whole nanoseconds.
    (bend / (4.0 * 0.000_95 * largest)).sqrt().ceil().clamp(1.0, 1e3) as u32
}

/// A Poisson process whose rate a [`Profile`] scales.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Poisson {
    rate: f64,
    /// The mean gap at factor one: nanoseconds, infinite when the rate is zero.
    gap_nanos: f64,
}

impl Poisson {
    /// `rate` arrivals a second at factor one.
    ///
    /// # Errors
    /// When the rate is negative or not finite.
    pub fn new(rate: f64) -> Result<Self, ArrivalsError> {
        if rate >= 0.0 && rate.is_finite() {
            // Adding zero turns minus zero into zero.
            Ok(Self { rate, gap_nanos: 1e9 / (rate + 0.0) })
        } else {
            Err(ArrivalsError::Rate(rate))
        }
    }

    /// Arrivals a second at factor one.
    #[must_use]
    pub const fn rate(&self) -> f64 {
        self.rate
    }

    /// The next arrival after `from`, which is where the integral of the rate since `from` reaches
    /// `unit_exponential` (above zero: [`super::Stream::exponential`]), rounded to whole
    /// nanoseconds, ties to even. [`Instant::NEVER`] when it is not reached. `cursor` makes the
    /// search short when `from` mostly moves forward, and never changes the result.
    #[inline]
    #[must_use]
    pub fn next(
        &self,
        profile: &Profile,
        cursor: &mut ProfileCursor,
        from: Instant,
        unit_exponential: f64,
    ) -> Instant {
        if profile.flat {
            return from.saturating_add(Span::from_nanos_f64(self.gap_nanos * unit_exponential));
        }
        // Nanoseconds at factor one that are still to pass.
        self.next_on(profile, cursor, from, self.gap_nanos * unit_exponential)
    }

    /// Takes what each piece can give, then solves for the time within the one that gives more.
    fn next_on(
        self,
        profile: &Profile,
        cursor: &mut ProfileCursor,
        from: Instant,
        mut left: f64,
    ) -> Instant {
        if self.rate == 0.0 {
            return Instant::NEVER;
        }
        let mut at = from;
        let mut index = profile.search_from(cursor.0, at);
        while let Some(piece) = profile.pieces.get(index) {
            let end = profile.end(index);
            let now = piece.at(at);
            let area = 0.5 * (now + piece.last) * nanos(at, end);
            if left < area {
                cursor.0 = index;
                let wait = Span::from_nanos_f64(time_to_fill(left, now, piece.slope));
                return at.saturating_add(wait).min(end);
            }
            left -= area;
            at = end;
            index += 1;
        }
        Instant::NEVER
    }
}

/// The `t` with `factor t + slope t^2 / 2 = area`, in the form of the root that subtracts nothing
/// from numbers of like size, whatever the slope's sign.
#[inline]
fn time_to_fill(area: f64, factor: f64, slope: f64) -> f64 {
    if slope == 0.0 {
        return area / factor;
    }
    let root = (factor * factor + 2.0 * slope * area).max(0.0).sqrt();
    2.0 * area / (factor + root)
}

#[cfg(test)]
#[path = "arrivals_tests.rs"]
mod tests;
