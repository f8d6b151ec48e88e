//! What an object takes of a cache: one slot, or its bytes.

use super::Misses;
use std::fmt::Debug;

/// How many requests ahead an object's state is asked for.
pub(super) const AHEAD: usize = 12;

/// How much room objects take. Decided when the program is compiled, so that a cache of slots does
/// not pay for sizes that it does not have.
pub trait Weigh: Clone + Debug + Default {
    /// Whether all objects take the same room, which is 1.
    const ALIKE: bool;
    /// Makes room for objects below this number.
    fn grow(&mut self, objects: usize);
    /// The room that a size takes.
    fn room(size: u64) -> u64;
    /// Remembers the room that an object takes.
    fn set(&mut self, object: u32, room: u64);
    /// The room that the object took when it came.
    fn of(&self, object: u32) -> u64;
}

/// Every object takes one slot, whatever its size.
#[derive(Clone, Copy, Debug, Default)]
pub struct Slots;

impl Weigh for Slots {
    const ALIKE: bool = true;

    fn grow(&mut self, _: usize) {}

    #[inline]
    fn room(_: u64) -> u64 {
        1
    }

    #[inline]
    fn set(&mut self, _: u32, _: u64) {}

    #[inline]
    fn of(&self, _: u32) -> u64 {
        1
    }
}

/// Every object takes its bytes: those it had when it came in. A later request with another size
/// changes nothing, as in libCacheSim.
#[derive(Clone, Debug, Default)]
pub struct Bytes(Vec<u64>);

impl Weigh for Bytes {
    const ALIKE: bool = false;

    fn grow(&mut self, objects: usize) {
        self.0.resize(objects, 0);
    }

    #[inline]
    fn room(size: u64) -> u64 {
        size
    }

    #[inline]
    fn set(&mut self, object: u32, room: u64) {
        self.0[object as usize] = room;
    }

    #[inline]
    fn of(&self, object: u32) -> u64 {
        self.0[object as usize]
    }
}

/// What every policy can do.
pub(super) trait Replace: Sized {
    /// An empty cache of so many slots or bytes.
    fn empty(capacity: u64) -> Self;
    /// Makes room for objects below this number.
    fn grow(&mut self, objects: usize);
    /// Asks for an object below what was grown to, and takes it in when it is missing and fits.
    fn request(&mut self, object: u32, size: u64) -> bool;
    /// Asks for one object after the other. There is a size for each request, or none for all, which
    /// then are 0 bytes large.
    #[inline]
    fn replay(&mut self, ids: &[u32], sizes: &[u64]) -> Misses {
        let mut misses = Misses::default();
        for (at, &object) in ids.iter().enumerate() {
            if let Some(&soon) = ids.get(at + AHEAD) {
                self.prefetch(soon);
            }
            let size = sizes.get(at).copied().unwrap_or_default();
            misses.count(size, self.request(object, size));
        }
        misses
    }
    /// Whether an object below what was grown to is cached. Changes nothing.
    fn holds(&self, object: u32) -> bool;
    /// The slots or bytes that are taken.
    fn held(&self) -> u64;
    /// Starts to load what a request for the object will read first.
    fn prefetch(&self, object: u32);
}
