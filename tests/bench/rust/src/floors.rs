//! What no placement by this hash can go below: the hash alone, and the hash with one read from memory that depends on it.

use xxhash_rust::xxh3::xxh3_64;

use crate::measure::Subject;

const SLOT_BITS: u32 = 20;

pub fn subjects(nodes: &[String]) -> Vec<Subject> {
    let count = nodes.len();
    let table: Vec<u16> = (0..1usize << SLOT_BITS)
        .map(|slot| (slot % count) as u16)
        .collect();
    vec![
        Subject::new("floor: XXH3-64", xxh3_64),
        Subject::new("floor: XXH3-64 and one load", move |key| {
            table[(xxh3_64(key) >> (64 - SLOT_BITS)) as usize]
        }),
    ]
}
