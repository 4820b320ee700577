//! `Router.index_many`: the keys of a list into numbers of a buffer, without an object for any of them.

use pyo3::buffer::PyBuffer;
use pyo3::exceptions::{PyTypeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList};
use ringshift::Snapshot;

use crate::keys::{Key, Keys};

/// The keys of an iterable as a list: itself, if it is one.
pub(crate) fn listed<'py>(keys: &Bound<'py, PyAny>) -> PyResult<Bound<'py, PyList>> {
    match keys.cast::<PyList>() {
        Ok(list) => Ok(list.clone()),
        Err(_) => Keys::from(keys)?.into_list(keys.py()),
    }
}

/// The caller's buffer, or a new array of as many indices.
pub(crate) fn room<'py>(
    py: Python<'py>,
    out: Option<Bound<'py, PyAny>>,
    count: usize,
) -> PyResult<Bound<'py, PyAny>> {
    if let Some(out) = out {
        return Ok(out);
    }
    let zeros = PyBytes::new_with(py, count * size_of::<u32>(), |_| Ok(()))?;
    py.import("array")?.call_method1("array", ("I", zeros))
}

/// Writes an index for each key into a buffer. The first key that is none is an error; what stands in
/// the buffer by then is not said.
pub(crate) fn fill(
    keys: &Bound<'_, PyList>,
    out: &Bound<'_, PyAny>,
    snapshot: &Snapshot,
) -> PyResult<()> {
    let py = keys.py();
    let count = keys.len();
    if count == 0 {
        // An empty buffer may have no address.
        return Ok(());
    }
    let buffer = PyBuffer::<u32>::get(out).map_err(|_| not_fitting())?;
    let room = buffer.as_slice_ptr().filter(|_| !buffer.readonly());
    let room = room.ok_or_else(not_fitting)?;
    if room.len() < count {
        return Err(PyValueError::new_err(format!(
            "out has room for {} indices; give it room for {count}, one for each key",
            room.len()
        )));
    }
    let first = room.cast::<u32>();
    for position in 0..count {
        let index = index_of(py, keys, position, snapshot)?;
        // SAFETY: `position` is below the buffer's length, and the buffer is held, so that its owner
        // can neither move nor shrink it.
        unsafe { first.add(position).write(index) };
    }
    Ok(())
}

fn not_fitting() -> PyErr {
    PyTypeError::new_err(
        "out is no writable, contiguous buffer of unsigned 4-byte integers; pass an \
         array.array(\"I\") or a numpy array of uint32",
    )
}

#[inline]
#[cfg(not(Py_GIL_DISABLED))]
fn index_of(
    py: Python<'_>,
    keys: &Bound<'_, PyList>,
    position: usize,
    snapshot: &Snapshot,
) -> PyResult<u32> {
    // SAFETY: a list, and a number that is in it or gives an error; it is smaller than the length of
    // a list.
    let key = unsafe { pyo3::ffi::PyList_GetItem(keys.as_ptr(), position.cast_signed()) };
    // SAFETY: the pointer is borrowed from the list or null. Nobody can take the key out of the list
    // before `usual` and `index` have returned: they run no Python code.
    match unsafe { pyo3::Borrowed::from_ptr_or_opt(py, key) } {
        Some(key) => match Key::usual(&key) {
            Some(key) => Ok(snapshot.index(key)),
            None => unusual_index(key.to_owned(), snapshot),
        },
        None => Err(PyErr::fetch(py)),
    }
}

#[cfg(Py_GIL_DISABLED)]
fn index_of(
    _py: Python<'_>,
    keys: &Bound<'_, PyList>,
    position: usize,
    snapshot: &Snapshot,
) -> PyResult<u32> {
    let key = keys.get_item(position)?;
    match Key::usual(&key) {
        Some(key) => Ok(snapshot.index(key)),
        None => unusual_index(key, snapshot),
    }
}

#[cold]
#[allow(clippy::needless_pass_by_value)] // it keeps the key alive
fn unusual_index(key: Bound<'_, PyAny>, snapshot: &Snapshot) -> PyResult<u32> {
    Key::from(&key).map(|key| snapshot.index(key.bytes()))
}
