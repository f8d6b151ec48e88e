//! Storage by number, with keys that go stale when their entry goes.

/// The key of an entry. It finds nothing once its entry has gone, even if the place is used again.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub struct Key {
    /// The place.
    pub place: u32,
    generation: u32,
}

impl Key {
    /// All of it in one word.
    #[must_use]
    pub const fn word(self) -> u64 {
        (self.place as u64) << 32 | self.generation as u64
    }
}

/// Entries in places that are used again.
#[derive(Debug)]
pub struct Slab<T> {
    places: Vec<(u32, Option<T>)>,
    free: Vec<u32>,
}

impl<T> Default for Slab<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T> Slab<T> {
    /// Puts an entry in.
    ///
    /// # Panics
    /// At four billion entries, which no machine holds.
    pub fn insert(&mut self, entry: T) -> Key {
        if let Some(place) = self.free.pop() {
            let (generation, slot) = &mut self.places[place as usize];
            *slot = Some(entry);
            return Key { place, generation: *generation };
        }
        assert!(self.places.len() < u32::MAX as usize, "too many entries");
        #[allow(clippy::cast_possible_truncation)] // reason: asserted above
        let place = self.places.len() as u32;
        self.places.push((0, Some(entry)));
        Key { place, generation: 0 }
    }

    /// The entry of a key, if it is still there.
    #[must_use]
    pub fn get(&self, key: Key) -> Option<&T> {
        match self.places.get(key.place as usize) {
            Some((generation, entry)) if *generation == key.generation => entry.as_ref(),
            _ => None,
        }
    }

    /// The entry of a key, to be changed.
    pub fn get_mut(&mut self, key: Key) -> Option<&mut T> {
        match self.places.get_mut(key.place as usize) {
            Some((generation, entry)) if *generation == key.generation => entry.as_mut(),
            _ => None,
        }
    }

    /// Takes an entry out, if it is still there.
    pub fn remove(&mut self, key: Key) -> Option<T> {
        let (generation, slot) = self.places.get_mut(key.place as usize)?;
        if *generation != key.generation {
            return None;
        }
        let entry = slot.take()?;
        *generation = generation.wrapping_add(1);
        self.free.push(key.place);
        Some(entry)
    }

    /// Lets an entry go where it is, if it is still there: cheaper than to take it out.
    pub fn discard(&mut self, key: Key) {
        if let Some((generation, slot)) = self.places.get_mut(key.place as usize)
            && *generation == key.generation
            && slot.is_some()
        {
            *slot = None;
            *generation = generation.wrapping_add(1);
            self.free.push(key.place);
        }
    }

    /// The key of the entry in a place, if there is one.
    #[must_use]
    pub fn key_at(&self, place: u32) -> Option<Key> {
        match self.places.get(place as usize) {
            Some((generation, Some(_))) => Some(Key { place, generation: *generation }),
            _ => None,
        }
    }

    /// All entries with their keys, in the order of their places.
    pub fn iter(&self) -> impl Iterator<Item = (Key, &T)> {
        (0_u32..).zip(&self.places).filter_map(|(place, (generation, entry))| {
            entry.as_ref().map(|entry| (Key { place, generation: *generation }, entry))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_go_stale_with_their_entry() {
        let mut slab = Slab::default();
        let a = slab.insert("a");
        let b = slab.insert("b");
        assert_eq!(slab.remove(a), Some("a"));
        assert_eq!(slab.remove(a), None);
        slab.discard(a);
        let c = slab.insert("c");
        assert_eq!(c.place, a.place, "the place is used again");
        assert_eq!(slab.get(a), None);
        assert_eq!(slab.get(c), Some(&"c"));
        assert_eq!(slab.get(b), Some(&"b"));
        assert_eq!(slab.places.len(), 2);
        assert_eq!(slab.iter().collect::<Vec<_>>(), [(c, &"c"), (b, &"b")]);
        assert_eq!(slab.key_at(c.place), Some(c));
        slab.remove(b);
        assert_eq!(slab.key_at(b.place), None);
    }

    #[test]
    fn a_discarded_entry_is_gone_as_one_that_was_taken_out() {
        let mut slab = Slab::default();
        let a = slab.insert("a");
        slab.discard(a);
        assert_eq!((slab.get(a), slab.key_at(a.place)), (None, None));
        let b = slab.insert("b");
        assert_eq!(b.place, a.place, "the place is used again");
        slab.discard(a);
        assert_eq!((slab.get(a), slab.get(b)), (None, Some(&"b")), "an old key finds nothing");
    }
}
