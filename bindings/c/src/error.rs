//! The last error of each thread, and the functions that read it.

use std::cell::RefCell;
use std::ffi::{CString, c_char};
use std::ptr;

use ringshift_core::Error;

use crate::panic::guard;
use crate::status::{self, RINGSHIFT_OK, ringshift_status};

/// An error, ready to be borrowed by C.
struct Last {
    status: ringshift_status,
    message: CString,
    pointer: Option<CString>,
    line: u32,
    column: u32,
}

thread_local! {
    static LAST: RefCell<Option<Last>> = const { RefCell::new(None) };
}

/// Keeps an error for the calling thread and gives its status.
#[cold]
pub(crate) fn keep(error: &Error) -> ringshift_status {
    let status = status::of(error.kind());
    let last = Last {
        status,
        message: c_string(&error.to_string()),
        pointer: error.pointer().map(c_string),
        line: error.line().unwrap_or(0),
        column: error.column().unwrap_or(0),
    };
    // A thread that is ending has nowhere to keep it, and the status says the kind.
    let _ = LAST.try_with(|kept| kept.replace(Some(last)));
    status
}

/// A text for C. A NUL, which only a path or a spec's own text can bring in, would end it early.
pub(crate) fn c_string(text: &str) -> CString {
    CString::new(text.replace('\0', "\u{fffd}")).unwrap_or_default()
}

/// What `read` finds in the last error, or `none` if there is no error.
fn last<R>(none: R, read: impl FnOnce(&Last) -> R) -> R {
    let found = LAST.try_with(|kept| kept.borrow().as_ref().map(read));
    found.ok().flatten().unwrap_or(none)
}

/// The status of the last call of this thread that failed; `RINGSHIFT_OK` if none did.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_error_status() -> ringshift_status {
    guard(|| Ok(last(RINGSHIFT_OK, |error| error.status)))
}

/// The whole text of the error of the last call of this thread that failed: the place, what is wrong, and what would
/// be right, such as `cache.json:9:70: /clusters/green/nodes/1/weight: 1001 is not a weight; use an integer from 0 to
/// 1000`. Never NULL; empty if no call failed. Calls that succeed leave it as it is.
///
/// Borrowed: valid until the next call of this thread that fails, or the thread's end. Copy it to keep it or to hand it
/// to another thread.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_error_message() -> *const c_char {
    guard(|| Ok(last(c"".as_ptr(), |error| error.message.as_ptr())))
}

/// The JSON pointer of the value in the spec that the last error of this thread is about, such as
/// `/clusters/green/nodes/1/weight` (empty: the whole spec); NULL if it is about none. Borrowed like
/// `ringshift_error_message`.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_error_pointer() -> *const c_char {
    guard(|| {
        let pointer = |pointer: &CString| pointer.as_ptr();
        Ok(last(ptr::null(), |error| {
            error.pointer.as_ref().map_or(ptr::null(), pointer)
        }))
    })
}

/// The line in the spec that the last error of this thread is about, counted from 1; 0 if it has no place.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_error_line() -> u32 {
    guard(|| Ok(last(0, |error| error.line)))
}

/// The column in that line, in bytes, counted from 1; 0 if the error has no place.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_error_column() -> u32 {
    guard(|| Ok(last(0, |error| error.column)))
}

#[cfg(test)]
pub(crate) mod tests {
    use std::ffi::CStr;

    use ringshift_core::{ErrorKind, Options, Router};

    use super::*;

    /// The message of this thread.
    pub(crate) fn message() -> String {
        // SAFETY: never NULL, and no call fails before it is copied.
        unsafe { CStr::from_ptr(ringshift_error_message()) }
            .to_str()
            .unwrap()
            .to_owned()
    }

    /// As if no call of this thread had failed.
    pub(crate) fn forget() {
        LAST.take();
    }

    #[test]
    fn an_error_is_kept_with_its_place_for_its_thread_only() {
        assert_eq!(ringshift_error_status(), RINGSHIFT_OK);
        assert_eq!(message(), "");
        assert!(ringshift_error_pointer().is_null());
        let error = Router::from_spec(b"{\n \"format\": 2}", Options::default()).unwrap_err();
        assert_eq!(keep(&error), error.kind().number());
        assert_eq!(message(), error.to_string());
        assert_eq!(Some(ringshift_error_line()), error.line());
        assert_eq!(Some(ringshift_error_column()), error.column());
        // SAFETY: the error has a place, and no call fails in between.
        let pointer = unsafe { CStr::from_ptr(ringshift_error_pointer()) };
        assert_eq!(pointer.to_str().ok(), error.pointer());
        std::thread::spawn(|| assert_eq!(message(), ""))
            .join()
            .unwrap();
    }

    #[test]
    fn a_nul_does_not_cut_a_message() {
        keep(&Error::new(ErrorKind::Io, "a\0b"));
        assert_eq!(message(), "a\u{fffd}b");
        assert_eq!((ringshift_error_line(), ringshift_error_column()), (0, 0));
        assert!(ringshift_error_pointer().is_null());
    }
}
