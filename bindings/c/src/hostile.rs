//! Every exported function with what a caller gets wrong: NULL, addresses where no value can lie, lengths that nothing
//! has, numbers that mean nothing, calls in the wrong order. One row for each function of the header; one without a row
//! fails.

// What is unsafe here is what the rows are about: it is refused before anything is read.
#![allow(clippy::undocumented_unsafe_blocks, clippy::wildcard_imports)]

mod handles;
mod keys;
mod owed;

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use crate::code::*;
use crate::error::*;
use crate::index::*;
use crate::metrics::*;
use crate::moves::*;
use crate::node::*;
use crate::options::*;
use crate::owed::*;
use crate::report::*;
use crate::route::*;
use crate::router::*;
use crate::status::*;
use crate::version::*;

const SPEC: &[u8] = br#"{"format":1,"generation":1,"primary":"a","clusters":{"a":{"placement":{"kind":"ring","vnodes":3},
    "nodes":[{"id":"n","address":"/n"},{"id":"m","address":"/m"}]}}}"#;

/// A function of the header, and what must hold for it.
type Row = (&'static str, unsafe fn(&Open));

fn rows() -> impl Iterator<Item = &'static Row> {
    handles::HANDLES.iter().chain(keys::KEYS).chain(owed::OWED)
}

/// What rows need: an open router and a node of it.
struct Open {
    router: *mut ringshift_router,
    node: *const ringshift_node,
    options: *mut ringshift_options,
}

impl Open {
    fn new() -> Self {
        let mut router = ptr::null_mut();
        // SAFETY: the text is there, and a place for the router.
        let status =
            unsafe { ringshift_router_from_spec(text(), SPEC.len(), ptr::null(), &raw mut router) };
        assert_eq!(status, RINGSHIFT_OK);
        // SAFETY: just opened.
        let node = unsafe { ringshift_router_node(router, 0) };
        let options = ringshift_options_new();
        Self {
            router,
            node,
            options,
        }
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        // SAFETY: opened by `new`.
        unsafe {
            ringshift_router_free(self.router);
            ringshift_options_free(self.options);
        }
    }
}

fn text() -> *const c_void {
    SPEC.as_ptr().cast()
}

/// A place for a result.
fn room<T>() -> MaybeUninit<T> {
    MaybeUninit::uninit()
}

/// NULL, and an address where no such value can lie: that of a value and one byte.
fn wrong<T>(value: &mut MaybeUninit<T>) -> [*mut T; 2] {
    assert!(align_of::<T>() > 1, "every address is right for it");
    let odd = value.as_mut_ptr().wrapping_byte_add(1);
    [ptr::null_mut(), odd]
}

/// Memory like that of a handle, so that an address in it is no worse than misaligned.
fn wrong_handles<T>() -> [*mut T; 2] {
    static MEMORY: [u64; 2] = [0; 2];
    let odd = MEMORY.as_ptr().wrapping_byte_add(1);
    [ptr::null_mut(), odd.cast_mut().cast()]
}

/// A call that must be refused as an argument that can't be meant, and say so.
#[track_caller]
fn refused(status: ringshift_status) {
    assert_eq!(status, RINGSHIFT_INVALID_ARGUMENT);
    kept();
}

/// An error of this kind was kept for this thread by the last call. It is forgotten, so that the next one has to keep
/// its own.
#[track_caller]
fn kept() {
    assert_eq!(ringshift_error_status(), RINGSHIFT_INVALID_ARGUMENT);
    // SAFETY: never NULL.
    let message = unsafe { CStr::from_ptr(ringshift_error_message()) };
    let message = message.to_str().unwrap();
    assert!(
        message.contains("; "),
        "says what would be right: {message}"
    );
    tests::forget();
}

/// A getter that gave what stands for nothing.
#[track_caller]
fn nothing<T: PartialEq + Copy + std::fmt::Debug>(given: T, fallback: T) {
    assert_eq!(given, fallback);
    kept();
}

/// NULL with a length, and lengths that nothing has.
fn wrong_bytes() -> [(*const c_void, usize); 4] {
    let most = isize::MAX as usize;
    [
        (ptr::null(), 1),
        (ptr::null(), usize::MAX),
        (text(), most + 1),
        (text(), usize::MAX),
    ]
}

fn odd_nodes() -> [*const ringshift_node; 2] {
    wrong_handles::<u64>().map(|node| node.cast_const().cast())
}

unsafe fn no_name(read: unsafe extern "C" fn(*const ringshift_node) -> *const c_char) {
    for node in odd_nodes() {
        // SAFETY: refused before it is read.
        assert!(unsafe { read(node) }.is_null());
        kept();
    }
}

unsafe fn no_text(
    open: &Open,
    read: unsafe extern "C" fn(*const ringshift_router, *mut *mut c_char) -> ringshift_status,
) {
    // SAFETY: refused before anything is read or written, but for NULL into `out`.
    unsafe {
        let mut out = MaybeUninit::new(ptr::dangling_mut());
        for router in wrong_handles::<ringshift_router>() {
            refused(read(router, out.as_mut_ptr()));
            assert!(out.assume_init().is_null());
        }
        for out in wrong(&mut out) {
            refused(read(open.router, out));
        }
    }
}

/// On a thread where no call failed yet.
fn without_error(check: fn()) {
    std::thread::spawn(check).join().unwrap();
}

#[test]
fn every_export_bears_what_callers_get_wrong() {
    for (name, row) in rows() {
        let open = Open::new();
        // So that a row that keeps no error can't pass by that of another.
        std::thread::scope(|scope| {
            let open = Shared(&open);
            let run = move || {
                let Shared(open) = { open };
                // SAFETY: rows give what is wrong only where it is refused unread.
                unsafe { row(open) };
            };
            assert!(scope.spawn(run).join().is_ok(), "{name}");
        });
        // And the router still serves.
        let mut route = room();
        // SAFETY: the router is open.
        let status = unsafe { ringshift_router_route(open.router, text(), 1, route.as_mut_ptr()) };
        assert_eq!(status, RINGSHIFT_OK, "after {name}");
    }
}

/// Routers, nodes and, unchanged, options may be used by all threads.
struct Shared<'a>(&'a Open);

// SAFETY: see there.
unsafe impl Send for Shared<'_> {}

#[test]
fn every_export_has_a_row() {
    let header = include_str!("../../../include/ringshift.h");
    let mut declared: Vec<&str> = header
        .lines()
        .filter(|line| !line.starts_with([' ', '*', '/', '#']))
        .filter_map(|line| {
            let (before, _) = line.split_once('(')?;
            before.rsplit([' ', '*']).next()
        })
        .filter(|name| name.starts_with("ringshift_"))
        .collect();
    let mut rows: Vec<&str> = rows().map(|row| row.0).collect();
    declared.sort_unstable();
    rows.sort_unstable();
    assert_eq!(rows, declared);
}
