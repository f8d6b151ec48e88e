//! Zipf's law over ranks, drawn in constant time.
//!
//! The alias method (Walker, "New Fast Method for Generating Discrete Random Numbers with Arbitrary
//! Frequency Distributions", Electronics Letters 10(8), 1974; built in linear time as in Vose, "A
//! Linear Algorithm for Generating Random Numbers with a Given Distribution", IEEE Transactions on
//! Software Engineering 17(9), 1991), in whole numbers: probabilities are rounded once, to shares
//! of `n 2^32`, and the table then represents these shares exactly.

use super::stream::Stream;
use std::fmt;
use std::sync::Arc;

/// What one cell holds: the resolution of an acceptance threshold.
const CAPACITY: u64 = 1 << 32;
/// Terms of a harmonic number that are added one by one.
const HEAD: u32 = 256;

/// Zipf's law: rank `r` of `n`, counted from 0, has probability `(r + 1)^-exponent` over the
/// generalised harmonic number. Rank 0 is the most popular; exponent 0 makes all alike.
///
/// A draw takes 64 random bits and reads one cell of eight bytes. The law that is drawn differs
/// from the exact one by at most `2^-33 + n 2^-64` in total variation, below 2e-10 at any size: a
/// rank is rounded by at most one share of `n 2^32`, and the multiplication that splits the bits
/// into cell and height gives either outcome of a cell at most one of the 2^64 words too many.
///
/// Clones share the table.
#[derive(Clone)]
pub struct Zipf {
    /// The threshold below which a cell's own rank is accepted in the high half, the rank that is
    /// taken otherwise in the low half.
    cells: Arc<Vec<u64>>,
    exponent: f64,
    total: f64,
}

/// Why the parameters make no Zipf law; prints as a sentence without a full stop.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum ZipfError {
    /// The number of ranks is 0 or above [`Zipf::MOST`].
    Ranks(u32),
    /// The exponent is negative or not finite.
    Exponent(f64),
}

impl fmt::Display for ZipfError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ranks(n) => {
                write!(f, "a zipf law needs between 1 and 100,000,000 ranks, and it has {n}")
            }
            Self::Exponent(s) => {
                write!(f, "the exponent of a zipf law must be at least 0 and finite, and it is {s}")
            }
        }
    }
}

impl std::error::Error for ZipfError {}

impl fmt::Debug for Zipf {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Without the table, which can be a hundred million cells.
        write!(f, "Zipf({} ranks, exponent {})", self.len(), self.exponent)
    }
}

impl PartialEq for Zipf {
    fn eq(&self, other: &Self) -> bool {
        // The table is a function of these two.
        self.cells.len() == other.cells.len() && self.exponent == other.exponent
    }
}

impl Zipf {
    /// The most ranks that a law may have: 800 MB of table.
    pub const MOST: u32 = 100_000_000;

    /// The law over `n` ranks. Takes one power function a rank, and 8 bytes a rank afterwards (12
    /// while it is built).
    ///
    /// # Errors
    /// When `n` is 0 or above [`Zipf::MOST`], or the exponent is negative or not finite.
    pub fn new(n: u32, exponent: f64) -> Result<Self, ZipfError> {
        if n == 0 || n > Self::MOST {
            return Err(ZipfError::Ranks(n));
        }
        if !(exponent >= 0.0 && exponent.is_finite()) {
            return Err(ZipfError::Exponent(exponent));
        }
        let total = harmonic(n, exponent);
        let mut cells = shares(n, exponent, total);
        pair_up(&mut cells);
        Ok(Self { cells: Arc::new(cells), exponent, total })
    }

    /// A rank, 0 for the most popular.
    #[inline]
    pub fn draw(&self, stream: &mut Stream) -> u32 {
        self.draw_from(stream.bits())
    }

    /// The rank that these 64 random bits stand for. A caller may draw the bits of several requests
    /// ahead, so that their cells are fetched from memory at the same time.
    #[inline]
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: halves of wider words are what is wanted
    pub fn draw_from(&self, bits: u64) -> u32 {
        let product = u128::from(bits) * self.cells.len() as u128;
        let own = (product >> 64) as u32;
        let height = (product as u64) >> 32;
        let cell = self.cells[own as usize];
        if height < cell >> 32 { own } else { cell as u32 }
    }

    /// A rank will be made of these bits soon: fetches their cell.
    #[inline]
    #[allow(clippy::cast_possible_truncation)] // reason: below the number of cells
    pub fn expect(&self, bits: u64) {
        let own = (u128::from(bits) * self.cells.len() as u128) >> 64;
        super::prefetch(&self.cells, own as usize);
    }

