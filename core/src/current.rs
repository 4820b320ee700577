//! The current snapshot: published by one, read by all without a lock.
//!
//! Each thread keeps the snapshot that it used last. A read compares one counter, which only a
//! publication writes; a thread that sees it changed fetches the new snapshot under a lock, once.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::RwLock;

use crate::snapshot::Snapshot;

/// A cell that holds a snapshot.
#[derive(Debug)]
pub(crate) struct Current {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    /// The epoch of the snapshot in `slot`.
    epoch: AtomicU64,
    slot: RwLock<Arc<Snapshot>>,
}

/// What a thread keeps for one router.
struct Kept {
    /// The address of the router's shared part; only to be compared.
    address: *const Shared,
    /// While it exists, no other router can have the same address.
    owner: Weak<Shared>,
    /// Of the snapshot; here it is found without touching that.
    epoch: u64,
    snapshot: Arc<Snapshot>,
}

thread_local! {
    static KEPT: RefCell<Vec<Kept>> = const { RefCell::new(Vec::new()) };
}

impl Current {
    pub(crate) fn new(snapshot: Snapshot) -> Self {
        let epoch = AtomicU64::new(snapshot.epoch());
        Self {
            shared: Arc::new(Shared {
                epoch,
                slot: RwLock::new(Arc::new(snapshot)),
            }),
        }
    }

    /// Puts a snapshot in force. Publications are made one at a time, with rising epochs.
    pub(crate) fn publish(&self, snapshot: Snapshot) {
        let epoch = snapshot.epoch();
        *self.shared.slot.write() = Arc::new(snapshot);
        self.shared.epoch.store(epoch, Ordering::Release);
    }

    pub(crate) fn epoch(&self) -> u64 {
        self.shared.epoch.load(Ordering::Acquire)
    }

    /// The snapshot in force, to be kept.
    pub(crate) fn get(&self) -> Arc<Snapshot> {
        Arc::clone(&self.shared.slot.read())
    }

    /// Calls `read` with the snapshot in force.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        // `read` is called once, in one of two places.
        let (mut read, mut result) = (Some(read), None);
        let _ = KEPT.try_with(|kept| {
            if let Ok(kept) = kept.try_borrow()
                && let Some(kept) = kept.iter().find(|kept| self.is_owner(kept))
                // Not older: a thread may have fetched a snapshot before its epoch was stored.
                && kept.epoch >= self.epoch()
            {
                result = read.take().map(|read| read(&kept.snapshot));
            }
        });
        match (result, read) {
            (Some(result), _) => result,
            (None, Some(read)) => self.with_new(read),
            // Taking `read` always ends in a result; this arm keeps the compiler content.
            (None, None) => unreachable!("the result of the call was returned"),
        }
    }

    #[cold]
    fn with_new<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> R {
        let snapshot = self.get();
        // At thread exit, or within a read of another router, the snapshot is not kept.
        let _ = KEPT.try_with(|kept| {
            if let Ok(mut kept) = kept.try_borrow_mut() {
                kept.retain(|kept| kept.owner.strong_count() > 0 && !self.is_owner(kept));
                let owner = Arc::downgrade(&self.shared);
                kept.insert(
                    0,
                    Kept {
                        address: owner.as_ptr(),
                        owner,
                        epoch: snapshot.epoch(),
                        snapshot: Arc::clone(&snapshot),
                    },
                );
            }
        });
        read(&snapshot)
    }

    fn is_owner(&self, kept: &Kept) -> bool {
        std::ptr::eq(kept.address, Arc::as_ptr(&self.shared))
    }
}
