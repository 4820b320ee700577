//! The hot path: JavaScript functions that turn a key into a number, the slot of a route that
//! JavaScript already has an object for or the index of a node.
//!
//! There is one function of each kind for all routers of a thread. One for each router would be slow:
//! where a call meets several functions of Node-API, V8 no longer compiles it into a direct one. So a
//! call has to say which router it means, and it says so, and is answered, through a number in memory
//! that both sides see: to give out a number of JavaScript takes a sixth of the whole call.
//!
//! The functions never throw: what they can't answer is left to `RouterHandle`.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, Ordering};

use napi::bindgen_prelude::Unknown;
use napi::{Env, Error, JsValue, Result, Status, sys};
use napi_derive::napi;

use crate::key::with_key;
use crate::memory::TypedArray;
use crate::packed::Packed;
use crate::router::RouterHandle;
use crate::shared::Shared;

/// Stands for "nowhere to read" among the indices of nodes.
#[napi(js_name = "NO_NODE")]
pub const NO_NODE: u32 = ringshift::NO_NODE;

/// What stands in the cell for "nowhere to read". A router's number is below it, and everything that is
/// found is above.
const NOWHERE: i32 = -1;

/// The numbered routers of one thread.
#[derive(Debug, Default)]
struct Numbered {
    /// By the numbers -2, -3 and so on. A router that JavaScript has no object for any more leaves its
    /// place to the next.
    routers: RefCell<Vec<Rc<Shared>>>,
}

impl Numbered {
    fn add(&self, router: &Rc<Shared>) -> i32 {
        let mut routers = self.routers.borrow_mut();
        let gone = |router: &Rc<Shared>| Rc::strong_count(router) == 1;
        let place = routers.iter().position(gone).unwrap_or(routers.len());
        match routers.get_mut(place) {
            Some(gone) => *gone = Rc::clone(router),
            None => routers.push(Rc::clone(router)),
        }
        // There is no memory for 2^31 routers.
        NOWHERE - 1 - i32::try_from(place).unwrap_or(i32::MAX - 1)
    }
}

/// The functions that look keys up, and the routers that they know.
#[napi]
#[derive(Debug, Default)]
pub struct Lookups {
    numbered: Rc<Numbered>,
}

#[napi]
impl Lookups {
    /// Without any router.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number by which the functions know a router, for as long as that exists.
    #[napi(catch_unwind)]
    pub fn add(&self, router: &RouterHandle) -> i32 {
        self.numbered.add(router.shared())
    }

    /// `slots(key)` replaces a router's number in the cell by the slot of the key's route. If it has none,
    /// or something is wrong, the number stays: `describe` tells which.
    #[napi(catch_unwind)]
    pub fn slots<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"slots", slots)
    }

    /// `indices(key)` replaces a router's number in the cell by the index of the node to read, or by -1. If
    /// something is wrong, the number stays: `refused` tells what.
    #[napi(catch_unwind)]
    pub fn indices<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"indices", indices)
    }

    /// `packed(bytes, offsets, out)` writes the indices of many nodes, and replaces a router's number in
    /// the cell by 0. If something is wrong, the number stays: `refusedPacked` tells what.
    #[napi(catch_unwind)]
    pub fn packed<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"packed", packed)
    }

    #[allow(clippy::needless_pass_by_value)] // napi hands owned values over
    fn function<'env>(
        &self,
        env: &'env Env,
        cell: Unknown<'env>,
        name: &CStr,
        callback: Callback,
    ) -> Result<Unknown<'env>> {
        let numbered = Rc::clone(&self.numbered);
        // SAFETY: the environment and a value of this call.
        let function = unsafe { create(env.raw(), cell.raw(), numbered, name, callback) }?;
        // SAFETY: the value was just made in this environment.
        Ok(unsafe { Unknown::from_raw_unchecked(env.raw(), function) })
    }
}

type Callback = unsafe extern "C" fn(sys::napi_env, sys::napi_callback_info) -> sys::napi_value;

/// What a function knows.
struct Data {
    numbered: Rc<Numbered>,
    /// Memory that the function keeps alive.
    cell: *const AtomicI32,
}

