//! Two functions of the raw Node-API that take a string, copy it to the stack and return a small number:
//! one as it comes, in UTF-16, and one as the library has to have it, in UTF-8.

use std::ffi::CStr;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;

use napi_sys as sys;

// The library's own way of reading a key, which has this from `napi`.
extern crate self as napi;
#[allow(dead_code)]
#[path = "../../../../../bindings/node/src/key.rs"]
mod key;
#[allow(dead_code)]
#[path = "../../../../../bindings/node/src/memory.rs"]
mod memory;

const UNITS: usize = 512;

/// Exports the functions.
///
/// # Safety
///
/// Called by Node when it loads the addon.
#[unsafe(no_mangle)]
unsafe extern "C" fn napi_register_module_v1(
    env: sys::napi_env,
    exports: sys::napi_value,
) -> sys::napi_value {
    for (name, callback) in [
        (c"copyUtf16", copy_utf16 as Callback),
        (c"copyUtf8", copy_utf8),
    ] {
        // SAFETY: passed on from Node.
        unsafe { export(env, exports, name, callback) };
    }
    exports
}

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

unsafe fn export(env: sys::napi_env, exports: sys::napi_value, name: &CStr, callback: Callback) {
    let mut function = ptr::null_mut();
    let length = name.count_bytes().cast_signed();
    // SAFETY: all belong to the call that loads the addon. If one fails, the benchmark has no function.
    unsafe {
        sys::napi_create_function(
            env,
            name.as_ptr(),
            length,
            Some(callback),
            ptr::null_mut(),
            &raw mut function,
        );
        sys::napi_set_named_property(env, exports, name.as_ptr(), function);
    }
}

unsafe extern "C" fn copy_utf16(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: all belong to this call; the buffer has room for UNITS units.
    unsafe {
        let key = argument(env, info);
        let mut units = [const { MaybeUninit::<u16>::uninit() }; UNITS];
        let mut length = 0;
        sys::napi_get_value_string_utf16(
            env,
            key,
            units.as_mut_ptr().cast(),
            UNITS,
            &raw mut length,
        );
        black_box(&units);
        number(env, length)
    }
}

unsafe extern "C" fn copy_utf8(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    // SAFETY: all belong to this call.
    unsafe {
        let key = argument(env, info);
        let length = key::with_key(env, key, |bytes| black_box(bytes).len());
        number(env, length.unwrap_or(0))
    }
}

unsafe fn argument(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let (mut count, mut argument, mut data) = (1, ptr::null_mut(), ptr::null_mut());
    // SAFETY: room for one argument and the data.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            &raw mut argument,
            ptr::null_mut(),
            &raw mut data,
        );
    }
    argument
}

unsafe fn number(env: sys::napi_env, value: usize) -> sys::napi_value {
    let mut result = ptr::null_mut();
    // SAFETY: the result goes to a local.
    unsafe { sys::napi_create_uint32(env, value as u32, &raw mut result) };
    result
}
