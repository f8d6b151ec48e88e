//! Damaged files at random: the same ones for the same seed.

use std::panic::{AssertUnwindSafe, catch_unwind};

/// Cases of a target unless `SQUALL_FUZZ_CASES` says how many.
const CASES: u64 = 2_000;

/// What is long, large, empty, or half of something, in any of the languages that are read.
const ODD: &[&str] = &[
    "",
    "-1",
    "0",
    "-0.0",
    "1e308",
    "1e999",
    "nan",
    "inf",
    "18446744073709551615",
    "18446744073709551616",
    "9223372036854775807",
    "4294967296",
    "0.1",
    "1_000_000_000",
    "\"",
    "'''",
    "\\",
    "{",
    "}",
    "[",
    "[[",
    "]",
    "(",
    ")",
    "=",
    ".",
    ",",
    "#",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "é",
    "\u{feff}",
    "null",
    "true",
    "off",
    "unbounded",
    "1ns",
    "106751d",
    "1000000d",
    "100%",
    "101%",
    "1e-300",
    "-9223372036854775809",
];

/// SplitMix64 (Steele, Lea, Flood 2014).
pub struct Random(u64);

impl Random {
    pub const fn new(seed: u64) -> Self {
        Self(seed)
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Below `end`, which is not zero.
    pub fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % end as u64).unwrap()
    }

    pub fn one_of<'a, T>(&mut self, all: &'a [T]) -> &'a T {
        &all[self.below(all.len())]
    }

    /// A range within `len` bytes, of at most 40.
    fn range(&mut self, len: usize) -> std::ops::Range<usize> {
        let start = self.below(len + 1);
        start..(start + self.below(41)).min(len)
    }
}

/// Sound files, and the words that they are made of.
pub struct Corpus {
    pub files: Vec<Vec<u8>>,
    words: Vec<Vec<u8>>,
}

impl Corpus {
    pub fn new(files: Vec<Vec<u8>>) -> Self {
        assert!(!files.is_empty());
        let mut words: Vec<Vec<u8>> = files
            .iter()
            .flat_map(|file| file.split(|byte| b" \n\t,=\"{}[]():".contains(byte)))
            .filter(|word| word.len() < 40)
            .map(<[u8]>::to_vec)
            .collect();
        words.sort_unstable();
        words.dedup();
        Self { files, words }
    }

    fn word(&self, random: &mut Random) -> Vec<u8> {
        if random.below(3) == 0 {
            random.one_of(ODD).as_bytes().to_vec()
        } else {
            random.one_of(&self.words).clone()
        }
    }

    /// One of the files with up to four kinds of damage.
    pub fn damaged(&self, random: &mut Random) -> Vec<u8> {
        let mut bytes = random.one_of(&self.files).clone();
        for _ in 0..=random.below(4) {
            self.damage(&mut bytes, random);
        }
        bytes
    }

    fn damage(&self, bytes: &mut Vec<u8>, random: &mut Random) {
        let range = random.range(bytes.len());
        match random.below(8) {
            0 if !bytes.is_empty() => {
                let place = random.below(bytes.len());
                bytes[place] ^= 1 << random.below(8);
            }
            1 => bytes.truncate(range.start),
            2 => drop(bytes.drain(range)),
            3 => {
                let again = bytes[range.clone()].to_vec();
                bytes.splice(range.start..range.start, again);
            }
            4 => {
                // The begin of this one and the end of another.
                let other = random.one_of(&self.files);
                let from = random.below(other.len() + 1);
                bytes.truncate(range.start);
                bytes.extend_from_slice(&other[from..]);
            }
            5 => {
                let word = self.word(random);
                bytes.splice(range.start..range.start, word);
            }
            _ => {
                // A whole word for another: most of these are still sound.
                let is_word = |byte: &u8| byte.is_ascii_alphanumeric() || b"-_.%".contains(byte);
                let rest = &bytes[range.start..];
                let start = range.start + rest.iter().position(is_word).unwrap_or(0);
                let rest = &bytes[start..];
                let len = rest.iter().position(|byte| !is_word(byte)).unwrap_or(rest.len());
                let word = self.word(random);
                bytes.splice(start..start + len, word);
            }
        }
    }
}

/// Whether a claim panics.
fn panics(claim: &dyn Fn(&[u8]), bytes: &[u8]) -> bool {
    catch_unwind(AssertUnwindSafe(|| claim(bytes))).is_err()
}

/// What still panics when as much as can be is cut out of it.
fn smallest(claim: &dyn Fn(&[u8]), bytes: &[u8]) -> Vec<u8> {
    let mut least = bytes.to_vec();
    let mut cut = least.len().div_ceil(2);
    while cut > 0 {
        let mut start = 0;
        while start < least.len() {
            let end = (start + cut).min(least.len());
            let shorter = [&least[..start], &least[end..]].concat();
            if panics(claim, &shorter) {
                least = shorter;
            } else {
                start = end;
            }
        }
        cut /= 2;
    }
    least
}

/// Tries a claim on damaged files, the same ones each time, and shows the least of one that panics.
pub fn attack(seed: u64, corpus: &Corpus, claim: impl Fn(&[u8])) {
    let cases = std::env::var("SQUALL_FUZZ_CASES").map_or(CASES, |cases| cases.parse().unwrap());
    for file in &corpus.files {
        claim(file);
    }
    let mut random = Random::new(seed);
    for case in 0..cases {
        let bytes = corpus.damaged(&mut random);
        if panics(&claim, &bytes) {
            let least = smallest(&claim, &bytes);
            panic!("case {case} of seed {seed}; the least that does it:\n{}", least.escape_ascii());
        }
    }
}

#[test]
fn what_panics_is_found_and_cut_down() {
    let corpus = Corpus::new(vec![b"some = 1\nbytes = 'and words'\n".to_vec()]);
    let claim = |bytes: &[u8]| assert!(!bytes.contains(&b'{'), "{bytes:?}");
    let found = catch_unwind(AssertUnwindSafe(|| attack(1, &corpus, claim))).unwrap_err();
    let told = found.downcast_ref::<String>().unwrap();
    assert!(told.ends_with("the least that does it:\n{"), "{told}");
    let two =
        |seed| [corpus.damaged(&mut Random::new(seed)), corpus.damaged(&mut Random::new(seed))];
    assert!((0..50).all(|seed| two(seed)[0] == two(seed)[1]));
}
