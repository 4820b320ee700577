//! JavaScript functions of the raw Node-API, one for each router: `napi`'s own functions take five times
//! as long to call. They never throw.

use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::{Error, Result, Status, sys};

use crate::shared::Shared;

/// Makes a function of a router.
///
/// # Safety
///
/// `env` must be the environment of a call from JavaScript that is going on; `callback` takes its
/// data for a `Shared`, as [`answer`] does.
pub(crate) unsafe fn create(
    env: sys::napi_env,
    name: &CStr,
    callback: sys::napi_callback,
    shared: Rc<Shared>,
) -> Result<sys::napi_value> {
    let data = Rc::into_raw(shared).cast_mut().cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: `data` stays valid until `release`, which runs when the function is collected.
    let status = unsafe {
        sys::napi_create_function(
            env,
            name.as_ptr(),
            name.count_bytes().cast_signed(),
            callback,
            data,
            &raw mut function,
        )
    };
    if status != sys::Status::napi_ok {
        // SAFETY: nobody else has it.
        drop(unsafe { Rc::from_raw(data.cast_const().cast::<Shared>()) });
        return Err(failed("a function cannot be made", status));
    }
    // SAFETY: the function was just made.
    let status = unsafe {
        sys::napi_add_finalizer(
            env,
            function,
            data,
            Some(release),
            ptr::null_mut(),
            ptr::null_mut(),
        )
    };
    if status != sys::Status::napi_ok {
        // The function may be called as long as it exists, so its data is given up.
        return Err(failed("a finalizer cannot be added", status));
    }
    Ok(function)
}

fn failed(what: &str, status: sys::napi_status) -> Error {
    Error::new(Status::from(status), what.to_owned())
}

/// Frees what the function kept alive.
///
/// # Safety
///
/// Node-API calls it once, with the data of `create`.
unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `create` made the pointer from an Rc and gave up its count.
    drop(unsafe { Rc::from_raw(data.cast_const().cast::<Shared>()) });
}

/// The body of a callback: gives `body` the arguments, missing ones as undefined, and JavaScript the
/// number that it gives; `fallback` in place of a panic or a call that is none.
///
/// # Safety
///
/// Both handles are those of a call by Node-API of a function that `create` made.
#[inline]
pub(crate) unsafe fn answer<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    fallback: i32,
    body: impl FnOnce(&Shared, [sys::napi_value; N]) -> i32,
) -> sys::napi_value {
    let mut count = N;
    let mut arguments = [ptr::null_mut(); N];
    let mut data = ptr::null_mut();
    // SAFETY: room for as many arguments.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            arguments.as_mut_ptr(),
            ptr::null_mut(),
            &raw mut data,
        )
    };
    let number = if status == sys::Status::napi_ok {
        // A panic must not unwind into Node.
        catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the data of `create`; the function that is being called keeps it alive.
            body(unsafe { &*data.cast_const().cast::<Shared>() }, arguments)
        }))
        .unwrap_or(fallback)
    } else {
        fallback
    };
    let mut result = ptr::null_mut();
    // SAFETY: the result goes to a local; if it fails, null stands for undefined.
    unsafe { sys::napi_create_int32(env, number, &raw mut result) };
    result
}
