//! The guard around the body of every exported function: no panic reaches the caller.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;

use ringshift_core::{Error, ErrorKind};

use crate::error;
use crate::status::ringshift_status;

/// What a function gives when its body failed and its type has no room for an error.
pub(crate) trait Fallback {
    /// That value.
    fn fallback() -> Self;
}

impl Fallback for () {
    fn fallback() -> Self {}
}

impl Fallback for u32 {
    fn fallback() -> Self {
        0
    }
}

impl Fallback for u64 {
    fn fallback() -> Self {
        0
    }
}

impl Fallback for usize {
    fn fallback() -> Self {
        0
    }
}

impl<T> Fallback for *const T {
    fn fallback() -> Self {
        ptr::null()
    }
}

impl<T> Fallback for *mut T {
    fn fallback() -> Self {
        ptr::null_mut()
    }
}

/// Runs the body of a function that gives a status. An error is kept for the calling thread;
/// success touches nothing.
#[inline]
pub(crate) fn guard_status(body: impl FnOnce() -> Result<(), Error>) -> ringshift_status {
    match catch(body) {
        Ok(()) => crate::status::RINGSHIFT_OK,
        Err(error) => error::keep(&error),
    }
}

/// Runs the body of a function that gives a value. An error is kept for the calling thread, and
/// the value is then 0 or NULL.
#[inline]
pub(crate) fn guard<R: Fallback>(body: impl FnOnce() -> Result<R, Error>) -> R {
    match catch(body) {
        Ok(value) => value,
        Err(error) => {
            error::keep(&error);
            R::fallback()
        }
    }
}

#[inline]
fn catch<R>(body: impl FnOnce() -> Result<R, Error>) -> Result<R, Error> {
    // Whatever a body may leave half done is behind the core's own locks, which do not poison.
    catch_unwind(AssertUnwindSafe(body)).unwrap_or_else(|panic| Err(describe(&*panic)))
}

#[cold]
fn describe(panic: &(dyn Any + Send)) -> Error {
    let text = (panic.downcast_ref::<&str>().copied())
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("no description");
    Error::new(
        ErrorKind::Internal,
        format!("a fault inside ringshift, please report it: {text}"),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::status::{RINGSHIFT_INTERNAL, RINGSHIFT_OK};

    #[test]
    fn a_panic_becomes_a_status_with_its_text() {
        assert_eq!(guard_status(|| panic!("broken {}", 7)), RINGSHIFT_INTERNAL);
        assert!(error::tests::message().contains("broken 7"));
        assert_eq!(guard_status(|| panic!("plain")), RINGSHIFT_INTERNAL);
        assert!(error::tests::message().contains("plain"));
        assert_eq!(
            guard_status(|| std::panic::panic_any(7_u8)),
            RINGSHIFT_INTERNAL
        );
        assert_eq!(guard_status(|| Ok(())), RINGSHIFT_OK);
    }

    #[test]
    fn a_panic_becomes_zero_or_null() {
        assert_eq!(guard::<u64>(|| panic!("a")), 0);
        assert_eq!(guard::<u32>(|| panic!("a")), 0);
        assert!(guard::<*const u8>(|| panic!("a")).is_null());
        assert!(guard::<*mut u8>(|| panic!("a")).is_null());
        guard::<()>(|| panic!("a"));
        assert_eq!(guard(|| Ok(7_u64)), 7);
    }
}
