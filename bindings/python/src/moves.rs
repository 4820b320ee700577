//! What would move between two specs, as data.

use pyo3::prelude::*;
use ringshift::ErrorKind;

use crate::arguments::spec_text;
use crate::ending::calling;
use crate::errors;
use crate::guard::{detached, guarded};

/// What would move if one spec followed another: the share of the keys from each node to each
/// other.
#[pyfunction]
pub(crate) fn moves<'py>(
    py: Python<'py>,
    before: &Bound<'py, PyAny>,
    after: &Bound<'py, PyAny>,
) -> PyResult<Bound<'py, PyAny>> {
    let (before, after) = (spec_text(before)?, spec_text(after)?);
    let moves = detached(py, || ringshift::moves(&before, &after))?;
    let text = guarded(py, || {
        serde_json::to_string(&moves)
            .map_err(|error| errors::new(py, ErrorKind::Internal, format!("moves: {error}")))
    })?;
    calling(|| py.import("json")?.call_method1("loads", (text,)))
}
