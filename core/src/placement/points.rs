//! The points of a ring in ascending order, made from nothing or from those of the ring before.

use crate::hash;

/// What decides the points of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PointNode<'a> {
    pub(crate) id: &'a str,
    /// How many points it has.
    pub(crate) count: u32,
}

/// Sorted points and the position of the node that each belongs to. Of points of several nodes at
/// one place only that of the smallest id (in byte order) is here: it is the one that every lookup
/// would find.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Points {
    pub(crate) places: Vec<u64>,
    pub(crate) nodes: Vec<u32>,
    /// Whether any point was left out for another at its place.
    pub(crate) collided: bool,
}

impl Points {
    /// The points of these nodes.
    pub(crate) fn of(nodes: &[PointNode<'_>], seed: u64) -> Self {
        let all: Vec<u32> = (0..nodes.len() as u32).collect();
        Self::merged(nodes, [].into_iter(), points_of(nodes, &all, seed))
    }

    /// The same, taking over from the ring before what belongs to nodes that did not change: only
    /// points of the others are hashed and sorted. `before` gives the old points in ascending order
    /// with the position of their nodes among `old`; no point of theirs was left out.
    pub(crate) fn following(
        nodes: &[PointNode<'_>],
        seed: u64,
        old: &[PointNode<'_>],
        before: impl Iterator<Item = (u64, u32)>,
    ) -> Self {
        let (kept, fresh) = changes(nodes, old);
        let taken_over = before.filter_map(|(point, node)| Some((point, kept[node as usize]?)));
        Self::merged(nodes, taken_over, points_of(nodes, &fresh, seed))
    }

    /// Two sorted lists as one.
    fn merged(
        nodes: &[PointNode<'_>],
        one: impl Iterator<Item = (u64, u32)>,
        other: Vec<(u64, u32)>,
    ) -> Self {
        let total = nodes.iter().map(|node| node.count as usize).sum();
        let mut merged = Self {
            places: Vec::with_capacity(total),
            nodes: Vec::with_capacity(total),
            collided: false,
        };
        let mut other = other.into_iter().peekable();
        for entry in one {
            while let Some(lower) = other.next_if(|lower| lower.0 < entry.0) {
                merged.push(lower, nodes);
            }
            merged.push(entry, nodes);
        }
        for entry in other {
            merged.push(entry, nodes);
        }
        merged
    }

    /// `point` is not below the last.
    #[inline]
    fn push(&mut self, (point, node): (u64, u32), nodes: &[PointNode<'_>]) {
        if let (Some(&last), Some(owner)) = (self.places.last(), self.nodes.last_mut())
            && last == point
        {
            self.collided = true;
            if nodes[node as usize].id < nodes[*owner as usize].id {
                *owner = node;
            }
            return;
        }
        self.places.push(point);
        self.nodes.push(node);
    }
}

/// For each old node the new position if its points are the same, and the new nodes that are not
/// among the old ones.
fn changes(nodes: &[PointNode<'_>], old: &[PointNode<'_>]) -> (Vec<Option<u32>>, Vec<u32>) {
    let by_id = |nodes: &[PointNode<'_>]| {
        let mut order: Vec<u32> = (0..nodes.len() as u32).collect();
        order.sort_unstable_by_key(|&position| nodes[position as usize].id);
        order
    };
    let mut kept = vec![None; old.len()];
    let mut fresh = Vec::new();
    let order = by_id(old);
    let mut candidates = order.iter().copied().peekable();
    for position in by_id(nodes) {
        let node = nodes[position as usize];
        while candidates
            .next_if(|&other| old[other as usize].id < node.id)
            .is_some()
        {}
        match candidates.next_if(|&other| old[other as usize] == node) {
            Some(same) => kept[same as usize] = Some(position),
            None => fresh.push(position),
        }
    }
    (kept, fresh)
}

/// The sorted points of some of the nodes.
fn points_of(nodes: &[PointNode<'_>], some: &[u32], seed: u64) -> Vec<(u64, u32)> {
    let counts = some.iter().map(|&position| nodes[position as usize].count);
    let mut entries = Vec::with_capacity(counts.map(|count| count as usize).sum());
    for &position in some {
        let node = nodes[position as usize];
        entries.extend(hash::points(node.id, node.count, seed).map(|point| (point, position)));
    }
    sorted(&entries)
}

/// Points are hashes, so each is put near its place at once, and what little is then out of order is
/// sorted: this takes half the time of a sort by comparison alone.
fn sorted(entries: &[(u64, u32)]) -> Vec<(u64, u32)> {
    let buckets = entries.len().div_ceil(4);
    let bucket = |point: u64| ((u128::from(point) * buckets as u128) >> 64) as usize;
    let mut ends = vec![0u32; buckets];
    for &(point, _) in entries {
        ends[bucket(point)] += 1;
    }
    let mut end = 0;
    for count in &mut ends {
        end += *count;
        *count = end;
    }
    let mut sorted = vec![(0, 0); entries.len()];
    for &entry in entries {
        let place = &mut ends[bucket(entry.0)];
        *place -= 1;
        sorted[*place as usize] = entry;
    }
    // Now each of `ends` is the start of its bucket.
    for pair in 0..ends.len() {
        let start = ends[pair] as usize;
        let end = ends
            .get(pair + 1)
            .map_or(sorted.len(), |&next| next as usize);
        if end - start > 1 {
            sorted[start..end].sort_unstable();
        }
    }
    sorted
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn nodes(counts: &[(u8, u32)]) -> Vec<(String, u32)> {
        let mut nodes: Vec<(String, u32)> = counts
            .iter()
            .map(|(id, count)| (format!("n{id}"), *count))
            .collect();
        nodes.sort();
        nodes.dedup_by(|a, b| a.0 == b.0);
        nodes
    }

    fn borrowed(nodes: &[(String, u32)]) -> Vec<PointNode<'_>> {
        nodes
            .iter()
            .map(|(id, count)| PointNode { id, count: *count })
            .collect()
    }

    proptest! {
        #[test]
        fn what_follows_is_what_is_made_from_nothing(
            old in prop::collection::vec((0u8..12, 0u32..40), 0..12),
            new in prop::collection::vec((0u8..12, 0u32..40), 0..12),
            rotate in 0usize..12,
            seed: u64,
        ) {
            let (old, mut new) = (nodes(&old), nodes(&new));
            let middle = rotate % new.len().max(1);
            new.rotate_left(middle);
            let (old, new) = (borrowed(&old), borrowed(&new));
            let before = Points::of(&old, seed);
            let entries = before.places.iter().copied().zip(before.nodes.iter().copied());
            prop_assert_eq!(Points::following(&new, seed, &old, entries), Points::of(&new, seed));
        }

        #[test]
        fn points_are_in_order_wherever_they_lie(
            points in prop::collection::vec(prop_oneof![any::<u64>(), 0u64..9, Just(u64::MAX)], 0..200),
        ) {
            let entries: Vec<(u64, u32)> = points.into_iter().zip(0..).collect();
            let mut expected = entries.clone();
            expected.sort_unstable();
            prop_assert_eq!(sorted(&entries), expected);
        }
    }

    #[test]
    fn of_equal_points_the_smallest_id_stays() {
        let ids = ["b", "a", "c"].map(|id| PointNode { id, count: 1 });
        for order in [[0, 1, 2], [2, 1, 0], [1, 0, 2]] {
            let entries = order.map(|node| (7, node)).to_vec();
            for split in 0..3 {
                let (one, other) = entries.split_at(split);
                let merged = Points::merged(&ids, one.iter().copied(), other.to_vec());
                assert_eq!((merged.places, merged.nodes), (vec![7], vec![1]));
                assert!(merged.collided);
            }
        }
    }
}
