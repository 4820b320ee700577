//! Which interface and which version this library is.

use std::ffi::c_char;

use ringshift_core::Error;

use crate::panic::guard;

/// The version of this interface. It rises when a program that was compiled with an older header may no longer run
/// with the library: when a function goes away or changes, or the layout of `ringshift_route` does.
pub const RINGSHIFT_ABI_VERSION: u32 = 1;

/// The version of the interface that the library was built with. A program that loads the library at run time compares
/// it with its header's `RINGSHIFT_ABI_VERSION`.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_abi_version() -> u32 {
    guard(|| Ok(RINGSHIFT_ABI_VERSION))
}

/// The version of the library, such as "0.1.0". Never NULL, valid for ever.
#[unsafe(no_mangle)]
pub extern "C" fn ringshift_version() -> *const c_char {
    guard(|| Ok::<_, Error>(concat!(env!("CARGO_PKG_VERSION"), "\0").as_ptr().cast()))
}
