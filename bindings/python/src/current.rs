//! The routes of the snapshot that a router used last, which is nearly always the one in force: what
//! `Router.route` looks at before anything else.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;

use pyo3::prelude::*;
use ringshift::RouteCode;

use crate::attached::Attached;
use crate::cache::{NodeTable, Routes};
use crate::guard::guarded;
use crate::keys::Key;
use crate::route::Route;

/// Has no routes until it is asked for them.
#[derive(Default)]
pub(crate) struct Current(Attached<Option<Arc<Routes>>>);

/// The code of a key that had no object yet, and the epoch of the snapshot that gave it.
pub(crate) type Missed = (u64, RouteCode);

impl Current {
    /// The route of a usual key, if there is an object for it. What has no object yet leaves the code that
    /// the core gave in `missed`: to ask twice would take a breaker's one probe and not send it.
    ///
    /// Nothing here is a `PyResult`: moving one, which takes eight words, costs as much as a lookup.
    #[inline]
    pub(crate) fn known(
        &self,
        of: &ringshift::Router,
        key: &Bound<'_, PyAny>,
        missed: &mut Option<Missed>,
    ) -> Option<Py<Route>> {
        let py = key.py();
        let key = Key::usual(key)?;
        let known = |routes: &mut Option<Arc<Routes>>| {
            let routes = routes.as_ref()?;
            let snapshot = routes.snapshot();
            if snapshot.epoch() < of.epoch() {
                return None;
            }
            let code = snapshot.code(key);
            let route = routes.known(py, code);
            if route.is_none() {
                *missed = Some((snapshot.epoch(), code));
            }
            route
        };
        // SAFETY: nothing in there runs Python code or lets go of the interpreter.
        let known = || unsafe { self.0.with(py, known) };
        // A panic is met again, and told, by `any`.
        catch_unwind(AssertUnwindSafe(known)).unwrap_or_default()
    }

    /// The route of any key, after `known` had none.
    #[inline(never)]
    pub(crate) fn any(
        &self,
        of: &ringshift::Router,
        nodes: &NodeTable,
        key: &Bound<'_, PyAny>,
        missed: Option<Missed>,
    ) -> PyResult<Py<Route>> {
        let py = key.py();
        let key = Key::from(key)?;
        guarded(py, || {
            let routes = self.routes(py, of);
            let code = match missed {
                Some((epoch, code)) if epoch == routes.snapshot().epoch() => code,
                _ => routes.snapshot().code(key.bytes()),
            };
            routes.route(py, code, nodes)
        })
    }

    /// The routes of the snapshot in force.
    pub(crate) fn routes(&self, py: Python<'_>, of: &ringshift::Router) -> Arc<Routes> {
        let fresh = |routes: &mut Option<Arc<Routes>>| {
            let routes = routes.as_ref()?;
            (routes.snapshot().epoch() >= of.epoch()).then(|| Arc::clone(routes))
        };
        // SAFETY: nothing in there runs Python code or lets go of the interpreter.
        if let Some(routes) = unsafe { self.0.with(py, fresh) } {
            return routes;
        }
        let made = Arc::new(Routes::of(of.snapshot()));
        let keep = |routes: &mut Option<Arc<Routes>>| {
            let newer = routes
                .as_ref()
                .is_none_or(|kept| kept.snapshot().epoch() < made.snapshot().epoch());
            newer.then(|| routes.replace(Arc::clone(&made)))
        };
        // SAFETY: as above.
        let old = unsafe { self.0.with(py, keep) };
        // Its routes may run Python code when they are freed.
        drop(old);
        made
    }

    /// Lets go of the routes.
    pub(crate) fn forget(&self, py: Python<'_>) {
        // SAFETY: nothing in there runs Python code or lets go of the interpreter.
        drop(unsafe { self.0.with(py, Option::take) });
    }
}
