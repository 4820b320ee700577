//! A function of the raw Node-API that copies a string to the stack, as UTF-16, and gives a number.

use std::mem::MaybeUninit;
use std::ptr;

use napi::bindgen_prelude::Unknown;
use napi::{Env, sys};
use napi_derive::napi;

const UNITS: usize = 512;

/// The function.
#[napi]
pub fn floor(env: &Env) -> napi::Result<Unknown<'_>> {
    let mut function = ptr::null_mut();
    // SAFETY: the environment of this call; the function has no data.
    unsafe {
        sys::napi_create_function(
            env.raw(),
            c"copy".as_ptr(),
            4,
            Some(copy),
            ptr::null_mut(),
            &raw mut function,
        );
        Ok(Unknown::from_raw_unchecked(env.raw(), function))
    }
}

/// `copy(text)`: the number of units.
///
/// # Safety
///
/// Called by Node-API only.
unsafe extern "C" fn copy(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut units = [const { MaybeUninit::<u16>::uninit() }; UNITS];
    let (mut count, mut length) = (1, 0);
    let (mut text, mut result) = (ptr::null_mut(), ptr::null_mut());
    // SAFETY: room for one argument, for UNITS units and for the result.
    unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            &raw mut text,
            ptr::null_mut(),
            ptr::null_mut(),
        );
        sys::napi_get_value_string_utf16(
            env,
            text,
            units.as_mut_ptr().cast(),
            UNITS,
            &raw mut length,
        );
        std::hint::black_box(&units);
        sys::napi_create_int32(env, length as i32, &raw mut result);
    }
    result
}
