//! The rows of functions about keys that are owed: for each the calls that must be refused, and what is no call too many.

use super::*;

/// In the order of the header.
pub(super) const OWED: &[Row] = &[
    ("ringshift_router_lost", |open| unsafe {
        for router in wrong_handles() {
            refused(ringshift_router_lost(
                router,
                open.node,
                text(),
                1,
                RINGSHIFT_OUTCOME_ERROR,
            ));
        }
        for node in odd_nodes() {
            refused(ringshift_router_lost(
                open.router,
                node,
                text(),
                1,
                RINGSHIFT_OUTCOME_ERROR,
            ));
        }
        for (key, len) in wrong_bytes() {
            refused(ringshift_router_lost(
                open.router,
                open.node,
                key,
                len,
                RINGSHIFT_OUTCOME_ERROR,
            ));
        }
        for outcome in [
            RINGSHIFT_OUTCOME_HIT,
            RINGSHIFT_OUTCOME_OK,
            RINGSHIFT_OUTCOME_UNSENT + 1,
            u32::MAX,
        ] {
            refused(ringshift_router_lost(
                open.router,
                open.node,
                text(),
                1,
                outcome,
            ));
        }
        let mut owed = room();
        assert_eq!(
            ringshift_router_owed(open.router, open.node, owed.as_mut_ptr()),
            RINGSHIFT_OK
        );
        assert!(owed.assume_init().is_null(), "something was counted");
    }),
    ("ringshift_router_owed", |open| unsafe {
        let mut owed = MaybeUninit::new(ptr::dangling_mut());
        for router in wrong_handles() {
            refused(ringshift_router_owed(router, open.node, owed.as_mut_ptr()));
            assert!(owed.assume_init().is_null());
        }
        for node in odd_nodes() {
            refused(ringshift_router_owed(open.router, node, owed.as_mut_ptr()));
        }
        for owed in wrong(&mut room()) {
            refused(ringshift_router_owed(open.router, open.node, owed));
        }
    }),
    ("ringshift_owed_count", |_| unsafe {
        assert_eq!(ringshift_owed_count(ptr::null()), 0);
        nothing(ringshift_owed_count(wrong_handles()[1]), 0);
    }),
    ("ringshift_owed_key", |open| unsafe {
        let owed = lost(open);
        let (mut key, mut len, mut loss) = (room(), room(), room());
        for owed in wrong_handles() {
            refused(ringshift_owed_key(
                owed,
                0,
                key.as_mut_ptr(),
                len.as_mut_ptr(),
                loss.as_mut_ptr(),
            ));
        }
        for index in [1, usize::MAX] {
            refused(ringshift_owed_key(
                owed,
                index,
                key.as_mut_ptr(),
                len.as_mut_ptr(),
                loss.as_mut_ptr(),
            ));
        }
        for key in wrong(&mut room()) {
            refused(ringshift_owed_key(
                owed,
                0,
                key,
                len.as_mut_ptr(),
                loss.as_mut_ptr(),
            ));
        }
        for len in wrong(&mut room()) {
            refused(ringshift_owed_key(
                owed,
                0,
                key.as_mut_ptr(),
                len,
                loss.as_mut_ptr(),
            ));
        }
        for loss in wrong(&mut room()) {
            refused(ringshift_owed_key(
                owed,
                0,
                key.as_mut_ptr(),
                len.as_mut_ptr(),
                loss,
            ));
        }
        // The bytes outlive the router's own.
        assert_eq!(
            ringshift_owed_key(
                owed,
                0,
                key.as_mut_ptr(),
                len.as_mut_ptr(),
                loss.as_mut_ptr()
            ),
            RINGSHIFT_OK
        );
        let (key, len) = (key.assume_init(), len.assume_init());
        assert_eq!(
            ringshift_router_repaid(open.router, key, len, loss.assume_init()),
            RINGSHIFT_OK
        );
        assert_eq!(std::slice::from_raw_parts(key.cast::<u8>(), len), b"k");
        ringshift_owed_free(owed);
    }),
    ("ringshift_router_repaid", |open| unsafe {
        for router in wrong_handles() {
            refused(ringshift_router_repaid(router, text(), 1, 1));
        }
        for (key, len) in wrong_bytes() {
            refused(ringshift_router_repaid(open.router, key, len, 1));
        }
        // What is not owed, or not by this loss.
        let owed = lost(open);
        for (key, loss) in [(c"k", 0), (c"k", u64::MAX), (c"l", 1)] {
            assert_eq!(
                ringshift_router_repaid(open.router, key.as_ptr().cast(), 1, loss),
                RINGSHIFT_OK
            );
        }
        let mut route = room::<ringshift_route>();
        assert_eq!(
            ringshift_router_route(open.router, c"k".as_ptr().cast(), 1, route.as_mut_ptr()),
            RINGSHIFT_OK
        );
        // Of a route only what its lengths say is written.
        assert_eq!((*route.as_ptr()).read_len, 0, "the key is owed");
        ringshift_owed_free(owed);
    }),
    ("ringshift_owed_free", |_| unsafe {
        ringshift_owed_free(ptr::null_mut());
        ringshift_owed_free(wrong_handles()[1]);
        kept();
    }),
];

/// A list with the key `k`, lost at both nodes.
unsafe fn lost(open: &Open) -> *mut ringshift_owed {
    let mut owed = room();
    // SAFETY: an open router and its nodes, a key, and a place for the list.
    unsafe {
        for index in 0..2 {
            let node = ringshift_router_node(open.router, index);
            let status = ringshift_router_lost(
                open.router,
                node,
                c"k".as_ptr().cast(),
                1,
                RINGSHIFT_OUTCOME_ERROR,
            );
            assert_eq!(status, RINGSHIFT_OK);
        }
        assert_eq!(
            ringshift_router_owed(open.router, open.node, owed.as_mut_ptr()),
            RINGSHIFT_OK
        );
        let owed = owed.assume_init();
        assert_eq!(ringshift_owed_count(owed), 1);
        owed
    }
}
