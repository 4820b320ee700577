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

/// Units that are narrowed at once: as V8 has written them, and as many bytes as a vector holds.
const CHUNK: usize = 16;

/// Calls `take` with the bytes of a key.
///
/// # Safety
///
/// `env` and `value` must be those of a call from JavaScript that is going on, and `take` must not
/// call back into JavaScript.
#[inline(always)]
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
    let is_short = status == sys::Status::napi_ok && length + 1 < UNITS;
    // SAFETY: Node-API has written `length` units.
    let short = unsafe {
        slice::from_raw_parts(
            units.as_ptr().cast::<u16>(),
            if is_short { length } else { 0 },
        )
    };
    let mut bytes = [const { MaybeUninit::<u8>::uninit() }; UNITS];
    let mut text = String::new();
    let key = if is_short && narrow(short, &mut bytes) {
        // SAFETY: `length` bytes were written.
        unsafe { slice::from_raw_parts(bytes.as_ptr().cast(), length) }
    } else {
        // SAFETY: passed on from the caller.
        unsafe { other_key(env, value, short, &mut text) }?
    };
    // In one place, so that it becomes a part of this function.
    Ok(take(key))
}

/// Writes the low half of every unit; whether that was all of it, as it is in ASCII.
#[inline(always)]
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
        // V8 has written these one by one, a moment ago. To read several at once, as the compiler would,
        // has to wait until all those writes are through.
        // SAFETY: a reference can be read.
        let unit = unsafe { ptr::read_volatile(unit) };
        rest_high |= unit & !0x7f;
        byte.write(unit.to_le_bytes()[0]);
    }
    rest_high == 0 && high == [0; CHUNK]
}

/// Whatever is no short string of ASCII; `short` is one of other characters that was read already.
///
/// # Safety
///
/// As [`with_key`]; the bytes must not be used after the call from JavaScript.
#[cold]
#[inline(never)]
unsafe fn other_key<'k>(
    env: sys::napi_env,
    value: sys::napi_value,
    short: &[u16],
    text: &'k mut String,
) -> Result<&'k [u8], KeyFault> {
    if !short.is_empty() {
        return utf8(short, text);
    }
    let mut length = 0;
    // SAFETY: without a buffer, Node-API only gives the length.
    let status = unsafe {
        sys::napi_get_value_string_utf16(env, value, ptr::null_mut(), 0, &raw mut length)
    };
    if status != sys::Status::napi_ok {
        // SAFETY: passed on from the caller.
        return unsafe { bytes_of(env, value) };
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
    utf8(&units[..length], text)
}

fn utf8<'k>(units: &[u16], text: &'k mut String) -> Result<&'k [u8], KeyFault> {
    *text = String::from_utf16(units).map_err(|_| KeyFault::Surrogate)?;
    Ok(text.as_bytes())
}

/// The bytes of a `Uint8Array` where they are; a Buffer is one.
///
/// # Safety
///
/// As [`other_key`].
unsafe fn bytes_of<'k>(env: sys::napi_env, value: sys::napi_value) -> Result<&'k [u8], KeyFault> {
    // SAFETY: passed on from the caller.
    let array = unsafe { TypedArray::new(env, value) };
    let Some(array) = array.filter(|array| array.kind == sys::TypedarrayType::uint8_array) else {
        return Err(KeyFault::Type);
    };
    if array.is_shared() {
        return Err(KeyFault::SharedMemory);
    }
    if array.length == 0 {
        // Its pointer may be null, which a slice's must not be.
        return if array.is_detached() {
            Err(KeyFault::Detached)
        } else {
            Ok(&[])
        };
    }
    // SAFETY: this thread's JavaScript waits for this call, and no other thread reaches memory
    // that is not shared, so nobody changes the bytes meanwhile.
    Ok(unsafe { slice::from_raw_parts(array.start.cast::<u8>(), array.length) })
}
