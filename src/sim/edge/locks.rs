//! Which fetch holds the read lock of which title.

/// The fetches under way by title: few at any time, so that they stay in the processor's nearest
/// cache, where a table of all titles would not.
///
/// Open addressing with linear probing; an entry that goes leaves no mark, because those behind it
/// close the gap (Knuth, "The Art of Computer Programming" 3, section 6.4, algorithm R).
#[derive(Debug)]
pub struct Locks {
    /// Title and fetch; a power of two, at most half full.
    places: Vec<Option<(u32, u32)>>,
    held: usize,
}

impl Default for Locks {
    fn default() -> Self {
        Self { places: vec![None; 16], held: 0 }
    }
}

impl Locks {
    /// The fetch that holds a title's lock.
    #[must_use]
    pub fn get(&self, title: u32) -> Option<u32> {
        self.places[self.find(title)].map(|(_, fetch)| fetch)
    }

    /// Gives a title's lock to a fetch, unless another holds it.
    pub fn take(&mut self, title: u32, fetch: u32) {
        let place = self.find(title);
        if self.places[place].is_some() {
            return;
        }
        self.places[place] = Some((title, fetch));
        self.held += 1;
        if 2 * self.held > self.places.len() {
            let twice = vec![None; 2 * self.places.len()];
            for (title, fetch) in std::mem::replace(&mut self.places, twice).into_iter().flatten() {
                let place = self.find(title);
                self.places[place] = Some((title, fetch));
            }
        }
    }

    /// Frees a title's lock, if this fetch holds it.
    pub fn free(&mut self, title: u32, fetch: u32) {
        let mut gap = self.find(title);
        if self.places[gap] != Some((title, fetch)) {
            return;
        }
        self.held -= 1;
        let mut place = gap;
        loop {
            self.places[gap] = None;
            let moved = loop {
                place = self.after(place);
                let Some(entry) = self.places[place] else { return };
                // An entry may go to the gap if that lies between its home and where it is.
                let strays = self.distance(self.home(entry.0), place);
                if strays >= self.distance(gap, place) {
                    break entry;
                }
            };
            self.places[gap] = Some(moved);
            gap = place;
        }
    }

    /// Where a title is, or would be.
    fn find(&self, title: u32) -> usize {
        let mut place = self.home(title);
        while self.places[place].is_some_and(|(held, _)| held != title) {
            place = self.after(place);
        }
        place
    }

    /// Where the search for a title begins (multiplicative hashing: Knuth, section 6.4).
    fn home(&self, title: u32) -> usize {
        let hash = title.wrapping_mul(0x9e37_79b9);
        (hash >> 8) as usize & (self.places.len() - 1)
    }

    const fn after(&self, place: usize) -> usize {
        (place + 1) & (self.places.len() - 1)
    }

    const fn distance(&self, from: usize, to: usize) -> usize {
        to.wrapping_sub(from) & (self.places.len() - 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Seed;
    use std::collections::BTreeMap;

    /// Against the standard library's map, which is an independent implementation.
    #[test]
    fn it_agrees_with_a_map_under_random_load() {
        let mut stream = Seed(4).stream("locks");
        let mut draw = |bound| u32::try_from(stream.below(bound)).unwrap();
        let (mut locks, mut map) = (Locks::default(), BTreeMap::new());
        for round in 0..60_000 {
            // Crowded at first, then nearly empty, then crowded again.
            let takes = if round / 20_000 == 1 { 1 } else { 6 };
            let (title, fetch) = (draw(300), draw(3));
            if draw(8) < takes {
                locks.take(title, fetch);
                map.entry(title).or_insert(fetch);
            } else {
                locks.free(title, fetch);
                if map.get(&title) == Some(&fetch) {
                    map.remove(&title);
                }
            }
            assert_eq!(locks.held, map.len());
            let title = draw(300);
            assert_eq!(locks.get(title), map.get(&title).copied());
            if round % 1_000 == 0 {
                (0..300).for_each(|title| assert_eq!(locks.get(title), map.get(&title).copied()));
            }
        }
    }
}
