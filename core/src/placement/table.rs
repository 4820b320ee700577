//! The table that finds the first point not below a hash with one load, in most cases.
//!
//! The hash space is cut into somewhat more buckets than there are points, by multiplication, so
//! that their number need not be a power of two. A record says what a bucket without points or
//! with one point answers: the slot of that point for hashes up to it, the slot of the next point
//! after it. Points are told apart from hashes by 32 bits of their place in the bucket; where these
//! are equal, or where a bucket has more points, the sorted points decide. The answer is exact.

/// Buckets for each ten points. More make buckets with several points rarer and the table larger;
/// 17 keep a point under 24 bytes in all.
const BUCKETS_PER_TEN_POINTS: usize = 17;

/// The number of a slot, as narrow as the ring allows: the table's size is its speed.
pub(crate) trait Slot: Copy + Eq {
    /// Stands in a record for "this bucket has several points"; no slot has this number.
    const SEVERAL: Self;
    fn narrow(slot: u32) -> Self;
    fn widen(self) -> u32;
}

impl Slot for u16 {
    const SEVERAL: Self = u16::MAX;
    fn narrow(slot: u32) -> Self {
        slot as u16
    }
    fn widen(self) -> u32 {
        u32::from(self)
    }
}

impl Slot for u32 {
    const SEVERAL: Self = u32::MAX;
    fn narrow(slot: u32) -> Self {
        slot
    }
    fn widen(self) -> u32 {
        self
    }
}

/// Sorted points with their slots, and the records over them.
#[derive(Debug)]
pub(crate) struct Table<S> {
    records: Vec<Record<S>>,
    /// In ascending order, distinct; at least one.
    points: Vec<u64>,
    slots: Vec<S>,
}

/// What one bucket answers.
#[derive(Debug, Clone, Copy)]
struct Record<S> {
    /// The place of the bucket's one point in it; with several points, the position of the first.
    fraction: u32,
    /// For hashes up to the point.
    here: S,
    /// For hashes after it.
    after: S,
}

impl<S: Slot> Table<S> {
    /// The table over points in ascending order, without duplicates, and the slot of each.
    pub(crate) fn new(points: Vec<u64>, slots: &[u32]) -> Self {
        let buckets = (points.len() * BUCKETS_PER_TEN_POINTS).div_ceil(10);
        let first = slots.first().copied().unwrap_or(0);
        let mut records = Vec::with_capacity(buckets);
        let mut position = 0;
        for bucket in 0..buckets {
            let start = position;
            while position < points.len() && place(points[position], buckets).0 == bucket {
                position += 1;
            }
            // Behind the highest point the ring goes on with the lowest.
            let after = S::narrow(slots.get(position).copied().unwrap_or(first));
            records.push(match position - start {
                0 => Record {
                    fraction: 0,
                    here: after,
                    after,
                },
                1 => {
                    let fraction = place(points[start], buckets).1;
                    Record {
                        fraction,
                        here: S::narrow(slots[start]),
                        after,
                    }
                }
                _ => Record {
                    fraction: start as u32,
                    here: after,
                    after: S::SEVERAL,
                },
            });
        }
        Self {
            records,
            points,
            slots: slots.iter().map(|&slot| S::narrow(slot)).collect(),
        }
    }

    /// The slot of the first point that is not below the hash.
    #[inline]
    pub(crate) fn slot(&self, hash: u64) -> u32 {
        let (bucket, fraction) = place(hash, self.records.len());
        let record = self.records[bucket];
        if record.after == S::SEVERAL {
            return self.walk(record.fraction as usize, hash);
        }
        if fraction == record.fraction {
            return self.search(hash);
        }
        // Either is as likely as the other: a branch would be mispredicted every second time.
        let before = fraction < record.fraction;
        std::hint::select_unpredictable(before, record.here, record.after).widen()
    }

    /// Where each arc ends (exclusive) and its slot; the last one, behind the highest point, belongs
    /// to the lowest.
    pub(crate) fn arcs(&self) -> impl Iterator<Item = (u128, u32)> + '_ {
        let arcs = self.points.iter().map(|&point| u128::from(point) + 1);
        let slots = self.slots.iter().map(|slot| slot.widen());
        let last = self.slots.first().map(|slot| (1 << 64, slot.widen()));
        arcs.zip(slots).chain(last)
    }

    /// From the first point of a bucket with several.
    #[inline]
    fn walk(&self, start: usize, hash: u64) -> u32 {
        let found = self.points[start..].iter().position(|&point| point >= hash);
        self.slots[found.map_or(0, |steps| start + steps)].widen()
    }

    /// 32 bits did not tell hash and point apart.
    #[cold]
    fn search(&self, hash: u64) -> u32 {
        let position = self.points.partition_point(|&point| point < hash);
        self.slots[if position == self.points.len() {
            0
        } else {
            position
        }]
        .widen()
    }
}

/// The bucket of a hash, and the upper half of its place in that bucket. Both rise with the hash.
#[inline]
fn place(hash: u64, buckets: usize) -> (usize, u32) {
    let product = u128::from(hash) * buckets as u128;
    ((product >> 64) as usize, (product >> 32) as u32)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn naive(points: &[u64], hash: u64) -> u32 {
        points.iter().position(|&point| point >= hash).unwrap_or(0) as u32
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
            let slots: Vec<u32> = (0..points.len() as u32).collect();
            let (narrow, wide) = (Table::<u16>::new(points.clone(), &slots), Table::<u32>::new(points.clone(), &slots));
            let near = points.iter().flat_map(|&point| [point.wrapping_sub(1), point, point.wrapping_add(1)]);
            for hash in near.chain(hashes).chain([0, u64::MAX]) {
                prop_assert_eq!(narrow.slot(hash), naive(&points, hash));
                prop_assert_eq!(wide.slot(hash), naive(&points, hash));
            }
        }
    }

    #[test]
    fn a_point_takes_less_than_24_bytes() {
        let points: Vec<u64> = (0..100_000).map(|n| n << 40).collect();
        let table = Table::<u16>::new(points, &vec![0; 100_000]);
        let bytes = table.records.len() * size_of::<Record<u16>>() + table.points.len() * 10;
        assert!(bytes < 24 * 100_000, "{bytes}");
    }
}
