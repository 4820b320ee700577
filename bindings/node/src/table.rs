//! Which routes JavaScript already has an object for: a small number, its slot, for each code.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Most routes that are kept. In a migration there are as many as pairs of nodes, and more while
/// breakers are open; a table that is full is begun anew.
const MOST: usize = 1 << 16;

/// Slots by code, all of one epoch.
#[derive(Debug, Default)]
pub(crate) struct Table {
    epoch: u64,
    slots: HashMap<u64, u32, BuildHasherDefault<CodeHasher>>,
}

/// A slot, and whether all earlier ones have become invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Assigned {
    pub(crate) slot: u32,
    pub(crate) reset: bool,
}

impl Table {
    /// The slot of a code that was assigned in this epoch.
    #[inline]
    pub(crate) fn find(&self, epoch: u64, code: u64) -> Option<u32> {
        if epoch == self.epoch {
            self.slots.get(&code).copied()
        } else {
            None
        }
    }

    /// The slot of a code, a new one if it has none.
    pub(crate) fn assign(&mut self, epoch: u64, code: u64) -> Assigned {
        let full = self.slots.len() >= MOST && !self.slots.contains_key(&code);
        let reset = epoch != self.epoch || full;
        if reset {
            self.slots.clear();
            self.epoch = epoch;
        }
        // The table never holds more than MOST.
        let next = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let slot = *self.slots.entry(code).or_insert(next);
        Assigned { slot, reset }
    }
}

/// Codes are small fields side by side, so one multiplication spreads them well enough.
#[derive(Debug, Default)]
struct CodeHasher(u64);

impl Hasher for CodeHasher {
    fn write(&mut self, bytes: &[u8]) {
        // Only `write_u64` is ever called; this keeps the trait's promise for anything else.
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    #[inline]
    fn write_u64(&mut self, code: u64) {
        self.0 = code.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(26);
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
