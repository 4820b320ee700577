//! What the parts of one router share: the core's router until it is closed, and the table of the
//! routes that JavaScript has objects for. It never leaves its thread.

use std::cell::{Cell, RefCell};

use ringshift::{RouteCode, Router};

use crate::table::Table;

/// The state behind one JavaScript router.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Nothing after `close`.
    pub(crate) router: RefCell<Option<Router>>,
    pub(crate) table: RefCell<Table>,
    /// The code of the last lookup that found no slot, and its epoch. `describe` goes on from it:
    /// to ask the core twice would take a breaker's one probe and then not send it.
    pub(crate) missed: Cell<Option<(u64, RouteCode)>>,
}

impl Shared {
    pub(crate) fn new(router: Router) -> Self {
        Self {
            router: RefCell::new(Some(router)),
            table: RefCell::new(Table::default()),
            missed: Cell::new(None),
        }
    }
}
