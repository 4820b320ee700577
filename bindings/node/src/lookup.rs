//! The hot path: turns a key into the slot of a route that JavaScript already has an object for. What it
//! can't answer, it leaves to `RouterHandle::describe`.

use napi::sys;

use crate::function::answer;
use crate::key::with_key;
use crate::shared::Shared;

/// There is no slot for this key, because its route is a new one or because something is wrong:
/// `describe` tells which.
const NONE: i32 = -1;

/// `lookup(key)`.
///
/// # Safety
///
/// Called by Node-API only.
pub(crate) unsafe extern "C" fn lookup(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let slot = |shared: &Shared, [key]: [sys::napi_value; 1]| {
        let find = |key: &[u8]| {
            let slot = shared.known_slot(key)?;
            Some(slot.cast_signed())
        };
        // SAFETY: both come from this call; the closure stays within the core.
        let found = unsafe { with_key(env, key, find) };
        found.ok().flatten().unwrap_or(NONE)
    };
    // SAFETY: of this call.
    unsafe { answer(env, info, slot) }
}
