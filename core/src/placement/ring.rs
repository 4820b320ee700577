//! The ring of virtual nodes, version 1: sorted points with an index on the hash's top bits.
//!
//! The index has about one entry a point and holds, for every prefix of the hash, the first point
//! that is not below it; the few points that share a prefix are walked. The answer is exact.

use std::collections::BTreeMap;

use super::Replicas;
use crate::hash;

/// What a node gives to the ring.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RingNode<'a> {
    /// Decides the node's points.
    pub(crate) id: &'a str,
    /// Number of points; 0 for a node that takes no keys.
    pub(crate) points: u32,
    /// A number for the node's zone; nodes without one have a number of their own.
    pub(crate) zone: u32,
}

/// A compiled ring.
#[derive(Debug)]
pub(crate) struct Ring {
    seed: u64,
    /// Sorted and distinct, then `u64::MAX` as a sentinel that stands for the wrap.
    points: Vec<u64>,
    /// The slot of each point; the sentinel's is the first point's.
    slots: Vec<u32>,
    /// `index[h >> shift]` is the first point that may be >= h.
    index: Vec<u32>,
    shift: u32,
}

impl Ring {
    /// Builds the ring and the lists that its slots stand for. At least one node has points; all
    /// of them together are fewer than 2^32.
    pub(crate) fn build(nodes: &[RingNode<'_>], seed: u64, replicas: usize) -> (Self, Replicas) {
        let (points, owners) = sorted_points(nodes, seed);
        let zones: Vec<u32> = nodes.iter().map(|node| node.zone).collect();
        let (lists, mut slots) = Replicas::along(&owners, &zones, replicas);
        let mut points = points;
        let (index, shift) = index_of(&points);
        points.push(u64::MAX);
        slots.push(slots[0]);
        (
            Self {
                seed,
                points,
                slots,
                index,
                shift,
            },
            lists,
        )
    }

    /// The slot of the first point that is not below the key's hash.
    #[inline]
    pub(crate) fn slot(&self, key: &[u8]) -> u32 {
        let hash = hash::key_hash(key, self.seed);
        let mut position = self.index[(hash >> self.shift) as usize] as usize;
        // Ends at the sentinel, which no hash exceeds.
        while self.points[position] < hash {
            position += 1;
        }
        self.slots[position]
    }
}

/// All points in ascending order with the node that owns each. Of equal points only the one of
/// the smallest id (in byte order) stays: it is the one that every lookup would find.
fn sorted_points(nodes: &[RingNode<'_>], seed: u64) -> (Vec<u64>, Vec<u32>) {
    let by_id: BTreeMap<&str, u32> = (0u32..)
        .zip(nodes)
        .map(|(position, node)| (node.id, position))
        .collect();
    let mut buffer = Vec::new();
    let mut entries: Vec<(u64, u32, u32)> = Vec::new();
    for ((id, position), rank) in by_id.into_iter().zip(0u32..) {
        for number in 0..nodes[position as usize].points {
            entries.push((hash::point(&mut buffer, id, number, seed), rank, position));
        }
    }
    entries.sort_unstable();
    entries.dedup_by_key(|entry| entry.0);
    entries
        .into_iter()
        .map(|(point, _, position)| (point, position))
        .unzip()
}

/// The index over the sorted points: as many entries as points, rounded up to a power of two.
fn index_of(points: &[u64]) -> (Vec<u32>, u32) {
    // At least two entries: a shift by 64 would be undefined.
    let bits = points.len().next_power_of_two().trailing_zeros().max(1);
    let shift = 64 - bits;
    let mut position = 0;
    let index = (0..1u64 << bits)
        .map(|prefix| {
            while position < points.len() && points[position] < prefix << shift {
                position += 1;
            }
            position as u32
        })
        .collect();
    (index, shift)
}
