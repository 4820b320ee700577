//! The memory of typed arrays, borrowed for a call.

use std::sync::atomic::AtomicI32;
use std::{ptr, slice};

use napi::sys;

use crate::key::KeyFault;

/// A number of a typed array.
pub(crate) trait Number {
    /// The type of the array.
    const ARRAY: sys::napi_typedarray_type;
}

impl Number for u8 {
    const ARRAY: sys::napi_typedarray_type = sys::TypedarrayType::uint8_array;
}

impl Number for u32 {
    const ARRAY: sys::napi_typedarray_type = sys::TypedarrayType::uint32_array;
}

/// The memory of a typed array, as long as no JavaScript runs.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Memory<T> {
    /// Aligned for a number; may be null if there is none.
    pub(crate) data: *mut T,
    pub(crate) length: usize,
}

impl<T> Memory<T> {
    /// # Safety
    ///
    /// No JavaScript runs and nobody writes to the memory while the slice is used.
    pub(crate) unsafe fn slice<'m>(self) -> &'m [T] {
        if self.length == 0 {
            // Its pointer may be null, which a slice's must not be.
            return &[];
        }
        // SAFETY: the memory of a typed array holds as many numbers; the rest is the caller's.
        unsafe { slice::from_raw_parts(self.data, self.length) }
    }

    /// Whether any byte belongs to both.
    pub(crate) fn overlaps<O>(self, other: &Memory<O>) -> bool {
        let (start, other_start) = (self.data as usize, other.data as usize);
        start < other_start + other.length * size_of::<O>()
            && other_start < start + self.length * size_of::<T>()
    }
}

/// The memory of a typed array, which no other thread can reach.
///
/// # Safety
///
/// `env` and `value` must be those of a call from JavaScript that is going on; the memory is good for as
/// long as it is.
pub(crate) unsafe fn memory_of<T: Number>(
    env: sys::napi_env,
    value: sys::napi_value,
) -> Result<Memory<T>, KeyFault> {
    // SAFETY: passed on from the caller.
    let Some((kind, memory, array)) = (unsafe { array_of::<T>(env, value) }) else {
        return Err(KeyFault::Type);
    };
    if kind != T::ARRAY {
        return Err(KeyFault::Type);
    }
    // SAFETY: `memory` was just given by Node-API.
    if !unsafe { is_owned(env, memory) } {
        return Err(KeyFault::SharedMemory);
    }
    let mut detached = false;
    if array.length == 0 {
        // SAFETY: as above.
        unsafe { sys::napi_is_detached_arraybuffer(env, memory, &raw mut detached) };
    }
    if detached {
        return Err(KeyFault::Detached);
    }
    // Another addon may have made memory that begins anywhere.
    if array.length > 0 && !array.data.is_aligned() {
        return Err(KeyFault::Unaligned);
    }
    Ok(array)
}

/// The first element of an `Int32Array` in shared memory, which nobody can transfer away or make shorter.
///
/// # Safety
///
/// As [`memory_of`], but the address is good for as long as the array is not collected.
pub(crate) unsafe fn cell_of(
    env: sys::napi_env,
    value: sys::napi_value,
) -> Option<*const AtomicI32> {
    // SAFETY: passed on from the caller.
    let (kind, memory, cell) = unsafe { array_of::<AtomicI32>(env, value) }?;
    // SAFETY: as above.
    let shared = !unsafe { is_owned(env, memory) };
    let good = shared && kind == sys::TypedarrayType::int32_array && cell.length > 0;
    (good && cell.data.is_aligned()).then_some(cell.data.cast_const())
}

/// The type of a typed array, its `ArrayBuffer` and where its numbers are; nothing if it is none.
///
/// # Safety
///
/// As [`memory_of`].
unsafe fn array_of<T>(
    env: sys::napi_env,
    value: sys::napi_value,
) -> Option<(sys::napi_typedarray_type, sys::napi_value, Memory<T>)> {
    let (mut kind, mut length) = (0, 0);
    let (mut data, mut memory) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: all results go to locals; anything that is no typed array is refused.
    let status = unsafe {
        sys::napi_get_typedarray_info(
            env,
            value,
            &raw mut kind,
            &raw mut length,
            &raw mut data,
            &raw mut memory,
            ptr::null_mut(),
        )
    };
    let data = data.cast();
    (status == sys::Status::napi_ok).then_some((kind, memory, Memory { data, length }))
}

/// Whether memory belongs to this thread alone.
///
/// # Safety
///
/// `memory` is that of a typed array of a call that is going on.
unsafe fn is_owned(env: sys::napi_env, memory: sys::napi_value) -> bool {
    let mut owned = false;
    // SAFETY: the result goes to a local.
    unsafe { sys::napi_is_arraybuffer(env, memory, &raw mut owned) };
    owned
}
