//! A cluster compiled for lookups: its nodes, its placement, and the lists that slots stand for.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use crate::breaker::ClusterBreaker;
use crate::error::{Error, ErrorKind};
use crate::hash::HashTag;
use crate::limits::MAX_NODES_KEPT;
use crate::node::{Node, NodePool};
use crate::placement::{
    LegacyNode, LegacySpec, Placement, Replicas, Ring, RingBefore, RingNode, RingRule, Table,
    max_load,
};
use crate::spec::{BreakerSpec, ClusterSpec, PlacementSpec, Spec};
use crate::window::Recent;

/// One cluster, compiled.
#[derive(Debug)]
pub(crate) struct Cluster {
    nodes: Vec<Arc<Node>>,
    /// Positions of the nodes that any key is read from.
    takes_keys: Vec<u32>,
    /// The index of the first node of every slot: closer together than in the nodes.
    first_indices: Vec<u32>,
    placement: Placement,
    replicas: Replicas,
    hash_tag: Option<HashTag>,
    breaker: Arc<ClusterBreaker>,
}

/// What the placement of a cluster takes in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct ClusterMemory {
    /// The cluster's name.
    pub cluster: String,
    /// Points of its ring or continuum; 0 where the placement has none.
    pub points: u64,
    /// Bytes of the points and of everything that finds them.
    pub bytes: u64,
    /// Bytes of the lists of replicas; 4 for each node where there is one replica.
    pub replica_bytes: u64,
}

/// Why a spec that is valid by itself can't be compiled.
#[derive(Debug)]
pub(crate) enum Refused {
    /// A cluster's `max_load` cannot be kept.
    MaxLoad {
        cluster: String,
        /// The lowest that can, in parts of [`max_load::ONE`].
        lowest: u32,
    },
    /// The router would have to keep more nodes than one may.
    Nodes,
}

impl Refused {
    /// The error about it, with its place in the text of the spec.
    pub(crate) fn into_error(self, text: &[u8]) -> Error {
        match self {
            Self::MaxLoad { cluster, lowest } => {
                let lowest = f64::from(lowest) / f64::from(max_load::ONE);
                let message = format!(
                    "the points of this ring cannot keep max_load; use {lowest} or more, or more vnodes"
                );
                let path = ["clusters", &cluster, "placement", "max_load"];
                Spec::error_at(text, &path, ErrorKind::SpecInvalid, message)
            }
            Self::Nodes => {
                let message = format!(
                    "with these nodes the router would keep more than {MAX_NODES_KEPT}, those of earlier specs included; \
                     open another router"
                );
                Spec::error_at(text, &["clusters"], ErrorKind::SpecLimit, message)
            }
        }
    }
}

/// The compiled placement of a cluster, before any node is taken into the pool: what is refused leaves no trace there.
#[derive(Debug)]
pub(crate) struct Placed {
    placement: Placement,
    replicas: Replicas,
}

impl Cluster {
    /// Compiles a cluster.
    ///
    /// Fails if the spec asks for a `max_load` that its ring cannot keep.
    pub(crate) fn compile(
        name: &str,
        spec: &ClusterSpec,
        pool: &NodePool,
    ) -> Result<Self, Refused> {
        Ok(Self::of(name, spec, pool, Self::place(name, spec, None)?))
    }

    /// Compiles the placement, taking over from the cluster of this name in force `before` what did not change.
    ///
    /// Fails if the spec asks for a `max_load` that its ring cannot keep.
    pub(crate) fn place(
        name: &str,
        spec: &ClusterSpec,
        before: Option<(&ClusterSpec, &Self)>,
    ) -> Result<Placed, Refused> {
        let (placement, replicas) = match spec.placement {
            PlacementSpec::Ring {
                vnodes,
                seed,
                max_load,
            } => {
                let rule = RingRule {
                    vnodes,
                    seed,
                    replicas: spec.replicas,
                    max_load,
                };
                let old = before.and_then(|(old, cluster)| cluster.ring_of(old, vnodes, seed));
                let old =
                    old.as_ref()
                        .map(|(ring, lists, nodes)| RingBefore { ring, lists, nodes });
                let built = Ring::build(&ring_nodes(spec), rule, old);
                let (ring, replicas) = built.map_err(|lowest| Refused::MaxLoad {
                    cluster: name.to_owned(),
                    lowest,
                })?;
                (Placement::Ring(ring), replicas)
            }
            PlacementSpec::Legacy(legacy) => (
                Placement::Legacy(legacy.compile(&legacy_nodes(spec, legacy))),
                Replicas::single(spec.nodes.len()),
            ),
        };
        Ok(Placed {
            placement,
            replicas,
        })
    }

