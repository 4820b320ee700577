//! `max_load`: a bound on every node's share of the key space, kept exactly.
//!
//! Every point ends an arc of the ring. Arcs are handed out in an order of their own; an arc whose
//! owner is full goes to the next node up the ring that has room. Everything is computed in
//! integers from the spec alone, so that all processes agree, and since the order does not depend
//! on the nodes, a change of one node leaves most decisions as they were.
//!
//! The idea of bounding loads on a ring is that of Mirrokni, Thorup and Zadimoghaddam, "Consistent
//! Hashing with Bounded Loads" (2016), applied here to shares of the key space in place of the
//! number of keys at one moment, on which processes could not agree.

use crate::hash;

/// `max_load` is given in parts of this: 10500 is 1.05.
pub(crate) const ONE: u32 = 10_000;
/// The largest `max_load` that a spec may give; far above what any ring needs.
pub(crate) const MOST: u32 = 100 * ONE;

/// Points that may be passed for each point of the ring, on average. A bound that needs more is so
/// tight that finding room would take quadratic time; it is refused as impossible.
const PASSED: usize = 64;

/// The whole key space.
const ALL: u128 = 1 << 64;

/// Hands the arcs out. `points` are in ascending order and distinct, `owners` the node of each, to
/// be replaced; `weights` are those of the nodes, 0 for nodes without points.
///
/// Fails if some arc finds no node with room, or if that would take too long.
pub(crate) fn bound(
    points: &[u64],
    owners: &mut [u32],
    weights: &[u32],
    max_load: u32,
    seed: u64,
) -> Result<(), Impossible> {
    let walk = owners.to_vec();
    hand_out(
        &in_order(points, seed),
        &walk,
        owners,
        capacities(weights, max_load),
    )
}

/// `walk` are the nodes of the points, `room` what each may own.
fn hand_out(
    arcs: &[Arc],
    walk: &[u32],
    owners: &mut [u32],
    mut room: Vec<u128>,
) -> Result<(), Impossible> {
    let mut next = Skips::new(walk.len());
    // An arc cannot be smaller than this, so a node with less room is passed over from then on.
    let smallest = arcs.iter().map(|arc| arc.length).min().unwrap_or(0);
    let most = walk.len() * PASSED;
    let mut passed = 0;
    for arc in arcs {
        let mut position = next.from(arc.position);
        let mut distance = (position + walk.len() - arc.position) % walk.len();
        loop {
            let node = walk[position] as usize;
            if distance >= walk.len() || passed + distance > most {
                return Err(Impossible);
            }
            if room[node] >= arc.length {
                room[node] -= arc.length;
                owners[arc.position] = walk[position];
                break;
            }
            if room[node] < smallest {
                next.skip(position);
            }
            let further = next.from((position + 1) % walk.len());
            distance += (further + walk.len() - position - 1) % walk.len() + 1;
            position = further;
        }
        passed += distance;
    }
    Ok(())
}

/// The arcs could not be handed out within the bound.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Impossible;

/// A `max_load` that these points allow, to four decimals, above one that they do not, so that the next
/// lower is not allowed either. Now and then a bound is possible while a slightly looser one is not,
/// so there may be others in between.
pub(crate) fn lowest(
    points: &[u64],
    owners: &[u32],
    weights: &[u32],
    refused: u32,
    seed: u64,
) -> u32 {
    let arcs = in_order(points, seed);
    let mut spare = owners.to_vec();
    let mut possible =
        |max_load: u32| hand_out(&arcs, owners, &mut spare, capacities(weights, max_load)).is_ok();
    let (mut impossible, mut step) = (refused, 1);
    let mut enough = refused + 1;
    while enough < MOST && !possible(enough) {
        impossible = enough;
        step *= 2;
        enough = (enough + step).min(MOST);
    }
    while enough - impossible > 1 {
        let middle = impossible.midpoint(enough);
        if possible(middle) {
            enough = middle;
        } else {
            impossible = middle;
        }
    }
    enough
}

/// How much of the key space each node may own.
fn capacities(weights: &[u32], max_load: u32) -> Vec<u128> {
    let total: u128 = weights.iter().map(|&weight| u128::from(weight)).sum();
    // At most 2^64 * 10^6 * 10^3: far below 2^128.
    let share = |weight: u32| ALL * u128::from(max_load) * u128::from(weight);
    weights
        .iter()
        .map(|&weight| share(weight) / (u128::from(ONE) * total.max(1)))
        .collect()
}

