//! JavaScript functions of the raw Node-API: `napi`'s own functions take five times as long to call. They
//! never throw.
//!
//! There is one of each kind for all routers of a thread. With one for each router, a call from the
//! package would meet several functions, and V8 no longer makes it a direct one. So a call has to say which
//! router it means. It does so, and is answered, through a number in memory that both sides see, which is
//! cheaper than another argument and a result.

use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::ptr;
use std::rc::Rc;
use std::sync::atomic::{AtomicI32, Ordering};

use napi::bindgen_prelude::Unknown;
use napi::{Env, Error, JsValue, Result, Status, sys};
use napi_derive::napi;

use crate::memory::cell_of;
use crate::router::RouterHandle;
use crate::shared::Shared;
use crate::{index, lookup, report};

/// The number of the first router; that of the second is one more, and so on. Whatever a function answers
/// is far above.
const FIRST: i32 = i32::MIN;

/// The numbered routers of one thread.
#[derive(Debug, Default)]
struct Numbered {
    /// A router that JavaScript has no object for any more leaves its place to the next.
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
        FIRST.wrapping_add_unsigned(u32::try_from(place).unwrap_or(u32::MAX))
    }
}

/// The functions, and the routers that they know by number.
///
/// Before a call, JavaScript writes the number of a router to the first element of the `cell`; after it, the
/// answer is there. The number is still there if the call could not be answered at all.
#[napi]
#[derive(Debug, Default)]
pub struct Functions {
    numbered: Rc<Numbered>,
}

#[napi]
impl Functions {
    /// Functions that know no router yet.
    #[napi(constructor)]
    pub fn new() -> Self {
        Self::default()
    }

    /// The number by which the functions know a router, for as long as JavaScript holds that.
    #[napi(catch_unwind)]
    pub fn add(&self, router: &RouterHandle) -> i32 {
        self.numbered.add(router.shared())
    }

    /// The function that turns a key into a slot.
    #[napi(catch_unwind)]
    pub fn lookup<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"lookup", lookup::lookup)
    }

    /// The function that turns a key into the index of a node.
    #[napi(catch_unwind)]
    pub fn index_of<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"indexOf", index::index_of)
    }

    /// The function that turns packed keys into indices of nodes.
    #[napi(catch_unwind)]
    pub fn index_packed<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"indexPacked", index::index_packed)
    }

    /// The function that counts how a request ended.
    #[napi(catch_unwind)]
    pub fn report<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"report", report::report)
    }

    /// The function that tells whether any invalidation is to be sent again.
    #[napi(catch_unwind)]
    pub fn owes<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"owes", report::owes)
    }

    /// The function that tells the generation in force.
    #[napi(catch_unwind)]
    pub fn generation<'env>(&self, env: &'env Env, cell: Unknown<'env>) -> Result<Unknown<'env>> {
        self.function(env, cell, c"generation", report::generation)
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
    let address = unsafe { cell_of(env, cell) }.ok_or_else(no_cell)?;
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

fn no_cell() -> Error {
    let message = "a cell is an Int32Array in shared memory";
    Error::new(Status::InvalidArg, message.to_owned())
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

/// The body of a callback: gives `body` the router and the arguments, missing ones as undefined, and the
/// cell the number that it gives. A panic leaves the cell as it was.
///
/// # Safety
///
/// Both handles are those of a call by Node-API of a function that `create` made.
#[inline(always)]
pub(crate) unsafe fn answer<const N: usize>(
    env: sys::napi_env,
    info: sys::napi_callback_info,
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
    if status == sys::Status::napi_ok {
        // SAFETY: the data of `create`; the function that is being called keeps it alive.
        let data = unsafe { &*data.cast_const().cast::<Data>() };
        // SAFETY: the function that is being called keeps the memory alive.
        let cell = unsafe { &*data.cell };
        // A panic must not unwind into Node.
        let answer = catch_unwind(AssertUnwindSafe(|| {
            let routers = data.numbered.routers.borrow();
            let place = cell.load(Ordering::Relaxed).abs_diff(FIRST);
            let shared = routers.get(place as usize)?;
            Some(body(shared, arguments))
        }));
        if let Ok(Some(answer)) = answer {
            cell.store(answer, Ordering::Relaxed);
        }
    }
    // Stands for undefined.
    ptr::null_mut()
}
