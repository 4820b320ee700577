//! The core's errors as Python exceptions. The classes are defined in `ringshift/errors.py`; one
//! class for each kind, found by the kind's name.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyTuple};
use ringshift::{Error, ErrorKind};

/// `ringshift.errors.KINDS`: the classes by the name of their kind.
static CLASSES: PyOnceLock<Py<PyDict>> = PyOnceLock::new();

/// The exception for an error of the core, ready to be raised.
pub(crate) fn raised(py: Python<'_>, error: &Error) -> PyErr {
    match exception(py, error) {
        Ok(exception) => PyErr::from_value(exception),
        // The classes cannot be had, for example while the interpreter shuts down.
        Err(other) => other,
    }
}

/// The exception for an error of the core, as an object.
pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let places = PyDict::new(py);
    places.set_item("pointer", error.pointer())?;
    places.set_item("line", error.line())?;
    places.set_item("column", error.column())?;
    class(py, error.kind())?.call((error.to_string(),), Some(&places))
}

/// An error that this crate found itself.
pub(crate) fn new(py: Python<'_>, kind: ErrorKind, message: impl Into<String>) -> PyErr {
    raised(py, &Error::new(kind, message))
}

fn class(py: Python<'_>, kind: ErrorKind) -> PyResult<Bound<'_, PyAny>> {
    let classes = CLASSES.get_or_try_init(py, || {
        let classes = py.import("ringshift.errors")?.getattr("KINDS")?;
        Ok::<_, PyErr>(classes.cast_into::<PyDict>()?.unbind())
    })?;
    classes.bind(py).as_any().get_item(kind.name())
}

/// All kinds of error of the core: their names, in the order of their numbers.
#[pyfunction]
pub(crate) fn error_kinds(py: Python<'_>) -> PyResult<Bound<'_, PyTuple>> {
    PyTuple::new(py, ErrorKind::ALL.map(ErrorKind::name))
}
