//! What must not happen to the host: a panic that gets through, and a fork while a lock is held.
//!
//! A lock of the core is held without the interpreter's lock only inside [`detached`]. A fork at
//! such a moment would give the child a lock that nobody ever releases. So the fork hooks, which
//! `ringshift.watch` registers, wait until no thread is in there and let none in until the fork is
//! over. The counters are atomics, because a lock here would have the same trouble. Where the
//! interpreter has no lock of its own, a fork waits itself for every thread that is attached.
//!
//! A file system that hangs must not keep the process from forking: the wait has an end. What a
//! thread was in the middle of then is never finished in the child, which is told so by [`Busy`]
//! in place of waiting for ever.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::prelude::*;
use ringshift::ErrorKind;

use crate::{ending, errors};

/// Threads that are inside [`detached`].
static INSIDE: AtomicUsize = AtomicUsize::new(0);
/// Forks that are about to happen.
static FORKS: AtomicUsize = AtomicUsize::new(0);
/// How many forks lie between this process and the one that loaded the module.
static LIFE: AtomicU32 = AtomicU32::new(0);

thread_local! {
    /// Whether this thread is between the first hook of a fork of its own and the last.
    static FORKING: Cell<bool> = const { Cell::new(false) };
}

/// How long to sleep before looking again; a refresh takes about as long.
const PAUSE: Duration = Duration::from_micros(200);

/// Runs `body`; a panic in it becomes an `InternalError`.
#[inline]
pub(crate) fn guarded<T>(py: Python<'_>, body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    // Nothing that `body` can reach is left half-changed: the core publishes whole snapshots.
    catch_unwind(AssertUnwindSafe(body))
        .unwrap_or_else(|payload| Err(internal(py, payload.as_ref())))
}

/// Runs `body` without the interpreter's lock, and never across a fork that could wait for it.
pub(crate) fn detached<T: Send>(
    py: Python<'_>,
    body: impl FnOnce() -> Result<T, ringshift::Error> + Send,
) -> PyResult<T> {
    enter(py);
    let result = catch_unwind(AssertUnwindSafe(|| py.detach(body)));
    INSIDE.fetch_sub(1, Ordering::SeqCst);
    match result {
        Ok(result) => result.map_err(|error| errors::raised(py, &error)),
        Err(payload) => Err(internal(py, payload.as_ref())),
    }
}

fn enter(py: Python<'_>) {
    loop {
        // Before the look: without an interpreter's lock a fork may begin between the two.
        INSIDE.fetch_add(1, Ordering::SeqCst);
        // Another hook of this thread's own fork may call; to wait for its end would be for ever.
        if FORKS.load(Ordering::SeqCst) == 0 || FORKING.get() {
            return;
        }
        INSIDE.fetch_sub(1, Ordering::SeqCst);
        py.detach(|| std::thread::sleep(PAUSE));
    }
}

/// Counts the threads that are inside [`detached`] with one router, in this process.
#[derive(Default)]
pub(crate) struct Busy(AtomicU64);

impl Busy {
    /// Runs `body` as [`detached`] does, unless a thread of a process before this one has left the
    /// router half-done.
    pub(crate) fn detached<T: Send>(
        &self,
        py: Python<'_>,
        body: impl FnOnce() -> Result<T, ringshift::Error> + Send,
    ) -> PyResult<T> {
        detached(py, || {
            self.enter()?;
            let result = catch_unwind(AssertUnwindSafe(body));
            self.0.fetch_sub(1, Ordering::SeqCst);
            result.unwrap_or_else(|payload| std::panic::resume_unwind(payload))
        })
    }

    fn enter(&self) -> Result<(), ringshift::Error> {
        let life = u64::from(LIFE.load(Ordering::SeqCst)) << 32;
        let count = |word: u64| {
            let (of, inside) = (word & !u64::from(u32::MAX), word & u64::from(u32::MAX));
            (of == life || inside == 0).then_some(life | (inside + 1))
        };
        let counted = self
            .0
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, count);
        counted.map(drop).map_err(|_| {
            ringshift::Error::new(
                ErrorKind::Internal,
                "a refresh was going on when this process was forked, and nobody can finish it \
                 here; open another router in this process",
            )
        })
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

/// For `os.register_at_fork(before=...)`. Waits at most so many seconds.
#[pyfunction]
#[pyo3(name = "_before_fork")]
pub(crate) fn before_fork(py: Python<'_>, seconds: f64) {
    FORKING.set(true);
    FORKS.fetch_add(1, Ordering::SeqCst);
    let begin = Instant::now();
    while INSIDE.load(Ordering::SeqCst) > 0 && begin.elapsed().as_secs_f64() < seconds {
        py.detach(|| std::thread::sleep(PAUSE));
    }
}

/// For `os.register_at_fork(after_in_parent=...)`.
#[pyfunction]
#[pyo3(name = "_after_fork_in_parent")]
pub(crate) fn after_fork_in_parent() {
    FORKS.fetch_sub(1, Ordering::SeqCst);
    FORKING.set(false);
}

/// For `os.register_at_fork(after_in_child=...)`: the child has one thread, which is here.
#[pyfunction]
#[pyo3(name = "_after_fork_in_child")]
pub(crate) fn after_fork_in_child() {
    LIFE.fetch_add(1, Ordering::SeqCst);
    INSIDE.store(0, Ordering::SeqCst);
    FORKS.store(0, Ordering::SeqCst);
    FORKING.set(false);
    ending::forget_others();
}

/// Panics inside the guards, so that a test can see what becomes of it.
#[pyfunction]
#[pyo3(name = "_panic")]
pub(crate) fn panic(py: Python<'_>, detach: bool) -> PyResult<()> {
    if detach {
        Busy::default().detached(py, || panic!("on purpose, detached"))
    } else {
        guarded(py, || panic!("on purpose"))
    }
}
