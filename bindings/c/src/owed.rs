//! Keys whose invalidation was lost, and is to be sent again.

use std::ffi::c_void;
use std::ptr;

use ringshift_core::OwedKey;

use crate::arguments::{handle, invalid, key, out, owned};
use crate::node::ringshift_node;
use crate::panic::{guard, guard_status};
use crate::report::outcome_of;
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// Keys whose invalidation is to be sent again: from `ringshift_router_owed`.
///
/// Threads: never changes, may be read by all. Freed by the caller with `ringshift_owed_free`; it needs no router.
pub struct ringshift_owed {
    keys: Vec<OwedKey>,
}

/// Counts an invalidation that a node did not acknowledge, as `ringshift_router_report` does, and remembers its key:
/// until `ringshift_router_repaid`, or no value that it should have removed can live any more, routes do not read it
/// there, nor anywhere else if values are copied from there in a migration. So what a node held before it was down is
/// not read when it is back. `outcome` is `RINGSHIFT_OUTCOME_ERROR`, `..._TIMEOUT`, `..._UNREACHABLE` or
/// `..._UNSENT`. Takes a lock.
///
/// Keys take at most 16 MiB of a router. What is lost beyond that keeps the node from being read at all, for as long as
/// its values can live.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `node` is NULL, `key` is NULL with a length, or the outcome
/// is none of these; nothing is then counted.
///
/// ```c
/// ringshift_router_lost(router, route.invalidate[0], key, key_len, RINGSHIFT_OUTCOME_TIMEOUT);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_lost(
    router: *const ringshift_router,
    node: *const ringshift_node,
    key: *const c_void,
    key_len: usize,
    outcome: u32,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (router, node, key) = unsafe {
            (
                ringshift_router::core(router)?,
                ringshift_node::node(node)?,
                self::key(key, key_len)?,
            )
        };
        router.lost(node, key, outcome_of(outcome)?)
    })
}

/// Gives to `*out` keys whose invalidation is to be sent again, now that a node has answered; NULL if there are none.
/// Ask after each request that a node answered: while nothing is owed that costs next to nothing. A few keys are given
/// at a time, and each of them once in five seconds until it is repaid, so that any number of threads may ask. Free
/// them with `ringshift_owed_free`.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router`, `node` or `out` is NULL; `*out` is then NULL.
///
/// ```c
/// ringshift_owed *owed;
/// ringshift_router_owed(router, node, &owed);
/// for (size_t i = 0; i < ringshift_owed_count(owed); i++) {
///   const void *key;
///   size_t key_len;
///   uint64_t loss;
///   ringshift_owed_key(owed, i, &key, &key_len, &loss);
///   // ... removes the key from every node of its route's `invalidate`, in order; if all acknowledge:
///   ringshift_router_repaid(router, key, key_len, loss);
/// }
/// ringshift_owed_free(owed);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_owed(
    router: *const ringshift_router,
    node: *const ringshift_node,
    out: *mut *mut ringshift_owed,
) -> ringshift_status {
    guard_status(|| {
        let place = self::out(out, "out")?;
        // SAFETY: the caller's, as the header says.
        let (router, node) = unsafe {
            place.write(ptr::null_mut());
            (ringshift_router::core(router)?, ringshift_node::node(node)?)
        };
        let keys = router.owed(node);
        if !keys.is_empty() {
            // SAFETY: as above.
            unsafe { place.write(Box::into_raw(Box::new(ringshift_owed { keys }))) };
        }
        Ok(())
    })
}

/// How many keys there are; 0 for NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_owed_count(owed: *const ringshift_owed) -> usize {
    guard(|| {
        if owed.is_null() {
            return Ok(0);
        }
        // SAFETY: the caller's, as the header says.
        Ok(unsafe { handle(owed, "owed") }?.keys.len())
    })
}

/// Gives one of the keys, and the number of its loss. The bytes are borrowed, until `ringshift_owed_free`.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if an argument is NULL or there is no such key; nothing is then written.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_owed_key(
    owed: *const ringshift_owed,
    index: usize,
    key: *mut *const c_void,
    key_len: *mut usize,
    loss: *mut u64,
) -> ringshift_status {
    guard_status(|| {
        let (key, key_len) = (out(key, "key")?, out(key_len, "key_len")?);
        let loss = out(loss, "loss")?;
        // SAFETY: the caller's, as the header says.
        let keys = &unsafe { handle(owed, "owed") }?.keys;
        let count = keys.len();
        let one = keys.get(index).ok_or_else(|| {
            invalid(format!(
                "there is no key {index}; there are {count} of them"
            ))
        })?;
        // SAFETY: places for these, as the header says.
        unsafe {
            key.write(one.key.as_ptr().cast());
            key_len.write(one.key.len());
            loss.write(one.loss);
        }
        Ok(())
    })
}

/// Tells that the invalidation of a key that `ringshift_router_owed` gave was sent again, in the order of its route,
/// and acknowledged by every node of it. Does nothing if it was lost once more meanwhile, or is not owed.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` is NULL, or `key` is NULL with a length.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_repaid(
    router: *const ringshift_router,
    key: *const c_void,
    key_len: usize,
    loss: u64,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (router, key) = unsafe { (ringshift_router::core(router)?, self::key(key, key_len)?) };
        router.repaid(key, loss);
        Ok(())
    })
}

/// Frees what `ringshift_router_owed` gave. NULL does nothing.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_owed_free(owed: *mut ringshift_owed) {
    guard(|| {
        // SAFETY: came from `Box::into_raw`, and is not used again, as the header says.
        unsafe { owned(owed, "owed") }.map(drop)
    });
}
