//! Routes: what to read, fill and invalidate for a key.

use std::ffi::{c_char, c_void};
use std::sync::Arc;
use std::{iter, ptr};

use ringshift_core::{Error, Node, Route, Snapshot, Stage, Target, limits};

use crate::arguments::{self, array, bytes, out_array};
use crate::node::ringshift_node;
use crate::panic::{guard, guard_status};
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// The most nodes in `read` and in `fallback`.
pub const RINGSHIFT_MAX_REPLICAS: usize = 8;
/// The most nodes in `invalidate`.
pub const RINGSHIFT_MAX_INVALIDATE: usize = 16;

/// No migration, or one that has not begun.
pub const RINGSHIFT_STAGE_NONE: u8 = 0;
/// Reads stay on the old cluster; invalidations go to both.
pub const RINGSHIFT_STAGE_PREPARE: u8 = 1;
/// Keys move to the new cluster, by percent.
pub const RINGSHIFT_STAGE_RAMP: u8 = 2;
/// Reads are on the new cluster; invalidations still go to both.
pub const RINGSHIFT_STAGE_SOAK: u8 = 3;

/// What to do for a key. It does not hold the key; on the wire, a node gets its own `ringshift_node_key_prefix`
/// followed by the key.
///
/// - Read from `read[0]`, then from the other replicas in order. `read_len` is 0 if open breakers, of nodes or
///   clusters, leave nothing to read: go to the origin.
/// - After a miss, look at `fallback` (`fallback_len` is 0 if there is nowhere to look); if `fill` is 1, copy what is
///   found there to `read`.
/// - When the value changes, remove the key from `invalidate[0]` to `invalidate[invalidate_len - 1]`, in this order;
///   each must be acknowledged before the next is sent.
///
/// All nodes of one list `read` or `fallback` belong to one cluster.
///
/// Of each list only the first `..._len` entries are written, and a NULL behind them where there is room; the rest
/// keeps what was there, and need not be initialised.
///
/// Threads and memory: plain data of the caller, who may copy it. The nodes are borrowed from the router and valid
/// until it is freed. Two routes of a router with equal `epoch` and equal `code` are equal, so a caller may keep what
/// it makes of a route under these two numbers.
#[repr(C)]
pub struct ringshift_route {
    /// The route in one number.
    pub code: u64,
    /// Counts what the router put in force, from 1; changes with every new spec and every step of a schedule.
    pub epoch: u64,
    /// The generation of the spec that the route comes from.
    pub generation: u64,
    /// `RINGSHIFT_STAGE_NONE` to `RINGSHIFT_STAGE_SOAK`, as it is in this process' region.
    pub stage: u8,
    /// 1 if the key has moved (its bucket is below the weight), else 0; an open breaker may still send it elsewhere.
    pub moved: u8,
    /// 1 if a value that is found at `fallback` is copied to `read`, else 0.
    pub fill: u8,
    /// How many nodes are in `read`.
    pub read_len: u8,
    /// How many nodes are in `fallback`.
    pub fallback_len: u8,
    /// How many nodes are in `invalidate`.
    pub invalidate_len: u8,
    /// Where to read, in order.
    pub read: [*const ringshift_node; RINGSHIFT_MAX_REPLICAS],
    /// Where to look after a miss, in order.
    pub fallback: [*const ringshift_node; RINGSHIFT_MAX_REPLICAS],
    /// What to invalidate, in order.
    pub invalidate: [*const ringshift_node; RINGSHIFT_MAX_INVALIDATE],
}

const _: () = assert!(RINGSHIFT_MAX_REPLICAS == limits::MAX_REPLICAS);
const _: () = assert!(RINGSHIFT_MAX_INVALIDATE == 2 * limits::MAX_REPLICAS);

