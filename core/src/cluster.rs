//! A cluster compiled for lookups: its nodes, its placement, and the lists that slots stand for.

use std::collections::HashMap;
use std::sync::Arc;

use crate::hash::HashTag;
use crate::node::{Node, NodePool};
use crate::placement::{LegacyNode, LegacySpec, Placement, Replicas, Ring, RingNode};
use crate::spec::{ALL_BASIS_POINTS, ClusterSpec, PlacementSpec};

/// One cluster, compiled.
#[derive(Debug)]
pub(crate) struct Cluster {
    nodes: Vec<Arc<Node>>,
    placement: Placement,
    replicas: Replicas,
    hash_tag: Option<HashTag>,
}

impl Cluster {
    pub(crate) fn compile(name: &str, spec: &ClusterSpec, pool: &NodePool) -> Self {
        let nodes = spec
            .nodes
            .iter()
            .map(|node| pool.intern(name, spec, node))
            .collect();
        let (placement, replicas) = match spec.placement {
            PlacementSpec::Ring { vnodes, seed } => {
                let (ring, replicas) = Ring::build(&ring_nodes(spec, vnodes), seed, spec.replicas);
                (Placement::Ring(ring), replicas)
            }
            PlacementSpec::Legacy(legacy) => (
                Placement::Legacy(legacy.compile(&legacy_nodes(spec, legacy))),
                Replicas::single(spec.nodes.len()),
            ),
        };
        Self {
            nodes,
            placement,
            replicas,
            hash_tag: spec.hash_tag,
        }
    }

    /// The bytes of a key that place it.
    #[inline]
    pub(crate) fn placed<'k>(&self, key: &'k [u8]) -> &'k [u8] {
        match self.hash_tag {
            Some(tag) => tag.select(key),
            None => key,
        }
    }

    /// The slot of a key.
    #[inline]
    pub(crate) fn slot(&self, key: &[u8]) -> u32 {
        self.placement.slot(self.placed(key))
    }

    /// The nodes of a slot, in read order.
    #[inline]
    pub(crate) fn nodes_of(&self, slot: u32) -> impl ExactSizeIterator<Item = &Arc<Node>> + Clone {
        self.replicas
            .nodes(slot)
            .iter()
            .map(|&position| &self.nodes[position as usize])
    }

    /// All nodes, in the order of the spec.
    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// Which nodes of a slot are not to be read, as bits in read order.
    #[cold]
    pub(crate) fn open(&self, slot: u32, max_ejected: u16) -> u8 {
        if self.nodes_of(slot).all(|node| node.health().is_quiet()) {
            return 0;
        }
        // Too many open breakers say more about this process than about the nodes.
        let open = self
            .nodes
            .iter()
            .filter(|node| node.health().is_open())
            .count();
        if open * usize::from(ALL_BASIS_POINTS) > self.nodes.len() * usize::from(max_ejected) {
            return 0;
        }
        self.nodes_of(slot)
            .enumerate()
            .fold(0, |bits, (position, node)| {
                bits | u8::from(node.health().refuses()) << position
            })
    }
}

fn ring_nodes(spec: &ClusterSpec, vnodes: u32) -> Vec<RingNode<'_>> {
    let mut zones: HashMap<&str, u32> = HashMap::new();
    let mut next = 0;
    let mut fresh = || {
        next += 1;
        next - 1
    };
    spec.nodes
        .iter()
        .map(|node| RingNode {
            id: &node.id,
            points: if node.takes_keys() {
                vnodes * node.weight
            } else {
                0
            },
            zone: match node.zone.as_deref() {
                Some(zone) => *zones.entry(zone).or_insert_with(&mut fresh),
                None => fresh(),
            },
        })
        .collect()
}

fn legacy_nodes(spec: &ClusterSpec, legacy: LegacySpec) -> Vec<LegacyNode> {
    let nodes = spec.nodes.iter().map(|node| LegacyNode {
        // A valid spec has a name for every node.
        name: legacy.name_of(node).unwrap_or_default(),
        weight: node.weight,
        down: node.down,
    });
    nodes.collect()
}
