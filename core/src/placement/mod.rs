//! Placement: the rule from a key to a slot of one cluster.
//!
//! A *slot* is a small number that stands for an ordered list of nodes. With one replica it is
//! the node's position in the cluster; with more it is the number of a list in [`Replicas`].

mod legacy;
mod replicas;
mod ring;

pub use legacy::LegacySpec;
pub(crate) use legacy::{Flavor, Kind, Legacy, LegacyNode, Rule, WeightRule};
pub(crate) use replicas::Replicas;
pub(crate) use ring::{Ring, RingNode};

/// The compiled placement of one cluster.
#[derive(Debug)]
pub(crate) enum Placement {
    /// The ring of virtual nodes, version 1.
    Ring(Ring),
    /// The placement of an existing client. A slot is a node.
    Legacy(Legacy),
}

impl Placement {
    /// The slot of the bytes that place a key.
    #[inline]
    pub(crate) fn slot(&self, key: &[u8]) -> u32 {
        match self {
            Self::Ring(ring) => ring.slot(key),
            Self::Legacy(legacy) => legacy.slot(key),
        }
    }
}
