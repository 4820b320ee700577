//! How a router is opened.

use std::ffi::c_char;

use ringshift_core::{Error, Options};

use crate::arguments::{handle, handle_mut, owned, path, text};
use crate::panic::{guard, guard_status};
use crate::status::ringshift_status;

/// How a router is opened: what `ringshift_router_open` and `ringshift_router_from_spec` take beside the spec. They
/// copy it, so one object may open any number of routers and may be freed at once after.
///
/// Threads: not to be changed while another thread uses it. Made by `ringshift_options_new`, freed by the caller with
/// `ringshift_options_free`.
pub struct ringshift_options {
    options: Options,
}

impl ringshift_options {
    /// The core's options, or its defaults for NULL.
    ///
    /// # Safety
    ///
    /// `options` is NULL or came from `ringshift_options_new` and was not freed.
    pub(crate) unsafe fn read(options: *const Self) -> Result<Options, Error> {
        if options.is_null() {
            return Ok(Options::default());
        }
        // SAFETY: the caller's.
        Ok(unsafe { handle(options, "options") }?.options.clone())
    }
}

/// # Safety
///
/// As for [`ringshift_options::read`], and no other thread uses it.
unsafe fn change<'a>(options: *mut ringshift_options) -> Result<&'a mut Options, Error> {
    // SAFETY: the caller's.
    Ok(&mut unsafe { handle_mut(options, "options") }?.options)
}

/// Options with nothing set. Free them with `ringshift_options_free`.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_options_new() -> *mut ringshift_options {
    guard(|| {
        let options = Options::default();
        Ok(Box::into_raw(Box::new(ringshift_options { options })))
    })
}

/// Sets the region of this process, which decides the plan of a migration that it follows. NULL: no region.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `options` is NULL or `region` is not UTF-8; a name that no region can
/// have is refused when a router is opened.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_options_set_region(
    options: *mut ringshift_options,
    region: *const c_char,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (options, region) = unsafe { (change(options)?, text(region, "region")?) };
        options.region = region.map(str::to_owned);
        Ok(())
    })
}

/// Sets the path at which a copy of the last good spec is kept, so that a process can start when the spec file is bad
/// or gone. The copy is written whenever a spec from the file is put in force. NULL: keep none.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `options` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_options_set_last_good(
    options: *mut ringshift_options,
    last_good: *const c_char,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (options, last_good) = unsafe { (change(options)?, path(last_good, "last_good")?) };
        options.last_good = last_good.map(std::path::Path::to_owned);
        Ok(())
    })
}

/// Frees options. NULL does nothing. Routers that were opened with them are not touched.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_options_free(options: *mut ringshift_options) {
    guard(|| {
        // SAFETY: came from `Box::into_raw`, and is not used again, as the header says.
        unsafe { owned(options, "options") }.map(drop)
    });
}
