//! The end of the interpreter, before which no thread may be in Python code that was called from here.
//!
//! Until Python 3.14, a thread that wants the interpreter's lock while the interpreter is taken apart is
//! ended where it is, by an unwinding that must not go through Rust: it would abort the process. Rust that lets
//! go of the lock and takes it back is safe (pyo3 lets such a thread sleep), and so is Rust that only makes
//! objects. What is left is Rust that calls Python code, which lets go of the lock whenever it likes. It goes
//! through [`calling`]; the hook that `ringshift.watch` registers for the interpreter's end waits until no other
//! thread is in there, and lets none in afterwards.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

/// Threads that are inside [`calling`].
static CALLING: AtomicUsize = AtomicUsize::new(0);
/// Whether the interpreter ends.
static ENDING: AtomicBool = AtomicBool::new(false);

thread_local! {
    /// Whether this thread is the one that ends the interpreter; it may go on calling.
    static ENDS: Cell<bool> = const { Cell::new(false) };
}

/// How long to sleep before looking again.
const PAUSE: Duration = Duration::from_micros(200);

/// Runs `body`, which calls Python code.
pub(crate) fn calling<T>(body: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    let _inside = Inside::new();
    if over() {
        return Err(PyRuntimeError::new_err(
            "the interpreter ends, and this thread is not the one that ends it; stop and join threads before",
        ));
    }
    body()
}

/// Lets go of an object. That may run Python code, and at the end is left undone.
pub(crate) fn let_go<T>(object: T) {
    let _inside = Inside::new();
    if over() {
        std::mem::forget(object);
    }
}

/// Whether this thread may call no more.
fn over() -> bool {
    ENDING.load(Ordering::SeqCst) && !ENDS.get()
}

/// One of the threads inside, until it is dropped.
struct Inside;

impl Inside {
    fn new() -> Self {
        CALLING.fetch_add(1, Ordering::SeqCst);
        Self
    }
}

impl Drop for Inside {
    fn drop(&mut self) {
        // A fork inside has left nobody to count.
        let less = |count: usize| count.checked_sub(1);
        let _ = CALLING.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less);
    }
}

/// A forked child has none of its parent's other threads.
pub(crate) fn forget_others() {
    CALLING.store(0, Ordering::SeqCst);
}

/// For `atexit`. Waits at most so many seconds.
#[pyfunction]
#[pyo3(name = "_at_exit")]
pub(crate) fn at_exit(py: Python<'_>, seconds: f64) {
    ENDS.set(true);
    ENDING.store(true, Ordering::SeqCst);
    let begin = Instant::now();
    while CALLING.load(Ordering::SeqCst) > 0 && begin.elapsed().as_secs_f64() < seconds {
        py.detach(|| std::thread::sleep(PAUSE));
    }
}
