//! The Python module `ringshift._ringshift`: objects, errors and keys of the core for Python.
//!
//! Nothing is decided here. One type, one file:
//!
//! - `router`, `route`, `target`, `node`: the classes
//! - `arguments`: what else is passed to a router
//! - `keys`: what Python passes as a key, as bytes
//! - `attached`: what the interpreter's own lock is enough for
//! - `cache`: routes and nodes that exist already, so that the hot path makes no object
//! - `current`: the routes of the snapshot that a router used last
//! - `data`: what the core gives as JSON, as Python's own objects
//! - `ending`: the end of the interpreter
//! - `errors`: the core's kinds of error as the classes of `ringshift.errors`
//! - `indices`: many keys into numbers
//! - `life`: whether a router was closed, and its watcher
//! - `moves`: what would move between two specs
//! - `guard`: panics and forks

#![cfg_attr(not(test), warn(clippy::unwrap_used, clippy::expect_used))]

mod arguments;
mod attached;
mod cache;
mod current;
mod data;
mod ending;
mod errors;
mod guard;
mod indices;
mod keys;
mod life;
mod moves;
mod node;
mod route;
mod router;
mod target;

use pyo3::prelude::*;

/// The core of ringshift as a Python module; `ringshift` is the package to import.
///
/// It needs no lock of the interpreter's: `attached` has one of its own where the interpreter has none.
#[pymodule(gil_used = false)]
mod _ringshift {
    use pyo3::exceptions::PyImportError;
    use pyo3::prelude::*;
    use pyo3::types::PyList;

    #[pymodule_export]
    use crate::ending::at_exit;
    #[pymodule_export]
    use crate::errors::error_kinds;
    #[pymodule_export]
    use crate::guard::{after_fork_in_child, after_fork_in_parent, before_fork, panic};
    #[pymodule_export]
    use crate::moves::moves;
    #[pymodule_export]
    use crate::node::Node;
    #[pymodule_export]
    use crate::route::Route;
    #[pymodule_export]
    use crate::router::Router;
    #[pymodule_export]
    use crate::target::Target;

    /// The number of the main interpreter.
    const MAIN: i64 = 0;

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // The classes are made once, and would outlive an interpreter that made them and has ended.
        // SAFETY: this thread is attached to an interpreter, whose state this is.
        let interpreter =
            unsafe { pyo3::ffi::PyInterpreterState_GetID(pyo3::ffi::PyInterpreterState_Get()) };
        if interpreter != MAIN {
            return Err(PyImportError::new_err(
                "ringshift._ringshift does not support loading in subinterpreters",
            ));
        }
        // Here and not when it is first needed: a fork in the middle of another thread's import would
        // leave the child waiting for ever.
        for name in ["array", "json"] {
            module.py().import(name)?;
        }
        module.add("__version__", env!("CARGO_PKG_VERSION"))?;
        module.add("NO_NODE", ringshift::NO_NODE)?;
        let public = [
            "NO_NODE",
            "Node",
            "Route",
            "Router",
            "Target",
            "error_kinds",
            "moves",
        ];
        module.setattr("__all__", PyList::new(module.py(), public)?)
    }
}
