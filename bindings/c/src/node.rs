//! Nodes as routes hand them out.

use std::ffi::{CStr, c_char};
use std::ptr;
use std::sync::Arc;

use ringshift_core::{Error, Node};

use crate::arguments::{self, handle};
use crate::error::keep;
use crate::index::RINGSHIFT_NO_NODE;
use crate::panic::{guard, guard_status};
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// A node of a cluster: what a caller needs to send a key there. A node that is in two clusters is two of these.
///
/// Threads: never changes, may be used by all. Borrowed from the router: it and all its strings stay valid until the
/// router is freed, even when later specs no longer have the node; there is nothing to free. The same node has the same
/// address and the same index for as long as the router lives, so a caller may keep its connections by either.
pub struct ringshift_node {
    /// Stands for the core's `Node`, to which every pointer of this type points.
    _node: [u8; 0],
}

impl ringshift_node {
    /// The pointer that C gets.
    #[inline]
    pub(crate) fn lend(node: &Arc<Node>) -> *const Self {
        // The router keeps this very allocation until it is freed.
        Arc::as_ptr(node).cast()
    }

    /// The core's node.
    ///
    /// # Safety
    ///
    /// `node` is NULL or came from [`ringshift_node::lend`], and its router was not freed.
    #[inline]
    pub(crate) unsafe fn node<'a>(node: *const Self) -> Result<&'a Node, Error> {
        // SAFETY: `lend` made it from a pointer to a `Node`; the rest is the caller's.
        unsafe { handle(node.cast::<Node>(), "node") }
    }
}

/// Reads one string of a node.
///
/// # Safety
///
/// As for [`ringshift_node::node`].
unsafe fn name(
    node: *const ringshift_node,
    read: impl FnOnce(&Node) -> &CStr,
) -> Result<*const c_char, Error> {
    // SAFETY: the caller's.
    Ok(read(unsafe { ringshift_node::node(node) }?).as_ptr())
}

/// The node's id, which decides placement. NULL only if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_id(node: *const ringshift_node) -> *const c_char {
    // SAFETY: the caller's, as the header says.
    guard(|| unsafe { name(node, Node::id_c) })
}

/// Where to connect: `host:port`, `[v6]:port` or the absolute path of a unix socket. NULL only if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_address(node: *const ringshift_node) -> *const c_char {
    // SAFETY: the caller's, as the header says.
    guard(|| unsafe { name(node, Node::address_c) })
}

/// The node's zone; NULL if the spec names none, or if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_zone(node: *const ringshift_node) -> *const c_char {
    guard(|| {
        // SAFETY: the caller's, as the header says.
        let node = unsafe { ringshift_node::node(node) }?;
        Ok(node.zone_c().map_or(ptr::null(), CStr::as_ptr))
    })
}

/// The name of the cluster that this is a node of. NULL only if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_cluster(node: *const ringshift_node) -> *const c_char {
    // SAFETY: the caller's, as the header says.
    guard(|| unsafe { name(node, Node::cluster_c) })
}

/// What to put before every key that is sent to the node; "" if nothing. NULL only if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_key_prefix(node: *const ringshift_node) -> *const c_char {
    // SAFETY: the caller's, as the header says.
    guard(|| unsafe { name(node, Node::key_prefix_c) })
}

/// The node's share of the keys relative to other nodes, 0 to 1000; 0 if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_weight(node: *const ringshift_node) -> u32 {
    // SAFETY: the caller's, as the header says.
    guard(|| Ok(unsafe { ringshift_node::node(node) }?.weight()))
}

/// A number that no other node of the same router ever has; they are given from 0 on. `RINGSHIFT_NO_NODE` if `node` is NULL.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_node_index(node: *const ringshift_node) -> u32 {
    guard(|| {
        if node.is_null() {
            return Ok(RINGSHIFT_NO_NODE);
        }
        // SAFETY: the caller's, as the header says.
        let node = unsafe { ringshift_node::node(node) };
        Ok(node.map_or_else(
            |error| {
                keep(&error);
                RINGSHIFT_NO_NODE
            },
            Node::index,
        ))
    })
}

/// The node of an index, however long ago it left the spec; NULL if there is none, or if `router` is NULL. Takes a lock
/// for a moment; callers that need speed keep the pointer.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_node(
    router: *const ringshift_router,
    index: u32,
) -> *const ringshift_node {
    guard(|| {
        // SAFETY: the caller's, as the header says.
        let router = unsafe { ringshift_router::core(router) }?;
        let node = router.node(index);
        Ok(node.as_ref().map_or(ptr::null(), ringshift_node::lend))
    })
}

/// Writes the nodes of the spec in force to `out[0]` to `out[room - 1]`, by cluster name and in the order of the spec,
/// as many as there is room for, and to `*count` how many there are: if that is more than `room`, call again with more.
/// `out` may be NULL if `room` is 0.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if `router` or `count` is NULL, or `out` is NULL with room.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_nodes(
    router: *const ringshift_router,
    out: *mut *const ringshift_node,
    room: usize,
    count: *mut usize,
) -> ringshift_status {
    guard_status(|| {
        let count = arguments::out(count, "count")?;
        let out = arguments::out_array(out, room, "out")?;
        // SAFETY: the caller's, as the header says.
        let router = unsafe { ringshift_router::core(router) }?;
        router.with(|snapshot| {
            let mut found = 0;
            for node in snapshot.nodes() {
                if found < room {
                    // SAFETY: `out` has room for `room` of them.
                    unsafe { out.add(found).write(ringshift_node::lend(node)) };
                }
                found += 1;
            }
            // SAFETY: not NULL; the rest is the caller's.
            unsafe { count.write(found) };
        });
        Ok(())
    })
}
