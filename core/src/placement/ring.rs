//! The ring of virtual nodes, version 1.

use std::sync::Arc;

use super::table::Table;
use super::{Replicas, max_load};
use crate::hash;

/// What a node gives to the ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingNode<'a> {
    /// Decides the node's points.
    pub(crate) id: &'a str,
    /// Its share of the key space relative to other nodes; 0 for a node that takes no keys.
    pub(crate) weight: u32,
    /// A number for the node's zone; nodes without one have a number of their own.
    pub(crate) zone: u32,
}

/// What is the same for all nodes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingRule {
    /// Points of a node of weight 1.
    pub(crate) vnodes: u32,
    pub(crate) seed: u64,
    pub(crate) replicas: usize,
    /// The bound on shares in parts of [`max_load::ONE`], if there is one.
    pub(crate) max_load: Option<u32>,
}

/// A compiled ring.
#[derive(Debug)]
pub(crate) struct Ring {
    seed: u64,
    slots: Slots,
}

/// How slots are found: by a table, as far as their numbers fit into it.
#[derive(Debug)]
enum Slots {
    Few(Arc<Table<u16>>),
    Many(Table<u32>),
}

impl Ring {
    /// Builds the ring and the lists that its slots stand for. At least one node has points; all
    /// of them together are fewer than 2^32.
    ///
    /// Fails if `max_load` cannot be kept, with the lowest one that can.
    pub(crate) fn build(nodes: &[RingNode<'_>], rule: RingRule) -> Result<(Self, Replicas), u32> {
        let RingRule { seed, replicas, .. } = rule;
        let (points, walk) = sorted_points(nodes, rule);
        let mut owners = walk.clone();
        if let Some(bound) = rule.max_load {
            let weights: Vec<u32> = nodes.iter().map(|node| node.weight).collect();
            max_load::bound(&points, &mut owners, &weights, bound, seed)
                .map_err(|_| max_load::lowest(&points, &walk, &weights, seed))?;
        }
        let zones: Vec<u32> = nodes.iter().map(|node| node.zone).collect();
        let (lists, slots) = Replicas::along(&walk, &owners, &zones, replicas);
        let narrow: Option<Vec<u16>> = slots.iter().map(|&slot| slot.try_into().ok()).collect();
        let slots = match narrow {
            Some(narrow) => Slots::Few(Arc::new(Table::new(points, narrow))),
            None => Slots::Many(Table::new(points, slots)),
        };
        Ok((Self { seed, slots }, lists))
    }

    /// What decides the hash of a key: rings with equal seeds hash it alike.
    pub(crate) fn seed(&self) -> u64 {
        self.seed
    }

    /// The hash of the bytes that place a key.
    #[inline]
    pub(crate) fn hash(&self, key: &[u8]) -> u64 {
        hash::key_hash(key, self.seed)
    }

    /// Where each arc ends (exclusive) and its slot; the last ends with the key space.
    pub(crate) fn arcs(&self) -> Box<dyn Iterator<Item = (u128, u32)> + '_> {
        match &self.slots {
            Slots::Few(table) => Box::new(table.arcs()),
            Slots::Many(table) => Box::new(table.arcs()),
        }
    }

    /// How many points there are.
    pub(crate) fn points(&self) -> usize {
        match &self.slots {
            Slots::Few(table) => table.points(),
            Slots::Many(table) => table.points(),
        }
    }

    /// Bytes of all that a lookup may read.
    pub(crate) fn bytes(&self) -> usize {
        match &self.slots {
            Slots::Few(table) => table.bytes(),
            Slots::Many(table) => table.bytes(),
        }
    }

    /// The table, if that and a hash without a seed are all that a key's place takes.
    pub(crate) fn plain(&self) -> Option<&Arc<Table<u16>>> {
        match &self.slots {
            Slots::Few(table) if self.seed == 0 => Some(table),
            _ => None,
        }
    }

    /// The slot of the first point that is not below the hash of a key.
    #[inline]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        match &self.slots {
            Slots::Few(table) => table.slot(hash),
            Slots::Many(table) => table.slot(hash),
        }
    }
}

/// All points in ascending order with the node that owns each. Of equal points only the one of
/// the smallest id (in byte order) stays: it is the one that every lookup would find.
fn sorted_points(nodes: &[RingNode<'_>], rule: RingRule) -> (Vec<u64>, Vec<u32>) {
    let mut by_id: Vec<u32> = (0..nodes.len() as u32).collect();
    by_id.sort_unstable_by_key(|&position| nodes[position as usize].id);
    let total = nodes
        .iter()
        .map(|node| (rule.vnodes * node.weight) as usize)
        .sum();
    let mut buffer = Vec::new();
    let mut entries: Vec<(u64, u32)> = Vec::with_capacity(total);
    for (rank, &position) in (0u32..).zip(&by_id) {
        let node = &nodes[position as usize];
        for number in 0..rule.vnodes * node.weight {
            entries.push((hash::point(&mut buffer, node.id, number, rule.seed), rank));
        }
    }
    entries.sort_unstable();
    entries.dedup_by_key(|entry| entry.0);
    entries
        .into_iter()
        .map(|(point, rank)| (point, by_id[rank as usize]))
        .unzip()
}
