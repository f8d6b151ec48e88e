//! Lists of parts, as one word.

use super::Shard;
use std::fmt;

/// The most parts of a study.
pub const MOST_PARTS: u64 = 100_000;

/// Some parts of so many, in the order in which a cluster's job counts them: `1-3,7/9` are four of nine.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Shards {
    /// First and last of each run of parts that follow one another.
    ranges: Vec<(u64, u64)>,
    parts: u64,
}

impl Shards {
    /// These parts, in ascending order, of so many.
    #[must_use]
    pub fn of(numbers: &[u64], parts: u64) -> Self {
        let mut ranges: Vec<(u64, u64)> = Vec::new();
        for &part in numbers {
            match ranges.last_mut() {
                Some((_, last)) if *last + 1 == part => *last = part,
                _ => ranges.push((part, part)),
            }
        }
        Self { ranges, parts }
    }

    /// Reads `1-3,7/9`.
    ///
    /// # Errors
    /// A sentence when it is no list of parts from 1 to N, of [`MOST_PARTS`] at most.
    pub fn parse(text: &str) -> Result<Self, String> {
        let help = "parts are I-I,I/N with each I from 1 to N, for example 1-3,7/9";
        let (list, parts) = text.split_once('/').ok_or(help)?;
        let number = |text: &str| text.parse::<u64>().map_err(|_| help.to_owned());
        let parts = number(parts)?;
        let range = |text: &str| {
            let (first, last) = text.split_once('-').unwrap_or((text, text));
            let (first, last) = (number(first)?, number(last)?);
            let is_good = 1 <= first && first <= last && last <= parts && parts <= MOST_PARTS;
            if is_good { Ok((first, last)) } else { Err(help.to_owned()) }
        };
        let ranges = list.split(',').map(range).collect::<Result<Vec<_>, String>>()?;
        Ok(Self { ranges, parts })
    }

    /// The parts alone: `1-3,7`, as Slurm takes indices of an array, too.
    #[must_use]
    pub fn list(&self) -> String {
        let text = |&(first, last): &(u64, u64)| {
            if first == last { first.to_string() } else { format!("{first}-{last}") }
        };
        self.ranges.iter().map(text).collect::<Vec<_>>().join(",")
    }

    /// How many parts are in the list.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.ranges.iter().map(|(first, last)| last - first + 1).sum()
    }

    /// The part at a place counted from 0; `None` behind the last.
    #[must_use]
    pub fn at(&self, mut place: u64) -> Option<Shard> {
        for &(first, last) in &self.ranges {
            let here = last - first + 1;
            if place < here {
                return Some(Shard { part: first + place, parts: self.parts });
            }
            place -= here;
        }
        None
    }

    /// The place of a part, counted from 0; `None` when it is not in the list.
    #[must_use]
    pub fn place(&self, part: u64) -> Option<u64> {
        let mut before = 0;
        for &(first, last) in &self.ranges {
            if (first..=last).contains(&part) {
                return Some(before + part - first);
            }
            before += last - first + 1;
        }
        None
    }
}

impl fmt::Display for Shards {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.list(), self.parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_in_a_list_of_parts_is_a_part() {
        let numbers = [1, 2, 3, 7, 9, 10];
        let all = Shards::of(&numbers, 12);
        assert_eq!(all.to_string(), "1-3,7,9-10/12");
        assert_eq!(Shards::parse("1-3,7,9-10/12"), Ok(all.clone()));
        assert_eq!(all.count(), 6);
        for (place, &part) in (0..).zip(&numbers) {
            assert_eq!(all.at(place), Some(Shard { part, parts: 12 }));
            assert_eq!(all.place(part), Some(place));
        }
        assert_eq!((all.at(6), all.place(4)), (None, None));
        assert_eq!(Shards::of(&[], 3).list(), "");
        for wrong in ["1-3", "3-1/4", "0/4", "5/4", "1,,2/4", "/4", "1-2-3/4", "1/", "1/100001", ""]
        {
            assert!(Shards::parse(wrong).is_err(), "{wrong}");
        }
    }
}
