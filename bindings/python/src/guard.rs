//! What must not happen to the host: a panic that gets through, and a fork while a lock is held.
//!
//! A lock of the core is held without the interpreter's lock only inside [`detached`]. A fork at
//! such a moment would give the child a lock that nobody ever releases. So the fork hooks, which
//! `ringshift.watch` registers, wait until no thread is in there and let none in until the fork is
//! over. All counters change only while the thread is attached to the interpreter, as it is in the
//! hooks; they are atomics, because a lock here would have the same trouble.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use pyo3::prelude::*;
use ringshift::ErrorKind;

use crate::errors;

/// Threads that are inside [`detached`].
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// Forks that are about to happen.
static FORKS: AtomicUsize = AtomicUsize::new(0);

/// How long to sleep before looking again; a refresh takes about as long.
const PAUSE: Duration = Duration::from_micros(200);

/// Runs `body`; a panic in it becomes an `InternalError`.
#[inline]
pub(crate) fn guarded<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // Nothing that `body` can reach is left half-changed: the core publishes whole snapshots.
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(internal(py, payload.as_ref())))
}

/// Runs `body` without the interpreter's lock, and never across a fork.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    body: impl FnOnce() -> Result<T, ringshift::Error> + Send,
) -> PyResult<T> {
    while FORKS.load(Ordering::SeqCst) > 0 {
        py.detach(|| std::thread::sleep(PAUSE));
    }
    INSIDE.fetch_add(1, Ordering::SeqCst);
    let result = catch_unwind(AssertUnwindSafe(|| py.detach(body)));
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    match result {
        Ok(result) => result.map_err(|error| errors::raised(py, &error)),
        Err(payload) => Err(internal(py, payload.as_ref())),
    }
}

#[cold]
fn internal(py: Python<'_>, payload: &(dyn Any + Send)) -> PyErr {
    let what = payload
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| payload.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no message");
    errors::new(
        py,
        ErrorKind::Internal,
        format!("a fault inside ringshift: {what}; please report it"),
    )
}

/// For `os.register_at_fork(before=...)`.
#[pyfunction]
#[pyo3(name = "_before_fork")]
pub(crate) fn before_fork(py: Python<'_>) {
    FORKS.fetch_add(1, Ordering::SeqCst);
    while INSIDE.load(Ordering::SeqCst) > 0 {
        py.detach(|| std::thread::sleep(PAUSE));
    }
}

/// For `os.register_at_fork(after_in_parent=...)`.
#[pyfunction]
#[pyo3(name = "_after_fork_in_parent")]
pub(crate) fn after_fork_in_parent() {
    FORKS.fetch_sub(1, Ordering::SeqCst);
}

/// For `os.register_at_fork(after_in_child=...)`: the child has one thread, which is here.
#[pyfunction]
#[pyo3(name = "_after_fork_in_child")]
pub(crate) fn after_fork_in_child() {
    FORKS.store(0, Ordering::SeqCst);
    INSIDE.store(0, Ordering::SeqCst);
}

/// Panics inside the guards, so that a test can see what becomes of it.
#[pyfunction]
#[pyo3(name = "_panic")]
pub(crate) fn panic(py: Python<'_>, detach: bool) -> PyResult<()> {
    if detach {
        detached(py, || panic!("on purpose, detached"))
    } else {
        guarded(py, || panic!("on purpose"))
    }
}
