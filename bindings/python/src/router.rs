//! `Router`: the core's router as a Python object. Its methods are here; what they are about has files of its own.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList, PyTuple};
use ringshift::{ErrorKind, Op, Options, Outcome, Refresh, Snapshot};

use crate::arguments::{check_watch, file, reported, spec_text};
use crate::cache::{NodeTable, Routes};
use crate::current::Current;
use crate::data;
use crate::errors;
use crate::guard::{Busy, detached, guarded};
use crate::indices;
use crate::keys::{Key, Keys};
use crate::life::Life;
use crate::node::Node;
use crate::route::Route;

/// Answers routes from the spec in force, and takes up a new spec while it does.
///
/// All methods may be called from any number of threads at once.
#[pyclass(frozen, weakref, module = "ringshift")]
pub(crate) struct Router {
    /// First, so that the watcher goes before what it watches.
    life: Life,
    core: ringshift::Router,
    nodes: NodeTable,
    current: Current,
    busy: Busy,
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
        if !self.life.is_closed()
            && let Some(route) = self.current.known(&self.core, key, &mut missed)
        {
            return Ok(route);
        }
        self.check_open(py)?;
        self.current.any(&self.core, &self.nodes, key, missed)
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
            self.routes(py)
                .many(py, keys.iter().map(Key::bytes), &self.nodes)
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
                let groups = snapshot.group_by_node(keys.iter().map(Key::bytes));
                self.nodes.groups(py, groups)
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
        let node = reported(node, &self.nodes)?;
        let raised = |error| errors::raised(py, &error);
        let outcome = outcome.parse::<Outcome>().map_err(raised)?;
        let op = op.parse::<Op>().map_err(raised)?;
        guarded(py, || {
            self.core.report(&node.core, op, outcome);
            Ok(())
        })
    }

    /// Says that an invalidation of a key was not acknowledged.
    #[pyo3(signature = (node, key, outcome="error"))]
    fn lost(
        &self,
        py: Python<'_>,
        node: &Bound<'_, PyAny>,
        key: &Bound<'_, PyAny>,
        outcome: &str,
    ) -> PyResult<()> {
        self.check_open(py)?;
        let node = reported(node, &self.nodes)?;
        let key = Key::from(key)?;
        let raised = |error| errors::raised(py, &error);
        let outcome = outcome.parse::<Outcome>().map_err(raised)?;
        guarded(py, || Ok(self.core.lost(&node.core, key.bytes(), outcome)))?.map_err(raised)
    }

    /// Keys whose invalidation is to be sent again.
    fn owed<'py>(
        &self,
        py: Python<'py>,
        node: &Bound<'py, PyAny>,
    ) -> PyResult<Bound<'py, PyTuple>> {
        self.check_open(py)?;
        let node = reported(node, &self.nodes)?;
        if !self.core.owes() {
            return Ok(PyTuple::empty(py));
        }
        let owed = guarded(py, || Ok(self.core.owed(&node.core)))?;
        PyTuple::new(
            py,
            owed.iter()
                .map(|owed| (PyBytes::new(py, &owed.key), owed.loss)),
        )
    }

    /// Says that the invalidation of an owed key was sent again and acknowledged.
    fn repaid(&self, py: Python<'_>, key: &Bound<'_, PyAny>, loss: u64) -> PyResult<()> {
        self.check_open(py)?;
        let key = Key::from(key)?;
        guarded(py, || {
            self.core.repaid(key.bytes(), loss);
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
        // The first call for a spec goes through all its points.
        data::told(py, &self.busy, "metrics", || self.core.metrics())
    }

    /// What happened since the event with this number, as data.
    #[pyo3(signature = (since=0))]
    fn events<'py>(&self, py: Python<'py>, since: u64) -> PyResult<Bound<'py, PyAny>> {
        self.check_open(py)?;
        data::told(py, &self.busy, "events", || self.core.events(since))
    }

    /// All counters and states in the `OpenMetrics` text format.
    fn metrics_text(&self, py: Python<'_>) -> PyResult<String> {
        self.check_open(py)?;
        self.busy.detached(py, || Ok(self.core.metrics_text()))
    }

    /// Whether the router was closed.
    #[getter]
    fn closed(&self) -> bool {
        self.life.is_closed()
    }

    /// Stops the watcher; everything but `close` and `closed` then raises `ClosedError`.
    fn close(&self, py: Python<'_>) -> PyResult<()> {
        self.life.close();
        self.current.forget(py);
        self.life.stop_watcher(py)
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
        if self.life.is_closed() {
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
        let router = Bound::new(
            py,
            Self {
                life: Life::default(),
                core,
                nodes: NodeTable::default(),
                current: Current::default(),
                busy: Busy::default(),
            },
        )?;
        if let Some(seconds) = watch {
            router.get().life.watch(&router, seconds)?;
        }
        Ok(router.unbind())
    }

    /// The routes of the snapshot in force.
    fn routes(&self, py: Python<'_>) -> Arc<Routes> {
        self.current.routes(py, &self.core)
    }

    #[inline]
    fn check_open(&self, py: Python<'_>) -> PyResult<()> {
        self.life.check_open(py)
    }

    fn look<T>(&self, py: Python<'_>, read: impl FnOnce(&Snapshot) -> T) -> PyResult<T> {
        self.check_open(py)?;
        guarded(py, || Ok(self.core.with(read)))
    }
}
