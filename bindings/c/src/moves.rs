//! What would move between two specs.

use std::ffi::{c_char, c_void};

use ringshift_core::{Error, ErrorKind};

use crate::arguments::{bytes, out as out_of};
use crate::error::c_string;
use crate::panic::guard_status;
use crate::status::ringshift_status;

/// Writes to `*out`, as a JSON object, what would move if the spec in `after` followed the one in `before`:
///
/// - `clusters`: for every cluster that both have, an object of `from` and `to` (names of clusters), `moved` (the share of
///   the keys whose entry would be elsewhere, 0 to 1), `flows` (a list of `from` and `to`, ids of nodes, and `share`, the
///   largest first), `sample` (null if exact, else how many keys were looked at) and `error` (how far off `moved` may be,
///   with 95 % confidence);
/// - `migration`: the same for the migration of the second spec, or null.
///
/// No router is needed. Free the string with `ringshift_string_free`.
///
/// Fails as `ringshift_router_from_spec` does, for either of the specs; `*out` is then NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_moves_json(
    before: *const c_void,
    before_len: usize,
    after: *const c_void,
    after_len: usize,
    out: *mut *mut c_char,
) -> ringshift_status {
    guard_status(|| {
        let out = out_of(out, "out")?;
        // SAFETY: not NULL; the rest is the caller's.
        unsafe { out.write(std::ptr::null_mut()) };
        // SAFETY: the caller's, as the header says.
        let (before, after) = unsafe {
            (
                bytes(before, before_len, || "before".to_owned())?,
                bytes(after, after_len, || "after".to_owned())?,
            )
        };
        let text = serde_json::to_string(&ringshift_core::moves(before, after)?)
            .map_err(|error| Error::new(ErrorKind::Internal, error.to_string()))?;
        // SAFETY: as above.
        unsafe { out.write(c_string(&text).into_raw()) };
        Ok(())
    })
}