    /// The exact probability of a rank; zero for a rank that does not exist.
    #[must_use]
    pub fn probability(&self, rank: u32) -> f64 {
        if rank < self.len() { power(u64::from(rank) + 1, self.exponent) / self.total } else { 0.0 }
    }

    /// How many ranks there are.
    #[must_use]
    #[allow(clippy::cast_possible_truncation, clippy::len_without_is_empty)]
    // reason: at most `MOST` cells, never none
    pub fn len(&self) -> u32 {
        self.cells.len() as u32
    }

    /// The exponent.
    #[must_use]
    pub const fn exponent(&self) -> f64 {
        self.exponent
    }
}

fn power(k: u64, exponent: f64) -> f64 {
    libm::pow(k as f64, -exponent)
}

/// Probabilities in whole shares of `n 2^32`, which they add up to. What a rank loses or gains by
/// rounding goes to the next, so that the sum of the first ranks is never off by more than a share
/// and a steep law's tail, where a rank has less than one, keeps its mass. What the floats
/// themselves lack in the end is rank 0's, which is never the smallest.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
// reason: a share is at least zero and at most n 2^32, below 2^59
fn shares(n: u32, exponent: f64, total: f64) -> Vec<u64> {
    let whole = u64::from(n) * CAPACITY;
    let scale = whole as f64 / total;
    let (mut carry, mut given) = (0.0, 0_u64);
    let mut cells = Vec::with_capacity(n as usize);
    super::pages::advise(&mut cells);
    cells.extend((1..=u64::from(n)).map(|k| {
        let wanted = scale * power(k, exponent) + carry;
        let share = wanted.round_ties_even();
        carry = wanted - share;
        given += share as u64;
        share as u64
    }));
    if let Some(first) = cells.first_mut() {
        *first = (*first + whole).saturating_sub(given);
    }
    cells
}

/// Turns shares into cells: each rank with less than a full cell has the rest filled by one with
/// more. Both work lists are in the order of ranks, and a donor that falls below a full cell is
/// served next, so the table is the same wherever it is built.
fn pair_up(cells: &mut [u64]) {
    let ranks = 0..u32::try_from(cells.len()).unwrap_or(u32::MAX);
    let (poor, rich): (Vec<u32>, Vec<u32>) =
        ranks.partition(|&rank| cells[rank as usize] < CAPACITY);
    let (mut poor, mut rich) = (poor.into_iter(), rich.into_iter());
    let mut donor = rich.next();
    let mut fallen = None;
    while let Some(rank) = fallen.take().or_else(|| poor.next()) {
        let share = cells[rank as usize];
        // All shares add up to full cells, so a donor is left whenever somebody lacks something.
        let Some(from) = donor else { break };
        cells[rank as usize] = share << 32 | u64::from(from);
        let left = &mut cells[from as usize];
        *left -= CAPACITY - share;
        if *left < CAPACITY {
            fallen = donor;
            donor = rich.next();
        }
    }
    // What remains is exactly full, and takes itself whatever the threshold.
    donor.into_iter().chain(rich).for_each(|rank| cells[rank as usize] = u64::from(rank));
}

/// The generalised harmonic number: the sum of `k^-s` for `k` from 1 to `n`, zero for `n = 0`.
///
/// The first terms are added one by one from the smallest, the rest by the Euler-Maclaurin formula
/// with four correction terms; relative error about 1e-15.
#[must_use]
pub fn harmonic(n: u32, s: f64) -> f64 {
    let head = |last: u32| (1..=last).rev().map(|k| power(u64::from(k), s)).sum::<f64>();
    let first = power(u64::from(HEAD), s);
    if n <= HEAD || first == 0.0 {
        return head(n.min(HEAD));
    }
    let (m, end, last) = (f64::from(HEAD), f64::from(n), power(u64::from(n), s));
    // The integral of x^-s from m to n, written so that it passes through the logarithm at s = 1.
    let ratio = libm::log(end / m);
    let y = (1.0 - s) * ratio;
    let integral = m * first * ratio * if y == 0.0 { 1.0 } else { libm::expm1(y) / y };
    // B_2j / (2j)! times the difference of the derivatives of order 2j - 1 at both ends.
    let mut correction = 0.0;
    let (mut at_m, mut at_end) = (s * first / m, s * last / end);
    for (order, factor) in
        [(1.0, 1.0 / 12.0), (3.0, -1.0 / 720.0), (5.0, 1.0 / 30_240.0), (7.0, -1.0 / 1_209_600.0)]
    {
        correction += factor * (at_m - at_end);
        let rising = (s + order) * (s + order + 1.0);
        (at_m, at_end) = (at_m * rising / (m * m), at_end * rising / (end * end));
    }
    head(HEAD - 1) + (integral + 0.5 * (first + last) + correction)
}

#[cfg(test)]
#[path = "zipf_tests.rs"]
mod tests;
