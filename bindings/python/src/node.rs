//! `Node`: a node of a cluster, with its strings made once.

use std::sync::Arc;

use pyo3::prelude::*;
use pyo3::types::PyString;

/// A node of a cluster: what a client needs to send a key there.
///
/// A router has one object for each node, for as long as it lives, so nodes can be compared with
/// `is` and used as keys of a dict. A node that is in two clusters is two of these.
#[pyclass(frozen, module = "ringshift")]
pub(crate) struct Node {
    pub(crate) core: Arc<ringshift::Node>,
    /// Tells the nodes of one router from those of another.
    pub(crate) owner: Arc<()>,
    id: Py<PyString>,
    address: Py<PyString>,
    zone: Option<Py<PyString>>,
    cluster: Py<PyString>,
    key_prefix: Py<PyString>,
}

impl Node {
    pub(crate) fn new(py: Python<'_>, core: &Arc<ringshift::Node>, owner: &Arc<()>) -> Self {
        let text = |text: &str| PyString::new(py, text).unbind();
        Self {
            core: Arc::clone(core),
            owner: Arc::clone(owner),
            id: text(core.id()),
            address: text(core.address()),
            zone: core.zone().map(text),
            cluster: text(core.cluster()),
            key_prefix: text(core.key_prefix()),
        }
    }
}

#[pymethods]
impl Node {
    /// A number that no other node of the same router has, ever.
    #[getter]
    fn index(&self) -> u32 {
        self.core.index()
    }

    /// The stable name that decides placement.
    #[getter]
    fn id(&self, py: Python<'_>) -> Py<PyString> {
        self.id.clone_ref(py)
    }

    /// Where to connect: `host:port`, `[v6]:port` or the path of a Unix socket.
    #[getter]
    fn address(&self, py: Python<'_>) -> Py<PyString> {
        self.address.clone_ref(py)
    }

    /// The failure domain, if the spec names one.
    #[getter]
    fn zone(&self, py: Python<'_>) -> Option<Py<PyString>> {
        self.zone.as_ref().map(|zone| zone.clone_ref(py))
    }

    /// The name of the cluster that this node is a node of.
    #[getter]
    pub(crate) fn cluster(&self, py: Python<'_>) -> Py<PyString> {
        self.cluster.clone_ref(py)
    }

    /// What to put before a key on the wire; "" if nothing.
    #[getter]
    pub(crate) fn key_prefix(&self, py: Python<'_>) -> Py<PyString> {
        self.key_prefix.clone_ref(py)
    }

    /// Share of the keys relative to the cluster's other nodes.
    #[getter]
    fn weight(&self) -> u32 {
        self.core.weight()
    }

    fn __repr__(&self) -> String {
        format!(
            "<ringshift.Node {}/{} at {}>",
            self.core.cluster(),
            self.core.id(),
            self.core.address()
        )
    }
}
