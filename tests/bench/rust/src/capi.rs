//! The C interface, through pointers to its functions that the compiler can't see through: what a caller in C pays, in one
//! program with what a caller in Rust pays.

use std::ffi::c_void;
use std::hint::black_box;
use std::mem::MaybeUninit;
use std::ptr;

use ringshift_capi::code::ringshift_router_code_packed;
use ringshift_capi::index::ringshift_router_index_many;
use ringshift_capi::node::ringshift_node_index;
use ringshift_capi::route::{ringshift_route, ringshift_router_route};
use ringshift_capi::router::{ringshift_router, ringshift_router_free, ringshift_router_from_spec};
use ringshift_capi::status::RINGSHIFT_OK;

use crate::keys::{Keys, LENGTH};
use crate::measure::Subject;
use crate::spec;

const BATCH: usize = 1_000;

/// A router as a program in C holds it.
pub struct CRouter(*mut ringshift_router);

impl CRouter {
    pub fn new(text: &str) -> Result<Self, String> {
        let mut router = ptr::null_mut();
        // SAFETY: the text is as long as is said, `router` is a place for a pointer, and there are no options.
        let status = unsafe {
            ringshift_router_from_spec(
                text.as_ptr().cast(),
                text.len(),
                ptr::null(),
                &raw mut router,
            )
        };
        if status == RINGSHIFT_OK {
            Ok(Self(router))
        } else {
            Err(format!("the C interface gave status {status} for a spec"))
        }
    }

    /// The pointer that C passes. A method, so that a closure that calls it keeps the router and not just a pointer.
    fn raw(&self) -> *const ringshift_router {
        self.0
    }

    /// The place of a key's node in the spec.
    pub fn place(&self, key: &[u8]) -> usize {
        let mut route = MaybeUninit::<ringshift_route>::uninit();
        // SAFETY: the router lives, and the route is read only where it was written.
        unsafe {
            let status = ringshift_router_route(
                self.raw(),
                key.as_ptr().cast(),
                key.len(),
                route.as_mut_ptr(),
            );
            let route = route.as_ptr();
            if status == RINGSHIFT_OK && (*route).read_len > 0 {
                ringshift_node_index((*route).read[0]) as usize
            } else {
                usize::MAX
            }
        }
    }

    /// The codes of keys of equal length that lie one behind the other.
    pub fn codes(&self, keys: &[u8], count: usize) -> Result<Vec<u64>, String> {
        let lens = vec![LENGTH; count];
        let mut codes = vec![0; count];
        // SAFETY: the router lives; there are `count` lengths, and room for as many codes.
        let status = unsafe {
            ringshift_router_code_packed(
                self.raw(),
                keys.as_ptr().cast::<c_void>(),
                keys.len(),
                lens.as_ptr(),
                count,
                ptr::null_mut(),
                codes.as_mut_ptr(),
            )
        };
        (status == RINGSHIFT_OK)
            .then_some(codes)
            .ok_or_else(|| format!("the C interface gave status {status} for a batch"))
    }
}

impl Drop for CRouter {
    fn drop(&mut self) {
        // SAFETY: made by `new`, freed once.
        unsafe { ringshift_router_free(self.0) };
    }
}

pub fn subjects(nodes: &[String]) -> Result<Vec<Subject>, String> {
    let text = spec::plain(nodes, 1);
    Ok(vec![
        route(CRouter::new(&text)?),
        many(CRouter::new(&text)?),
    ])
}

fn route(router: CRouter) -> Subject {
    let call = black_box(ringshift_router_route as unsafe extern "C" fn(_, _, _, _) -> _);
    Subject::new("C ABI: route", move |key: &[u8]| {
        // One route for each call, as in C: it is not initialised, so that costs nothing.
        let mut route = MaybeUninit::<ringshift_route>::uninit();
        // SAFETY: the router lives, and the route is read only where it was written.
        unsafe {
            let status = call(
                router.raw(),
                key.as_ptr().cast(),
                key.len(),
                route.as_mut_ptr(),
            );
            (status, (*route.as_ptr()).read[0])
        }
    })
}

fn many(router: CRouter) -> Subject {
    let call = black_box(ringshift_router_index_many as unsafe extern "C" fn(_, _, _, _, _) -> _);
    let offsets: Vec<usize> = (0..=BATCH).map(|position| position * LENGTH).collect();
    Subject::with_pass(
        "C ABI: index_many, 1000 keys a call",
        move |keys: &Keys, count| {
            let mut indices = [0u32; BATCH];
            for batch in keys.packed(count).chunks(BATCH * LENGTH) {
                let size = batch.len() / LENGTH;
                // SAFETY: the router lives; there is an offset more than keys, and room for a batch.
                let status = unsafe {
                    call(
                        router.raw(),
                        batch.as_ptr().cast(),
                        offsets.as_ptr(),
                        size,
                        indices.as_mut_ptr(),
                    )
                };
                assert_eq!(status, RINGSHIFT_OK, "the C interface refused a batch");
                black_box(&mut indices);
            }
        },
    )
}
