//! `Router`: the core's router as a Python object.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use ringshift::{ErrorKind, Op, Options, Outcome, Refresh, RouteCode, Snapshot};

use crate::arguments::{check_watch, spec_text};
use crate::attached::Attached;
use crate::cache::{NodeTable, Routes};
use crate::data;
use crate::ending::{calling, let_go};
use crate::errors;
use crate::guard::{Busy, detached, guarded};
use crate::indices;
use crate::keys::{Key, Keys};
use crate::node::Node;
use crate::route::Route;
use crate::target::Target;

/// Answers routes from the spec in force, and takes up a new spec while it does.
///
/// All methods may be called from any number of threads at once.
#[pyclass(frozen, weakref, module = "ringshift")]
pub(crate) struct Router {
    core: ringshift::Router,
    nodes: NodeTable,
    /// Of the snapshot that was used last.
    routes: Attached<Option<Arc<Routes>>>,
    closed: AtomicBool,
    busy: Busy,
    /// The `ringshift.watch.Watcher`, if there is one.
    watcher: Mutex<Option<Py<PyAny>>>,
}

#[pymethods]
impl Router {
    /// Opens a spec file.
    #[staticmethod]
    #[pyo3(signature = (path, *, region=None, watch=None, last_good=None))]
    fn open(
        py: Python<'_>,
        path: &Bound<'_, PyAny>,
        region: Option<String>,
        watch: Option<f64>,
        last_good: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<Self>> {
        let last_good = last_good.map(|path| file(&path)).transpose()?;
        let options = Options { region, last_good };
        check_watch(py, watch)?;
        let path = file(path)?;
        let core = detached(py, || ringshift::Router::open(path, options))?;
        Self::start(py, core, watch)
    }

    /// A router without a file.
    #[staticmethod]
    #[pyo3(signature = (text, *, region=None, watch=None, last_good=None))]
    fn from_spec(
        py: Python<'_>,
        text: &Bound<'_, PyAny>,
        region: Option<String>,
        watch: Option<f64>,
        last_good: Option<Bound<'_, PyAny>>,
    ) -> PyResult<Py<Self>> {
        let last_good = last_good.map(|path| file(&path)).transpose()?;
        let options = Options { region, last_good };
        check_watch(py, watch)?;
        let text = spec_text(text)?;
        let core = detached(py, || ringshift::Router::from_spec(&text, options))?;
        Self::start(py, core, watch)
    }

    /// The route of a key.
    fn route(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<Route>> {
        let mut missed = None;
        match self.known_route(py, key, &mut missed) {
            Some(route) => Ok(route),
            None => self.any_route(py, key, missed),
        }
    }

    /// The routes of many keys, in their order and from one generation.
    fn route_many<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyList>> {
        self.check_open(py)?;
        let keys = Keys::from(keys)?;
        let keys = keys.bytes()?;
        guarded(py, || {
            let routes = self.routes(py);
            let codes = routes.snapshot().route_many(keys.iter().map(Key::bytes));
            let made = codes
                .into_iter()
                .map(|code| routes.route(py, code, &self.nodes))
                .collect::<PyResult<Vec<_>>>()?;
            PyList::new(py, made)
        })
    }

    /// The indices of the nodes that are read first for many keys.
    #[pyo3(signature = (keys, out=None))]
    fn index_many<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyAny>,
        out: Option<Bound<'py, PyAny>>,
    ) -> PyResult<Bound<'py, PyAny>> {
        self.check_open(py)?;
        let keys = indices::listed(keys)?;
        let out = indices::room(py, out, keys.len())?;
        guarded(py, || {
            indices::fill(&keys, &out, self.routes(py).snapshot())
        })?;
        Ok(out)
    }

    /// The node of an index.
    fn node(&self, py: Python<'_>, index: u32) -> PyResult<Py<Node>> {
        self.check_open(py)?;
        match self.core.node(index) {
            Some(node) => self.nodes.node(py, &node),
            None => Err(errors::new(
                py,
                ErrorKind::InvalidArgument,
                format!("this router has no node {index}; use an index that it gave out"),
            )),
        }
    }

    /// The positions of keys by the node that is read first.
    fn group_by_node<'py>(
        &self,
        py: Python<'py>,
        keys: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyDict>> {
        self.check_open(py)?;
        let keys = Keys::from(keys)?;
        let keys = keys.bytes()?;
        guarded(py, || {
            self.core.with(|snapshot| {
                let groups = PyDict::new(py);
                for (node, positions) in snapshot.group_by_node(keys.iter().map(Key::bytes)) {
                    let node = node.map(|node| self.nodes.node(py, node)).transpose()?;
                    groups.set_item(node, positions)?;
                }
                Ok(groups)
            })
        })
    }

