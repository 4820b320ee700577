//! Counters, states and events as text.

use std::ffi::{CString, c_char};

use ringshift_core::{Error, ErrorKind, Router};

use crate::arguments::out;
use crate::error::c_string;
use crate::panic::{guard, guard_status};
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// Writes all counters and states to `*out` in the `OpenMetrics` text format, version 1.0: what a scrape of `/metrics`
/// answers. No key and no value is ever in it. Free it with `ringshift_string_free`.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL; `*out` is then NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_metrics_text(
    router: *const ringshift_router,
    out: *mut *mut c_char,
) -> ringshift_status {
    // SAFETY: the caller's, as the header says.
    guard_status(|| unsafe { give(router, out, |router| Ok(router.metrics_text())) })
}

/// Writes all counters and states to `*out` as a JSON object, for the host's own metrics registry: `generation`,
/// `digest`, `epoch`, `region`, `stage`, `weight` (basis points), `reloads`, `requests`, `breakers`,
/// `cluster_breakers`, `debts` (invalidations that were lost, by cluster), `owed` (those to be sent again) and
/// `warnings`. Free it with `ringshift_string_free`.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL; `*out` is then NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_metrics_json(
    router: *const ringshift_router,
    out: *mut *mut c_char,
) -> ringshift_status {
    // SAFETY: the caller's, as the header says.
    guard_status(|| unsafe {
        give(router, out, |router| {
            json(serde_json::to_string(&router.metrics()))
        })
    })
}

/// Writes to `*out` what happened since the event with the number `since` (0: from the first), as a JSON list, oldest
/// first: for the program's log, which asks with the `sequence` of the last event that it has. Free it with
/// `ringshift_string_free`.
///
/// An event is an object of `sequence` (1, 2, ...), `time` (milliseconds since 1970), `kind` (such as `applied`,
/// `rejected`, `mended`, `illegal`; more may come), `level` (`info` or `warning`: how to log it), `generation` (in
/// force after it), `cluster`, `node`, `error` (the kind of error), `pointer`, `line`, `column` (each null where it has
/// none) and `message`. No key and no value is ever in it. The last 256 events are kept: if the first one is not number
/// `since` + 1, those between them are forgotten.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL; `*out` is then NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_events_json(
    router: *const ringshift_router,
    since: u64,
    out: *mut *mut c_char,
) -> ringshift_status {
    // SAFETY: the caller's, as the header says.
    guard_status(|| unsafe {
        give(router, out, |router| {
            json(serde_json::to_string(&router.events(since)))
        })
    })
}

/// Frees a string that this library gave out in a `char **`; its NUL must be where it was. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_string_free(string: *mut c_char) {
    guard(|| {
        if !string.is_null() {
            // SAFETY: came from `CString::into_raw`, unchanged in length, as the header says.
            drop(unsafe { CString::from_raw(string) });
        }
        Ok(())
    });
}

fn json(text: serde_json::Result<String>) -> Result<String, Error> {
    text.map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))
}

/// # Safety
///
/// The arguments are those of the exported functions.
unsafe fn give(
    router: *const ringshift_router,
    place: *mut *mut c_char,
    text: impl FnOnce(&Router) -> Result<String, Error>,
) -> Result<(), Error> {
    let place = out(place, "out")?;
    // SAFETY: not NULL; the rest is the caller's.
    unsafe {
        place.write(std::ptr::null_mut());
        let text = text(ringshift_router::core(router)?)?;
        place.write(c_string(&text).into_raw());
    }
    Ok(())
}