impl ringshift_route {
    /// Writes a route of a snapshot.
    ///
    /// # Safety
    ///
    /// `out` points to memory for a route.
    #[inline]
    pub(crate) unsafe fn write(out: *mut Self, snapshot: &Snapshot, route: &Route<'_>) {
        // SAFETY: the caller's; nothing is read, so nothing needs to be initialised.
        unsafe {
            (&raw mut (*out).code).write(route.code().number());
            (&raw mut (*out).epoch).write(snapshot.epoch());
            (&raw mut (*out).generation).write(route.generation());
            (&raw mut (*out).stage).write(stage_number(route.stage()));
            (&raw mut (*out).moved).write(u8::from(route.moved()));
            let Some(node) = route.single() else {
                return Self::write_lists(out, route);
            };
            let nothing = iter::empty;
            (&raw mut (*out).fill).write(0);
            (&raw mut (*out).read_len).write(write_nodes(&raw mut (*out).read, [node]));
            (&raw mut (*out).fallback_len).write(write_nodes(&raw mut (*out).fallback, nothing()));
            (&raw mut (*out).invalidate_len).write(write_nodes(&raw mut (*out).invalidate, [node]));
        }
    }

    /// The rest of a route that has more than one node.
    ///
    /// # Safety
    ///
    /// As for [`ringshift_route::write`].
    #[inline(never)]
    unsafe fn write_lists(out: *mut Self, route: &Route<'_>) {
        // SAFETY: the caller's; nothing is read.
        unsafe {
            (&raw mut (*out).fill).write(u8::from(route.fill()));
            (&raw mut (*out).read_len).write(write_target(&raw mut (*out).read, route.read()));
            (&raw mut (*out).fallback_len)
                .write(write_target(&raw mut (*out).fallback, route.fallback()));
            (&raw mut (*out).invalidate_len)
                .write(write_nodes(&raw mut (*out).invalidate, route.invalidate()));
        }
    }
}

/// Writes the nodes of a target, if there is one; see [`write_nodes`].
///
/// # Safety
///
/// As for [`write_nodes`].
#[inline(always)]
unsafe fn write_target<const N: usize>(
    list: *mut [*const ringshift_node; N],
    target: Option<Target<'_>>,
) -> u8 {
    // SAFETY: the caller's.
    unsafe {
        match target {
            Some(target) => write_nodes(list, target.nodes()),
            None => write_nodes(list, iter::empty()),
        }
    }
}

/// Writes the nodes and a NULL behind them, and gives their number.
///
/// # Safety
///
/// `list` points to memory for a list.
#[inline]
unsafe fn write_nodes<'n, const N: usize>(
    list: *mut [*const ringshift_node; N],
    nodes: impl IntoIterator<Item = &'n Arc<Node>>,
) -> u8 {
    let first: *mut *const ringshift_node = list.cast();
    let mut len = 0_u8;
    // No route has more nodes than the lists have room for; `take` is there to keep it so.
    for node in nodes.into_iter().take(N) {
        // SAFETY: fewer than N were written.
        unsafe {
            first
                .add(usize::from(len))
                .write(ringshift_node::lend(node));
        };
        len += 1;
    }
    if usize::from(len) < N {
        // SAFETY: fewer than N were written.
        unsafe { first.add(usize::from(len)).write(ptr::null()) };
    }
    len
}

pub(crate) fn stage_number(stage: Stage) -> u8 {
    match stage {
        Stage::None => RINGSHIFT_STAGE_NONE,
        Stage::Prepare => RINGSHIFT_STAGE_PREPARE,
        Stage::Ramp => RINGSHIFT_STAGE_RAMP,
        Stage::Soak => RINGSHIFT_STAGE_SOAK,
    }
}

/// The name of a stage: `none`, `prepare`, `ramp`, `soak`, or `unknown`. Never NULL, valid for ever.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_stage_name(stage: u32) -> *const c_char {
    guard(|| {
        let name = match u8::try_from(stage) {
            Ok(RINGSHIFT_STAGE_NONE) => c"none",
            Ok(RINGSHIFT_STAGE_PREPARE) => c"prepare",
            Ok(RINGSHIFT_STAGE_RAMP) => c"ramp",
            Ok(RINGSHIFT_STAGE_SOAK) => c"soak",
            _ => c"unknown",
        };
        Ok(name.as_ptr())
    })
}

/// Writes the route of a key to `*out`. Takes no lock and allocates nothing.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `out` is NULL, or `key` is NULL with a length; `*out` is then
/// as it was.
///
/// ```c
/// ringshift_route route;
/// if (ringshift_router_route(router, "user:42", 7, &route) == RINGSHIFT_OK && route.read_len > 0)
///   puts(ringshift_node_address(route.read[0]));
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_route(
    router: *const ringshift_router,
    key: *const c_void,
    key_len: usize,
    out: *mut ringshift_route,
) -> ringshift_status {
    guard_status(|| {
        let out = arguments::out(out, "out")?;
        // SAFETY: the caller's, as the header says.
        let (router, key) = unsafe {
            (
                ringshift_router::core(router)?,
                arguments::key(key, key_len)?,
            )
        };
        // SAFETY: not NULL; the rest is the caller's.
        router.with(|snapshot| unsafe {
            ringshift_route::write(out, snapshot, &snapshot.route(key));
        });
        Ok(())
    })
}

