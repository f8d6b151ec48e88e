//! Cache replacement policies over numbered objects of one size.
//!
//! Objects are dense numbers, such as [`crate::trace::KeyIndex`] gives. State is a few flat arrays
//! that are read by that number, so that a request hashes nothing.

#[cfg(test)]
mod tests;

/// Which object leaves a full cache. Each is the variant of libCacheSim's default settings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The one that was asked for the longest time ago.
    Lru,
    /// The one that came the longest time ago.
    Fifo,
    /// FIFO with a second chance for an object that was asked for since (Corbató 1968): one bit.
    Clock,
    /// A hand moves from old to new past objects that were asked for, which stay where they are
    /// (Zhang et al., "SIEVE is simpler than LRU", NSDI 2024).
    Sieve,
}

/// The end of a list, and the link of an object that is not cached.
const NONE: u32 = u32::MAX;

/// A cache of a fixed number of slots; every object takes one.
#[derive(Clone, Debug)]
pub struct Cache {
    policy: Policy,
    slots: u32,
    held: u32,
    head: u32,
    tail: u32,
    /// SIEVE's hand; the tail when it is [`NONE`].
    hand: u32,
    nodes: Vec<Node>,
}

/// One object; most accesses need all of it, so its parts share a cache line.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// Towards the head, where objects are younger.
    newer: u32,
    older: u32,
    cached: bool,
    visited: bool,
}

impl Node {
    const ABSENT: Self = Self { newer: NONE, older: NONE, cached: false, visited: false };
}

impl Cache {
    /// An empty cache. With 0 slots every request misses.
    #[must_use]
    pub const fn new(policy: Policy, slots: u32) -> Self {
        let (head, tail, hand) = (NONE, NONE, NONE);
        Self { policy, slots, held: 0, head, tail, hand, nodes: Vec::new() }
    }

    /// How many objects are in it; at most its slots.
    #[must_use]
    pub const fn held(&self) -> u32 {
        self.held
    }

    /// Asks for an object and says whether it was there. A missing one is taken in.
    ///
    /// Memory is 12 bytes for each number up to the largest one that was asked for. The number
    /// 2^32 - 1 is no object and always misses.
    pub fn request(&mut self, object: u32) -> bool {
        if object == NONE {
            return false;
        }
        if object as usize >= self.nodes.len() {
            self.nodes.resize(object as usize + 1, Node::ABSENT);
        }
        if self.nodes[object as usize].cached {
            self.hit(object);
            return true;
        }
        if self.slots > 0 {
            if self.held == self.slots {
                self.evict();
            }
            self.nodes[object as usize].cached = true;
            self.nodes[object as usize].visited = false;
            self.prepend(object);
            self.held += 1;
        }
        false
    }

    fn hit(&mut self, object: u32) {
        match self.policy {
            Policy::Fifo => {}
            Policy::Lru => self.move_to_head(object),
            Policy::Clock | Policy::Sieve => self.nodes[object as usize].visited = true,
        }
    }

    /// Removes one object. There must be one.
    fn evict(&mut self) {
        let victim = match self.policy {
            Policy::Lru | Policy::Fifo => self.tail,
            Policy::Clock => self.sweep(),
            Policy::Sieve => self.sieve(),
        };
        self.unlink(victim);
        self.nodes[victim as usize] = Node::ABSENT;
        self.held -= 1;
    }

    fn sweep(&mut self) -> u32 {
        while self.nodes[self.tail as usize].visited {
            self.nodes[self.tail as usize].visited = false;
            self.move_to_head(self.tail);
        }
        self.tail
    }

    fn sieve(&mut self) -> u32 {
        let from_tail = |at: u32, tail: u32| if at == NONE { tail } else { at };
        let mut at = from_tail(self.hand, self.tail);
        while self.nodes[at as usize].visited {
            self.nodes[at as usize].visited = false;
            at = from_tail(self.nodes[at as usize].newer, self.tail);
        }
        self.hand = self.nodes[at as usize].newer;
        at
    }

    fn move_to_head(&mut self, object: u32) {
        if object != self.head {
            self.unlink(object);
            self.prepend(object);
        }
    }

    fn prepend(&mut self, object: u32) {
        let node = &mut self.nodes[object as usize];
        (node.newer, node.older) = (NONE, self.head);
        match self.head {
            NONE => self.tail = object,
            head => self.nodes[head as usize].newer = object,
        }
        self.head = object;
    }

    fn unlink(&mut self, object: u32) {
        let Node { newer, older, .. } = self.nodes[object as usize];
        match newer {
            NONE => self.head = older,
            newer => self.nodes[newer as usize].older = older,
        }
        match older {
            NONE => self.tail = newer,
            older => self.nodes[older as usize].newer = newer,
        }
    }
}
