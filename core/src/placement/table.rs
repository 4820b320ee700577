//! The table that finds the first point not below a hash in one cache line, in nearly all cases.
//!
//! The hash space is cut into buckets that hold seven points on average, by multiplication, so that
//! their number need not be a power of two. The record of a bucket has room for fifteen points: for
//! each the upper sixteen bits of its place in the bucket, its fraction, and the slot of the arc that
//! it ends. As many fractions as are below the hash's, so many points are; counting them takes no
//! branch. A bucket with more points, and a hash whose fraction is that of a point, are left to the
//! sorted points. So the answer is exact.
//!
//! What else was tried, with figures, stands in `docs/performance.md`.

/// Entries of a record. The last is that of the arc that goes on beyond the bucket.
const ENTRIES: usize = 16;

/// The number of a slot, as narrow as the ring allows: the table's size is its speed.
pub(crate) trait Slot: Copy + Default + From<u16> {
    /// What a record is aligned like.
    type Align: Copy + std::fmt::Debug;
    /// Points for each bucket, on average. More make the table smaller and buckets with too many points
    /// more frequent: with seven, one hash in 400 is left to the sorted points. A point takes at most
    /// 24 bytes in all.
    const POINTS_PER_BUCKET: usize;
    fn widen(self) -> u32;
}

impl Slot for u16 {
    type Align = CacheLine;
    const POINTS_PER_BUCKET: usize = 7;
    #[inline]
    fn widen(self) -> u32 {
        self.into()
    }
}

impl Slot for u32 {
    type Align = HalfLine;
    const POINTS_PER_BUCKET: usize = 9;
    #[inline]
    fn widen(self) -> u32 {
        self
    }
}

#[derive(Debug, Clone, Copy)]
#[repr(align(64))]
pub(crate) struct CacheLine;

#[derive(Debug, Clone, Copy)]
#[repr(align(32))]
pub(crate) struct HalfLine;

/// Sorted points with their slots, and the records over them.
#[derive(Debug)]
pub(crate) struct Table<S: Slot> {
    records: Vec<Record<S>>,
    /// In ascending order, distinct; at least one.
    points: Vec<u64>,
    slots: Vec<S>,
}

/// What one bucket answers.
#[derive(Debug, Clone, Copy)]
struct Record<S: Slot> {
    _aligned: [S::Align; 0],
    /// Of the points in the bucket, in ascending order; behind them [`HIGHEST`]. All are [`LOWEST`] in
    /// a bucket that has more points than a record.
    fractions: [u16; ENTRIES],
    /// Of the arcs that end at these points, and then of the arc behind them, over and over. With more
    /// points than a record: where the first of them stands among all, its lower half first.
    slots: [S; ENTRIES],
}

const LOWEST: u16 = u16::MIN;
const HIGHEST: u16 = u16::MAX;

impl<S: Slot> Table<S> {
    /// The table over points in ascending order, without duplicates, and the slot of each.
    pub(crate) fn new(points: Vec<u64>, slots: Vec<S>) -> Self {
        let buckets = points.len().div_ceil(S::POINTS_PER_BUCKET);
        let mut records = Vec::with_capacity(buckets);
        let mut end = 0;
        for bucket in 0..buckets {
            let start = end;
            while end < points.len() && place(points[end], buckets).0 == bucket {
                end += 1;
            }
            // Behind the highest point the ring goes on with the lowest.
            let after = slots
                .get(end)
                .or(slots.first())
                .copied()
                .unwrap_or_default();
            records.push(Record::new(
                &points[start..end],
                &slots[start..end],
                after,
                buckets,
                start,
            ));
        }
        Self {
            records,
            points,
            slots,
        }
    }

    /// The slot of the first point that is not below the hash.
    #[inline]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        self.quick(hash).unwrap_or_else(|| self.search(hash))
    }

    /// The same, or nothing where the record of the hash's bucket does not tell.
    #[inline(always)]
    pub(crate) fn quick(&self, hash: u64) -> Option<u32> {
        let (bucket, fraction) = place(hash, self.records.len());
        let record = self.records.get(bucket)?;
        let below = count_below(&record.fractions, fraction);
        // The first that is not below may be equal; and it is below where the record has no room.
        (record.fractions[below] > fraction).then(|| record.slots[below].widen())
    }

    /// The points in ascending order, and their slots.
    pub(crate) fn entries(&self) -> impl Iterator<Item = (u64, u32)> + '_ {
        let slots = self.slots.iter().map(|slot| slot.widen());
        self.points.iter().copied().zip(slots)
    }

    /// Where each arc ends (exclusive) and its slot; the last one, behind the highest point, belongs
    /// to the lowest.
    pub(crate) fn arcs(&self) -> impl Iterator<Item = (u128, u32)> + '_ {
        let last = self.slots.first().map(|slot| (1 << 64, slot.widen()));
        let arcs = self
            .entries()
            .map(|(point, slot)| (u128::from(point) + 1, slot));
        arcs.chain(last)
    }

    /// How many points there are.
    pub(crate) fn points(&self) -> usize {
        self.points.len()
    }

    /// Bytes of all that a lookup may read.
    pub(crate) fn bytes(&self) -> usize {
        size_of_val(&self.records[..])
            + size_of_val(&self.points[..])
            + size_of_val(&self.slots[..])
    }

    /// The points decide.
    #[cold]
    #[inline(never)]
    fn search(&self, hash: u64) -> u32 {
        let record = &self.records[place(hash, self.records.len()).0];
        let position = match record.first_point() {
            Some(start) => {
                let behind = self.points[start..].iter().position(|&point| point >= hash);
                behind.map_or(self.points.len(), |steps| start + steps)
            }
            None => self.points.partition_point(|&point| point < hash),
        };
        self.slots[if position == self.points.len() {
            0
        } else {
            position
        }]
        .widen()
    }
}