#[derive(Debug)]
struct Arc {
    order: u64,
    position: usize,
    length: u128,
}

/// The arcs in the order in which they are handed out.
fn in_order(points: &[u64], seed: u64) -> Vec<Arc> {
    let mut below = points.last().copied().unwrap_or(0);
    let mut arcs: Vec<Arc> = points
        .iter()
        .enumerate()
        .map(|(position, &point)| {
            // The first arc goes across the wrap; a lone point's arc is everything.
            let length = u128::from(point.wrapping_sub(below));
            below = point;
            let length = if points.len() == 1 { ALL } else { length };
            Arc {
                order: hash::key_hash(&point.to_le_bytes(), seed),
                position,
                length,
            }
        })
        .collect();
    arcs.sort_unstable_by_key(|arc| (arc.order, arc.position));
    arcs
}

/// The next point, around the ring, that is not passed over: a union-find whose paths are halved.
struct Skips {
    next: Vec<usize>,
    left: usize,
}

impl Skips {
    fn new(points: usize) -> Self {
        Self {
            next: (0..points).collect(),
            left: points,
        }
    }

    fn skip(&mut self, position: usize) {
        if self.next[position] == position {
            self.next[position] = (position + 1) % self.next.len();
            self.left -= 1;
        }
    }

    fn from(&mut self, position: usize) -> usize {
        let mut position = position;
        // With nothing left the paths would run in a circle.
        while self.left > 0 && self.next[position] != position {
            self.next[position] = self.next[self.next[position]];
            position = self.next[position];
        }
        position
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shares(points: &[u64], owners: &[u32], nodes: usize) -> Vec<u128> {
        let mut shares = vec![0; nodes];
        for arc in in_order(points, 0) {
            shares[owners[arc.position] as usize] += arc.length;
        }
        shares
    }

    /// Points of nodes with the given weights, `vnodes` for each unit.
    fn ring(weights: &[u32], vnodes: u32) -> (Vec<u64>, Vec<u32>) {
        let mut entries: Vec<(u64, u32)> = Vec::new();
        for (node, &weight) in (0u32..).zip(weights) {
            let points = hash::points(&format!("n{node}"), weight * vnodes, 0);
            entries.extend(points.map(|point| (point, node)));
        }
        entries.sort_unstable();
        entries.into_iter().unzip()
    }

    proptest! {
        #[test]
        fn no_node_exceeds_its_bound(
            weights in prop::collection::vec(0u32..6, 2..12),
            vnodes in 1u32..60,
            max_load in 10_000u32..30_000,
        ) {
            prop_assume!(weights.iter().any(|&weight| weight > 0));
            let (points, mut owners) = ring(&weights, vnodes);
            if bound(&points, &mut owners, &weights, max_load, 0).is_ok() {
                let bounds = capacities(&weights, max_load);
                for (share, bound) in shares(&points, &owners, weights.len()).iter().zip(bounds) {
                    prop_assert!(*share <= bound);
                }
            } else {
                let (points, owners) = ring(&weights, vnodes);
                let lowest = lowest(&points, &owners, &weights, max_load, 0);
                prop_assert!(lowest > max_load);
                prop_assert!(bound(&points, &mut owners.clone(), &weights, lowest, 0).is_ok());
            }
        }
    }

    #[test]
    fn the_lowest_possible_bound_is_possible() {
        let weights = [1, 1, 1];
        let (points, owners) = ring(&weights, 2);
        let lowest = lowest(&points, &owners, &weights, ONE, 0);
        assert!(bound(&points, &mut owners.clone(), &weights, lowest, 0).is_ok());
        assert_eq!(
            bound(&points, &mut owners.clone(), &weights, lowest - 1, 0),
            Err(Impossible)
        );
    }

    #[test]
    fn a_generous_bound_changes_nothing() {
        let weights = [1; 10];
        let (points, owners) = ring(&weights, 160);
        let mut bounded = owners.clone();
        bound(&points, &mut bounded, &weights, 3 * ONE, 0).unwrap();
        assert_eq!(owners, bounded);
    }
}
