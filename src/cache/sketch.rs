//! How often objects were asked for lately, in a few bits each.

/// Words of a block: one cache line.
const BLOCK: usize = 8;
/// The lowest bit of each counter of a word.
const ONES: u64 = 0x1111_1111_1111_1111;
/// What halving leaves of each counter.
const HALVES: u64 = 0x7777_7777_7777_7777;
/// Requests for each entry until all counters are halved.
const SAMPLE: u64 = 10;

/// A Count-Min sketch of 4-bit counters with aging (Einziger, Friedman and Manes, "TinyLFU: a highly
/// efficient cache admission policy", ACM Transactions on Storage 13(4), 2017), laid out as in
/// Caffeine 3: an object has four counters in one cache line, and counters are halved after ten
/// requests for each entry.
#[derive(Clone, Debug)]
pub(super) struct Sketch {
    words: Vec<u64>,
    /// Requests since the counters were halved, less what halving took off.
    requests: u64,
    sample: u64,
}

impl Sketch {
    /// A sketch for so many entries.
    pub(super) fn new(entries: u64) -> Self {
        let mut sketch = Self { words: vec![0; BLOCK], requests: 0, sample: 0 };
        sketch.grow(entries);
        sketch
    }

    /// How many entries it is made for.
    pub(super) const fn entries(&self) -> u64 {
        self.sample / SAMPLE
    }

    /// Makes it fit for more entries. Each block is copied, so that no estimate becomes less.
    pub(super) fn grow(&mut self, entries: u64) {
        self.sample = entries.max(1).saturating_mul(SAMPLE);
        while (self.words.len() as u64) < entries {
            self.words.extend_from_within(..);
        }
    }

    /// Counts a request.
    pub(super) fn record(&mut self, object: u32) {
        let mixed = mix(object);
        let mut added = false;
        for row in 0..4 {
            let (word, shift) = self.counter(mixed, row);
            if self.words[word] >> shift & 0xf < 0xf {
                self.words[word] += 1 << shift;
                added = true;
            }
        }
        self.requests += u64::from(added);
        if self.requests >= self.sample {
            self.halve();
        }
    }

    /// How often the object was asked for lately: at most 15, and seldom too high.
    pub(super) fn estimate(&self, object: u32) -> u64 {
        let mixed = mix(object);
        let count = |row| {
            let (word, shift) = self.counter(mixed, row);
            self.words[word] >> shift & 0xf
        };
        count(0).min(count(1)).min(count(2)).min(count(3))
    }

    /// A row's word and the counter's first bit in it. A row has two words of each block.
    #[allow(clippy::cast_possible_truncation)] // reason: the masks keep the low bits anyway
    const fn counter(&self, mixed: u64, row: u32) -> (usize, u32) {
        let block = mixed as usize & (self.words.len() / BLOCK - 1);
        let place = (mixed >> (32 + 8 * row)) as u32;
        let word = block * BLOCK + 2 * row as usize + (place & 1) as usize;
        (word, (place >> 1 & 0xf) * 4)
    }

    #[cold]
    fn halve(&mut self) {
        let mut odd = 0;
        for word in &mut self.words {
            odd += u64::from((*word & ONES).count_ones());
            *word = *word >> 1 & HALVES;
        }
        // A request counts in four rows.
        self.requests = self.requests.saturating_sub(odd / 4) / 2;
    }
}

/// The finaliser of `SplitMix64` (Steele, Lea and Flood, OOPSLA 2014).
const fn mix(object: u32) -> u64 {
    let mut mixed = (object as u64).wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_estimate_is_never_too_low_before_the_first_halving() {
        let mut sketch = Sketch::new(64);
        for number in 0..600_u32 {
            sketch.record(number % 60);
            if number == 100 {
                sketch.grow(1_000);
            }
        }
        assert!((0..60).all(|object| sketch.estimate(object) >= 10));
        let exact = (0..60).filter(|&object| sketch.estimate(object) == 10).count();
        assert!(exact > 50, "{exact} of 60 are exact");
    }

    #[test]
    fn counters_are_halved_and_end_at_fifteen() {
        let mut sketch = Sketch::new(100);
        (0..200).for_each(|_| sketch.record(7));
        assert_eq!((sketch.estimate(7), sketch.requests), (15, 15));
        (0..985_u32).for_each(|number| sketch.record(1_000 + number));
        assert_eq!(sketch.estimate(7), 7, "15 halved");
        assert!(sketch.requests < 500);
    }
}
