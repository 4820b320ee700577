//! The core's errors as Python exceptions. The classes are defined in `ringshift/errors.py`; one
//! class for each kind, found by the kind's name.

use pyo3::exceptions::{PyException, PyOSError};
use pyo3::intern;
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
///
/// Does what the class' own `__init__` does, without calling it: that is Python code, which a thread must not be
/// in when the interpreter ends (`ending`).
pub(crate) fn exception<'py>(py: Python<'py>, error: &Error) -> PyResult<Bound<'py, PyAny>> {
    let class = class(py, error.kind())?;
    let base = match error.kind() {
        ErrorKind::Io => py.get_type::<PyOSError>(),
        _ => py.get_type::<PyException>(),
    };
    let message = error.to_string();
    let exception = base.call_method1(intern!(py, "__new__"), (&class, &message))?;
    base.call_method1(intern!(py, "__init__"), (&exception, &message))?;
    exception.setattr(intern!(py, "pointer"), error.pointer())?;
    exception.setattr(intern!(py, "line"), error.line())?;
    exception.setattr(intern!(py, "column"), error.column())?;
    Ok(exception)
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
