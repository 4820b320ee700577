//! `Target`: where a key lives in one cluster.

use pyo3::prelude::*;
use pyo3::types::{PyString, PyTuple};

use crate::cache::NodeTable;
use crate::node::Node;

/// Where a key lives in one cluster: at least one node, in the order in which to read them. Nodes
/// whose breaker is open are left out.
#[pyclass(frozen, module = "ringshift")]
pub(crate) struct Target {
    pub(crate) first: Py<Node>,
    nodes: Py<PyTuple>,
}

impl Target {
    pub(crate) fn new(
        py: Python<'_>,
        target: &ringshift::Target<'_>,
        table: &NodeTable,
    ) -> PyResult<Self> {
        Ok(Self {
            first: table.node(py, target.node())?,
            nodes: table.nodes(py, target.nodes())?,
        })
    }
}

#[pymethods]
impl Target {
    /// The node to read first.
    #[getter]
    fn node(&self, py: Python<'_>) -> Py<Node> {
        self.first.clone_ref(py)
    }

    /// The nodes in the order in which to read them.
    #[getter]
    fn nodes(&self, py: Python<'_>) -> Py<PyTuple> {
        self.nodes.clone_ref(py)
    }

    /// The cluster's name.
    #[getter]
    fn cluster(&self, py: Python<'_>) -> Py<PyString> {
        self.first.get().cluster(py)
    }

    /// What the cluster puts before keys on the wire.
    #[getter]
    fn key_prefix(&self, py: Python<'_>) -> Py<PyString> {
        self.first.get().key_prefix(py)
    }

    fn __repr__(&self, py: Python<'_>) -> String {
        format!("<ringshift.Target {}>", self.describe(py))
    }
}

impl Target {
    /// The nodes as `cluster/id, cluster/id`.
    pub(crate) fn describe(&self, py: Python<'_>) -> String {
        describe(py, &self.nodes)
    }
}

/// Nodes of a tuple as `cluster/id, cluster/id`.
pub(crate) fn describe(py: Python<'_>, nodes: &Py<PyTuple>) -> String {
    let names: Vec<String> = nodes
        .bind(py)
        .iter()
        .filter_map(|node| {
            let node = node.cast_into::<Node>().ok()?;
            let core = &node.get().core;
            Some(format!("{}/{}", core.cluster(), core.id()))
        })
        .collect();
    names.join(", ")
}
