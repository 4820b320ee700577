//! Functions that take any bytes and check what must hold whatever the bytes are: nothing panics, memory stays within a
//! multiple of the input, and what is answered fits together. `tests/replay.rs` runs them over committed seeds and random
//! changes of these; libFuzzer runs them for as long as one likes.

pub mod calls;
pub mod changes;
pub mod input;
pub mod keys;
pub mod legacy;
pub mod memory;
pub mod mutate;
pub mod route;
pub mod spec;
pub mod text;

/// A function that must hold for all bytes.
pub type Target = fn(&[u8]);

/// All targets by name, which is also that of their seeds' directory and of their binary.
pub const TARGETS: [(&str, Target); 5] = [
    ("spec", spec::run),
    ("keys", keys::run),
    ("legacy", legacy::run),
    ("changes", changes::run),
    ("calls", calls::run),
];
