//! A key's bytes: the UTF-8 of a string, or the memory of a `Uint8Array`, without an allocation.
//!
//! Node-API's own UTF-8 conversion replaces a lone surrogate silently, so strings are read as
//! UTF-16 and converted here.

use std::mem::MaybeUninit;
use std::ptr;
use std::slice;

use napi::sys;

use crate::memory::TypedArray;

/// Why a value is no key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum KeyFault {
    /// Neither a string nor a `Uint8Array`.
    Type,
    /// A string with a lone surrogate has no UTF-8 form.
    Surrogate,
    /// A `Uint8Array` whose memory was transferred away.
    Detached,
    /// A `Uint8Array` whose memory other threads may change.
    SharedMemory,
}

/// Longer strings are read through the heap. Servers refuse keys over 250 bytes.
const UNITS: usize = 512;

/// Calls `take` with the bytes of a key.
///
/// # Safety
///
/// `env` and `value` must be those of a call from JavaScript that is going on, and `take` must not
/// call back into JavaScript.
#[inline]
pub(crate) unsafe fn with_key<R>(
    env: sys::napi_env,
    value: sys::napi_value,
    take: impl FnOnce(&[u8]) -> R,
) -> Result<R, KeyFault> {
    let mut units = [const { MaybeUninit::<u16>::uninit() }; UNITS];
    let mut length = 0;
    // SAFETY: the buffer holds UNITS units; Node-API writes at most that many, a zero included.
    let status = unsafe {
        sys::napi_get_value_string_utf16(
            env,
            value,
            units.as_mut_ptr().cast(),
            UNITS,
            &raw mut length,
        )
    };
    if status != sys::Status::napi_ok {
        // SAFETY: passed on from the caller.
        return unsafe { with_bytes(env, value, take) };
    }
    if length + 1 >= UNITS {
        // SAFETY: passed on from the caller.
        return unsafe { with_long_string(env, value, take) };
    }
    // SAFETY: Node-API has written `length` units.
    let units = unsafe { slice::from_raw_parts(units.as_ptr().cast::<u16>(), length) };
    let mut bytes = [const { MaybeUninit::<u8>::uninit() }; UNITS];
    let mut all = 0;
    for (byte, unit) in bytes.iter_mut().zip(units) {
        all |= unit;
        byte.write(unit.to_le_bytes()[0]);
    }
    if all < 0x80 {
        // SAFETY: the loop has written `length` bytes.
        Ok(take(unsafe {
            slice::from_raw_parts(bytes.as_ptr().cast(), length)
        }))
    } else {
        with_units(units, take)
    }
}

/// Converts what is not ASCII.
#[cold]
fn with_units<R>(units: &[u16], take: impl FnOnce(&[u8]) -> R) -> Result<R, KeyFault> {
    match String::from_utf16(units) {
        Ok(text) => Ok(take(text.as_bytes())),
        Err(_) => Err(KeyFault::Surrogate),
    }
}

/// Reads a string that doesn't fit on the stack.
///
/// # Safety
///
/// As [`with_key`].
#[cold]
unsafe fn with_long_string<R>(
    env: sys::napi_env,
    value: sys::napi_value,
    take: impl FnOnce(&[u8]) -> R,
) -> Result<R, KeyFault> {
    let mut length = 0;
    // SAFETY: without a buffer, Node-API only gives the length.
    let status = unsafe {
        sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &raw mut length)
    };
    if status != sys::Status::napi_ok {
        return Err(KeyFault::Type);
    }
    let mut units = vec![0u16; length + 1];
    // SAFETY: the buffer holds the string and the zero behind it.
    let status = unsafe {
        sys::napi_get_value_string_utf16(
            env,
            value,
            units.as_mut_ptr(),
            length + 1,
            &raw mut length,
        )
    };
    if status != sys::Status::napi_ok {
        return Err(KeyFault::Type);
    }
    with_units(&units[..length], take)
}

/// Reads a `Uint8Array` in place; a Buffer is one.
///
/// # Safety
///
/// As [`with_key`].
unsafe fn with_bytes<R>(
    env: sys::napi_env,
    value: sys::napi_value,
    take: impl FnOnce(&[u8]) -> R,
) -> Result<R, KeyFault> {
    // SAFETY: passed on from the caller.
    let array = unsafe { TypedArray::new(env, value) };
    let Some(array) = array.filter(|array| array.kind == sys::TypedarrayType::uint8_array) else {
        return Err(KeyFault::Type);
    };
    if array.is_shared() {
        return Err(KeyFault::SharedMemory);
    }
    if array.length == 0 {
        return if array.is_detached() {
            Err(KeyFault::Detached)
        } else {
            // Its pointer may be null, which a slice's must not be.
            Ok(take(&[]))
        };
    }
    // SAFETY: this thread's JavaScript waits for this call, and no other thread reaches memory
    // that is not shared, so nobody changes the bytes meanwhile.
    Ok(take(unsafe {
        slice::from_raw_parts(array.start.cast::<u8>(), array.length)
    }))
}
