//! Atomics of what is checked under every order of threads: loom's there, the standard library's
//! everywhere else. `RUSTFLAGS="--cfg loom"` chooses.

#[cfg(loom)]
pub(crate) use loom::sync::atomic::{AtomicBool, AtomicU64, Ordering};
#[cfg(not(loom))]
pub(crate) use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