impl<S: Slot> Record<S> {
    /// The record of a bucket with these points, and the slot of the arc that goes on behind them;
    /// `start` is the position of the first of them among all.
    fn new(points: &[u64], slots: &[S], after: S, buckets: usize, start: usize) -> Self {
        let mut record = Self {
            _aligned: [],
            fractions: [HIGHEST; ENTRIES],
            slots: [after; ENTRIES],
        };
        if points.len() < ENTRIES {
            for (entry, &point) in record.fractions.iter_mut().zip(points) {
                *entry = place(point, buckets).1;
            }
            record.slots[..slots.len()].copy_from_slice(slots);
        } else {
            record.fractions = [LOWEST; ENTRIES];
            record.slots[0] = S::from(start as u16);
            record.slots[1] = S::from((start >> 16) as u16);
        }
        record
    }

    /// The position of the bucket's first point, if the bucket has more points than a record.
    fn first_point(&self) -> Option<usize> {
        let [low, high, ..] = self.slots;
        (self.fractions[ENTRIES - 1] == LOWEST).then(|| (high.widen() << 16 | low.widen()) as usize)
    }
}

/// How many of ascending fractions but the last are below another, without branches: first which
/// quarter, then where in it. Comparing three at once makes the chain of loads that wait for one
/// another two long, where halving would make it four.
#[inline(always)]
fn count_below(fractions: &[u16; ENTRIES], fraction: u16) -> usize {
    let below = |entry: usize| usize::from(fractions[entry] < fraction);
    let quarter = 4 * (below(3) + below(7) + below(11));
    quarter + below(quarter) + below(quarter + 1) + below(quarter + 2)
}

/// The bucket of a hash, and its fraction of that bucket. Both rise with the hash.
#[inline(always)]
fn place(hash: u64, buckets: usize) -> (usize, u16) {
    let product = u128::from(hash) * buckets as u128;
    ((product >> 64) as usize, (product as u64 >> 48) as u16)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hash::key_hash;
    use proptest::prelude::*;

    fn table<S: Slot>(points: &[u64]) -> Table<S> {
        let slots = (0..points.len()).map(|slot| S::from(slot as u16)).collect();
        Table::new(points.to_vec(), slots)
    }

    proptest! {
        #[test]
        fn finds_what_a_scan_finds(
            points in prop::collection::btree_set(
                prop_oneof![any::<u64>(), 0u64..50, (u64::MAX - 50)..=u64::MAX, (1u64 << 63)..(1 << 63) + 50],
                1..80,
            ),
            hashes in prop::collection::vec(any::<u64>(), 50),
        ) {
            let points: Vec<u64> = points.into_iter().collect();
            let (narrow, wide) = (table::<u16>(&points), table::<u32>(&points));
            let near = points.iter().flat_map(|&point| [point.wrapping_sub(1), point, point.wrapping_add(1)]);
            for hash in near.chain(hashes).chain([0, u64::MAX]) {
                let found = points.iter().position(|&point| point >= hash).unwrap_or(0) as u32;
                prop_assert_eq!(narrow.slot(hash), found);
                prop_assert_eq!(wide.slot(hash), found);
            }
        }

        #[test]
        fn counts_what_is_below(mut fractions: [u16; ENTRIES], fraction: u16) {
            fractions.sort_unstable();
            fractions[ENTRIES - 1] = HIGHEST;
            let naive = fractions[..ENTRIES - 1].iter().filter(|&&other| other < fraction).count();
            prop_assert_eq!(count_below(&fractions, fraction), naive);
        }
    }

    /// Points at random, as a ring's are: full buckets and equal fractions both occur.
    #[test]
    fn dense_tables_find_what_a_search_finds() {
        let random = |number: u64, seed| key_hash(&number.to_le_bytes(), seed);
        let mut points: Vec<u64> = (0..60_000).map(|number| random(number, 1)).collect();
        points.sort_unstable();
        let (narrow, wide) = (table::<u16>(&points), table::<u32>(&points));
        let full = narrow
            .records
            .iter()
            .filter(|record| record.first_point().is_some());
        assert!(
            (1..200).contains(&full.count()),
            "some buckets have more points than a record"
        );
        let mut left_to_points = 0;
        for number in 0..200_000 {
            let hash = random(number, 2);
            let found = points.partition_point(|&point| point < hash) % points.len();
            assert_eq!(narrow.slot(hash), found as u32);
            assert_eq!(wide.slot(hash), found as u32);
            left_to_points += u32::from(narrow.quick(hash).is_none());
        }
        assert!((100..2_000).contains(&left_to_points), "{left_to_points}");
    }

    #[test]
    fn a_point_takes_at_most_24_bytes() {
        let points: Vec<u64> = (0..60_000).map(|number| number << 40).collect();
        for bytes in [table::<u16>(&points).bytes(), table::<u32>(&points).bytes()] {
            assert!(bytes <= 24 * points.len(), "{bytes}");
        }
    }
}
