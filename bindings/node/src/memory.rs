//! The memory of typed arrays, borrowed for a call.

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
    if status != sys::Status::napi_ok || kind != T::ARRAY {
        return Err(KeyFault::Type);
    }
    let mut owned = false;
    // SAFETY: `memory` was just given by Node-API.
    unsafe { sys::napi_is_arraybuffer(env, memory, &raw mut owned) };
    if !owned {
        return Err(KeyFault::SharedMemory);
    }
    let mut detached = false;
    if length == 0 {
        // SAFETY: as above.
        unsafe { sys::napi_is_detached_arraybuffer(env, memory, &raw mut detached) };
    }
    if detached {
        return Err(KeyFault::Detached);
    }
    Ok(Memory {
        data: data.cast(),
        length,
    })
}
