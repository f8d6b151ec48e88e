//! Doubly linked lists over one table of nodes.

use super::NONE;

/// One object's place in the one list that it is in.
#[derive(Clone, Copy, Debug)]
pub(super) struct Node {
    /// Towards the head, where objects are younger.
    newer: u32,
    older: u32,
}

impl Node {
    /// In no list.
    pub(super) const LOOSE: Self = Self { newer: NONE, older: NONE };
}

/// The ends of a list.
#[derive(Clone, Copy, Debug)]
pub(super) struct List {
    head: u32,
    tail: u32,
}

impl List {
    pub(super) const EMPTY: Self = Self { head: NONE, tail: NONE };

    /// The oldest object, or [`NONE`].
    pub(super) const fn tail(&self) -> u32 {
        self.tail
    }

    /// Puts an object, which must be in no list, at the young end.
    pub(super) fn prepend(&mut self, nodes: &mut [Node], object: u32) {
        nodes[object as usize] = Node { newer: NONE, older: self.head };
        match self.head {
            NONE => self.tail = object,
            head => nodes[head as usize].newer = object,
        }
        self.head = object;
    }

    /// Puts an object, which must be in no list, at the old end.
    pub(super) fn append(&mut self, nodes: &mut [Node], object: u32) {
        nodes[object as usize] = Node { newer: self.tail, older: NONE };
        match self.tail {
            NONE => self.head = object,
            tail => nodes[tail as usize].older = object,
        }
        self.tail = object;
    }

    /// Takes an object, which must be in this list, out of it.
    pub(super) fn remove(&mut self, nodes: &mut [Node], object: u32) {
        let Node { newer, older } = nodes[object as usize];
        match newer {
            NONE => self.head = older,
            newer => nodes[newer as usize].older = older,
        }
        match older {
            NONE => self.tail = newer,
            older => nodes[older as usize].newer = newer,
        }
    }

    /// Makes an object of this list its youngest.
    pub(super) fn refresh(&mut self, nodes: &mut [Node], object: u32) {
        if object != self.head {
            self.remove(nodes, object);
            self.prepend(nodes, object);
        }
    }
}
