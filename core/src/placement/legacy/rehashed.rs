//! `hash % N` where a key whose node is down is hashed again, by a rule of the client.
//!
//! Clients give up after some tries and go on in an order that no hash decides, or without a
//! server. A route needs a node: here the search goes on along the list.

use super::{LegacyNode, entries};

/// The hashes that a client tries for a key, one after the other.
pub(super) type Tries = fn(key: &[u8], accept: &mut dyn FnMut(u32) -> bool);

/// Nodes, each as often as it weighs, and which of them are down.
#[derive(Debug)]
pub(crate) struct Rehashed {
    tries: Tries,
    entries: Box<[u32]>,
    down: Box<[bool]>,
}

impl Rehashed {
    pub(super) fn build(nodes: &[LegacyNode], tries: Tries) -> Self {
        Self {
            tries,
            entries: entries(nodes),
            down: nodes.iter().map(|node| node.down).collect(),
        }
    }

    /// Bytes of all that a lookup may read.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.entries[..]) + size_of_val(&self.down[..])
    }

    pub(super) fn node(&self, key: &[u8]) -> u32 {
        let mut last = 0;
        (self.tries)(key, &mut |hash| {
            last = hash as usize % self.entries.len();
            self.is_up(self.entries[last])
        });
        let (before, after) = self.entries.split_at(last);
        let mut rest = after.iter().chain(before).copied();
        // At least one node is up.
        rest.find(|&node| self.is_up(node)).unwrap_or(0)
    }

    fn is_up(&self, node: u32) -> bool {
        !self.down[node as usize]
    }
}