/// Writes the routes of `count` keys to `out[0]` to `out[count - 1]`, in one call. All routes are of one epoch.
/// `keys[i]` points to `key_lens[i]` bytes.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` as `ringshift_router_route` does; some of `out` may then be written.
///
/// ```c
/// const void *keys[] = {"user:42", "user:43"};
/// const size_t lens[] = {7, 7};
/// ringshift_route routes[2];
/// ringshift_status status = ringshift_router_route_many(router, keys, lens, 2, routes);
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_route_many(
    router: *const ringshift_router,
    keys: *const *const c_void,
    key_lens: *const usize,
    count: usize,
    out: *mut ringshift_route,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let (router, keys) = unsafe {
            let router = ringshift_router::core(router)?;
            (router, Keys::new(keys, key_lens, count)?)
        };
        let out = out_array(out, count, "out")?;
        router.with(|snapshot| {
            for position in 0..count {
                let key = keys.get(position)?;
                // SAFETY: `out` has room for `count` routes.
                unsafe {
                    ringshift_route::write(out.add(position), snapshot, &snapshot.route(key));
                };
            }
            Ok(())
        })
    })
}

/// An array of keys, each of which is checked when it is asked for.
struct Keys<'a> {
    keys: &'a [*const c_void],
    lens: &'a [usize],
}

impl<'a> Keys<'a> {
    /// # Safety
    ///
    /// `keys` and `lens` are NULL or point to `count` entries; each key points to as many bytes as
    /// its length says.
    unsafe fn new(
        keys: *const *const c_void,
        lens: *const usize,
        count: usize,
    ) -> Result<Self, Error> {
        // SAFETY: the caller's.
        unsafe {
            let keys = array(keys, count, || "keys".to_owned())?;
            let lens = array(lens, count, || "key_lens".to_owned())?;
            Ok(Self { keys, lens })
        }
    }

    fn get(&self, position: usize) -> Result<&'a [u8], Error> {
        let (key, len) = (self.keys[position], self.lens[position]);
        // SAFETY: promised to `new`.
        unsafe { bytes(key, len, || format!("keys[{position}]")) }
    }
}

#[cfg(test)]
mod tests {
    use std::mem::offset_of;

    use super::*;

    /// An offset or a size in `tests/layout.def`, by how its line begins.
    fn frozen(line: &str) -> usize {
        let numbers = include_str!("../tests/layout.def")
            .lines()
            .find_map(|found| found.strip_prefix(line))
            .unwrap();
        let (bytes, pointers) = numbers.trim_end_matches(')').split_once(", ").unwrap();
        let (bytes, pointers): (usize, usize) = (bytes.parse().unwrap(), pointers.parse().unwrap());
        bytes + pointers * size_of::<usize>()
    }

    #[test]
    fn the_layout_is_the_frozen_one() {
        macro_rules! offsets {
            ($($field:ident)*) => { [$((stringify!($field), offset_of!(ringshift_route, $field))),*] };
        }
        let offsets = offsets!(
            code epoch generation stage moved fill read_len fallback_len invalidate_len read fallback invalidate
        );
        for (field, offset) in offsets {
            assert_eq!(offset, frozen(&format!("FIELD({field}, ")), "{field}");
        }
        assert_eq!(size_of::<ringshift_route>(), frozen("SIZE("));
        let fields = include_str!("../tests/layout.def").matches("\nFIELD(");
        assert_eq!(fields.count(), offsets.len());
    }

    #[test]
    fn stages_have_the_names_of_the_core() {
        for stage in [Stage::None, Stage::Prepare, Stage::Ramp, Stage::Soak] {
            let name = ringshift_stage_name(stage_number(stage).into());
            // SAFETY: names are literals.
            let name = unsafe { std::ffi::CStr::from_ptr(name) };
            assert_eq!(name.to_str(), Ok(stage.name()));
        }
    }
}
