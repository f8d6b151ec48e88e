//! All segments of all titles: which one a viewer asks for, and how large it is.

use super::Content;
use crate::units::count_to_f64;

/// All segments of all titles, numbered: a segment of a rendition of a title.
#[derive(Clone, Debug)]
pub struct Catalogue {
    segments: u32,
    /// By rendition: up to which word it is drawn, and the bytes of its segments.
    renditions: Vec<(u64, u64)>,
    /// ln of what the chance of a segment is of that of the one before it: below zero.
    fading: f64,
    /// One less the chance that a title without an end would give to segments beyond this one's.
    within: f64,
}

impl Catalogue {
    /// How many segments there are of so many titles.
    #[must_use]
    pub fn count(config: &Content, titles: u32) -> u128 {
        let renditions = config.ladder.len() as u128;
        u128::from(titles) * renditions * u128::from(config.segments)
    }

    /// What the settings say.
    #[must_use]
    pub fn new(config: &Content) -> Self {
        let mut sum = 0.0;
        let last = config.ladder.len().saturating_sub(1);
        let renditions = config.ladder.iter().enumerate().map(|(number, rendition)| {
            sum += rendition.share;
            let up_to = if number == last { u64::MAX } else { word_of(sum) };
            let bits =
                u128::from(rendition.bits_per_second) * u128::from(config.segment.as_nanos());
            let bytes = u64::try_from(bits.div_ceil(8_000_000_000)).unwrap_or(u64::MAX);
            (up_to, bytes)
        });
        let fading = -config.segment.as_secs_f64() / config.watched.as_secs_f64();
        Self {
            segments: config.segments,
            renditions: renditions.collect(),
            fading,
            within: -libm::expm1(fading * f64::from(config.segments)),
        }
    }

    /// The segment of a title that a request asks for which was drawn from this word. The word has
    /// chosen the title, too: what else it chooses is made of bits that are mixed, so that requests for
    /// one title spread over renditions and segments as independent draws would.
    #[must_use]
    pub fn draw(&self, title: u32, word: u64) -> u32 {
        let (one, two) = (mixed(word), mixed(word ^ 0x5851_f42d_4c95_7f2d));
        let rendition = self.renditions.iter().position(|&(up_to, _)| one <= up_to).unwrap_or(0);
        self.number(title, rendition, self.segment(two))
    }

    /// The segment within a title at this place of all that is watched: the inverse of the geometric
    /// law that is cut off at the title's end.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: `as` saturates
    fn segment(&self, word: u64) -> u32 {
        // 53 bits, the middle of each step: never 0 and never 1.
        let part = (count_to_f64(word >> 11) + 0.5) / count_to_f64(1 << 53);
        let segment = libm::log1p(-part * self.within) / self.fading;
        (segment as u32).min(self.segments - 1)
    }

    /// The number of a segment of a rendition of a title.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: the loader has counted: all fit 32 bits
    pub fn number(&self, title: u32, rendition: usize, segment: u32) -> u32 {
        let renditions = self.renditions.len() as u32;
        (title * renditions + rendition as u32) * self.segments + segment
    }

    /// The title of a segment.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: fewer renditions than segments
    pub fn title(&self, object: u32) -> u32 {
        object / self.segments / self.renditions.len() as u32
    }

    /// The bytes of a segment.
    #[inline]
    #[must_use]
    pub fn bytes(&self, object: u32) -> u64 {
        let rendition = (object / self.segments) as usize % self.renditions.len();
        self.renditions[rendition].1
    }
}

/// The word up to which a share of all words lies.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: `as` saturates
fn word_of(share: f64) -> u64 {
    (share * count_to_f64(u64::MAX)) as u64
}

/// A bijection of words that leaves no pattern (the finaliser of splitmix64; Steele, Lea and Flood,
/// OOPSLA 2014).
const fn mixed(word: u64) -> u64 {
    let word = word.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}
