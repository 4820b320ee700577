//! Keys as Python passes them: `str` is its UTF-8 bytes, any C-contiguous buffer is its bytes.

use pyo3::buffer::PyUntypedBuffer;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyBytesMethods, PyList, PyString, PyTuple};
use ringshift::ErrorKind;

use crate::ending::calling;
use crate::errors;

/// The bytes of a key, borrowed where that is possible.
pub(crate) enum Key<'k> {
    Borrowed(&'k [u8]),
    Copied(Vec<u8>),
}

impl<'k> Key<'k> {
    /// Borrows from `str` and `bytes`, which never change; copies from other buffers, which may.
    #[inline]
    pub(crate) fn from(object: &'k Bound<'_, PyAny>) -> PyResult<Self> {
        if let Ok(text) = object.cast::<PyString>() {
            match text.to_str() {
                Ok(text) => Ok(Self::Borrowed(text.as_bytes())),
                Err(_) => Err(lone_surrogate(object.py())),
            }
        } else if let Ok(bytes) = object.cast::<PyBytes>() {
            Ok(Self::Borrowed(bytes.as_bytes()))
        } else {
            copied(object).map(Self::Copied)
        }
    }

    /// The bytes of what nearly every key is, `str` that has UTF-8 and `bytes`; nothing for the rest, be it
    /// right or wrong.
    #[inline]
    pub(crate) fn usual(object: &'k Bound<'_, PyAny>) -> Option<&'k [u8]> {
        if let Ok(text) = object.cast::<PyString>() {
            text.to_str().ok().map(str::as_bytes)
        } else {
            object.cast::<PyBytes>().ok().map(PyBytesMethods::as_bytes)
        }
    }

    #[inline]
    pub(crate) fn bytes(&self) -> &[u8] {
        match self {
            Self::Borrowed(bytes) => bytes,
            Self::Copied(bytes) => bytes,
        }
    }
}

/// Many keys, kept alive while their bytes are borrowed.
pub(crate) struct Keys<'py>(Vec<Bound<'py, PyAny>>);

impl<'py> Keys<'py> {
    /// Takes what an iterable gives. A single key is an iterable too, but never meant.
    pub(crate) fn from(objects: &Bound<'py, PyAny>) -> PyResult<Self> {
        if let Ok(list) = objects.cast::<PyList>() {
            return Ok(Self(list.iter().collect()));
        }
        if let Ok(tuple) = objects.cast::<PyTuple>() {
            return Ok(Self(tuple.iter().collect()));
        }
        if objects.is_instance_of::<PyString>() || PyUntypedBuffer::get(objects).is_ok() {
            return Err(PyTypeError::new_err(format!(
                "{} is one key; pass a list of keys",
                type_name(objects)
            )));
        }
        calling(|| Ok(Self(objects.try_iter()?.collect::<PyResult<_>>()?)))
    }

    /// The keys as a list.
    pub(crate) fn into_list(self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, self.0)
    }

    /// The bytes of all keys; the first key that has none is an error.
    pub(crate) fn bytes(&self) -> PyResult<Vec<Key<'_>>> {
        self.0.iter().map(Key::from).collect()
    }
}

#[cold]
fn lone_surrogate(py: Python<'_>) -> PyErr {
    errors::new(
        py,
        ErrorKind::InvalidKey,
        "the key has a lone surrogate, so it has no UTF-8 bytes; pass valid text or bytes",
    )
}

fn copied(object: &Bound<'_, PyAny>) -> PyResult<Vec<u8>> {
    let py = object.py();
    let Ok(buffer) = PyUntypedBuffer::get(object) else {
        return Err(PyTypeError::new_err(format!(
            "a key is str or bytes, not {}",
            type_name(object)
        )));
    };
    if !buffer.is_c_contiguous() {
        return Err(errors::new(
            py,
            ErrorKind::InvalidKey,
            "the key's buffer is not C-contiguous; pass bytes(key)",
        ));
    }
    let length = buffer.len_bytes();
    if length == 0 {
        return Ok(Vec::new());
    }
    // SAFETY: the buffer is held, contiguous and `length` bytes long, and no Python code runs while
    // it is copied.
    let bytes = unsafe { std::slice::from_raw_parts(buffer.buf_ptr().cast::<u8>(), length) };
    Ok(bytes.to_vec())
}

fn type_name(object: &Bound<'_, PyAny>) -> String {
    object
        .get_type()
        .name()
        .map_or_else(|_| "this object".to_owned(), |name| name.to_string())
}
