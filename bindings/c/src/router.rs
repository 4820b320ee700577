//! The router: opened from a spec, refreshed while it serves.

use std::ffi::{c_char, c_void};
use std::ptr;

use ringshift_core::{Error, Refresh, Router};

use crate::arguments::{bytes, handle, invalid, optional_out, out, owned, path};
use crate::error;
use crate::options::ringshift_options;
use crate::panic::{guard, guard_status};
use crate::route::stage_number;
use crate::status::ringshift_status;

/// The file holds the spec that is in force already.
pub const RINGSHIFT_REFRESH_UNCHANGED: u32 = 0;
/// A new spec was put in force.
pub const RINGSHIFT_REFRESH_APPLIED: u32 = 1;

/// The size of a buffer for a digest: 32 hexadecimal digits and a NUL.
pub const RINGSHIFT_DIGEST_SIZE: usize = 33;

/// Answers routes from the spec in force.
///
/// Threads: one router serves a whole process. Any number of threads may ask it, report to it and refresh it at the
/// same time; asking for a route takes no lock, and a refresh never holds up a reader. Made by `ringshift_router_open`
/// or `ringshift_router_from_spec`, freed by the caller with `ringshift_router_free`. It must outlive the nodes in its
/// routes, not the routes themselves, which are the caller's. It starts no thread: call `ringshift_router_refresh` from
/// time to time.
///
/// Fork: the child may use a router of its parent's, and has it to itself, if no other thread was inside one of its
/// functions at the fork. Else a lock may be held in the child that nobody releases: open another one there.
pub struct ringshift_router {
    router: Router,
}

impl ringshift_router {
    /// The core's router.
    ///
    /// # Safety
    ///
    /// `router` is NULL, or was opened and not freed.
    #[inline]
    pub(crate) unsafe fn core<'a>(router: *const Self) -> Result<&'a Router, Error> {
        // SAFETY: the caller's.
        Ok(&unsafe { handle(router, "router") }?.router)
    }
}

/// # Safety
///
/// `place` is NULL or points to a pointer.
unsafe fn open(
    place: *mut *mut ringshift_router,
    open: impl FnOnce() -> Result<Router, Error>,
) -> Result<(), Error> {
    let place = out(place, "out")?;
    // SAFETY: not NULL; the rest is the caller's.
    unsafe {
        place.write(ptr::null_mut());
        let router = open()?;
        place.write(Box::into_raw(Box::new(ringshift_router { router })));
    }
    Ok(())
}

/// Opens the spec file at `path` and gives the router in `*out`. `options` may be NULL. If the file is missing or bad
/// and the options name a last good copy, the router starts from that; `ringshift_router_last_error` then says what is
/// wrong with the file.
///
/// Fails with `RINGSHIFT_IO`, `RINGSHIFT_SPEC_SYNTAX`, `RINGSHIFT_SPEC_INVALID` or `RINGSHIFT_SPEC_LIMIT` when there is
/// no good spec to start from, and `RINGSHIFT_INVALID_ARGUMENT` if `path` or `out` is NULL or the region's name cannot
/// be one; `*out` is then NULL.
///
/// ```c
/// ringshift_router *router;
/// if (ringshift_router_open("cache.json", NULL, &router) != RINGSHIFT_OK)
///   fprintf(stderr, "%s\n", ringshift_error_message());
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_open(
    path: *const c_char,
    options: *const ringshift_options,
    out: *mut *mut ringshift_router,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        unsafe {
            open(out, || {
                let path = self::path(path, "path")?
                    .ok_or_else(|| invalid("path is NULL; give the path of a spec file"))?;
                Router::open(path, ringshift_options::read(options)?)
            })
        }
    })
}

/// Makes a router from the text of a spec, with no file behind it, and gives it in `*out`. The text is copied.
/// `options` may be NULL. A new spec is put in force by `ringshift_router_apply` only; `ringshift_router_refresh`
/// follows the schedule of a ramp.
///
/// Fails as `ringshift_router_open` does, except that no file is read.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_from_spec(
    text: *const c_void,
    text_len: usize,
    options: *const ringshift_options,
    out: *mut *mut ringshift_router,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        unsafe {
            open(out, || {
                let text = bytes(text, text_len, || "text".to_owned())?;
                Router::from_spec(text, ringshift_options::read(options)?)
            })
        }
    })
}

/// Frees a router. NULL does nothing. No thread may use the router, its nodes or their strings after.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_free(router: *mut ringshift_router) {
    guard(|| {
        // SAFETY: came from `Box::into_raw`, and is not used again, as the header says.
        unsafe { owned(router, "router") }.map(drop)
    });
}

/// Reads the spec file again and puts its spec in force if it is a new one; also moves the weight of a ramp by schedule
/// on. Writes `RINGSHIFT_REFRESH_UNCHANGED` or `RINGSHIFT_REFRESH_APPLIED` to `*result`, which may be NULL. Cheap
/// enough to be called every second.
///
/// A spec that cannot be put in force is counted and its error given, with `RINGSHIFT_IO`, `RINGSHIFT_SPEC_SYNTAX`,
/// `RINGSHIFT_SPEC_INVALID`, `RINGSHIFT_SPEC_LIMIT`, `RINGSHIFT_STALE_GENERATION` or `RINGSHIFT_GENERATION_CONFLICT`;
/// the spec in force stays, and `*result` is as it was. `RINGSHIFT_INVALID_ARGUMENT` if `router` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_refresh(
    router: *mut ringshift_router,
    result: *mut u32,
) -> ringshift_status {
    guard_status(|| {
        let result = optional_out(result, "result")?;
        // SAFETY: the caller's, as the header says.
        let refresh = unsafe { ringshift_router::core(router) }?.refresh()?;
        // SAFETY: the caller's, as the header says.
        unsafe { write_refresh(result, refresh) };
        Ok(())
    })
}

