//! Keys become small numbers.

use std::fmt;

/// Gives keys the numbers 0, 1, 2, ... in the order in which they first appear.
///
/// An open-addressing table with linear probing (Knuth, The Art of Computer Programming, vol. 3,
/// section 6.4, algorithm L) that stores numbers, and beside it the list of keys. The numbers
/// depend on the order of appearance alone. A key costs 8 bytes in the list and 5.3 to 10.7 in the
/// table.
#[derive(Clone, Debug)]
pub struct KeyIndex {
    /// A number plus one, or 0 for an empty slot. The length is a power of two.
    slots: Vec<u32>,
    keys: Vec<u64>,
    limit: u32,
}

/// A key came for which there is no number: the index holds as many as it may.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooManyKeys {
    /// The bound that is reached.
    pub limit: u32,
}

impl KeyIndex {
    /// How many keys an index holds unless told otherwise: 100 million, about 1.6 GB.
    pub const DEFAULT_LIMIT: u32 = 100_000_000;
    const FIRST_SLOTS: usize = 16;

    /// An empty index for [`Self::DEFAULT_LIMIT`] keys.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_limit(Self::DEFAULT_LIMIT)
    }

    /// An empty index for `limit` keys, at most 2^32 - 1.
    #[must_use]
    pub const fn with_limit(limit: u32) -> Self {
        Self { slots: Vec::new(), keys: Vec::new(), limit }
    }

    /// The key's number, which is a new one if the key is.
    ///
    /// # Errors
    /// When the key is new and the index is full. The index stays as it is.
    pub fn insert(&mut self, key: u64) -> Result<u32, TooManyKeys> {
        // At most three slots of four are taken, so that a probe stays short and always ends.
        if self.keys.len() >= self.slots.len() / 4 * 3 {
            self.grow();
        }
        let slot = self.probe(key);
        if let Some(number) = self.slots[slot].checked_sub(1) {
            return Ok(number);
        }
        let number = self.len();
        if number >= self.limit {
            return Err(TooManyKeys { limit: self.limit });
        }
        self.keys.push(key);
        self.slots[slot] = number + 1;
        Ok(number)
    }

    /// The key's number, if it has one.
    #[must_use]
    pub fn get(&self, key: u64) -> Option<u32> {
        if self.slots.is_empty() {
            return None;
        }
        self.slots[self.probe(key)].checked_sub(1)
    }

    /// The key that has this number.
    #[must_use]
    pub fn key(&self, number: u32) -> Option<u64> {
        self.keys.get(number as usize).copied()
    }

    /// How many keys have a number.
    #[must_use]
    #[allow(clippy::cast_possible_truncation)] // reason: `insert` keeps it below the limit
    pub const fn len(&self) -> u32 {
        self.keys.len() as u32
    }

    /// Whether no key has one yet.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// The slot that holds the key, or the empty one where it belongs. There must be slots.
    fn probe(&self, key: u64) -> usize {
        let mask = self.slots.len() - 1;
        let mut slot = home(key, mask);
        loop {
            match self.slots[slot].checked_sub(1) {
                Some(number) if self.keys[number as usize] != key => slot = (slot + 1) & mask,
                _ => return slot,
            }
        }
    }

    fn grow(&mut self) {
        let slots = (self.slots.len() * 2).max(Self::FIRST_SLOTS);
        let mask = slots - 1;
        self.slots = vec![0; slots];
        for (number, key) in (1_u32..).zip(&self.keys) {
            let mut slot = home(*key, mask);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & mask;
            }
            self.slots[slot] = number;
        }
    }
}

impl Default for KeyIndex {
    fn default() -> Self {
        Self::new()
    }
}

/// Where a probe for the key begins. The finaliser of `SplitMix64` (Steele, Lea and Flood, OOPSLA
/// 2014) spreads keys that differ in a few bits only, such as block numbers.
#[allow(clippy::cast_possible_truncation)] // reason: the mask keeps the low bits anyway
const fn home(key: u64, mask: usize) -> usize {
    let mut mixed = key;
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    (mixed ^ (mixed >> 31)) as usize & mask
}

impl fmt::Display for TooManyKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "there are more than {} distinct keys", self.limit)
    }
}

impl std::error::Error for TooManyKeys {}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    #[test]
    fn numbers_follow_the_order_of_appearance() {
        let mut index = KeyIndex::new();
        assert_eq!(index.get(7), None);
        let numbers: Vec<u32> =
            [7, 0, u64::MAX, 7, 0, 3].map(|key| index.insert(key).unwrap()).into();
        assert_eq!(numbers, [0, 1, 2, 0, 1, 3]);
        assert_eq!(index.len(), 4);
        assert_eq!((index.get(3), index.get(4)), (Some(3), None));
        assert_eq!((index.key(2), index.key(4)), (Some(u64::MAX), None));
    }

    #[test]
    fn a_full_index_refuses_new_keys_only() {
        let mut index = KeyIndex::with_limit(2);
        assert!(index.insert(5).is_ok() && index.insert(6).is_ok());
        assert_eq!(index.insert(7), Err(TooManyKeys { limit: 2 }));
        assert_eq!((index.insert(5), index.get(7), index.len()), (Ok(0), None, 2));
        assert_eq!(KeyIndex::with_limit(0).insert(1), Err(TooManyKeys { limit: 0 }));
    }

    /// With uniform homes a hit walks (1 / (1 - load) - 1) / 2 slots beyond its home on average
    /// (Knuth, theorem K). Keys that differ in high or low bits only must come as close to that as
    /// random ones would.
    #[test]
    fn regular_keys_do_not_cluster() {
        const KEYS: u64 = 98_000;
        for step in [1_u64, 512, 1 << 20, 1 << 40] {
            let mut index = KeyIndex::new();
            for key in 0..KEYS {
                index.insert(key * step).unwrap();
            }
            assert_eq!(index.slots.len(), 1 << 17);
            let mask = index.slots.len() - 1;
            let walk = |key| index.probe(key).wrapping_sub(home(key, mask)) & mask;
            let walked: usize = (0..KEYS).map(|key| walk(key * step)).sum();
            let (mean, load) =
                (walked as f64 / KEYS as f64, KEYS as f64 / index.slots.len() as f64);
            let expected = (1.0 / (1.0 - load) - 1.0) / 2.0;
            assert!((mean / expected - 1.0).abs() < 0.05, "step {step}: {mean}, not {expected}");
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig {
            rng_seed: proptest::test_runner::RngSeed::Fixed(52),
            failure_persistence: None,
            ..ProptestConfig::default()
        })]

        #[test]
        fn it_is_a_map(keys in prop::collection::vec(0_u64..200, 0..400)) {
            let (mut index, mut model) = (KeyIndex::new(), BTreeMap::new());
            for key in keys {
                let next = u32::try_from(model.len()).unwrap();
                let expected = *model.entry(key).or_insert(next);
                prop_assert_eq!(index.insert(key), Ok(expected));
            }
            for key in 0..200 {
                prop_assert_eq!(index.get(key), model.get(&key).copied());
            }
        }
    }
}
