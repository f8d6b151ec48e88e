//! LRU's misses at every size at once.

use super::{NONE, highest};

/// How deep in LRU's stack each request found its object: one pass over a trace that answers for
/// every number of slots (Mattson, Gecsei, Slutz and Traiger, IBM Systems Journal 9(2), 1970). The
/// depth is counted in a binary indexed tree over the last requests of all objects (Bennett and
/// Kruskal, IBM Journal of Research and Development 19(4), 1975; Fenwick 1994), which is numbered
/// anew when it is full, so it grows with the objects and not with the requests.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct StackDistances {
    requests: u64,
    /// Hits of a cache with as many slots as the place says.
    hits: Vec<u64>,
}

impl StackDistances {
    /// Of these requests for dense numbers.
    #[must_use]
    pub fn of(ids: &[u32]) -> Self {
        let mut stack = Stack::new(highest(ids));
        let mut hits = vec![0; highest(ids) + 1];
        for &object in ids {
            if let Some(depth) = stack.touch(object) {
                hits[depth] += 1;
            }
        }
        for depth in 1..hits.len() {
            hits[depth] += hits[depth - 1];
        }
        Self { requests: ids.len() as u64, hits }
    }

    /// Misses of an LRU cache of so many slots.
    #[must_use]
    pub fn misses(&self, slots: u32) -> u64 {
        let last = self.hits.len() - 1;
        self.requests - self.hits[last.min(slots as usize)]
    }
}

struct Stack {
    /// Sums over places, as Fenwick stores them; place 0 is not used.
    tree: Vec<u32>,
    /// Whose last request stood at a place when it was taken.
    owner: Vec<u32>,
    /// An object's place, or [`NONE`].
    last: Vec<u32>,
    next: usize,
    objects: u32,
}

impl Stack {
    fn new(objects: usize) -> Self {
        // Half of the places are free after numbering anew, which so costs a constant a request.
        let places = 2 * objects + 2;
        Self {
            tree: vec![0; places],
            owner: vec![NONE; places],
            last: vec![NONE; objects],
            next: 1,
            objects: 0,
        }
    }

    /// Brings an object to the top; says how deep it was, from 1, unless it is new.
    #[allow(clippy::cast_possible_truncation)] // reason: as many places as u32s at most
    fn touch(&mut self, object: u32) -> Option<usize> {
        if self.next == self.tree.len() {
            self.number_anew();
        }
        let at = self.last[object as usize];
        let depth = (at != NONE).then(|| (self.objects - self.before(at as usize)) as usize);
        match at {
            NONE => self.objects += 1,
            at => self.add(at as usize, u32::MAX),
        }
        self.last[object as usize] = self.next as u32;
        self.owner[self.next] = object;
        self.add(self.next, 1);
        self.next += 1;
        depth
    }

    /// Adds to a place. Minus one is 2^32 - 1: sums wrap, and are right when all is added.
    fn add(&mut self, place: usize, count: u32) {
        let mut at = place;
        while at < self.tree.len() {
            self.tree[at] = self.tree[at].wrapping_add(count);
            at += at & at.wrapping_neg();
        }
    }

    /// How many objects were last asked for before this place.
    fn before(&self, place: usize) -> u32 {
        let (mut at, mut sum) = (place - 1, 0_u32);
        while at > 0 {
            sum = sum.wrapping_add(self.tree[at]);
            at &= at - 1;
        }
        sum
    }

    #[cold]
    #[allow(clippy::cast_possible_truncation)] // reason: as many places as u32s at most
    fn number_anew(&mut self) {
        let mut kept = 0;
        for at in 1..self.next {
            let object = self.owner[at];
            if self.last[object as usize] as usize == at {
                kept += 1;
                self.owner[kept] = object;
                self.last[object as usize] = kept as u32;
            }
        }
        self.next = kept + 1;
        self.tree.fill(0);
        for at in 1..self.tree.len() {
            self.tree[at] += u32::from(at <= kept);
            let above = at + (at & at.wrapping_neg());
            if above < self.tree.len() {
                self.tree[above] += self.tree[at];
            }
        }
    }
}

/// At most so many whole numbers from one to the other, both included, evenly spaced on a
/// logarithmic scale.
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // reason: between two u64s
#[allow(clippy::cast_precision_loss)] // reason: where exactly a point lies is of no importance
pub fn log_spaced(from: u64, to: u64, points: u32) -> Vec<u64> {
    let (from, to) = (from.max(1), to.max(from).max(1));
    let steps = points.max(2) - 1;
    let ratio = libm::log(to as f64 / from as f64) / f64::from(steps);
    let at = |step: u32| (from as f64 * libm::exp(ratio * f64::from(step)) + 0.5) as u64;
    let mut all: Vec<u64> = (1..steps).map(|step| at(step).clamp(from, to)).collect();
    all.insert(0, from);
    all.push(to);
    all.dedup();
    all
}
