//! The ring of virtual nodes, version 1.

use std::fmt;
use std::sync::Arc;

use super::points::{PointNode, Points};
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
#[derive(Clone, Copy)]
pub(crate) struct RingRule {
    /// Points of a node of weight 1.
    pub(crate) vnodes: u32,
    pub(crate) seed: u64,
    pub(crate) replicas: usize,
    /// The bound on shares in parts of [`max_load::ONE`], if there is one.
    pub(crate) max_load: Option<u32>,
}

/// A compiled ring.
pub(crate) struct Ring {
    seed: u64,
    slots: Slots,
    /// Whether the first node of a slot is the one whose point ends the arc, and no point was left
    /// out: then another ring can take over points from this one.
    can_be_followed: bool,
}

impl fmt::Debug for Ring {
    /// Neither the seed, which may be a secret, nor the points that are made with it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let points = self.points();
        f.debug_struct("Ring")
            .field("points", &points)
            .finish_non_exhaustive()
    }
}

/// The ring in force before the one that is built, of the same `vnodes` and seed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingBefore<'a> {
    pub(crate) ring: &'a Ring,
    /// What its slots stand for.
    pub(crate) lists: &'a Replicas,
    pub(crate) nodes: &'a [RingNode<'a>],
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
    pub(crate) fn build(
        nodes: &[RingNode<'_>],
        rule: RingRule,
        before: Option<RingBefore<'_>>,
    ) -> Result<(Self, Replicas), u32> {
        let RingRule { seed, replicas, .. } = rule;
        let Points {
            places: points,
            nodes: walk,
            collided,
        } = points_of(nodes, rule, before);
        let bounded = match rule.max_load {
            Some(bound) => Some(bounded(nodes, &points, &walk, bound, seed)?),
            None => None,
        };
        let owners = bounded.as_ref().unwrap_or(&walk);
        let zones: Vec<u32> = nodes.iter().map(|node| node.zone).collect();
        let (lists, slots) = Replicas::along(&walk, owners, &zones, replicas);
        let narrow: Option<Vec<u16>> = slots.iter().map(|&slot| slot.try_into().ok()).collect();
        let slots = match narrow {
            Some(narrow) => Slots::Few(Arc::new(Table::new(points, narrow))),
            None => Slots::Many(Table::new(points, slots.into_owned())),
        };
        let can_be_followed = rule.max_load.is_none() && !collided;
        let ring = Self {
            seed,
            slots,
            can_be_followed,
        };
        Ok((ring, lists))
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

    /// The points in ascending order, and their slots.
    fn entries(&self) -> Box<dyn Iterator<Item = (u64, u32)> + '_> {
        match &self.slots {
            Slots::Few(table) => Box::new(table.entries()),
            Slots::Many(table) => Box::new(table.entries()),
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

/// The owners of the arcs within a `max_load`.
fn bounded(
    nodes: &[RingNode<'_>],
    points: &[u64],
    walk: &[u32],
    max_load: u32,
    seed: u64,
) -> Result<Vec<u32>, u32> {
    let weights: Vec<u32> = nodes.iter().map(|node| node.weight).collect();
    let mut owners = walk.to_vec();
    match max_load::bound(points, &mut owners, &weights, max_load, seed) {
        Ok(()) => Ok(owners),
        Err(max_load::Impossible) => Err(max_load::lowest(points, walk, &weights, max_load, seed)),
    }
}

fn points_of(nodes: &[RingNode<'_>], rule: RingRule, before: Option<RingBefore<'_>>) -> Points {
    let nodes = with_points(nodes, rule.vnodes);
    match before.filter(|before| before.ring.can_be_followed) {
        None => Points::of(&nodes, rule.seed),
        Some(before) => {
            let entries = before.ring.entries();
            let entries = entries.map(|(point, slot)| (point, before.lists.first(slot)));
            let old = with_points(before.nodes, rule.vnodes);
            Points::following(&nodes, rule.seed, &old, entries)
        }
    }
}

fn with_points<'a>(nodes: &[RingNode<'a>], vnodes: u32) -> Vec<PointNode<'a>> {
    let nodes = nodes.iter().map(|node| PointNode {
        id: node.id,
        count: vnodes * node.weight,
    });
    nodes.collect()
}
