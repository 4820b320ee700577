//! Ways that search the sorted points themselves.

use std::hint::select_unpredictable;

use crate::Search;
use crate::ring::Points;

/// The standard library's binary search.
pub struct Binary(Points);

impl Search for Binary {
    const NAME: &'static str = "binary search";
    fn new(ring: &Points) -> Self {
        Self(ring.clone())
    }
    fn find(&self, hash: u64) -> u32 {
        self.0.owner(hash)
    }
    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// Halves the range without a branch on what is found.
pub struct Branchless(Points);

impl Search for Branchless {
    const NAME: &'static str = "binary search without branches";
    fn new(ring: &Points) -> Self {
        Self(ring.clone())
    }
    fn find(&self, hash: u64) -> u32 {
        let points = &self.0.points;
        let (mut start, mut length) = (0, points.len());
        while length > 1 {
            let half = length / 2;
            let below = points[start + half - 1] < hash;
            start = select_unpredictable(below, start + half, start);
            length -= half;
        }
        let position = start + usize::from(points[start] < hash);
        self.0.slot(position).into()
    }
    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// The points as a binary tree in breadth-first order, so that the first steps share cache lines (Khuong and Morin,
/// "Array layouts for comparison-based searching", 2017).
pub struct Eytzinger {
    points: Vec<u64>,
    slots: Vec<u16>,
    first: u16,
}

impl Eytzinger {
    fn fill(&mut self, ring: &Points, position: &mut usize, node: usize) {
        if node >= self.points.len() {
            return;
        }
        self.fill(ring, position, 2 * node);
        self.points[node] = ring.points[*position];
        self.slots[node] = ring.slots[*position];
        *position += 1;
        self.fill(ring, position, 2 * node + 1);
    }
}

impl Search for Eytzinger {
    const NAME: &'static str = "Eytzinger layout";
    fn new(ring: &Points) -> Self {
        let mut tree = Self {
            points: vec![0; ring.len() + 1],
            slots: vec![0; ring.len() + 1],
            first: ring.slots[0],
        };
        tree.fill(ring, &mut 0, 1);
        tree
    }
    fn find(&self, hash: u64) -> u32 {
        let mut node = 1;
        while node < self.points.len() {
            node = 2 * node + usize::from(self.points[node] < hash);
        }
        // The last turn to the left was at the answer.
        node >>= node.trailing_ones() + 1;
        u32::from(if node == 0 {
            self.first
        } else {
            self.slots[node]
        })
    }
    fn bytes(&self) -> usize {
        size_of_val(&self.points[..]) + size_of_val(&self.slots[..])
    }
}

/// Points are spread evenly, so begin where the hash would be and walk.
pub struct Interpolation(Points);

impl Search for Interpolation {
    const NAME: &'static str = "interpolation";
    fn new(ring: &Points) -> Self {
        Self(ring.clone())
    }
    fn find(&self, hash: u64) -> u32 {
        let points = &self.0.points;
        let (mut low, mut high) = (0, points.len());
        // A few steps by interpolation come near; the rest is a walk.
        let mut from = 0u64;
        let mut to = u64::MAX;
        for _ in 0..3 {
            if high - low < 8 {
                break;
            }
            let share =
                u128::from(hash - from) * (high - low) as u128 / (u128::from(to - from) + 1);
            let guess = low + share as usize;
            if points[guess] < hash {
                (low, from) = (guess + 1, points[guess]);
                let ahead = (guess + 64).min(high) - 1;
                if ahead > guess && points[ahead] >= hash {
                    (high, to) = (ahead, points[ahead]);
                }
            } else {
                (high, to) = (guess, points[guess]);
                let behind = guess.saturating_sub(64).max(low);
                if points[behind] < hash {
                    (low, from) = (behind + 1, points[behind]);
                }
            }
        }
        let position = low + points[low..high].partition_point(|&point| point < hash);
        self.0.slot(position).into()
    }
    fn bytes(&self) -> usize {
        self.0.bytes()
    }
}

/// An index on the hash says where to begin, a walk does the rest.
pub struct Indexed {
    ring: Points,
    starts: Vec<u32>,
}

impl Search for Indexed {
    const NAME: &'static str = "index of one entry a point, then a walk";
    fn new(ring: &Points) -> Self {
        let count = ring.len();
        let mut position = 0;
        let starts = (0..count).map(|bucket| {
            while position < count && place(ring.points[position], count) < bucket {
                position += 1;
            }
            position as u32
        });
        Self {
            starts: starts.collect(),
            ring: ring.clone(),
        }
    }
    fn find(&self, hash: u64) -> u32 {
        let start = self.starts[place(hash, self.starts.len())] as usize;
        let steps = self.ring.points[start..]
            .iter()
            .position(|&point| point >= hash);
        let position = steps.map_or(self.ring.len(), |steps| start + steps);
        self.ring.slot(position).into()
    }
    fn bytes(&self) -> usize {
        self.ring.bytes() + size_of_val(&self.starts[..])
    }
}

fn place(hash: u64, buckets: usize) -> usize {
    ((u128::from(hash) * buckets as u128) >> 64) as usize
}
