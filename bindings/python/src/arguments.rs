//! Arguments of a router's methods that need a look.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyString};
use ringshift::ErrorKind;

use crate::errors;
use crate::keys::Key;

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