    /// Says how a request to a node ended.
    #[pyo3(signature = (node, outcome, op="read"))]
    fn report(
        &self,
        py: Python<'_>,
        node: &Bound<'_, PyAny>,
        outcome: &str,
        op: &str,
    ) -> PyResult<()> {
        self.check_open(py)?;
        let node = if let Ok(node) = node.cast::<Node>() {
            node.get()
        } else if let Ok(target) = node.cast::<Target>() {
            target.get().first.get()
        } else {
            return Err(PyTypeError::new_err("report takes a Node or a Target"));
        };
        if !self.nodes.owns(node) {
            return Err(errors::new(
                py,
                ErrorKind::InvalidArgument,
                "the node was handed out by another router; report to that one",
            ));
        }
        let raised = |error| errors::raised(py, &error);
        let outcome = outcome.parse::<Outcome>().map_err(raised)?;
        let op = op.parse::<Op>().map_err(raised)?;
        guarded(py, || {
            self.core.report(&node.core, op, outcome);
            Ok(())
        })
    }

    /// Reads the spec file again.
    fn refresh(&self, py: Python<'_>) -> PyResult<bool> {
        self.check_open(py)?;
        let refresh = self.busy.detached(py, || self.core.refresh())?;
        Ok(refresh == Refresh::Applied)
    }

    /// Puts a spec in force that is not in the file.
    fn apply(&self, py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.check_open(py)?;
        let text = spec_text(text)?;
        let refresh = self.busy.detached(py, || self.core.apply(&text))?;
        Ok(refresh == Refresh::Applied)
    }

    /// The number of the spec in force.
    #[getter]
    fn generation(&self, py: Python<'_>) -> PyResult<u64> {
        self.look(py, Snapshot::generation)
    }

    /// The content hash of the spec in force: 32 hex digits.
    #[getter]
    fn digest(&self, py: Python<'_>) -> PyResult<String> {
        self.look(py, |snapshot| snapshot.digest().to_owned())
    }

    /// Rises whenever routes may have changed: by a new spec, or by a step of a schedule.
    #[getter]
    fn epoch(&self, py: Python<'_>) -> PyResult<u64> {
        self.look(py, Snapshot::epoch)
    }

    /// The stage of the migration in this process' region.
    #[getter]
    fn stage(&self, py: Python<'_>) -> PyResult<&'static str> {
        self.look(py, |snapshot| snapshot.stage().name())
    }

    /// The share of the keys that have moved in this process' region, in basis points.
    #[getter]
    fn weight(&self, py: Python<'_>) -> PyResult<u16> {
        self.look(py, Snapshot::weight)
    }

    /// The region of this process.
    #[getter]
    fn region(&self, py: Python<'_>) -> PyResult<Option<&str>> {
        self.check_open(py)?;
        Ok(self.core.region())
    }

    /// The longest time to live that the spec allows, in seconds.
    #[getter]
    fn max_ttl(&self, py: Python<'_>) -> PyResult<Option<f64>> {
        self.look(py, |snapshot| {
            snapshot.max_ttl().map(|ttl| ttl.as_secs_f64())
        })
    }

    /// What is wrong with the spec file at present, as an exception that was not raised.
    #[getter]
    fn last_error<'py>(&self, py: Python<'py>) -> PyResult<Option<Bound<'py, PyAny>>> {
        self.check_open(py)?;
        self.core
            .last_error()
            .map(|error| errors::exception(py, &error))
            .transpose()
    }

    /// All nodes of the spec in force.
    #[getter]
    fn nodes(&self, py: Python<'_>) -> PyResult<Py<PyTuple>> {
        self.check_open(py)?;
        let snapshot = self.core.snapshot();
        self.nodes.nodes(py, snapshot.nodes())
    }

    /// All counters and states, as data.
    fn metrics<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        self.check_open(py)?;
        let failed = |error: serde_json::Error| {
            ringshift::Error::new(ErrorKind::Internal, format!("metrics: {error}"))
        };
        // The first call for a spec goes through all its points.
        let text = self.busy.detached(py, || {
            serde_json::to_string(&self.core.metrics()).map_err(failed)
        })?;
        data::from_json(py, &text).map_err(|error| errors::raised(py, &failed(error)))
    }

    /// What happened since the event with this number, as data.
    #[pyo3(signature = (since=0))]
    fn events<'py>(&self, py: Python<'py>, since: u64) -> PyResult<Bound<'py, PyAny>> {
        self.check_open(py)?;
        let failed = |error: serde_json::Error| {
            ringshift::Error::new(ErrorKind::Internal, format!("events: {error}"))
        };
        let text = self.busy.detached(py, || {
            serde_json::to_string(&self.core.events(since)).map_err(failed)
        })?;
        data::from_json(py, &text).map_err(|error| errors::raised(py, &failed(error)))
    }

    /// All counters and states in the `OpenMetrics` text format.
    fn metrics_text(&self, py: Python<'_>) -> PyResult<String> {
        self.check_open(py)?;
        self.busy.detached(py, || Ok(self.core.metrics_text()))
    }

    /// Whether the router was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Stops the watcher; everything but `close` and `closed` then raises `ClosedError`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.store(true, Ordering::Relaxed);
        // SAFETY: nothing in there runs Python code or lets go of the interpreter.
        drop(unsafe { self.routes.with(py, Option::take) });
        let watcher = self
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(watcher) = watcher {
            let stopped = calling(|| watcher.call_method0(py, "stop").map(drop));
            let_go(watcher);
            stopped?;
        }
        Ok(())
    }

    fn __enter__(this: Py<Self>, py: Python<'_>) -> PyResult<Py<Self>> {
        this.get().check_open(py)?;
        Ok(this)
    }

    fn __exit__(
        &self,
        py: Python<'_>,
        _kind: &Bound<'_, PyAny>,
        _error: &Bound<'_, PyAny>,
        _trace: &Bound<'_, PyAny>,
    ) -> PyResult<()> {
        self.close(py)
    }

    fn __repr__(&self) -> String {
        if self.closed() {
            return "<ringshift.Router closed>".to_owned();
        }
        self.core.with(|snapshot| {
            format!(
                "<ringshift.Router generation={} stage={}>",
                snapshot.generation(),
                snapshot.stage().name()
            )
        })
    }
}

