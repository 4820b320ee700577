//! The hot path: a JavaScript function, one for each router, that turns a key into the slot of a
//! route that JavaScript already has an object for. It never throws: whatever it can't answer, it
//! leaves to `RouterHandle::describe`.

use std::ffi::c_void;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;

use napi::{Error, Result, Status, sys};

use crate::key::with_key;
use crate::shared::Shared;

/// There is no slot for this key, because its route is a new one or because something is wrong:
/// `describe` tells which.
const NONE: i32 = -1;

/// Makes the lookup function of a router.
///
/// # Safety
///
/// `env` must be the environment of a call from JavaScript that is going on.
pub(crate) unsafe fn create(env: sys::napi_env, shared: Rc<Shared>) -> Result<sys::napi_value> {
    let data = Rc::into_raw(shared).cast_mut().cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: `data` stays valid until `release`, which runs when the function is collected.
    let status = unsafe {
        sys::napi_create_function(
            env,
            c"lookup".as_ptr(),
            6,
            Some(lookup),
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

/// `lookup(key)`.
///
/// # Safety
///
/// Called by Node-API only.
unsafe extern "C" fn lookup(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    let mut count = 1;
    let mut key = ptr::null_mut();
    let mut data = ptr::null_mut();
    // SAFETY: room for one argument; a missing one is given as undefined.
    let status = unsafe {
        sys::napi_get_cb_info(
            env,
            info,
            &raw mut count,
            &raw mut key,
            ptr::null_mut(),
            &raw mut data,
        )
    };
    let slot = if status == sys::Status::napi_ok {
        // A panic must not unwind into Node.
        catch_unwind(AssertUnwindSafe(|| {
            // SAFETY: the data of `create`; the function that is being called keeps it alive.
            let shared = unsafe { &*data.cast_const().cast::<Shared>() };
            // SAFETY: both come from this call.
            unsafe { slot_of(env, key, shared) }
        }))
        .unwrap_or(NONE)
    } else {
        NONE
    };
    let mut result = ptr::null_mut();
    // SAFETY: the result goes to a local; if it fails, null stands for undefined.
    unsafe { sys::napi_create_int32(env, slot, &raw mut result) };
    result
}

/// # Safety
///
/// As [`with_key`].
#[inline]
unsafe fn slot_of(env: sys::napi_env, key: sys::napi_value, shared: &Shared) -> i32 {
    let router = shared.router.borrow();
    let Some(router) = router.as_ref() else {
        return NONE;
    };
    // SAFETY: passed on from the caller; the closure stays within the core.
    let found = unsafe {
        with_key(env, key, |key| {
            router.with(|snapshot| {
                let (epoch, code) = (snapshot.epoch(), snapshot.code(key));
                let slot = shared.table.borrow().find(epoch, code.number());
                if slot.is_none() {
                    shared.missed.set(Some((epoch, code)));
                }
                slot
            })
        })
    };
    found.ok().flatten().map_or(NONE, u32::cast_signed)
}
