//! `Route`: what to do for a key, as an object that is made once and handed out many times.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::cache::NodeTable;
use crate::node::Node;
use crate::target::{Target, describe};

/// What to do for a key. Immutable; keys with equal routes get the same object.
#[pyclass(frozen, module = "ringshift")]
pub(crate) struct Route {
    read: Option<Py<Target>>,
    fallback: Option<Py<Target>>,
    single: Option<Py<Node>>,
    fill: bool,
    invalidate: Py<PyTuple>,
    stage: Py<PyString>,
    moved: bool,
    generation: u64,
}

impl Route {
    pub(crate) fn new(
        py: Python<'_>,
        route: &ringshift::Route<'_>,
        table: &NodeTable,
    ) -> PyResult<Self> {
        let target = |target: Option<ringshift::Target<'_>>| {
            target
                .map(|target| Py::new(py, Target::new(py, &target, table)?))
                .transpose()
        };
        Ok(Self {
            read: target(route.read())?,
            fallback: target(route.fallback())?,
            single: route
                .single()
                .map(|node| table.node(py, node))
                .transpose()?,
            fill: route.fill(),
            invalidate: table.nodes(py, route.invalidate())?,
            stage: PyString::intern(py, route.stage().name()).unbind(),
            moved: route.moved(),
            generation: route.generation(),
        })
    }
}

#[pymethods]
impl Route {
    /// Where to read; None if open breakers, of nodes or clusters, leave nothing to read: go
    /// to the origin.
    #[getter]
    fn read(&self, py: Python<'_>) -> Option<Py<Target>> {
        self.read.as_ref().map(|target| target.clone_ref(py))
    }

    /// Where to look after a miss, if anywhere.
    #[getter]
    fn fallback(&self, py: Python<'_>) -> Option<Py<Target>> {
        self.fallback.as_ref().map(|target| target.clone_ref(py))
    }

    /// The node of a route that is about one node only: it is read and invalidated, and there is no
    /// fallback; None for any other route.
    #[getter]
    fn single(&self, py: Python<'_>) -> Option<Py<Node>> {
        self.single.as_ref().map(|node| node.clone_ref(py))
    }

    /// Whether a value that is found at `fallback` is copied to `read`.
    #[getter]
    fn fill(&self) -> bool {
        self.fill
    }

    /// The nodes at which the key must be removed when its value changes, in this order: each must
    /// acknowledge before the next is sent.
    #[getter]
    fn invalidate(&self, py: Python<'_>) -> Py<PyTuple> {
        self.invalidate.clone_ref(py)
    }

    /// The stage of the migration in this process' region: none, prepare, ramp or soak.
    #[getter]
    fn stage(&self, py: Python<'_>) -> Py<PyString> {
        self.stage.clone_ref(py)
    }

    /// Whether the key has moved; an open breaker may still send it elsewhere.
    #[getter]
    fn moved(&self) -> bool {
        self.moved
    }

    /// The generation of the spec that the route comes from.
    #[getter]
    fn generation(&self) -> u64 {
        self.generation
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        let target = |target: &Option<Py<Target>>| {
            target
                .as_ref()
                .map_or_else(|| "None".to_owned(), |target| target.get().describe(py))
        };
        format!(
            "<ringshift.Route read={} fallback={} fill={} invalidate={} stage={} moved={} generation={}>",
            target(&self.read),
            target(&self.fallback),
            if self.fill { "True" } else { "False" },
            describe(py, &self.invalidate),
            self.stage.bind(py),
            if self.moved { "True" } else { "False" },
            self.generation,
        )
    }
}
