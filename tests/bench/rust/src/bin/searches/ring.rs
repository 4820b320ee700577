//! The points that all ways search: those of a ring of the library, version 1, with equal weights.

use xxhash_rust::xxh3::xxh3_64;

use crate::keys::{POINTS, addresses};

/// Sorted points with the node of each.
pub struct Points {
    pub points: Vec<u64>,
    pub slots: Vec<u16>,
}

impl Points {
    pub fn of(nodes: usize) -> Self {
        let mut entries = Vec::with_capacity(nodes * POINTS);
        for (slot, id) in addresses(nodes).iter().enumerate() {
            for number in 0..POINTS as u32 {
                let name = [id.as_bytes(), &number.to_le_bytes()].concat();
                entries.push((xxh3_64(&name), slot as u16));
            }
        }
        entries.sort_unstable();
        entries.dedup_by_key(|entry| entry.0);
        let (points, slots) = entries.into_iter().unzip();
        Self { points, slots }
    }

    pub fn len(&self) -> usize {
        self.points.len()
    }

    /// The slot of a position; behind the last point the ring goes on with the first.
    pub fn slot(&self, position: usize) -> u16 {
        self.slots[position % self.len()]
    }

    /// The plain answer.
    pub fn owner(&self, hash: u64) -> u32 {
        let position = self.points.partition_point(|&point| point < hash);
        self.slot(position).into()
    }

    /// Bytes of points and slots.
    pub fn bytes(&self) -> usize {
        self.len() * (size_of::<u64>() + size_of::<u16>())
    }
}

impl Clone for Points {
    fn clone(&self) -> Self {
        Self {
            points: self.points.clone(),
            slots: self.slots.clone(),
        }
    }
}
