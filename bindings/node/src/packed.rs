//! Many keys in one piece of memory: their bytes one after the other, and the offsets where each begins
//! and the last ends.

use std::ptr;
use std::slice;

use napi::sys;

use crate::memory::TypedArray;

/// An argument of a call with packed keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Argument {
    /// The bytes of the keys, a `Uint8Array`.
    Bytes,
    /// The offsets, a `Uint32Array`.
    Offsets,
    /// Where the indices go, a `Uint32Array`.
    Out,
}

/// Why packed keys are none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum PackedFault {
    /// Not the typed array that is wanted.
    Type(Argument),
    /// Its memory was transferred away.
    Detached(Argument),
    /// Other threads may change its memory.
    SharedMemory(Argument),
    /// Its memory, which another addon has made, does not begin where a number may.
    Unaligned(Argument),
    /// Not even the offset where the first key begins.
    NoOffsets,
    /// An offset is lower than the one before.
    Falling {
        /// Its position.
        position: usize,
        /// The offset before, and itself.
        offsets: [u32; 2],
    },
    /// The last offset is beyond the bytes.
    Beyond {
        /// The last offset.
        offset: u32,
        /// How many bytes there are.
        length: usize,
    },
    /// There are more keys than `out` has room for.
    Room {
        /// How many keys.
        keys: usize,
        /// How many fit.
        room: usize,
    },
    /// `out` is, in part, the memory of another argument.
    Overlap(Argument),
}

/// Packed keys and room for their indices, both checked.
#[derive(Debug)]
pub(crate) struct Packed<'a> {
    bytes: &'a [u8],
    /// At least one; they don't fall, and are within the bytes.
    offsets: &'a [u32],
    out: &'a mut [u32],
}

impl<'a> Packed<'a> {
    /// Checks everything, so that a call answers for all keys or for none.
    ///
    /// # Safety
    ///
    /// All must be those of a call from JavaScript that is going on. While the keys exist, nothing may
    /// call back into JavaScript, and nothing else may use the memory of the arguments.
    pub(crate) unsafe fn new(
        env: sys::napi_env,
        bytes: sys::napi_value,
        offsets: sys::napi_value,
        out: sys::napi_value,
    ) -> Result<Self, PackedFault> {
        // SAFETY: passed on from the caller.
        let bytes = unsafe { Memory::<u8>::new(env, bytes, Argument::Bytes) }?;
        // SAFETY: as above.
        let offsets = unsafe { Memory::<u32>::new(env, offsets, Argument::Offsets) }?;
        // SAFETY: as above.
        let out = unsafe { Memory::<u32>::new(env, out, Argument::Out) }?;
        if out.overlaps(&bytes) {
            return Err(PackedFault::Overlap(Argument::Bytes));
        }
        if out.overlaps(&offsets) {
            return Err(PackedFault::Overlap(Argument::Offsets));
        }
        // SAFETY: this thread's JavaScript waits for this call, and no other thread reaches memory that
        // is not shared, so nobody changes or frees it meanwhile. What is written overlaps nothing.
        let (bytes, offsets, out) = unsafe {
            (
                slice::from_raw_parts(bytes.start, bytes.length),
                slice::from_raw_parts(offsets.start, offsets.length),
                slice::from_raw_parts_mut(out.start.cast_mut(), out.length),
            )
        };
        check(bytes, offsets, out)?;
        Ok(Self {
            bytes,
            offsets,
            out,
        })
    }

    /// The keys in their order, and room for at least as many indices.
    pub(crate) fn parts(&mut self) -> (impl Iterator<Item = &'a [u8]>, &mut [u32]) {
        let (bytes, offsets) = (self.bytes, self.offsets);
        let keys = offsets
            .iter()
            .zip(&offsets[1..])
            .map(move |(&start, &end)| &bytes[start as usize..end as usize]);
        (keys, self.out)
    }
}

fn check(bytes: &[u8], offsets: &[u32], out: &[u32]) -> Result<(), PackedFault> {
    let Some(&last) = offsets.last() else {
        return Err(PackedFault::NoOffsets);
    };
    let (keys, room) = (offsets.len() - 1, out.len());
    if keys > room {
        return Err(PackedFault::Room { keys, room });
    }
    // All are counted, which takes no branch.
    let pairs = || offsets.iter().zip(&offsets[1..]);
    if pairs().filter(|(before, offset)| before > offset).count() > 0 {
        let falling = (1..)
            .zip(pairs())
            .find(|(_, (before, offset))| before > offset);
        if let Some((position, (&before, &offset))) = falling {
            let offsets = [before, offset];
            return Err(PackedFault::Falling { position, offsets });
        }
    }
    if last as usize > bytes.len() {
        let length = bytes.len();
        return Err(PackedFault::Beyond {
            offset: last,
            length,
        });
    }
    Ok(())
}

/// What the elements of a typed array are.
trait Element: Sized {
    const KIND: sys::napi_typedarray_type;
}

impl Element for u8 {
    const KIND: sys::napi_typedarray_type = sys::TypedarrayType::uint8_array;
}

impl Element for u32 {
    const KIND: sys::napi_typedarray_type = sys::TypedarrayType::uint32_array;
}

/// The memory of a typed array that belongs to this thread alone.
struct Memory<T> {
    /// Never null, and aligned.
    start: *const T,
    length: usize,
}

impl<T: Element> Memory<T> {
    /// # Safety
    ///
    /// `env` and `value` must be those of a call from JavaScript that is going on.
    unsafe fn new(
        env: sys::napi_env,
        value: sys::napi_value,
        argument: Argument,
    ) -> Result<Self, PackedFault> {
        // SAFETY: passed on from the caller.
        let array = unsafe { TypedArray::new(env, value) };
        let Some(array) = array.filter(|array| array.kind == T::KIND) else {
            return Err(PackedFault::Type(argument));
        };
        if array.is_shared() {
            return Err(PackedFault::SharedMemory(argument));
        }
        let (start, length) = (array.start.cast_const().cast::<T>(), array.length);
        if length == 0 {
            if array.is_detached() {
                return Err(PackedFault::Detached(argument));
            }
            // Its pointer may be null, which a slice's must not be.
            let start = ptr::dangling();
            return Ok(Self { start, length });
        }
        if start.is_aligned() {
            Ok(Self { start, length })
        } else {
            Err(PackedFault::Unaligned(argument))
        }
    }

    fn overlaps<U>(&self, other: &Memory<U>) -> bool {
        let (start, end) = self.range();
        let (other_start, other_end) = other.range();
        start < other_end && other_start < end
    }
}

impl<T> Memory<T> {
    fn range(&self) -> (usize, usize) {
        let start = self.start.addr();
        (start, start + self.length * size_of::<T>())
    }
}
