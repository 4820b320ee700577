//! The continuum of the ketama family: sorted 32-bit points with an index on the hash's top bits.
//!
//! Clients differ in which point owns a hash and in which of two equal points wins. Both are
//! settled while building, so that one search serves them all.

/// The point that owns a hash. Beyond either end the search goes on at the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Search {
    /// The first point that is not below the hash.
    AtLeast,
    /// The first point above the hash.
    Above,
    /// The last point that is not above the hash.
    AtMost,
}

/// Which of several equal points stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tie {
    /// The one that was added first.
    First,
    /// The one that was added last.
    Last,
}

/// Points that were added, in the order in which they were.
#[derive(Debug, Default)]
pub(super) struct Points(Vec<(u32, u32)>);

/// A compiled continuum.
#[derive(Debug)]
pub(crate) struct Continuum {
    /// Sorted and distinct, then `u32::MAX` as a sentinel that stands for the wrap.
    points: Vec<u32>,
    /// The node of a hash whose search ends at this point.
    nodes: Vec<u32>,
    /// `index[h >> shift]` is the first point that may be >= h.
    index: Vec<u32>,
    shift: u32,
    /// Whether a point owns only the hashes strictly below it.
    strict: bool,
}

impl Points {
    pub(super) fn add(&mut self, point: u32, node: u32) {
        self.0.push((point, node));
    }

    /// Puts the points in order; of equal ones a single one stays.
    pub(super) fn sort(&mut self, tie: Tie) {
        if tie == Tie::Last {
            self.0.reverse();
        }
        // Stable: equal points stay in the order in which they were added.
        self.0.sort_by_key(|&(point, _)| point);
        self.0.dedup_by_key(|&mut (point, _)| point);
    }

    /// Replaces every node `n` by `names[n]`.
    pub(super) fn rename(&mut self, names: &[u32]) {
        for (_, node) in &mut self.0 {
            *node = names[*node as usize];
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Leaves out the points of some nodes.
    pub(super) fn retain(&mut self, keep: impl Fn(u32) -> bool) {
        self.0.retain(|&(_, node)| keep(node));
    }

    /// The continuum over sorted points, of which there is at least one.
    pub(super) fn build(self, search: Search) -> Continuum {
        let (mut points, mut nodes): (Vec<u32>, Vec<u32>) = self.0.into_iter().unzip();
        let (index, shift) = index_of(&points);
        // The sentinel: what lies above the highest point.
        points.push(u32::MAX);
        if search == Search::AtMost {
            // Where the search for the first point above ends, the point before it owns.
            nodes.rotate_right(1);
        }
        nodes.extend_from_within(..1);
        Continuum {
            points,
            nodes,
            index,
            shift,
            strict: search != Search::AtLeast,
        }
    }
}

impl Continuum {
    /// The node that owns a hash.
    #[inline]
    pub(super) fn node(&self, hash: u32) -> u32 {
        let least = match (self.strict, hash) {
            (false, _) => hash,
            // No point is above it.
            (true, u32::MAX) => return self.nodes[self.nodes.len() - 1],
            (true, _) => hash + 1,
        };
        let mut position = self.index[(least >> self.shift) as usize] as usize;
        // Ends at the sentinel, which no hash exceeds.
        while self.points[position] < least {
            position += 1;
        }
        self.nodes[position]
    }
}

impl Continuum {
    /// How many points there are, less the sentinel.
    pub(super) fn points(&self) -> usize {
        self.points.len() - 1
    }

    /// Bytes of all that a lookup may read.
    pub(super) fn bytes(&self) -> usize {
        size_of_val(&self.points[..]) + size_of_val(&self.nodes[..]) + size_of_val(&self.index[..])
    }

    /// The arcs among so many hashes, from 0 up: where each ends (exclusive) and its node.
    pub(super) fn arcs(&self, hashes: u64) -> impl Iterator<Item = (u64, u32)> + '_ {
        // A point itself belongs to its arc unless the search is strict.
        let own = u64::from(!self.strict);
        let points = self.points[..self.points.len() - 1].iter();
        let ends = points.map(move |&point| u64::from(point) + own);
        let mut start = 0;
        ends.chain([1 << 32])
            .map(move |end| end.min(hashes))
            .zip(self.nodes.iter().copied())
            .filter(move |&(end, _)| std::mem::replace(&mut start, end) < end)
    }
}

/// The index over the sorted points: as many entries as points, rounded up to a power of two.
fn index_of(points: &[u32]) -> (Vec<u32>, u32) {
    // At least two entries: a shift by 32 would be undefined.
    let bits = points.len().next_power_of_two().trailing_zeros().max(1);
    let shift = 32 - bits;
    let mut position = 0;
    let index = (0..1u32 << bits)
        .map(|prefix| {
            while position < points.len() && points[position] < prefix << shift {
                position += 1;
            }
            position as u32
        })
        .collect();
    (index, shift)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Looks at every point as it was added.
    fn naive(added: &[(u32, u32)], search: Search, tie: Tie, hash: u32) -> u32 {
        let distance = |point: u32| match search {
            Search::AtLeast => point.wrapping_sub(hash),
            Search::Above => point.wrapping_sub(hash).wrapping_sub(1),
            Search::AtMost => hash.wrapping_sub(point),
        };
        let nearest = added.iter().map(|entry| distance(entry.0)).min().unwrap();
        let mut owners = added.iter().filter(|entry| distance(entry.0) == nearest);
        match tie {
            Tie::First => owners.next().unwrap().1,
            Tie::Last => owners.next_back().unwrap().1,
        }
    }

    fn point() -> impl Strategy<Value = u32> {
        prop_oneof![
            4 => any::<u32>(),
            2 => 0u32..4,
            2 => u32::MAX - 3..=u32::MAX,
            2 => (0u32..4).prop_map(|n| n << 30),
        ]
    }

    proptest! {
        #[test]
        fn finds_what_a_walk_over_all_points_finds(
            points in prop::collection::vec(point(), 1..60),
            hashes in prop::collection::vec(point(), 1..40),
            search in prop_oneof![
                Just(Search::AtLeast), Just(Search::Above), Just(Search::AtMost)],
            tie in prop_oneof![Just(Tie::First), Just(Tie::Last)],
        ) {
            let added: Vec<(u32, u32)> = points.iter().copied().zip(0..).collect();
            let mut continuum = Points(added.clone());
            continuum.sort(tie);
            let continuum = continuum.build(search);
            for hash in hashes.into_iter().chain(points) {
                prop_assert_eq!(continuum.node(hash), naive(&added, search, tie, hash));
                for hashes in [1 << 15, 1 << 32] {
                    let mut arcs = continuum.arcs(hashes);
                    let arc = arcs.find(|&(end, _)| u64::from(hash) < end);
                    let within = u64::from(hash) < hashes;
                    prop_assert_eq!(arc.map(|arc| arc.1), within.then(|| continuum.node(hash)));
                    prop_assert!(arcs.last().or(arc).is_none_or(|arc| arc.0 == hashes));
                }
            }
        }
    }
}
