//! Which routes JavaScript already has an object for: a small number, its slot, for each code.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

/// Most routes that are kept. In a migration there are as many as pairs of nodes, and more while
/// breakers are open; a table that is full is begun anew.
const MOST: usize = 1 << 16;

/// Codes below this have their slots in an array. Without a migration and with no breaker open, a code
/// is no more than the number of a slot in the core, so these are all that there are.
const SMALL: usize = 1 << 16;

/// Stands for "no slot" in the array.
const FREE: u32 = u32::MAX;

/// Slots by code, all of one epoch.
#[derive(Debug, Default)]
pub(crate) struct Table {
    epoch: u64,
    /// The slots of the codes below [`SMALL`], as far as the highest that was seen.
    small: Vec<u32>,
    /// The slots of all other codes.
    others: HashMap<u64, u32, BuildHasherDefault<CodeHasher>>,
    /// How many slots there are.
    count: u32,
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
        if epoch != self.epoch {
            return None;
        }
        let small = usize::try_from(code).ok();
        match small.and_then(|code| self.small.get(code)) {
            Some(&slot) => (slot != FREE).then_some(slot),
            None => self.others.get(&code).copied(),
        }
    }

    /// The slot of a code, a new one if it has none.
    pub(crate) fn assign(&mut self, epoch: u64, code: u64) -> Assigned {
        if let Some(slot) = self.find(epoch, code) {
            return Assigned { slot, reset: false };
        }
        let full = self.count as usize >= MOST;
        let reset = epoch != self.epoch || full;
        if reset {
            self.small.clear();
            self.others.clear();
            self.count = 0;
            self.epoch = epoch;
        }
        let slot = self.count;
        self.count += 1;
        match usize::try_from(code) {
            Ok(code) if code < SMALL => {
                if code >= self.small.len() {
                    self.small.resize(code + 1, FREE);
                }
                self.small[code] = slot;
            }
            _ => {
                self.others.insert(code, slot);
            }
        }
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
