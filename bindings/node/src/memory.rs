//! Typed arrays: what Node-API says of the memory of one.

use std::ffi::c_void;
use std::ptr;

use napi::sys;

/// A typed array during a call.
pub(crate) struct TypedArray {
    env: sys::napi_env,
    memory: sys::napi_value,
    /// One of [`sys::TypedarrayType`].
    pub(crate) kind: sys::napi_typedarray_type,
    /// Its elements.
    pub(crate) length: usize,
    /// Its first byte; may be null where there is none.
    pub(crate) start: *mut c_void,
}

impl TypedArray {
    /// Nothing if the value is no typed array.
    ///
    /// # Safety
    ///
    /// `env` and `value` must be those of a call from JavaScript that is going on, and the result must
    /// not outlive it.
    pub(crate) unsafe fn new(env: sys::napi_env, value: sys::napi_value) -> Option<Self> {
        let mut array = Self {
            env,
            memory: ptr::null_mut(),
            kind: 0,
            length: 0,
            start: ptr::null_mut(),
        };
        // SAFETY: all results go to locals; anything that is no typed array is refused.
        let status = unsafe {
            sys::napi_get_typedarray_info(
                env,
                value,
                &raw mut array.kind,
                &raw mut array.length,
                &raw mut array.start,
                &raw mut array.memory,
                ptr::null_mut(),
            )
        };
        (status == sys::Status::napi_ok).then_some(array)
    }

    /// Whether other threads may have the same memory.
    pub(crate) fn is_shared(&self) -> bool {
        let mut owned = false;
        // SAFETY: Node-API gave the memory in the call that is going on.
        unsafe { sys::napi_is_arraybuffer(self.env, self.memory, &raw mut owned) };
        !owned
    }

    /// Whether its memory was transferred away; it then has no elements.
    pub(crate) fn is_detached(&self) -> bool {
        let mut detached = false;
        // SAFETY: as above.
        unsafe { sys::napi_is_detached_arraybuffer(self.env, self.memory, &raw mut detached) };
        detached
    }
}
