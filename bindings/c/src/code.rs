//! Codes: routes as numbers, for callers that keep whole routes themselves.

use std::ffi::c_void;

use crate::arguments::{
    array, bytes, invalid, key as key_of, optional_out, out as out_of, out_array,
};
use crate::panic::guard_status;
use crate::route::ringshift_route;
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// Writes the epoch in force to `*epoch` and the code of a key's route to `*code`: all that a caller needs who keeps
/// routes under these two numbers and asks for the whole route of a code only once. `epoch` may be NULL.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` as `ringshift_router_route` does; nothing is then written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_code(
    router: *const ringshift_router,
    key: *const c_void,
    key_len: usize,
    epoch: *mut u64,
    code: *mut u64,
) -> ringshift_status {
    guard_status(|| {
        let code = out_of(code, "code")?;
        let epoch = optional_out(epoch, "epoch")?;
        // SAFETY: the caller's, as the header says.
        let (router, key) = unsafe { (ringshift_router::core(router)?, key_of(key, key_len)?) };
        // SAFETY: `code` is not NULL; the rest is the caller's.
        router.with(|snapshot| unsafe {
            code.write(snapshot.code(key).number());
            if !epoch.is_null() {
                epoch.write(snapshot.epoch());
            }
        });
        Ok(())
    })
}

/// Writes the whole route that a code stands for to `*out`, as `ringshift_router_route` does, if `epoch` is still in
/// force.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if it is not, if the code was never given under it, or if `router` or `out`
/// is NULL; ask for the key's route then. (Asking for a key's code and then for its route is not the same: a breaker
/// that lets one request through would refuse the second.)
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_expand(
    router: *const ringshift_router,
    epoch: u64,
    code: u64,
    out: *mut ringshift_route,
) -> ringshift_status {
    guard_status(|| {
        let out = out_of(out, "out")?;
        // SAFETY: the caller's, as the header says.
        let router = unsafe { ringshift_router::core(router)? };
        router.with(|snapshot| {
            let route = snapshot.expand_from(epoch, code);
            let route = route.ok_or_else(|| {
                invalid(format!(
                    "epoch {epoch} with code {code} is not in force; ask for the key's route"
                ))
            })?;
            // SAFETY: not NULL; the rest is the caller's.
            unsafe { ringshift_route::write(out, snapshot, &route) };
            Ok(())
        })
    })
}

/// Writes the codes of `count` keys to `codes[0]` to `codes[count - 1]`, in one call, and the epoch that all of them
/// belong to to `*epoch` (unless it is NULL). The keys lie one after the other in `keys`, with nothing between them:
/// the first is the first `key_lens[0]` bytes, the second the next `key_lens[1]`, and so on up to `keys_len`.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if an argument that is needed is NULL, or if the lengths do not add up to
/// `keys_len`; some of `codes` may then be written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_code_packed(
    router: *const ringshift_router,
    keys: *const c_void,
    keys_len: usize,
    key_lens: *const usize,
    count: usize,
    epoch: *mut u64,
    codes: *mut u64,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (router, mut rest, lens) = unsafe {
            let router = ringshift_router::core(router)?;
            let keys = bytes(keys, keys_len, || "keys".to_owned())?;
            (
                router,
                keys,
                array(key_lens, count, || "key_lens".to_owned())?,
            )
        };
        let codes = out_array(codes, count, "codes")?;
        let epoch = optional_out(epoch, "epoch")?;
        router.with(|snapshot| {
            for (position, &len) in lens.iter().enumerate() {
                let Some((key, behind)) = rest.split_at_checked(len) else {
                    return Err(invalid(format!(
                        "key_lens[{position}] is {len}, but {} bytes are left of keys; use lengths that add up to keys_len",
                        rest.len()
                    )));
                };
                rest = behind;
                // SAFETY: `codes` has room for `count` of them.
                unsafe { codes.add(position).write(snapshot.code(key).number()) };
            }
            if !rest.is_empty() {
                return Err(invalid(format!(
                    "{} bytes of keys belong to no key; use lengths that add up to keys_len",
                    rest.len()
                )));
            }
            if !epoch.is_null() {
                // SAFETY: not NULL; the rest is the caller's.
                unsafe { epoch.write(snapshot.epoch()) };
            }
            Ok(())
        })
    })
}