/// Makes a function that keeps its cell alive and frees its data when it is collected.
///
/// # Safety
///
/// `env` and `cell` must be those of a call from JavaScript that is going on.
unsafe fn create(
    env: sys::napi_env,
    cell: sys::napi_value,
    numbered: Rc<Numbered>,
    name: &CStr,
    callback: Callback,
) -> Result<sys::napi_value> {
    // SAFETY: passed on from the caller.
    let address = unsafe { address_of(env, cell) }?;
    let data = Box::new(Data {
        numbered,
        cell: address,
    });
    let data = Box::into_raw(data).cast::<c_void>();
    let mut function = ptr::null_mut();
    // SAFETY: `data` stays valid until `release`, which runs when the function is collected.
    let status = unsafe {
        sys::napi_create_function(
            env,
            name.as_ptr(),
            name.count_bytes().cast_signed(),
            Some(callback),
            data,
            &raw mut function,
        )
    };
    if status != sys::Status::napi_ok {
        // SAFETY: nobody else has it.
        drop(unsafe { Box::from_raw(data.cast::<Data>()) });
        return Err(failed("a function cannot be made", status));
    }
    let keeps = sys::napi_property_descriptor {
        utf8name: c"cell".as_ptr(),
        name: ptr::null_mut(),
        method: None,
        getter: None,
        setter: None,
        value: cell,
        // Neither to be written nor to be removed, so the memory lives as long as the function.
        attributes: sys::PropertyAttributes::default,
        data: ptr::null_mut(),
    };
    // SAFETY: the function was just made, and everything in the descriptor belongs to this call.
    let status = unsafe { sys::napi_define_properties(env, function, 1, &raw const keeps) };
    if status != sys::Status::napi_ok {
        // The function is not given out; its data is given up.
        return Err(failed("a property cannot be defined", status));
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
        return Err(failed("a finalizer cannot be added", status));
    }
    Ok(function)
}

/// The address of an `Int32Array` in shared memory, which nobody can transfer away, nor make shorter.
///
/// # Safety
///
/// As [`create`].
unsafe fn address_of(env: sys::napi_env, cell: sys::napi_value) -> Result<*const AtomicI32> {
    // SAFETY: passed on from the caller.
    let array = unsafe { TypedArray::new(env, cell) };
    let good = |array: &TypedArray| {
        array.kind == sys::TypedarrayType::int32_array && array.length > 0 && array.is_shared()
    };
    let address = array.filter(good).map(|array| array.start.cast());
    match address.filter(|address: &*mut AtomicI32| address.is_aligned()) {
        Some(address) => Ok(address),
        None => Err(Error::new(
            Status::InvalidArg,
            "the cell must be an Int32Array in shared memory".to_owned(),
        )),
    }
}

fn failed(what: &str, status: sys::napi_status) -> Error {
    Error::new(Status::from(status), what.to_owned())
}

/// Frees what a function knew.
///
/// # Safety
///
/// Node-API calls it once, with the data of `create`.
unsafe extern "C" fn release(_env: sys::napi_env, data: *mut c_void, _hint: *mut c_void) {
    // SAFETY: `create` made the pointer from a Box and gave it up.
    drop(unsafe { Box::from_raw(data.cast::<Data>()) });
}

/// # Safety
///
/// Called by Node-API only.
unsafe extern "C" fn slots(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: both come from this call; the closures stay within the core.
    unsafe {
        answer(env, info, |shared, [key]| {
            let slot = with_key(env, key, |key| shared.slot(key)).ok()?;
            slot.map(u32::cast_signed)
        })
    }
}

/// # Safety
///
/// Called by Node-API only.
unsafe extern "C" fn indices(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: both come from this call; the closures stay within the core.
    unsafe {
        answer(env, info, |shared, [key]| {
            let index = |key: &[u8]| shared.snapshot(|snapshot| snapshot.index(key));
            // There is no memory for 2^31 nodes.
            with_key(env, key, index).ok()?.map(|index| match index {
                NO_NODE => NOWHERE,
                index => index.cast_signed(),
            })
        })
    }
}

/// # Safety
///
/// Called by Node-API only.
unsafe extern "C" fn packed(env: sys::napi_env, info: sys::napi_callback_info) -> sys::napi_value {
    // SAFETY: all come from this call; nothing else touches the memory while `keys` exists.
    unsafe {
        answer(env, info, |shared, [bytes, offsets, out]| {
            let mut keys = Packed::new(env, bytes, offsets, out).ok()?;
            shared.snapshot(|snapshot| {
                let (keys, out) = keys.parts();
                snapshot.index_many(keys, out);
            })?;
            Some(0)
        })
    }
}

/// Gives the arguments of a call to `find`, and its answer to the cell.
///
/// # Safety
///
/// Both must be those of a call that is going on, of a function that [`create`] made.
#[inline(always)]
unsafe fn answer<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
    find: impl FnOnce(&Shared, [sys::napi_value; N]) -> Option<i32>,
) -> sys::napi_value {
    let mut count = N;
    let mut arguments = [ptr::null_mut(); N];
    let mut data = ptr::null_mut();
    // SAFETY: room for `count` arguments; missing ones are given as undefined.
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
    if status == sys::Status::napi_ok {
        // SAFETY: the data of `create`; the function that is being called keeps it alive.
        let data = unsafe { &*data.cast_const().cast::<Data>() };
        // SAFETY: the function that is being called keeps the memory alive.
        let cell = unsafe { &*data.cell };
        // A panic must not unwind into Node.
        let found = catch_unwind(AssertUnwindSafe(|| {
            let routers = data.numbered.routers.borrow();
            let place = NOWHERE - 1 - cell.load(Ordering::Relaxed);
            let shared = routers.get(usize::try_from(place).ok()?)?;
            find(shared, arguments)
        }));
        if let Ok(Some(found)) = found {
            cell.store(found, Ordering::Relaxed);
        }
    }
    // Undefined.
    ptr::null_mut()
}
