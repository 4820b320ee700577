//! Keys into the indices of the nodes that are read first: one by one, and many that lie one after the
//! other in memory.

use napi::sys;

use crate::function::answer;
use crate::key::with_key;
use crate::memory::memory_of;
use crate::shared::Shared;

/// Something is wrong with the key or the router. -1 is [`ringshift::NO_NODE`].
const WRONG: i32 = -2;
/// The memory of an argument is not what it must be.
const BAD_MEMORY: i32 = -3;

/// `indexOf(key)`: the index, -1 for nowhere to read, or `WRONG`.
///
/// # Safety
///
/// Called by Node-API only.
pub(crate) unsafe extern "C" fn index_of(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let index = |shared: &Shared, [key]: [sys::napi_value; 1]| {
        let index = |key: &[u8]| shared.with(|snapshot| snapshot.index(key).cast_signed());
        // SAFETY: both come from this call; the closure stays within the core.
        let found = unsafe { with_key(env, key, index) };
        found.ok().flatten().unwrap_or(WRONG)
    };
    // SAFETY: of this call.
    unsafe { answer(env, info, index) }
}

/// `indexPacked(bytes, offsets, out)`: writes the indices of all keys. Gives the number of keys, `WRONG`
/// for a closed router, `BAD_MEMORY`, or `-4 - n` if the offset n is below the one before it or behind
/// the last byte; nothing is then written.
///
/// # Safety
///
/// Called by Node-API only.
pub(crate) unsafe extern "C" fn index_packed(
    env: sys::napi_env,
    info: sys::napi_callback_info,
) -> sys::napi_value {
    let fill = |shared: &Shared, [bytes, offsets, out]: [sys::napi_value; 3]| {
        // SAFETY: all come from this call, during which JavaScript does not run.
        let (bytes, offsets, out) = unsafe {
            (
                memory_of::<u8>(env, bytes),
                memory_of::<u32>(env, offsets),
                memory_of::<u32>(env, out),
            )
        };
        let (Ok(bytes), Ok(offsets), Ok(out)) = (bytes, offsets, out) else {
            return BAD_MEMORY;
        };
        let keys = offsets.length.saturating_sub(1);
        if out.length < keys || out.overlaps(&bytes) || out.overlaps(&offsets) {
            return BAD_MEMORY;
        }
        // SAFETY: memory of so many bytes and numbers, not shared with other threads, and `out`, the only
        // one that is written to, is elsewhere.
        let (bytes, starts) = unsafe { (bytes.slice(), offsets.slice()) };
        if let Some(wrong) = first_wrong(starts, bytes.len()) {
            return -4 - wrong;
        }
        let written = shared.with(|snapshot| {
            for (position, pair) in starts.windows(2).enumerate() {
                let key = &bytes[pair[0] as usize..pair[1] as usize];
                let index = snapshot.index(key);
                // SAFETY: there is room for as many as keys.
                unsafe { out.data.add(position).write(index) };
            }
        });
        match written {
            Some(()) => i32::try_from(keys).unwrap_or(i32::MAX),
            None => WRONG,
        }
    };
    // SAFETY: of this call.
    unsafe { answer(env, info, fill) }
}

/// The position of the first offset that can't be one.
fn first_wrong(offsets: &[u32], length: usize) -> Option<i32> {
    let mut before = 0;
    let wrong = offsets.iter().position(|&offset| {
        let wrong = offset < before || offset as usize > length;
        before = offset;
        wrong
    });
    wrong.map(|position| i32::try_from(position).unwrap_or(i32::MAX - 4))
}
