//! The Node addon of ringshift: converts types and errors between the core and JavaScript.
//!
//! What people use is the package in `node/`; it wraps this addon. Only what is called for every key
//! (`function`, `lookup`, `index`, `report`) speaks the raw Node-API; everything else goes through napi-rs. Nothing here
//! belongs to a process or thread: each router carries its own state, so the addon can be loaded
//! in any number of worker threads.

#![deny(clippy::undocumented_unsafe_blocks)]

pub mod failure;
pub mod follow;
pub mod function;
mod index;
mod key;
mod lookup;
mod memory;
pub mod moves;
pub mod parts;
pub mod report;
pub mod router;
mod shared;
mod table;
