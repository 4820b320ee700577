//! A method that takes a `str`, looks at its bytes as any method that takes a `&str` does, and returns nothing.

use pyo3::prelude::*;

/// Has one method.
#[pyclass(frozen)]
struct Floor;

#[pymethods]
impl Floor {
    #[new]
    fn new() -> Self {
        Self
    }

    /// Takes a key.
    fn method(&self, key: &str) {
        std::hint::black_box(key);
    }
}

#[pymodule]
mod ringshift_bench_floor {
    #[pymodule_export]
    use super::Floor;
}