/// Puts the spec in `text` in force, under the same rules and with the same results as `ringshift_router_refresh`, but
/// from memory.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_apply(
    router: *mut ringshift_router,
    text: *const c_void,
    text_len: usize,
    result: *mut u32,
) -> ringshift_status {
    guard_status(|| {
        let result = optional_out(result, "result")?;
        // SAFETY: the caller's, as the header says.
        let (router, text) = unsafe {
            let router = ringshift_router::core(router)?;
            (router, bytes(text, text_len, || "text".to_owned())?)
        };
        let refresh = router.apply(text)?;
        // SAFETY: the caller's, as the header says.
        unsafe { write_refresh(result, refresh) };
        Ok(())
    })
}

/// # Safety
///
/// `result` is NULL or points to a number.
unsafe fn write_refresh(result: *mut u32, refresh: Refresh) {
    if !result.is_null() {
        // SAFETY: not NULL; the rest is the caller's.
        unsafe {
            result.write(match refresh {
                Refresh::Unchanged => RINGSHIFT_REFRESH_UNCHANGED,
                Refresh::Applied => RINGSHIFT_REFRESH_APPLIED,
            });
        }
    }
}

/// What is wrong at present with the spec file, or with writing its last good copy: `RINGSHIFT_OK` if nothing is, else
/// the kind of the error, whichever thread met it. The error then is the calling thread's last error as well: read it
/// with `ringshift_error_message` and its sisters. `RINGSHIFT_INVALID_ARGUMENT` if `router` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_last_error(
    router: *const ringshift_router,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let error = unsafe { ringshift_router::core(router) }?.last_error();
        error.map_or(Ok(()), Err)
    })
}

/// The generation in force; 0 if `router` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_generation(router: *const ringshift_router) -> u64 {
    // SAFETY: the caller's, as the header says.
    guard(|| Ok(unsafe { ringshift_router::core(router) }?.generation()))
}

/// The epoch in force: rises, from 1, with every spec that is put in force and every step of a schedule. What a caller
/// derived from routes of another epoch is out of date. 0 if `router` is NULL. Takes no lock.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_epoch(router: *const ringshift_router) -> u64 {
    // SAFETY: the caller's, as the header says.
    guard(|| Ok(unsafe { ringshift_router::core(router) }?.epoch()))
}

/// The stage in force in this process' region, `RINGSHIFT_STAGE_NONE` to `RINGSHIFT_STAGE_SOAK`; `RINGSHIFT_STAGE_NONE`
/// if `router` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_stage(router: *const ringshift_router) -> u32 {
    guard(|| {
        // SAFETY: the caller's, as the header says.
        let router = unsafe { ringshift_router::core(router) }?;
        Ok(router.with(|snapshot| u32::from(stage_number(snapshot.stage()))))
    })
}

/// The share of the keys that have moved in this process' region, in basis points: 0 to 10000. 0 if `router` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_weight(router: *const ringshift_router) -> u32 {
    guard(|| {
        // SAFETY: the caller's, as the header says.
        let router = unsafe { ringshift_router::core(router) }?;
        Ok(router.with(|snapshot| u32::from(snapshot.weight())))
    })
}

/// Writes the content hash of the spec in force to `buffer`, which has room for `buffer_size` bytes: 32 hexadecimal
/// digits and a NUL.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `buffer` is NULL or `buffer_size` is less than
/// `RINGSHIFT_DIGEST_SIZE`; nothing is then written.
///
/// ```c
/// char digest[RINGSHIFT_DIGEST_SIZE];
/// ringshift_status status = ringshift_router_digest(router, digest, sizeof digest);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_digest(
    router: *const ringshift_router,
    buffer: *mut c_char,
    buffer_size: usize,
) -> ringshift_status {
    guard_status(|| {
        let buffer = out(buffer, "buffer")?;
        // SAFETY: the caller's, as the header says.
        let digest = error::c_string(&unsafe { ringshift_router::core(router) }?.digest());
        let digest = digest.as_bytes_with_nul();
        if buffer_size < digest.len() {
            return Err(invalid(format!(
                "buffer has room for {buffer_size} bytes; use at least RINGSHIFT_DIGEST_SIZE ({RINGSHIFT_DIGEST_SIZE})"
            )));
        }
        // SAFETY: there is room; the rest is the caller's.
        unsafe { ptr::copy_nonoverlapping(digest.as_ptr(), buffer.cast(), digest.len()) };
        Ok(())
    })
}

/// The longest time to live that a value may have, in milliseconds; 0 if the spec sets no limit, or if `router` is
/// NULL. Whoever stores a value without an expiry, or with a longer one, stores it with this one.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_max_ttl(router: *const ringshift_router) -> u64 {
    guard(|| {
        // SAFETY: the caller's, as the header says.
        let max_ttl =
            unsafe { ringshift_router::core(router) }?.with(ringshift_core::Snapshot::max_ttl);
        let milliseconds =
            |ttl: std::time::Duration| u64::try_from(ttl.as_millis()).unwrap_or(u64::MAX);
        Ok(max_ttl.map_or(0, milliseconds))
    })
}
