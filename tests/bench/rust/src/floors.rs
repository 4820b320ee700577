//! What no placement by this hash can go below: the hash alone, and the hash with one read from memory that depends on it.

use xxhash_rust::xxh3::xxh3_64;

use crate::measure::Subject;

/// `index_bytes` is the size of the index over our ring: the load is from a table of as many bytes, so that it misses the
/// same caches.
pub fn subjects(index_bytes: u64) -> Vec<Subject> {
    let table = Table::new(index_bytes);
    vec![
        Subject::new("floor: XXH3-64", xxh3_64),
        Subject::new("floor: XXH3-64 and one load", move |key| table.load(key)),
    ]
}

/// Memory that is read at a place that a key's hash decides.
#[derive(Clone)]
pub struct Table(Vec<u64>);

impl Table {
    pub fn new(bytes: u64) -> Self {
        // Different words: a table of zeros might be one page that the system shows many times.
        Self((0..(bytes / 8).max(1)).collect())
    }

    #[inline]
    pub fn load(&self, key: &[u8]) -> u64 {
        let place = u128::from(xxh3_64(key)) * self.0.len() as u128;
        self.0[(place >> 64) as usize]
    }
}
