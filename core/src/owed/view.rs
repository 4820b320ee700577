//! What losses have to know of the snapshot that they follow.

use std::collections::HashSet;
use std::sync::Arc;

use super::losses::ANY_NODE;
use crate::node::Node;
use crate::snapshot::Snapshot;

#[derive(Debug)]
pub(super) struct View {
    pub(super) epoch: u64,
    pub(super) now: u64,
    nodes: HashSet<u32>,
    sources: HashSet<u32>,
}

impl View {
    pub(super) fn new(snapshot: &Snapshot, now: u64) -> Self {
        Self {
            epoch: snapshot.epoch(),
            now,
            nodes: identities(snapshot.nodes()).chain([ANY_NODE]).collect(),
            sources: identities(snapshot.copied_from()).collect(),
        }
    }

    /// Whether the spec has this node.
    pub(super) fn knows(&self, node: u32) -> bool {
        self.nodes.contains(&node)
    }

    /// Whether values are copied from this node to others.
    pub(super) fn copies(&self, node: u32) -> bool {
        self.sources.contains(&node)
    }
}

fn identities<'n>(nodes: impl Iterator<Item = &'n Arc<Node>>) -> impl Iterator<Item = u32> {
    nodes.map(|node| node.identity())
}
