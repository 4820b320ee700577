//! What the parts of one router share: the core's router until it is closed, the snapshot that was used
//! last, and which of its routes JavaScript has objects for. It never leaves its thread; the core's router may.

use std::cell::{Cell, RefCell};
use std::sync::Arc;

use ringshift::{RouteCode, Router, Snapshot};

use crate::table::Table;

/// The state behind one JavaScript router.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Nothing after `close`. Shared with the refreshes that other threads do meanwhile.
    pub(crate) router: RefCell<Option<Arc<Router>>>,
    /// Held here, it is reached faster than through what the core keeps for each thread.
    snapshot: RefCell<Option<Arc<Snapshot>>>,
    pub(crate) table: RefCell<Table>,
    /// The code of the last lookup that found no slot, and its epoch. `describe` goes on from it:
    /// to ask the core twice would take a breaker's one probe and then not send it.
    pub(crate) missed: Cell<Option<(u64, RouteCode)>>,
}

impl Shared {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            snapshot: RefCell::new(Some(router.snapshot())),
            router: RefCell::new(Some(Arc::new(router))),
            table: RefCell::new(Table::default()),
            missed: Cell::new(None),
        }
    }

    /// Calls `read` with the snapshot in force; nothing after `close`.
    #[inline]
    pub(crate) fn with<R>(&self, read: impl FnOnce(&Snapshot) -> R) -> Option<R> {
        let router = self.router.borrow();
        let router = router.as_ref()?;
        {
            let held = self.snapshot.borrow();
            if let Some(snapshot) = &*held
                && snapshot.epoch() >= router.epoch()
            {
                return Some(read(snapshot));
            }
        }
        let fresh = router.snapshot();
        *self.snapshot.borrow_mut() = Some(Arc::clone(&fresh));
        Some(read(&fresh))
    }

    /// The slot of a key's route, if JavaScript has an object for it.
    #[inline]
    pub(crate) fn known_slot(&self, key: &[u8]) -> Option<u32> {
        self.with(|snapshot| {
            let (epoch, code) = (snapshot.epoch(), snapshot.code(key));
            let slot = self.table.borrow().find(epoch, code.number());
            if slot.is_none() {
                self.missed.set(Some((epoch, code)));
            }
            slot
        })?
    }

    /// Lets go of the router; whatever is asked for then finds none.
    pub(crate) fn close(&self) {
        let router = self.router.borrow_mut().take();
        let snapshot = self.snapshot.borrow_mut().take();
        drop((router, snapshot));
    }
}
