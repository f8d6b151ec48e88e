//! A running hash of what happened, to compare two runs to the bit.

use std::fmt;

/// A 64-bit hash of a sequence of words. Not cryptographic: it guards against accidents.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Digest(u64);

/// An odd constant with well-spread bits: 2^64 divided by the golden ratio (Knuth, TAOCP 3, 6.4).
const SPREAD: u64 = 0x9e37_79b9_7f4a_7c15;

impl Default for Digest {
    fn default() -> Self {
        Self(SPREAD)
    }
}

impl Digest {
    /// Takes one word in. The order of words matters.
    #[inline]
    pub const fn word(&mut self, word: u64) {
        let mixed = (self.0 ^ word).wrapping_mul(SPREAD);
        self.0 = mixed ^ (mixed >> 29);
    }

    /// Takes bytes in, with their length, so that two texts do not run into each other.
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.word(bytes.len() as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0_u8; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.word(u64::from_le_bytes(word));
        }
    }

    /// The hash of all words so far.
    #[must_use]
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(words: &[u64]) -> Digest {
        let mut digest = Digest::default();
        words.iter().for_each(|&word| digest.word(word));
        digest
    }

    #[test]
    fn order_and_content_count() {
        assert_ne!(of(&[1, 2]), of(&[2, 1]));
        assert_ne!(of(&[0]), of(&[0, 0]));
        assert_ne!(of(&[]), of(&[0]));
        assert_eq!(of(&[5, 6]), of(&[5, 6]));
    }

    #[test]
    fn digests_are_folded_in_their_order() {
        let fold = |parts: &[u64]| crate::engine::fold_digests(parts.iter().map(|&n| of(&[n])));
        assert_eq!(fold(&[1, 2]), fold(&[1, 2]));
        for (one, two) in [([1, 2], [2, 1]), ([1, 2], [1, 3]), ([1, 2], [3, 2])] {
            assert_ne!(fold(&one), fold(&two));
        }
        assert_ne!(fold(&[1]), fold(&[1, 1]));
    }

    #[test]
    fn one_flipped_bit_changes_about_half_the_result_after_two_words() {
        for bit in 0..64 {
            let differing = (of(&[1 << bit, 7]).value() ^ of(&[0, 7]).value()).count_ones();
            assert!((8..=56).contains(&differing), "bit {bit}: {differing}");
        }
    }

    #[test]
    fn texts_do_not_run_into_each_other() {
        let mut one = Digest::default();
        one.bytes(b"ab");
        one.bytes(b"c");
        let mut two = Digest::default();
        two.bytes(b"a");
        two.bytes(b"bc");
        assert_ne!(one, two);
    }
}
