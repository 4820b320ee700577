//! Which routes JavaScript already has an object for: a small number, its slot, for each code.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};

use ringshift::Snapshot;

/// Most routes that are kept. In a migration there are as many as pairs of nodes, and more while
/// breakers are open; a table that is full is begun anew.
const MOST: usize = 1 << 16;

/// Slots by code, all of one epoch.
#[derive(Debug, Default)]
pub(crate) struct Table {
    epoch: u64,
    /// Of codes that are small numbers side by side; [`NONE`] where there is none yet.
    dense: Vec<u32>,
    /// Of all codes, the dense ones too.
    slots: HashMap<u64, u32, BuildHasherDefault<CodeHasher>>,
}

/// Stands for "no slot"; there are at most `MOST`.
const NONE: u32 = u32::MAX;

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
        match self.dense.get(usize::try_from(code).unwrap_or(usize::MAX)) {
            Some(&slot) => Some(slot).filter(|&slot| slot != NONE),
            None => self.slots.get(&code).copied(),
        }
    }

    /// The slot of a code of a snapshot, a new one if it has none.
    pub(crate) fn assign(&mut self, snapshot: &Snapshot, code: u64) -> Assigned {
        let full = self.slots.len() >= MOST && !self.slots.contains_key(&code);
        let reset = snapshot.epoch() != self.epoch || full;
        if reset {
            self.slots.clear();
            self.dense.clear();
            let dense = Some(snapshot.dense_codes()).filter(|&codes| codes <= MOST);
            self.dense.resize(dense.unwrap_or(0), NONE);
            self.epoch = snapshot.epoch();
        }
        // The table never holds more than MOST.
        let next = u32::try_from(self.slots.len()).unwrap_or(u32::MAX);
        let slot = *self.slots.entry(code).or_insert(next);
        let place = usize::try_from(code).unwrap_or(usize::MAX);
        if let Some(dense) = self.dense.get_mut(place) {
            *dense = slot;
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
