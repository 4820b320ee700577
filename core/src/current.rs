//! The current snapshot: published by one, read by all without a lock.
//!
//! Each thread keeps the snapshot that it used last. A read compares one counter, which only a
//! publication writes; a thread that sees it changed fetches the new snapshot under a lock, once.
//!
//! A reader never pays for freeing a snapshot, whose tables may be large: replaced ones are kept until
//! no thread has them any more, and then freed by whoever refreshes.

use std::cell::RefCell;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};

use parking_lot::{Mutex, RwLock};

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
    /// Snapshots that were replaced and that a thread may still have.
    replaced: Mutex<Vec<Arc<Snapshot>>>,
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
                replaced: Mutex::default(),
            }),
        }
    }

    /// Puts a snapshot in force. Publications are made one at a time, with rising epochs.
    pub(crate) fn publish(&self, snapshot: Snapshot) {
        let epoch = snapshot.epoch();
        let snapshot = Arc::new(snapshot);
        let replaced = std::mem::replace(&mut *self.shared.slot.write(), snapshot);
        self.shared.epoch.store(epoch, Ordering::Release);
        self.shared.replaced.lock().push(replaced);
        self.free_replaced();
    }

    /// Frees the replaced snapshots that no thread has any more.
    pub(crate) fn free_replaced(&self) {
        let free = {
            let mut replaced = self.shared.replaced.lock();
            // Nobody can get hold of a replaced snapshot, so a count of one stays one.
            let unused = |snapshot: &mut Arc<Snapshot>| Arc::strong_count(snapshot) == 1;
            replaced.extract_if(.., unused).collect::<Vec<_>>()
        };
        drop(free);
    }

    /// How many replaced snapshots are still kept.
    #[cfg(test)]
    fn replaced(&self) -> usize {
        self.shared.replaced.lock().len()
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

#[cfg(test)]
mod tests {
    use std::sync::Barrier;

    use super::*;
    use crate::node::NodePool;
    use crate::spec::Spec;

    fn snapshot(previous: Option<&Snapshot>) -> Snapshot {
        let text = br#"{"format":1,"generation":1,"primary":"c","clusters":{"c":
            {"placement":{"kind":"ring"},"nodes":[{"id":"a","address":"/a"}]}}}"#;
        let spec = Arc::new(Spec::parse(text).unwrap());
        Snapshot::compile(spec, None, 0, &NodePool::default(), previous).unwrap()
    }

    #[test]
    fn a_replaced_snapshot_is_freed_by_a_refresh_once_no_thread_has_it() {
        let current = Current::new(snapshot(None));
        let (read, replaced, looked) = (Barrier::new(2), Barrier::new(2), Barrier::new(2));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                assert_eq!(current.with(Snapshot::epoch), 1);
                read.wait();
                replaced.wait();
                // Lets the old one go without being the one that frees it.
                assert_eq!(current.with(Snapshot::epoch), 2);
                looked.wait();
            });
            read.wait();
            let next = snapshot(Some(&current.get()));
            current.publish(next);
            assert_eq!(current.replaced(), 1, "the other thread has it");
            replaced.wait();
            looked.wait();
            assert_eq!(current.replaced(), 1, "a reader frees nothing");
        });
        current.free_replaced();
        assert_eq!(current.replaced(), 0);
    }

    #[test]
    fn a_snapshot_that_nobody_has_is_freed_when_it_is_replaced() {
        let current = Current::new(snapshot(None));
        for _ in 0..3 {
            let next = snapshot(Some(&current.get()));
            current.publish(next);
            assert_eq!(current.replaced(), 0);
        }
    }
}
