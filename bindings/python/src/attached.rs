//! A value that only threads attached to the interpreter touch, one at a time: where the interpreter
//! has a lock of its own, that lock is enough, and reaching the value costs nothing.

use pyo3::Python;

#[cfg(not(Py_GIL_DISABLED))]
mod cell {
    use std::cell::UnsafeCell;

    /// See the module.
    #[derive(Default)]
    pub(crate) struct Attached<T>(UnsafeCell<T>);

    // SAFETY: the value is reached by `with` only, which one thread at a time can be in.
    unsafe impl<T: Send> Sync for Attached<T> {}

    impl<T> Attached<T> {
        /// Calls `body` with the value.
        ///
        /// # Safety
        ///
        /// `body` neither runs Python code nor lets go of the interpreter, and does not call `with` of
        /// the same value.
        #[inline]
        pub(crate) unsafe fn with<R>(
            &self,
            _py: super::Python<'_>,
            body: impl FnOnce(&mut T) -> R,
        ) -> R {
            // SAFETY: this thread has the interpreter's lock until `body` returns, as the caller
            // promises, so no other one is here, and neither is this one a second time.
            body(unsafe { &mut *self.0.get() })
        }
    }
}

#[cfg(Py_GIL_DISABLED)]
mod cell {
    use std::sync::{Mutex, PoisonError};

    /// See the module; without a lock of the interpreter's it needs one of its own.
    #[derive(Default)]
    pub(crate) struct Attached<T>(Mutex<T>);

    impl<T> Attached<T> {
        /// Calls `body` with the value.
        ///
        /// # Safety
        ///
        /// None is needed here; see the other one.
        #[inline]
        pub(crate) unsafe fn with<R>(
            &self,
            _py: super::Python<'_>,
            body: impl FnOnce(&mut T) -> R,
        ) -> R {
            body(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
        }
    }
}

pub(crate) use cell::Attached;