    /// The cluster of a compiled placement, its nodes taken from the pool.
    pub(crate) fn of(name: &str, spec: &ClusterSpec, pool: &NodePool, placed: Placed) -> Self {
        let Placed {
            placement,
            replicas,
        } = placed;
        let nodes: Vec<Arc<Node>> = spec
            .nodes
            .iter()
            .map(|node| pool.intern(name, spec, node))
            .collect();
        let takes_keys = (0u32..).zip(&spec.nodes);
        let takes_keys = takes_keys
            .filter(|(_, node)| node.takes_keys())
            .map(|(at, _)| at)
            .collect();
        let first = |slot| nodes[replicas.first(slot) as usize].index();
        Self {
            first_indices: (0..replicas.slots()).map(first).collect(),
            nodes,
            takes_keys,
            placement,
            replicas,
            hash_tag: spec.hash_tag,
            breaker: pool.cluster_breaker(name),
        }
    }

    /// The ring of this cluster, of which `spec` is the spec, if its points are made alike.
    fn ring_of<'a>(
        &'a self,
        spec: &'a ClusterSpec,
        vnodes: u32,
        seed: u64,
    ) -> Option<(&'a Ring, &'a Replicas, Vec<RingNode<'a>>)> {
        match (&self.placement, &spec.placement) {
            (Placement::Ring(ring), PlacementSpec::Ring { vnodes: old, .. })
                if *old == vnodes && ring.seed() == seed =>
            {
                Some((ring, &self.replicas, ring_nodes(spec)))
            }
            _ => None,
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

    /// The hash that places a key.
    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        self.placement.hash(self.placed(key))
    }

    /// The table of a ring that places whole keys, hashed without a seed: what nearly every cluster
    /// is.
    pub(crate) fn plain(&self) -> Option<&Arc<Table<u16>>> {
        match (&self.placement, self.hash_tag) {
            (Placement::Ring(ring), None) => ring.plain(),
            _ => None,
        }
    }

    /// The slot of a hash.
    #[inline]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        self.placement.slot(hash)
    }

    /// Whether another cluster hashes every key to the same number.
    pub(crate) fn hashes_like(&self, other: &Self) -> bool {
        self.hash_tag == other.hash_tag && self.placement.hashes_like(&other.placement)
    }

    /// Whether any node of another cluster has the same entries as one of this.
    pub(crate) fn shares_entries_with(&self, other: &Self) -> bool {
        let own: HashSet<u32> = self.nodes.iter().map(|node| node.identity()).collect();
        other
            .nodes
            .iter()
            .any(|node| own.contains(&node.identity()))
    }

    /// How many slots there are.
    pub(crate) fn slots(&self) -> u32 {
        self.replicas.slots()
    }

    /// The position of the first node of a slot.
    #[inline]
    pub(crate) fn owner(&self, slot: u32) -> u32 {
        self.replicas.first(slot)
    }

    /// The arcs of a ring: where each ends, and its slot; see [`Placement::arcs`].
    pub(crate) fn arcs(&self) -> Option<impl Iterator<Item = (u128, u32)> + '_> {
        self.placement.arcs()
    }

    /// See [`Placement::residues`].
    pub(crate) fn residues(&self) -> Option<(u64, u64)> {
        self.placement.residues()
    }

    /// The nodes of a slot, in read order.
    #[inline]
    pub(crate) fn nodes_of(&self, slot: u32) -> impl ExactSizeIterator<Item = &Arc<Node>> + Clone {
        self.replicas
            .nodes(slot)
            .iter()
            .map(|&position| &self.nodes[position as usize])
    }

    /// The positions of a slot's nodes in its list, as bits; the same for all slots.
    #[inline]
    pub(crate) fn positions(&self) -> u32 {
        (1 << self.replicas.length()) - 1
    }

    /// The node at a position of a slot's list.
    #[inline]
    pub(crate) fn node_of(&self, slot: u32, position: u32) -> &Arc<Node> {
        &self.nodes[self.replicas.nodes(slot)[position as usize] as usize]
    }

    /// The first node of a slot.
    #[inline]
    pub(crate) fn first_of(&self, slot: u32) -> &Arc<Node> {
        &self.nodes[self.owner(slot) as usize]
    }

    /// The index of the first node of a slot.
    #[inline]
    pub(crate) fn first_index(&self, slot: u32) -> u32 {
        self.first_indices[slot as usize]
    }

    /// What the placement takes in memory.
    pub(crate) fn memory(&self, name: &str) -> ClusterMemory {
        ClusterMemory {
            cluster: name.to_owned(),
            points: self.placement.points() as u64,
            bytes: self.placement.bytes() as u64,
            replica_bytes: self.replicas.bytes() as u64,
        }
    }

    /// All nodes, in the order of the spec.
    pub(crate) fn nodes(&self) -> &[Arc<Node>] {
        &self.nodes
    }

    /// Which nodes of a slot are not to be read, as bits in read order: those of `unread`, and those whose breakers are
    /// open. With `probe`, a breaker that is due lets this caller through, if its node would then be the one that is read
    /// first.
    pub(crate) fn open(
        &self,
        slot: u32,
        unread: u8,
        max_ejected: u16,
        now: u64,
        probe: bool,
    ) -> u8 {
        let all = self.positions() as u8;
        if unread == all {
            return all;
        }
        let cluster = self.breaker.breaker();
        if cluster.is_shut(now) || (!probe && cluster.is_open()) {
            return all;
        }
        let open = self.open_nodes(slot, unread, max_ejected, now, probe);
        // A probe of the cluster is lent only to a request that has a node to read.
        if open != all && cluster.refuses(now) {
            return all;
        }
        open
    }

    fn open_nodes(&self, slot: u32, unread: u8, max_ejected: u16, now: u64, probe: bool) -> u8 {
        if self.nodes_of(slot).all(|node| !node.health().is_open()) {
            return unread;
        }
        let heeded = !self.fails_open(max_ejected);
        let (mut bits, mut readable) = (unread, false);
        for (position, node) in self.nodes_of(slot).enumerate() {
            if unread & (1 << position) != 0 {
                continue;
            }
            let health = node.health();
            // Where breakers are not heeded, a request is the probe all the same: so they close again.
            let kept_away = health.is_open() && (readable || !probe || health.refuses(now));
            if kept_away && heeded {
                bits |= 1 << position;
            } else {
                readable = true;
            }
        }
        bits
    }

    /// Whether so many nodes are open that their breakers are not heeded.
    pub(crate) fn fails_open(&self, max_ejected: u16) -> bool {
        let open = self.readers().filter(|node| node.health().is_open());
        self.breaker
            .fails_open(open.count(), self.takes_keys.len(), max_ejected)
    }

    /// The nodes that any key is read from.
    fn readers(&self) -> impl ExactSizeIterator<Item = &Arc<Node>> {
        let positions = self.takes_keys.iter();
        positions.map(|&position| &self.nodes[position as usize])
    }

    /// How many nodes any key is read from.
    pub(crate) fn reader_count(&self) -> usize {
        self.takes_keys.len()
    }

    /// Whether the cluster as a whole is to be left alone: so many requests of the last window
    /// failed, or every node's breaker is open.
    pub(crate) fn is_bad(&self, now: u64, settings: &BreakerSpec) -> bool {
        let mut sum = Recent::default();
        for recent in self.readers().map(|node| node.recent(now, settings)) {
            sum.requests += recent.requests;
            sum.failures += recent.failures;
        }
        sum.is_bad(settings.cluster_rate, settings)
            || self.readers().all(|node| node.health().is_open())
    }

    pub(crate) fn breaker(&self) -> &ClusterBreaker {
        &self.breaker
    }

    /// Which nodes of a slot are among these, given by identity, as bits in read order.
    pub(crate) fn bits_of(&self, slot: u32, nodes: &[u32]) -> u8 {
        (self.nodes_of(slot).enumerate())
            .filter(|(_, node)| nodes.contains(&node.identity()))
            .fold(0, |bits, (position, _)| bits | 1 << position)
    }

    /// Whether these bits are all nodes of a slot.
    pub(crate) fn is_all_of(&self, bits: u8, slot: u32) -> bool {
        self.nodes_of(slot).len() == bits.count_ones() as usize
    }
}

fn ring_nodes(spec: &ClusterSpec) -> Vec<RingNode<'_>> {
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
            weight: if node.takes_keys() { node.weight } else { 0 },
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
