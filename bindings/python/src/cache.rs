//! Objects that exist already: one `Node` for each node of the core for as long as the router
//! lives, and the `Route` objects of the snapshot in force by their code.
//!
//! The locks here are held for a few instructions, with the thread attached to the interpreter and
//! without calling into Python; so no thread that holds one can be interrupted, also not by a fork.
//! Nor is an object freed under one. Where the interpreter has no lock of its own, that can wait until all
//! threads have stopped, which one that waits for a lock of ours never does.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList, PyTuple};
use ringshift::{RouteCode, Snapshot};

use crate::node::Node;
use crate::route::Route;

/// With more routes than this the cache starts afresh: memory stays bounded, whatever the spec.
const MOST_ROUTES: usize = 65_536;

/// The `Node` objects of one router by the index of their node.
#[derive(Default)]
pub(crate) struct NodeTable {
    nodes: Mutex<Vec<Option<Py<Node>>>>,
    owner: Arc<()>,
}

impl NodeTable {
    /// The object of a node, made when it is first asked for.
    pub(crate) fn node(&self, py: Python<'_>, core: &Arc<ringshift::Node>) -> PyResult<Py<Node>> {
        let index = core.index() as usize;
        if let Some(Some(node)) = lock(&self.nodes).get(index) {
            return Ok(node.clone_ref(py));
        }
        let made = Py::new(py, Node::new(py, core, &self.owner))?;
        let mut nodes = lock(&self.nodes);
        if nodes.len() <= index {
            nodes.resize_with(index + 1, || None);
        }
        // Another thread may have been faster; then its object is the one.
        let node = nodes[index]
            .get_or_insert_with(|| made.clone_ref(py))
            .clone_ref(py);
        drop(nodes);
        drop(made);
        Ok(node)
    }

    /// The objects of some nodes, as a tuple.
    pub(crate) fn nodes<'a>(
        &self,
        py: Python<'_>,
        nodes: impl Iterator<Item = &'a Arc<ringshift::Node>>,
    ) -> PyResult<Py<PyTuple>> {
        let nodes = nodes
            .map(|node| self.node(py, node))
            .collect::<PyResult<Vec<_>>>()?;
        Ok(PyTuple::new(py, nodes)?.unbind())
    }

    /// Positions of keys by the object of their node, as a dict.
    pub(crate) fn groups<'py>(
        &self,
        py: Python<'py>,
        groups: Vec<(Option<&Arc<ringshift::Node>>, Vec<usize>)>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let made = PyDict::new(py);
        for (node, positions) in groups {
            let node = node.map(|node| self.node(py, node)).transpose()?;
            made.set_item(node, positions)?;
        }
        Ok(made)
    }

    /// Whether a node was handed out by this router.
    pub(crate) fn owns(&self, node: &Node) -> bool {
        Arc::ptr_eq(&self.owner, &node.owner)
    }
}

/// A snapshot and the `Route` objects of its codes: those of codes that are small numbers side by side,
/// which are found without a lock, and the rest.
pub(crate) struct Routes {
    snapshot: Arc<Snapshot>,
    dense: Box<[OnceLock<Py<Route>>]>,
    sparse: Mutex<HashMap<u64, Py<Route>, BuildHasherDefault<CodeHasher>>>,
}

impl Routes {
    pub(crate) fn of(snapshot: Arc<Snapshot>) -> Self {
        let dense = Some(snapshot.dense_codes()).filter(|&codes| codes <= MOST_ROUTES);
        Self {
            dense: (0..dense.unwrap_or(0)).map(|_| OnceLock::new()).collect(),
            sparse: Mutex::default(),
            snapshot,
        }
    }

    #[inline]
    pub(crate) fn snapshot(&self) -> &Snapshot {
        &self.snapshot
    }

    /// The object of a code's route, if it exists already. Runs no Python code.
    #[inline]
    pub(crate) fn known(&self, py: Python<'_>, code: RouteCode) -> Option<Py<Route>> {
        match self.dense.get(place(code)) {
            Some(route) => route.get().map(|route| route.clone_ref(py)),
            None => self.known_sparse(py, code),
        }
    }

    #[inline(never)]
    fn known_sparse(&self, py: Python<'_>, code: RouteCode) -> Option<Py<Route>> {
        let routes = lock(&self.sparse);
        routes.get(&code.number()).map(|route| route.clone_ref(py))
    }

    /// The object of a code's route, made if there is none.
    pub(crate) fn route(
        &self,
        py: Python<'_>,
        code: RouteCode,
        table: &NodeTable,
    ) -> PyResult<Py<Route>> {
        if let Some(route) = self.known(py, code) {
            return Ok(route);
        }
        let made = Py::new(py, Route::new(py, &self.snapshot.expand(code), table)?)?;
        // Another thread may have been faster; then its object is the one.
        if let Some(dense) = self.dense.get(place(code)) {
            return Ok(dense.get_or_init(|| made).clone_ref(py));
        }
        let mut sparse = lock(&self.sparse);
        let old = (sparse.len() >= MOST_ROUTES).then(|| std::mem::take(&mut *sparse));
        let route = sparse
            .entry(code.number())
            .or_insert_with(|| made.clone_ref(py))
            .clone_ref(py);
        // Freeing takes a while; not under the lock.
        drop(sparse);
        drop((old, made));
        Ok(route)
    }

    /// The objects of many keys' routes, as a list.
    pub(crate) fn many<'py, 'k>(
        &self,
        py: Python<'py>,
        keys: impl Iterator<Item = &'k [u8]>,
        table: &NodeTable,
    ) -> PyResult<Bound<'py, PyList>> {
        let codes = self.snapshot.route_many(keys);
        let made = codes
            .into_iter()
            .map(|code| self.route(py, code, table))
            .collect::<PyResult<Vec<_>>>()?;
        PyList::new(py, made)
    }
}

/// Where a code stands if it is a small number.
#[inline]
fn place(code: RouteCode) -> usize {
    usize::try_from(code.number()).unwrap_or(usize::MAX)
}

/// Nothing that runs under the locks of this file can panic half-way, so a poisoned lock is sound.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Spreads the bits of a code, which is no secret and chosen by nobody: a multiplication is enough.
#[derive(Default)]
struct CodeHasher(u64);

impl Hasher for CodeHasher {
    #[inline]
    fn write_u64(&mut self, code: u64) {
        let product = code.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        self.0 = product ^ product >> 32;
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(self.0 ^ u64::from(byte));
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}
