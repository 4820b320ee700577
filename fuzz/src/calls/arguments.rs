//! Arguments as callers give them, right and wrong, and what holds for every answer.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use capi::error::{
    ringshift_error_column, ringshift_error_line, ringshift_error_message, ringshift_error_pointer,
    ringshift_error_status,
};
use capi::status::{RINGSHIFT_INTERNAL, RINGSHIFT_OK, ringshift_status};

use crate::input::Input;

/// A pointer to a value, or what a caller gets wrong about it.
pub(super) fn place<T>(value: &mut MaybeUninit<T>, input: &mut Input<'_>) -> *mut T {
    let right = value.as_mut_ptr();
    match input.byte() {
        0 => ptr::null_mut(),
        // Not where such a value can lie.
        1 if align_of::<T>() > 1 => right.wrapping_byte_add(1),
        _ => right,
    }
}

/// Bytes as pointer and length, or what a caller gets wrong about them.
pub(super) fn bytes(bytes: &[u8], input: &mut Input<'_>) -> (*const c_void, usize) {
    match input.byte() {
        0 => (ptr::null(), bytes.len()),
        1 => (
            bytes.as_ptr().cast(),
            usize::MAX - usize::from(input.byte()),
        ),
        2 => (ptr::null(), usize::MAX),
        3 => (ptr::null(), 0),
        _ => (bytes.as_ptr().cast(), bytes.len()),
    }
}

pub(super) fn path(input: &mut Input<'_>) -> *const c_char {
    match input.below(6) {
        0 => ptr::null(),
        1 => c"".as_ptr(),
        2 => c"/".as_ptr(),
        3 => c"/dev/null".as_ptr(),
        4 => c"/proc/\xff/spec".as_ptr(),
        _ => c"/proc/no such file".as_ptr(),
    }
}

/// A status as a call must give it: a known one, and the thread's last error where it is one.
pub(super) fn well(status: ringshift_status) -> bool {
    assert!(status <= RINGSHIFT_INTERNAL);
    assert_ne!(status, RINGSHIFT_INTERNAL, "a panic was caught: {}", last());
    if status != RINGSHIFT_OK {
        assert_eq!(ringshift_error_status(), status);
        assert!(!last().is_empty());
        // SAFETY: NULL or a string of the library.
        unsafe { told(ringshift_error_pointer()) };
        assert_eq!(ringshift_error_line() == 0, ringshift_error_column() == 0);
    }
    status == RINGSHIFT_OK
}

fn last() -> String {
    // SAFETY: never NULL.
    unsafe { told(ringshift_error_message()) }.unwrap_or_default()
}

/// A string that the library gave out.
///
/// # Safety
///
/// It is one, or NULL.
pub(super) unsafe fn told(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(text) };
    Some(
        text.to_str()
            .unwrap_or_else(|_| panic!("not UTF-8: {text:?}"))
            .to_owned(),
    )
}
