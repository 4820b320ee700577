//! Many keys at once: where each is read first, as a number.

use std::ffi::c_void;

use ringshift_core::{Error, NO_NODE};

use crate::arguments::{array, bytes, invalid, out_array};
use crate::panic::guard_status;
use crate::router::ringshift_router;
use crate::status::ringshift_status;

/// Stands for "nowhere to read" among the indices of nodes.
pub const RINGSHIFT_NO_NODE: u32 = 0xffff_ffff;

const _: () = assert!(RINGSHIFT_NO_NODE == NO_NODE);

/// Writes to `out[i]` the index of the node that is read first for key `i` of `count` keys, in one call:
/// `ringshift_router_node` gives the node, and nodes of a router never share an index. `RINGSHIFT_NO_NODE` if
/// open breakers leave nothing to read. All answers belong to one epoch.
///
/// The keys lie in `keys`: key `i` is the bytes from `offsets[i]` up to, and without, `offsets[i + 1]`. So there are
/// `count + 1` offsets, none of which is less than the one before, and `keys` has at least `offsets[count]` bytes.
/// `keys` may be NULL if that is 0; all may be NULL if `count` is 0.
///
/// Fails with `RINGSHIFT_INVALID_ARGUMENT` if an argument that is needed is NULL, or if an offset is less than the one
/// before; nothing is then written.
///
/// Like a route, an answer may be the one request that the breaker of a failing node lets through: ask once for each
/// request that is sent.
///
/// ```c
/// const size_t offsets[] = {0, 7, 14};
/// uint32_t nodes[2];
/// if (ringshift_router_index_many(router, "user:42user:43", offsets, 2, nodes) == RINGSHIFT_OK)
///   puts(ringshift_node_address(ringshift_router_node(router, nodes[1])));
/// ```
#[unsafe(no_mangle)]
pub unsafe extern "C" fn ringshift_router_index_many(
    router: *const ringshift_router,
    keys: *const c_void,
    offsets: *const usize,
    count: usize,
    out: *mut u32,
) -> ringshift_status {
    guard_status(|| {
        // SAFETY: the caller's, as the header says.
        let router = unsafe { ringshift_router::core(router) }?;
        let out = out_array(out, count, "out")?;
        if count == 0 {
            return Ok(());
        }
        // SAFETY: the caller's, as the header says; there is room for `count` results, so there can be one offset more.
        let (keys, offsets) = unsafe {
            let offsets = array(offsets, count + 1, || "offsets".to_owned())?;
            check_offsets(offsets)?;
            (bytes(keys, offsets[count], || "keys".to_owned())?, offsets)
        };
        router.with(|snapshot| {
            for (position, ends) in offsets.windows(2).enumerate() {
                // The offsets were checked.
                let key = keys.get(ends[0]..ends[1]).unwrap_or_default();
                // SAFETY: `out` has room for `count` indices.
                unsafe { out.add(position).write(snapshot.index(key)) };
            }
        });
        Ok(())
    })
}

fn check_offsets(offsets: &[usize]) -> Result<(), Error> {
    match offsets.windows(2).position(|pair| pair[0] > pair[1]) {
        None => Ok(()),
        Some(before) => Err(invalid(format!(
            "offsets[{}] is {}, less than the {} before it; give every key's start, and the end of the last key behind them",
            before + 1,
            offsets[before + 1],
            offsets[before]
        ))),
    }
}
