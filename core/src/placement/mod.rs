//! Placement: the rule from a key to a slot of one cluster.
//!
//! A *slot* is a small number that stands for an ordered list of nodes. With one replica it is
//! the node's position in the cluster; with more it is the number of a list in [`Replicas`].

pub(crate) mod max_load;
mod modulo;
mod replicas;
mod ring;
mod table;

pub use modulo::ModuloHash;
pub(crate) use replicas::Replicas;
pub(crate) use ring::{Ring, RingNode, RingRule};

/// The compiled placement of one cluster.
#[derive(Debug)]
pub(crate) enum Placement {
    /// The ring of virtual nodes, version 1.
    Ring(Ring),
    /// libmemcached's default: `hash(key) % N` over the nodes in the spec's order.
    Modulo { hash: ModuloHash, nodes: u32 },
}

impl Placement {
    /// The hash of the bytes that place a key.
    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        match self {
            Self::Ring(ring) => ring.hash(key),
            Self::Modulo { hash, .. } => u64::from(hash.hash(key)),
        }
    }

    /// The slot of a hash.
    #[inline]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        match self {
            Self::Ring(ring) => ring.slot(hash),
            // Both fit into 32 bits.
            Self::Modulo { nodes, .. } => hash as u32 % nodes,
        }
    }

    /// The arcs of a ring in ascending order: where each ends (exclusive, the last at 2^64) and its
    /// slot. Nothing for a placement that has none.
    pub(crate) fn arcs(&self) -> Option<Box<dyn Iterator<Item = (u128, u32)> + '_>> {
        match self {
            Self::Ring(ring) => Some(ring.arcs()),
            Self::Modulo { .. } => None,
        }
    }

    /// How many hashes there are and how many nodes they are dealt to in turn. Nothing for a
    /// placement that does not deal so.
    pub(crate) fn residues(&self) -> Option<(u64, u64)> {
        match self {
            Self::Ring(_) => None,
            Self::Modulo { hash, nodes } => Some((hash.count(), u64::from(*nodes))),
        }
    }

    /// Whether another placement hashes every key to the same number.
    pub(crate) fn hashes_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ring(one), Self::Ring(other)) => one.seed() == other.seed(),
            (Self::Modulo { hash: one, .. }, Self::Modulo { hash: other, .. }) => one == other,
            _ => false,
        }
    }
}
