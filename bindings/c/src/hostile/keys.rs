//! The rows of functions about keys and routes: for each the calls that must be refused.

use super::*;

/// In the order of the header.
pub(super) const KEYS: &[Row] = &[
    ("ringshift_router_route", |open| unsafe {
        let mut out = room();
        for router in wrong_handles() {
            refused(ringshift_router_route(router, text(), 1, out.as_mut_ptr()));
        }
        for (key, len) in wrong_bytes() {
            refused(ringshift_router_route(
                open.router,
                key,
                len,
                out.as_mut_ptr(),
            ));
        }
        for out in wrong(&mut room()) {
            refused(ringshift_router_route(open.router, text(), 1, out));
        }
    }),
    ("ringshift_router_route_many", |open| unsafe {
        let (keys, lens) = ([text()], [1_usize]);
        let mut out = room();
        for router in wrong_handles() {
            refused(ringshift_router_route_many(
                router,
                keys.as_ptr(),
                lens.as_ptr(),
                1,
                out.as_mut_ptr(),
            ));
        }
        for keys in wrong(&mut room()) {
            refused(ringshift_router_route_many(
                open.router,
                keys,
                lens.as_ptr(),
                1,
                out.as_mut_ptr(),
            ));
        }
        for lens in wrong(&mut room()) {
            refused(ringshift_router_route_many(
                open.router,
                keys.as_ptr(),
                lens,
                1,
                out.as_mut_ptr(),
            ));
        }
        for out in wrong(&mut room()) {
            refused(ringshift_router_route_many(
                open.router,
                keys.as_ptr(),
                lens.as_ptr(),
                1,
                out,
            ));
        }
        for count in [usize::MAX, isize::MAX as usize] {
            refused(ringshift_router_route_many(
                open.router,
                keys.as_ptr(),
                lens.as_ptr(),
                count,
                out.as_mut_ptr(),
            ));
        }
        for (key, len) in wrong_bytes() {
            let status = ringshift_router_route_many(
                open.router,
                &raw const key,
                &raw const len,
                1,
                out.as_mut_ptr(),
            );
            refused(status);
        }
    }),
    ("ringshift_router_index_many", |open| unsafe {
        let (offsets, mut out) = ([0_usize, 1], room());
        for router in wrong_handles() {
            refused(ringshift_router_index_many(
                router,
                text(),
                offsets.as_ptr(),
                1,
                out.as_mut_ptr(),
            ));
        }
        refused(ringshift_router_index_many(
            open.router,
            ptr::null(),
            offsets.as_ptr(),
            1,
            out.as_mut_ptr(),
        ));
        for offsets in wrong(&mut room()) {
            refused(ringshift_router_index_many(
                open.router,
                text(),
                offsets,
                1,
                out.as_mut_ptr(),
            ));
        }
        for offsets in [[1_usize, 0], [0, usize::MAX]] {
            refused(ringshift_router_index_many(
                open.router,
                text(),
                offsets.as_ptr(),
                1,
                out.as_mut_ptr(),
            ));
        }
        for out in wrong(&mut room()) {
            refused(ringshift_router_index_many(
                open.router,
                text(),
                offsets.as_ptr(),
                1,
                out,
            ));
        }
        for count in [usize::MAX, isize::MAX as usize / 4] {
            refused(ringshift_router_index_many(
                open.router,
                text(),
                offsets.as_ptr(),
                count,
                out.as_mut_ptr(),
            ));
        }
    }),
    ("ringshift_router_code", |open| unsafe {
        let mut code = room();
        for router in wrong_handles() {
            refused(ringshift_router_code(
                router,
                text(),
                1,
                ptr::null_mut(),
                code.as_mut_ptr(),
            ));
        }
        for (key, len) in wrong_bytes() {
            refused(ringshift_router_code(
                open.router,
                key,
                len,
                ptr::null_mut(),
                code.as_mut_ptr(),
            ));
        }
        for code in wrong(&mut room()) {
            refused(ringshift_router_code(
                open.router,
                text(),
                1,
                ptr::null_mut(),
                code,
            ));
        }
        refused(ringshift_router_code(
            open.router,
            text(),
            1,
            wrong(&mut room())[1],
            code.as_mut_ptr(),
        ));
    }),
    ("ringshift_router_expand", |open| unsafe {
        let mut out = room();
        for router in wrong_handles() {
            refused(ringshift_router_expand(router, 1, 0, out.as_mut_ptr()));
        }
        for (epoch, code) in [
            (0, 0),
            (2, 0),
            (u64::MAX, 0),
            (1, 2),
            (1, 1 << 22),
            (1, u64::MAX),
            (1, 1 << 63),
        ] {
            refused(ringshift_router_expand(
                open.router,
                epoch,
                code,
                out.as_mut_ptr(),
            ));
        }
        for out in wrong(&mut room()) {
            refused(ringshift_router_expand(open.router, 1, 0, out));
        }
    }),
    ("ringshift_router_code_packed", |open| unsafe {
        let (len, mut codes, none) = (1_usize, room(), ptr::null_mut());
        for router in wrong_handles() {
            refused(ringshift_router_code_packed(
                router,
                text(),
                1,
                &raw const len,
                1,
                none,
                codes.as_mut_ptr(),
            ));
        }
        for (keys, keys_len) in wrong_bytes() {
            let status = ringshift_router_code_packed(
                open.router,
                keys,
                keys_len,
                &raw const len,
                1,
                none,
                codes.as_mut_ptr(),
            );
            refused(status);
        }
        for lens in wrong(&mut room()) {
            refused(ringshift_router_code_packed(
                open.router,
                text(),
                1,
                lens,
                1,
                none,
                codes.as_mut_ptr(),
            ));
        }
        for len in [0_usize, 2, usize::MAX] {
            refused(ringshift_router_code_packed(
                open.router,
                text(),
                1,
                &raw const len,
                1,
                none,
                codes.as_mut_ptr(),
            ));
        }
        for codes in wrong(&mut room()) {
            refused(ringshift_router_code_packed(
                open.router,
                text(),
                1,
                &raw const len,
                1,
                none,
                codes,
            ));
        }
        let epoch = wrong(&mut room())[1];
        refused(ringshift_router_code_packed(
            open.router,
            text(),
            1,
            &raw const len,
            1,
            epoch,
            codes.as_mut_ptr(),
        ));
        for count in [usize::MAX, isize::MAX as usize / 4] {
            refused(ringshift_router_code_packed(
                open.router,
                text(),
                1,
                &raw const len,
                count,
                none,
                codes.as_mut_ptr(),
            ));
        }
    }),
];
