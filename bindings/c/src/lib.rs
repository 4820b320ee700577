//! The C interface: converts types and errors, and decides nothing.
//!
//! One type of the interface per module. What a C caller has to know stands in the doc comments,
//! which `tests/header.rs` copies into `include/ringshift.h`.

#![warn(clippy::undocumented_unsafe_blocks)]
// Types have the names that they have in C.
#![allow(non_camel_case_types)]
// What a caller has to keep to is written for C, in the header's own words.
#![allow(clippy::missing_safety_doc)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

mod arguments;
pub mod code;
pub mod error;
pub mod index;
pub mod metrics;
pub mod moves;
pub mod node;
pub mod options;
pub mod owed;
mod panic;
pub mod report;
pub mod route;
pub mod router;
pub mod status;
pub mod version;
