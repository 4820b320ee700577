//! The calls that take keys and give routes.

use std::mem::MaybeUninit;

use super::*;

impl Handles {
    pub(super) unsafe fn route(&mut self, which: usize, input: &mut Input<'_>) {
        let (key, len) = bytes(input.bytes(), input);
        let mut out = MaybeUninit::uninit();
        let out = place(&mut out, input);
        // SAFETY: the router is open or NULL; the lists are written as far as their lengths say.
        unsafe {
            if well(ringshift_router_route(self.routers[which], key, len, out)) {
                self.keep(which, out);
                let mut again = MaybeUninit::<ringshift_route>::uninit();
                let (epoch, code) = ((*out).epoch, (*out).code);
                assert!(well(ringshift_router_expand(
                    self.routers[which],
                    epoch,
                    code,
                    again.as_mut_ptr()
                )));
                assert_eq!((*again.as_ptr()).invalidate_len, (*out).invalidate_len);
            }
        }
    }

    /// Reads everything of a route that was written.
    unsafe fn keep(&mut self, which: usize, route: *const ringshift_route) {
        // SAFETY: the route was written, and its router is open.
        unsafe {
            let lens = [
                (*route).read_len,
                (*route).fallback_len,
                (*route).invalidate_len,
            ];
            let first = [
                (*route).read.as_ptr(),
                (*route).fallback.as_ptr(),
                (*route).invalidate.as_ptr(),
            ];
            assert!(lens[0] <= 8 && lens[1] <= 8 && (1..=16).contains(&lens[2]));
            for (first, len) in first.into_iter().zip(lens) {
                for position in 0..usize::from(len) {
                    let node = first.add(position).read();
                    assert!(!node.is_null());
                    Self::read(node);
                    self.nodes[which].push(node);
                }
            }
        }
        self.nodes[which].truncate(64);
    }

    pub(super) unsafe fn many(router: *mut ringshift_router, input: &mut Input<'_>) {
        let count = input.below(5);
        let keys: Vec<(*const c_void, usize)> =
            (0..count).map(|_| bytes(input.bytes(), input)).collect();
        let (pointers, lens): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        let mut out: Vec<ringshift_route> = Vec::with_capacity(count);
        let said = if input.byte() == 0 { usize::MAX } else { count };
        // SAFETY: the router is open or NULL; there is room for `count`.
        unsafe {
            if well(ringshift_router_route_many(
                router,
                pointers.as_ptr(),
                lens.as_ptr(),
                said,
                out.as_mut_ptr(),
            )) {
                out.set_len(count);
            }
            // Offsets that rise, or do not.
            let text = input.take(16);
            let (mut offsets, mut out) = ([0_usize; 4], [7_u32; 3]);
            for offset in &mut offsets {
                *offset = input.below(text.len() + 1);
            }
            let rising = offsets.is_sorted();
            let (keys, indices) = (text.as_ptr().cast(), out.as_mut_ptr());
            let done = well(ringshift_router_index_many(
                router,
                keys,
                offsets.as_ptr(),
                3,
                indices,
            ));
            assert_eq!(done, rising && !router.is_null());
            assert!(done || out == [7; 3], "something was written");
        }
    }

    pub(super) unsafe fn packed(router: *mut ringshift_router, input: &mut Input<'_>) {
        let (keys, len) = bytes(input.take(12), input);
        let lens = [0; 3].map(|_: u8| {
            if input.byte() == 0 {
                usize::MAX
            } else {
                input.below(6)
            }
        });
        let (mut epoch, mut codes) = (MaybeUninit::uninit(), [0_u64; 3]);
        let epoch = place(&mut epoch, input);
        // SAFETY: the router is open or NULL; there is room for three.
        unsafe {
            well(ringshift_router_code_packed(
                router,
                keys,
                len,
                lens.as_ptr(),
                3,
                epoch,
                codes.as_mut_ptr(),
            ));
        }
    }
}
