//! Ways that answer from a table of slots, and leave to the points what it cannot tell.

use std::hint::select_unpredictable;

use crate::Search;
use crate::ring::Points;

/// The bucket of a hash among so many, and the rest.
#[inline]
fn place(hash: u64, buckets: usize) -> (usize, u64) {
    let product = u128::from(hash) * buckets as u128;
    ((product >> 64) as usize, product as u64)
}

/// The points of every bucket, as ranges of positions.
fn buckets(ring: &Points, count: usize) -> impl Iterator<Item = std::ops::Range<usize>> {
    let mut end = 0;
    (0..count).map(move |bucket| {
        let start = end;
        while end < ring.len() && place(ring.points[end], count).0 == bucket {
            end += 1;
        }
        start..end
    })
}

/// One owner for each of 2^20 parts of the key space: wrong for keys between a part's begin and a point inside it.
pub struct Owners(Vec<u16>);

impl Search for Owners {
    const NAME: &'static str = "table of 2^20 owners (not exact)";
    const EXACT: bool = false;
    fn new(ring: &Points) -> Self {
        let owner = |part: u64| ring.owner(part << 44) as u16;
        Self((0..1 << 20).map(owner).collect())
    }
    fn find(&self, hash: u64) -> u32 {
        self.0[(hash >> 44) as usize].into()
    }
    fn bytes(&self) -> usize {
        size_of_val(&self.0[..])
    }
}

/// Records of 8 bytes for buckets of no or one point, 17 buckets for ten points.
pub struct OnePoint {
    ring: Points,
    /// Fraction of the point (or the first position), slot up to it, slot behind it (or that there are several).
    records: Vec<(u32, u16, u16)>,
}

const SEVERAL: u16 = u16::MAX;

impl Search for OnePoint {
    const NAME: &'static str = "records of one point";
    fn new(ring: &Points) -> Self {
        let count = ring.len() * 17 / 10;
        let record = |range: std::ops::Range<usize>| {
            let after = ring.slot(range.end);
            match range.len() {
                0 => (0, after, after),
                1 => {
                    let fraction = place(ring.points[range.start], count).1 >> 32;
                    (fraction as u32, ring.slot(range.start), after)
                }
                _ => (range.start as u32, after, SEVERAL),
            }
        };
        Self {
            records: buckets(ring, count).map(record).collect(),
            ring: ring.clone(),
        }
    }
    fn find(&self, hash: u64) -> u32 {
        let (bucket, rest) = place(hash, self.records.len());
        let (fraction, here, after) = self.records[bucket];
        if after == SEVERAL {
            let start = fraction as usize;
            let steps = self.ring.points[start..]
                .iter()
                .position(|&point| point >= hash);
            return self
                .ring
                .slot(steps.map_or(self.ring.len(), |steps| start + steps))
                .into();
        }
        let own = (rest >> 32) as u32;
        if own == fraction {
            return self.ring.owner(hash);
        }
        select_unpredictable(own < fraction, here, after).into()
    }
    fn bytes(&self) -> usize {
        self.ring.bytes() + size_of_val(&self.records[..])
    }
}

/// Records of one word of 128 bits for up to four points: five slots, and four fractions of eleven bits that one
/// subtraction compares. 8 buckets for ten points.
pub struct FourPoints {
    ring: Points,
    records: Vec<u128>,
}

const EACH: u64 = 0x0010_0100_1001;
const BORROWED: u64 = EACH << 11;
const FRACTIONS: u64 = BORROWED - EACH;
const MORE: u128 = 1 << 127;

impl Search for FourPoints {
    const NAME: &'static str = "records of four points in a word";
    fn new(ring: &Points) -> Self {
        let count = (ring.len() * 8).div_ceil(10);
        let record = |range: std::ops::Range<usize>| {
            if range.len() > 4 {
                return MORE;
            }
            let mut record = u128::from(ring.slot(range.end));
            for lane in 0..4 {
                let position = range.start + lane;
                let fraction = if position < range.end {
                    place(ring.points[position], count).1 >> 53
                } else {
                    0x7ff
                };
                record |= u128::from(fraction) << (80 + 12 * lane);
                record |= u128::from(ring.slot(position.min(range.end))) << (16 * (4 - lane));
            }
            record
        };
        Self {
            records: buckets(ring, count).map(record).collect(),
            ring: ring.clone(),
        }
    }
    fn find(&self, hash: u64) -> u32 {
        let (bucket, rest) = place(hash, self.records.len());
        let record = self.records[bucket];
        let compared = ((record >> 80) as u64 | BORROWED) - (rest >> 53) * EACH;
        let differ = ((compared & FRACTIONS) + FRACTIONS) & BORROWED;
        if differ != BORROWED || record & MORE != 0 {
            return self.ring.owner(hash);
        }
        let not_below = ((compared & BORROWED) >> 11).wrapping_mul(EACH) >> 36;
        let half = if not_below & 4 == 0 {
            record as u64
        } else {
            (record >> 64) as u64
        };
        u32::from((half >> (16 * (not_below & 3))) as u16)
    }
    fn bytes(&self) -> usize {
        self.ring.bytes() + size_of_val(&self.records[..])
    }
}

/// What the library does: a cache line for up to fifteen points, seven on average.
pub struct Line {
    ring: Points,
    records: Vec<LineRecord>,
}

#[derive(Clone, Copy)]
#[repr(align(64))]
struct LineRecord {
    fractions: [u16; 16],
    slots: [u16; 16],
}

impl Search for Line {
    const NAME: &'static str = "records of fifteen points in a cache line (in use)";
    fn new(ring: &Points) -> Self {
        let count = ring.len().div_ceil(7);
        let record = |range: std::ops::Range<usize>| {
            let mut record = LineRecord {
                fractions: [u16::MAX; 16],
                slots: [ring.slot(range.end); 16],
            };
            if range.len() > 15 {
                record.fractions = [0; 16];
                return record;
            }
            for (entry, position) in range.enumerate() {
                record.fractions[entry] = (place(ring.points[position], count).1 >> 48) as u16;
                record.slots[entry] = ring.slot(position);
            }
            record
        };
        Self {
            records: buckets(ring, count).map(record).collect(),
            ring: ring.clone(),
        }
    }
    fn find(&self, hash: u64) -> u32 {
        let (bucket, rest) = place(hash, self.records.len());
        let LineRecord { fractions, slots } = &self.records[bucket];
        let fraction = (rest >> 48) as u16;
        let is_below = |entry: usize| usize::from(fractions[entry] < fraction);
        let quarter = 4 * (is_below(3) + is_below(7) + is_below(11));
        let below = quarter + is_below(quarter) + is_below(quarter + 1) + is_below(quarter + 2);
        if fractions[below] > fraction {
            u32::from(slots[below])
        } else {
            self.ring.owner(hash)
        }
    }
    fn bytes(&self) -> usize {
        self.ring.bytes() + size_of_val(&self.records[..])
    }
}
