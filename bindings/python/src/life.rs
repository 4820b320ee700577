//! The life of a router: whether it was closed, and the watcher that ends with it.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use ringshift::ErrorKind;

use crate::ending::{calling, let_go};
use crate::errors;
use crate::router::Router;

/// Begins open and without a watcher.
#[derive(Default)]
pub(crate) struct Life {
    closed: AtomicBool,
    /// The `ringshift.watch.Watcher`, if there is one.
    watcher: Mutex<Option<Py<PyAny>>>,
}

impl Life {
    /// Whether the router was closed.
    #[inline]
    pub(crate) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Relaxed)
    }

    /// A router that was closed answers nothing any more.
    #[inline]
    pub(crate) fn check_open(&self, py: Python<'_>) -> PyResult<()> {
        if self.is_closed() {
            return Err(closed(py));
        }
        Ok(())
    }

    /// Starts the watcher of the router whose life this is.
    pub(crate) fn watch(&self, router: &Bound<'_, Router>, seconds: f64) -> PyResult<()> {
        let watcher = calling(|| {
            router
                .py()
                .import("ringshift.watch")?
                .call_method1("start", (router, seconds))
        })?;
        *self.watcher.lock().unwrap_or_else(PoisonError::into_inner) = Some(watcher.unbind());
        Ok(())
    }

    /// From now on the router is closed.
    pub(crate) fn close(&self) {
        self.closed.store(true, Ordering::Relaxed);
    }

    /// Stops the watcher, if there still is one.
    pub(crate) fn stop_watcher(&self, py: Python<'_>) -> PyResult<()> {
        let watcher = self
            .watcher
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(watcher) = watcher {
            let stopped = calling(|| watcher.call_method0(py, "stop").map(drop));
            let_go(watcher);
            stopped?;
        }
        Ok(())
    }
}

impl Drop for Life {
    fn drop(&mut self) {
        let watcher = self
            .watcher
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        let_go(watcher.take());
    }
}

#[cold]
fn closed(py: Python<'_>) -> PyErr {
    errors::new(
        py,
        ErrorKind::Closed,
        "the router was closed; open another one",
    )
}
