//! Arguments of a router's methods that need a look.

use std::path::PathBuf;

use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use ringshift::ErrorKind;

use crate::cache::NodeTable;
use crate::ending::calling;
use crate::errors;
use crate::keys::Key;
use crate::node::Node;
use crate::target::Target;

/// A path as Python has it: text, bytes or an object that knows its path.
pub(crate) fn file(path: &Bound<'_, PyAny>) -> PyResult<PathBuf> {
    calling(|| path.extract())
}

/// A time between refreshes is a positive number of seconds.
pub(crate) fn check_watch(py: Python<'_>, watch: Option<f64>) -> PyResult<()> {
    match watch {
        Some(seconds) if !(seconds > 0.0 && seconds.is_finite()) => Err(errors::new(
            py,
            ErrorKind::InvalidArgument,
            format!("watch: {seconds} is not a time between refreshes; use seconds above 0"),
        )),
        _ => Ok(()),
    }
}

/// A spec as text, given as `str` or as bytes.
pub(crate) fn spec_text(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    if object.is_instance_of::<PyString>() {
        // A lone surrogate is kept as the bytes that make it bad UTF-8, so that the error names
        // its place.
        let bytes = object.call_method1("encode", ("utf-8", "surrogatepass"))?;
        return Ok(bytes.cast_into::<PyBytes>()?.as_bytes().to_vec());
    }
    Ok(Key::from(object)?.bytes().to_vec())
}

/// The node that a report is about, itself or as the first of a target; it is one of the router's own.
#[inline]
pub(crate) fn reported<'a>(about: &'a Bound<'_, PyAny>, own: &NodeTable) -> PyResult<&'a Node> {
    let node = if let Ok(node) = about.cast::<Node>() {
        node.get()
    } else if let Ok(target) = about.cast::<Target>() {
        target.get().first.get()
    } else {
        return Err(PyTypeError::new_err("report takes a Node or a Target"));
    };
    if !own.owns(node) {
        return Err(errors::new(
            about.py(),
            ErrorKind::InvalidArgument,
            "the node was handed out by another router; report to that one",
        ));
    }
    Ok(node)
}
