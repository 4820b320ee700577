//! What the parts of one router share: the core's router until it is closed, and the table of the
//! routes that JavaScript has objects for. It never leaves its thread.

use std::cell::RefCell;
use std::sync::Arc;

use ringshift::{RouteCode, Router, Snapshot};

use crate::parts::RouteParts;
use crate::table::Table;

/// The state behind one JavaScript router; nothing after `close`.
#[derive(Debug)]
pub(crate) struct Shared {
    open: RefCell<Option<Open>>,
}

#[derive(Debug)]
struct Open {
    router: Router,
    /// The snapshot that was used last. Only this thread ever puts another one in force, but a counter
    /// is compared nevertheless.
    snapshot: Arc<Snapshot>,
    table: Table,
    /// The code of the last lookup that found no slot, and its epoch. `describe` goes on from it:
    /// to ask the core twice would take a breaker's one probe and then not send it.
    missed: Option<(u64, RouteCode)>,
}

impl Open {
    /// Takes up the snapshot in force.
    #[inline]
    fn renew(&mut self) {
        if self.snapshot.epoch() != self.router.epoch() {
            self.snapshot = self.router.snapshot();
        }
    }
}

impl Shared {
    pub(crate) fn new(router: Router) -> Self {
        let open = Open {
            snapshot: router.snapshot(),
            router,
            table: Table::default(),
            missed: None,
        };
        Self {
            open: RefCell::new(Some(open)),
        }
    }

    /// Calls `ask` with the router unless it was closed.
    pub(crate) fn router<R>(&self, ask: impl FnOnce(&Router) -> R) -> Option<R> {
        self.open.borrow().as_ref().map(|open| ask(&open.router))
    }

    /// The slot of a key's route; nothing if it has none yet, or the router was closed.
    #[inline(always)]
    pub(crate) fn slot(&self, key: &[u8]) -> Option<u32> {
        let mut open = self.open.borrow_mut();
        let open = open.as_mut()?;
        open.renew();
        let (epoch, code) = (open.snapshot.epoch(), open.snapshot.code(key));
        let slot = open.table.find(epoch, code.number());
        if slot.is_none() {
            open.missed = Some((epoch, code));
        }
        slot
    }

    /// The route of a key, with the slot that it has from now on; nothing if the router was closed.
    pub(crate) fn describe(&self, key: &[u8]) -> Option<RouteParts> {
        let mut open = self.open.borrow_mut();
        let open = open.as_mut()?;
        open.renew();
        let snapshot = &open.snapshot;
        let code = match open.missed.take() {
            Some((epoch, code)) if epoch == snapshot.epoch() => code,
            _ => snapshot.code(key),
        };
        let assigned = open.table.assign(snapshot.epoch(), code.number());
        let route = snapshot.expand(code);
        Some(RouteParts::new(&route, assigned.slot, assigned.reset))
    }

    /// Calls `ask` with the snapshot in force unless the router was closed.
    #[inline(always)]
    pub(crate) fn snapshot<R>(&self, ask: impl FnOnce(&Snapshot) -> R) -> Option<R> {
        let mut open = self.open.borrow_mut();
        let open = open.as_mut()?;
        open.renew();
        Some(ask(&open.snapshot))
    }

    /// Frees the router.
    pub(crate) fn close(&self) {
        let open = self.open.borrow_mut().take();
        drop(open);
    }
}
