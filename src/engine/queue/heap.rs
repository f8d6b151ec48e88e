//! What is due later than the wheel reaches, or with many others at once.

use super::Entry;

/// A four-ary heap. Four children of a node share a cache line or two, which on this load is
/// cheaper than the depth of a binary heap.
#[derive(Debug)]
pub(super) struct Heap<E>(Vec<Entry<E>>);

const ARITY: usize = 4;

impl<E> Default for Heap<E> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<E: Copy> Heap<E> {
    #[inline]
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// The key of the first; the greatest of all when there is none.
    #[inline]
    pub fn first(&self) -> u128 {
        self.0.first().map_or(u128::MAX, Entry::key)
    }

    #[inline]
    pub fn push(&mut self, entry: Entry<E>) {
        let mut hole = self.0.len();
        self.0.push(entry);
        while hole > 0 {
            let parent = (hole - 1) / ARITY;
            if self.0[parent].key() <= entry.key() {
                break;
            }
            self.0[hole] = self.0[parent];
            hole = parent;
        }
        self.0[hole] = entry;
    }

    #[inline]
    pub fn pop(&mut self) -> Option<Entry<E>> {
        let last = self.0.pop()?;
        let Some(&first) = self.0.first() else {
            return Some(last);
        };
        let heap = self.0.as_mut_slice();
        let (len, key) = (heap.len(), last.key());
        let mut hole = 0;
        loop {
            let child = hole * ARITY + 1;
            let least = if child + ARITY <= len {
                // Both comparisons of pairs at once, and without branches: they are coin tosses.
                let keys = [0, 1, 2, 3].map(|n| heap[child + n].key());
                let one = usize::from(keys[1] < keys[0]);
                let two = 2 + usize::from(keys[3] < keys[2]);
                child + if keys[two] < keys[one] { two } else { one }
            } else if child < len {
                (child + 1..len).fold(child, |least, other| {
                    if heap[other].key() < heap[least].key() { other } else { least }
                })
            } else {
                break;
            };
            if key <= heap[least].key() {
                break;
            }
            heap[hole] = heap[least];
            hole = least;
        }
        self.0[hole] = last;
        Some(first)
    }
}
