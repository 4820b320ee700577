//! A key's bytes: the UTF-8 of a string, or the memory of a `Uint8Array`, without an allocation.
//!
//! Node-API's own UTF-8 conversion replaces a lone surrogate silently, so strings are read as
//! UTF-16 and converted here.

use std::mem::MaybeUninit;
use std::ptr;
use std::slice;

use napi::sys;

use crate::memory::memory_of;

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
    /// Memory that does not begin where a number may; that of bytes always does.
    Unaligned,
}

/// Longer strings are read through the heap. Servers refuse keys over 250 bytes.
const UNITS: usize = 512;

/// Units that are narrowed at once: as many as V8 has written at once.
const CHUNK: usize = 16;

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
    if narrow(units, &mut bytes) {
        // SAFETY: `length` bytes were written.
        Ok(take(unsafe {
            slice::from_raw_parts(bytes.as_ptr().cast(), length)
        }))
    } else {
        with_units(units, take)
    }
}

/// Writes the low half of every unit; whether that was all of it, as it is in ASCII.
#[inline]
fn narrow(units: &[u16], bytes: &mut [MaybeUninit<u8>; UNITS]) -> bool {
    let (chunks, rest) = units.as_chunks::<CHUNK>();
    let (byte_chunks, _) = bytes.as_chunks_mut::<CHUNK>();
    let mut high = [0; CHUNK];
    for (bytes, units) in byte_chunks.iter_mut().zip(chunks) {
        for ((byte, unit), high) in bytes.iter_mut().zip(units).zip(&mut high) {
            *high |= unit & !0x7f;
            byte.write(unit.to_le_bytes()[0]);
        }
    }
    let mut rest_high = 0;
    for (byte, unit) in bytes[chunks.len() * CHUNK..].iter_mut().zip(rest) {
        // V8 has written these one by one, a moment ago: to read several at once, as the compiler
        // would, has to wait until all those writes are through.
        // SAFETY: a reference can be read.
        let unit = unsafe { ptr::read_volatile(unit) };
        rest_high |= unit & !0x7f;
        byte.write(unit.to_le_bytes()[0]);
    }
    rest_high == 0 && high == [0; CHUNK]
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
    let memory = unsafe { memory_of::<u8>(env, value) }?;
    // SAFETY: this thread's JavaScript waits for this call, and no other thread reaches memory
    // that is not shared, so nobody changes the bytes meanwhile.
    Ok(take(unsafe { memory.slice() }))
}
