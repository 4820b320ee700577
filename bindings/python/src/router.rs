//! `Router`: the core's router as a Python object.

use std::path::PathBuf;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicBool, Ordering};

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use ringshift::{ErrorKind, Op, Options, Outcome, Refresh, Snapshot};

use crate::arguments::{check_watch, spec_text};
use crate::cache::{NodeTable, RouteCache};
use crate::errors;
use crate::guard::{detached, guarded};
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
    routes: RouteCache,
    closed: AtomicBool,
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
        path: PathBuf,
        region: Option<String>,
        watch: Option<f64>,
        last_good: Option<PathBuf>,
    ) -> PyResult<Py<Self>> {
        let options = Options { region, last_good };
        check_watch(py, watch)?;
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
        last_good: Option<PathBuf>,
    ) -> PyResult<Py<Self>> {
        let options = Options { region, last_good };
        check_watch(py, watch)?;
        let text = spec_text(text)?;
        let core = detached(py, || ringshift::Router::from_spec(&text, options))?;
        Self::start(py, core, watch)
    }

    /// The route of a key.
    fn route(&self, py: Python<'_>, key: &Bound<'_, PyAny>) -> PyResult<Py<Route>> {
        self.check_open(py)?;
        let key = Key::from(key)?;
        guarded(py, || {
            self.core.with(|snapshot| {
                let code = snapshot.code(key.bytes());
                self.routes.route(py, snapshot, code, &self.nodes)
            })
        })
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
            self.core.with(|snapshot| {
                let codes = snapshot.route_many(keys.iter().map(Key::bytes));
                let routes = codes
                    .into_iter()
                    .map(|code| self.routes.route(py, snapshot, code, &self.nodes))
                    .collect::<PyResult<Vec<_>>>()?;
                PyList::new(py, routes)
            })
        })
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
        let refresh = detached(py, || self.core.refresh())?;
        Ok(refresh == Refresh::Applied)
    }

    /// Puts a spec in force that is not in the file.
    fn apply(&self, py: Python<'_>, text: &Bound<'_, PyAny>) -> PyResult<bool> {
        self.check_open(py)?;
        let text = spec_text(text)?;
        let refresh = detached(py, || self.core.apply(&text))?;
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
        let text = guarded(py, || {
            serde_json::to_string(&self.core.metrics())
                .map_err(|error| errors::new(py, ErrorKind::Internal, format!("metrics: {error}")))
        })?;
        py.import("json")?.call_method1("loads", (text,))
    }

    /// All counters and states in the `OpenMetrics` text format.
    fn metrics_text(&self, py: Python<'_>) -> PyResult<String> {
        self.check_open(py)?;
        guarded(py, || Ok(self.core.metrics_text()))
    }

    /// Whether the router was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// Stops the watcher; everything but `close` and `closed` then raises `ClosedError`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.closed.store(true, Ordering::Relaxed);
        self.routes.clear();
        let watcher = self
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(watcher) = watcher {
            watcher.call_method0(py, "stop")?;
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

impl Router {
    fn start(py: Python<'_>, core: ringshift::Router, watch: Option<f64>) -> PyResult<Py<Self>> {
        let router = Py::new(
            py,
            Self {
                core,
                nodes: NodeTable::default(),
                routes: RouteCache::default(),
                closed: AtomicBool::new(false),
                watcher: Mutex::new(None),
            },
        )?;
        if let Some(seconds) = watch {
            let watcher = py
                .import("ringshift.watch")?
                .call_method1("start", (&router, seconds))?;
            *router
                .get()
                .watcher
                .lock()
                .unwrap_or_else(PoisonError::into_inner) = Some(watcher.unbind());
        }
        Ok(router)
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

#[cold]
fn closed(py: Python<'_>) -> PyErr {
    errors::new(
        py,
        ErrorKind::Closed,
        "the router was closed; open another one",
    )
}
