//! Placement: the rule from a key to a slot of one cluster.
//!
//! A *slot* is a small number that stands for an ordered list of nodes. With one replica it is
//! the node's position in the cluster; with more it is the number of a list in [`Replicas`].

mod legacy;
pub(crate) mod max_load;
mod points;
mod replicas;
mod ring;
mod table;

pub use legacy::LegacySpec;
pub(crate) use legacy::{Flavor, Kind, Legacy, LegacyNode, Rule, WeightRule};
pub(crate) use replicas::Replicas;
pub(crate) use ring::{Ring, RingBefore, RingNode, RingRule};
pub(crate) use table::Table;

/// The compiled placement of one cluster.
#[derive(Debug)]
pub(crate) enum Placement {
    /// The ring of virtual nodes, version 1.
    Ring(Ring),
    /// The placement of an existing client. A slot is a node.
    Legacy(Legacy),
}

impl Placement {
    /// The hash of the bytes that place a key.
    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        match self {
            Self::Ring(ring) => ring.hash(key),
            Self::Legacy(legacy) => legacy.hash(key),
        }
    }

    /// The slot of a hash.
    #[inline]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        match self {
            Self::Ring(ring) => ring.slot(hash),
            Self::Legacy(legacy) => legacy.slot(hash),
        }
    }

    /// How many points there are; 0 where there are none.
    pub(crate) fn points(&self) -> usize {
        match self {
            Self::Ring(ring) => ring.points(),
            Self::Legacy(legacy) => legacy.points(),
        }
    }

    /// Bytes of all that a lookup may read.
    pub(crate) fn bytes(&self) -> usize {
        match self {
            Self::Ring(ring) => ring.bytes(),
            Self::Legacy(legacy) => legacy.bytes(),
        }
    }

    /// The arcs of a ring or continuum in ascending order: where each ends (exclusive, the last with
    /// the hashes, at 2^64 for a ring) and its slot. Nothing for a placement that has none.
    pub(crate) fn arcs(&self) -> Option<Box<dyn Iterator<Item = (u128, u32)> + '_>> {
        match self {
            Self::Ring(ring) => Some(ring.arcs()),
            Self::Legacy(legacy) => legacy.arcs(),
        }
    }

    /// How many hashes there are and after how many the slots repeat. Nothing for a placement whose
    /// slots do not.
    pub(crate) fn residues(&self) -> Option<(u64, u64)> {
        match self {
            Self::Ring(_) => None,
            Self::Legacy(legacy) => legacy.residues(),
        }
    }

    /// Whether another placement hashes every key to the same number.
    pub(crate) fn hashes_like(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Ring(one), Self::Ring(other)) => one.seed() == other.seed(),
            (Self::Legacy(one), Self::Legacy(other)) => one.hashes_like(other),
            _ => false,
        }
    }
}