impl Drop for Router {
    fn drop(&mut self) {
        let watcher = self
            .watcher
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let_go(watcher.take());
    }
}

impl Router {
    fn start(py: Python<'_>, core: ringshift::Router, watch: Option<f64>) -> PyResult<Py<Self>> {
        let router = Py::new(
            py,
            Self {
                core,
                nodes: NodeTable::default(),
                routes: Attached::default(),
                closed: AtomicBool::new(false),
                busy: Busy::default(),
                watcher: Mutex::new(None),
            },
        )?;
        if let Some(seconds) = watch {
            let watcher = calling(|| {
                py.import("ringshift.watch")?
                    .call_method1("start", (&router, seconds))
            })?;
            *router
                .get()
                .watcher
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(watcher.unbind());
        }
        Ok(router)
    }

    /// The route of a usual key, if there is an object for it. What has no object yet leaves the code that
    /// the core gave in `missed`: to ask twice would take a breaker's one probe and not send it.
    ///
    /// Nothing here is a `PyResult`: moving one, which takes eight words, costs as much as a lookup.
    #[inline]
    fn known_route(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        missed: &mut Option<Missed>,
    ) -> Option<Py<Route>> {
        if self.closed.load(Ordering::Relaxed) {
            return None;
        }
        let key = Key::usual(key)?;
        let known = |routes: &mut Option<Arc<Routes>>| {
            let routes = routes.as_ref()?;
            let snapshot = routes.snapshot();
            if snapshot.epoch() < self.core.epoch() {
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
        let known = || unsafe { self.routes.with(py, known) };
        // A panic is met again, and told, by `any_route`.
        catch_unwind(AssertUnwindSafe(known)).unwrap_or_default()
    }

    #[inline(never)]
    fn any_route(
        &self,
        py: Python<'_>,
        key: &Bound<'_, PyAny>,
        missed: Option<Missed>,
    ) -> PyResult<Py<Route>> {
        self.check_open(py)?;
        let key = Key::from(key)?;
        guarded(py, || {
            let routes = self.routes(py);
            let code = match missed {
                Some((epoch, code)) if epoch == routes.snapshot().epoch() => code,
                _ => routes.snapshot().code(key.bytes()),
            };
            routes.route(py, code, &self.nodes)
        })
    }

    /// The routes of the snapshot in force.
    fn routes(&self, py: Python<'_>) -> Arc<Routes> {
        let fresh = |routes: &mut Option<Arc<Routes>>| {
            let routes = routes.as_ref()?;
            (routes.snapshot().epoch() >= self.core.epoch()).then(|| Arc::clone(routes))
        };
        // SAFETY: nothing in there runs Python code or lets go of the interpreter.
        if let Some(routes) = unsafe { self.routes.with(py, fresh) } {
            return routes;
        }
        let made = Arc::new(Routes::of(self.core.snapshot()));
        let keep = |routes: &mut Option<Arc<Routes>>| {
            let newer = routes
                .as_ref()
                .is_none_or(|kept| kept.snapshot().epoch() < made.snapshot().epoch());
            newer.then(|| routes.replace(Arc::clone(&made)))
        };
        // SAFETY: as above.
        let old = unsafe { self.routes.with(py, keep) };
        // Its routes may run Python code when they are freed.
        drop(old);
        made
    }

    fn check_open(&self, py: Python<'_>) -> PyResult<()> {
        if self.closed.load(Ordering::Relaxed) {
            return Err(closed(py));
        }
        Ok(())
    }

    fn look<T>(&self, py: Python<'_>, read: impl FnOnce(&Snapshot) -> T) -> PyResult<T> {
        self.check_open(py)?;
        guarded(py, || Ok(self.core.with(read)))
    }
}

/// The code of a key that had no object yet, and the epoch of the snapshot that gave it.
type Missed = (u64, RouteCode);

/// A path as Python has it: text, bytes or an object that knows its path.
fn file(path: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    calling(|| path.extract())
}

#[cold]
fn closed(py: Python<'_>) -> PyErr {
    errors::new(
        py,
        ErrorKind::Closed,
        "the router was closed; open another one",
    )
}
