//! The rows of functions about handles, nodes and texts: for each the calls that must be refused.

use super::*;

/// In the order of the header.
pub(super) const HANDLES: &[Row] = &[
    ("ringshift_abi_version", |_| {
        assert_eq!(ringshift_abi_version(), 1);
    }),
    ("ringshift_version", |_| {
        assert!(!ringshift_version().is_null());
    }),
    ("ringshift_status_name", |_| {
        for number in [RINGSHIFT_INTERNAL + 1, 255, u32::MAX] {
            // SAFETY: never NULL.
            assert_eq!(
                unsafe { CStr::from_ptr(ringshift_status_name(number)) },
                c"unknown"
            );
        }
    }),
    ("ringshift_error_status", |_| {
        without_error(|| assert_eq!(ringshift_error_status(), 0));
    }),
    ("ringshift_error_message", |_| {
        // SAFETY: never NULL.
        without_error(|| assert_eq!(unsafe { CStr::from_ptr(ringshift_error_message()) }, c""));
    }),
    ("ringshift_error_pointer", |_| {
        without_error(|| assert!(ringshift_error_pointer().is_null()));
    }),
    ("ringshift_error_line", |_| {
        without_error(|| assert_eq!(ringshift_error_line(), 0));
    }),
    ("ringshift_error_column", |_| {
        without_error(|| assert_eq!(ringshift_error_column(), 0));
    }),
    ("ringshift_options_new", |open| {
        assert!(!open.options.is_null());
    }),
    ("ringshift_options_set_region", |open| unsafe {
        for options in wrong_handles() {
            refused(ringshift_options_set_region(options, c"kr".as_ptr()));
        }
        refused(ringshift_options_set_region(open.options, c"\xff".as_ptr()));
        assert_eq!(
            ringshift_options_set_region(open.options, ptr::null()),
            RINGSHIFT_OK
        );
    }),
    ("ringshift_options_set_last_good", |open| unsafe {
        for options in wrong_handles() {
            refused(ringshift_options_set_last_good(options, c"/x".as_ptr()));
        }
        assert_eq!(
            ringshift_options_set_last_good(open.options, ptr::null()),
            RINGSHIFT_OK
        );
    }),
    ("ringshift_options_free", |_| unsafe {
        ringshift_options_free(ptr::null_mut());
        ringshift_options_free(wrong_handles()[1]);
        kept();
    }),
    ("ringshift_router_open", |open| unsafe {
        let mut out = room();
        for out in wrong(&mut out) {
            refused(ringshift_router_open(c"/x".as_ptr(), ptr::null(), out));
        }
        let mut out = MaybeUninit::new(ptr::dangling_mut());
        refused(ringshift_router_open(
            ptr::null(),
            ptr::null(),
            out.as_mut_ptr(),
        ));
        assert!(out.assume_init().is_null());
        refused(ringshift_router_open(
            c"".as_ptr(),
            open.options,
            out.as_mut_ptr(),
        ));
        refused(ringshift_router_open(
            c"/x".as_ptr(),
            wrong_handles()[1],
            out.as_mut_ptr(),
        ));
    }),
    ("ringshift_router_from_spec", |open| unsafe {
        let mut out = room();
        for out in wrong(&mut out) {
            refused(ringshift_router_from_spec(
                text(),
                SPEC.len(),
                open.options,
                out,
            ));
        }
        for (text, len) in wrong_bytes() {
            refused(ringshift_router_from_spec(
                text,
                len,
                open.options,
                out.as_mut_ptr(),
            ));
            assert!(out.assume_init().is_null());
        }
        let options = wrong_handles()[1];
        refused(ringshift_router_from_spec(
            text(),
            SPEC.len(),
            options,
            out.as_mut_ptr(),
        ));
    }),
    ("ringshift_router_free", |_| unsafe {
        ringshift_router_free(ptr::null_mut());
        ringshift_router_free(wrong_handles()[1]);
        kept();
    }),
    ("ringshift_router_refresh", |open| unsafe {
        for router in wrong_handles() {
            refused(ringshift_router_refresh(router, ptr::null_mut()));
        }
        refused(ringshift_router_refresh(open.router, wrong(&mut room())[1]));
        assert_eq!(
            ringshift_router_refresh(open.router, ptr::null_mut()),
            RINGSHIFT_OK
        );
    }),
    ("ringshift_router_apply", |open| unsafe {
        for router in wrong_handles() {
            refused(ringshift_router_apply(
                router,
                text(),
                SPEC.len(),
                ptr::null_mut(),
            ));
        }
        for (text, len) in wrong_bytes() {
            refused(ringshift_router_apply(
                open.router,
                text,
                len,
                ptr::null_mut(),
            ));
        }
        refused(ringshift_router_apply(
            open.router,
            text(),
            SPEC.len(),
            wrong(&mut room())[1],
        ));
    }),
    ("ringshift_router_last_error", |_| unsafe {
        for router in wrong_handles() {
            refused(ringshift_router_last_error(router));
        }
    }),
    ("ringshift_router_generation", |_| unsafe {
        for router in wrong_handles() {
            nothing(ringshift_router_generation(router), 0);
        }
    }),
    ("ringshift_router_epoch", |_| unsafe {
        for router in wrong_handles() {
            nothing(ringshift_router_epoch(router), 0);
        }
    }),
    ("ringshift_router_stage", |_| unsafe {
        for router in wrong_handles() {
            nothing(ringshift_router_stage(router), 0);
        }
    }),
    ("ringshift_router_weight", |_| unsafe {
        for router in wrong_handles() {
            nothing(ringshift_router_weight(router), 0);
        }
    }),
    ("ringshift_router_digest", |open| unsafe {
        let mut digest = [7; RINGSHIFT_DIGEST_SIZE];
        for router in wrong_handles() {
            refused(ringshift_router_digest(
                router,
                digest.as_mut_ptr(),
                digest.len(),
            ));
        }
        refused(ringshift_router_digest(open.router, ptr::null_mut(), 33));
        refused(ringshift_router_digest(
            open.router,
            digest.as_mut_ptr(),
            32,
        ));
        assert_eq!(digest, [7; RINGSHIFT_DIGEST_SIZE], "something was written");
    }),
    ("ringshift_router_max_ttl", |_| unsafe {
        for router in wrong_handles() {
            nothing(ringshift_router_max_ttl(router), 0);
        }
    }),
    ("ringshift_node_id", |_| unsafe {
        no_name(ringshift_node_id);
    }),
    ("ringshift_node_address", |_| unsafe {
        no_name(ringshift_node_address);
    }),
    ("ringshift_node_zone", |_| unsafe {
        no_name(ringshift_node_zone);
    }),
    ("ringshift_node_cluster", |_| unsafe {
        no_name(ringshift_node_cluster);
    }),
    ("ringshift_node_key_prefix", |_| unsafe {
        no_name(ringshift_node_key_prefix);
    }),
    ("ringshift_node_weight", |_| unsafe {
        for node in odd_nodes() {
            nothing(ringshift_node_weight(node), 0);
        }
    }),
    ("ringshift_node_index", |_| unsafe {
        assert_eq!(ringshift_node_index(ptr::null()), RINGSHIFT_NO_NODE);
        nothing(ringshift_node_index(odd_nodes()[1]), RINGSHIFT_NO_NODE);
    }),
    ("ringshift_router_node", |open| unsafe {
        for router in wrong_handles() {
            assert!(ringshift_router_node(router, 0).is_null());
            kept();
        }
        for index in [2, RINGSHIFT_NO_NODE, u32::MAX - 1] {
            assert!(ringshift_router_node(open.router, index).is_null());
        }
    }),
    ("ringshift_router_nodes", |open| unsafe {
        let (mut nodes, mut count) = ([ptr::null(); 2], room());
        for router in wrong_handles() {
            refused(ringshift_router_nodes(
                router,
                nodes.as_mut_ptr(),
                2,
                count.as_mut_ptr(),
            ));
        }
        for count in wrong(&mut room()) {
            refused(ringshift_router_nodes(
                open.router,
                nodes.as_mut_ptr(),
                2,
                count,
            ));
        }
        for out in wrong(&mut room()) {
            refused(ringshift_router_nodes(
                open.router,
                out,
                1,
                count.as_mut_ptr(),
            ));
        }
        for len in [usize::MAX, isize::MAX as usize / 4] {
            refused(ringshift_router_nodes(
                open.router,
                nodes.as_mut_ptr(),
                len,
                count.as_mut_ptr(),
            ));
        }
    }),
    ("ringshift_stage_name", |_| {
        for number in [4, 256, u32::MAX] {
            // SAFETY: never NULL.
            assert_eq!(
                unsafe { CStr::from_ptr(ringshift_stage_name(number)) },
                c"unknown"
            );
        }
    }),
    ("ringshift_router_report", |open| unsafe {
        for router in wrong_handles() {
            refused(ringshift_router_report(router, open.node, 0, 0));
        }
        for node in odd_nodes() {
            refused(ringshift_router_report(open.router, node, 0, 0));
        }
        for (op, outcome) in [
            (3, 0),
            (u32::MAX, 0),
            (0, RINGSHIFT_OUTCOME_UNSENT + 1),
            (0, u32::MAX),
            (1 << 31, 1 << 31),
        ] {
            refused(ringshift_router_report(open.router, open.node, op, outcome));
        }
    }),
    ("ringshift_router_metrics_text", |open| unsafe {
        no_text(open, ringshift_router_metrics_text);
    }),
    ("ringshift_router_metrics_json", |open| unsafe {
        no_text(open, ringshift_router_metrics_json);
    }),
    ("ringshift_router_events_json", |open| unsafe {
        for since in [0, 1 << 63, u64::MAX] {
            for router in wrong_handles() {
                let mut out = MaybeUninit::new(ptr::dangling_mut());
                refused(ringshift_router_events_json(
                    router,
                    since,
                    out.as_mut_ptr(),
                ));
                assert!(out.assume_init().is_null());
            }
            for out in wrong(&mut room()) {
                refused(ringshift_router_events_json(open.router, since, out));
            }
        }
        let mut out = MaybeUninit::uninit();
        let status = ringshift_router_events_json(open.router, u64::MAX, out.as_mut_ptr());
        assert_eq!(status, RINGSHIFT_OK);
        assert_eq!(CStr::from_ptr(out.assume_init()), c"[]");
        ringshift_string_free(out.assume_init());
    }),
    ("ringshift_string_free", |_| unsafe {
        ringshift_string_free(ptr::null_mut());
    }),
    ("ringshift_moves_json", |_| unsafe {
        let len = SPEC.len();
        for out in wrong(&mut room()) {
            refused(ringshift_moves_json(text(), len, text(), len, out));
        }
        let mut out = MaybeUninit::new(ptr::dangling_mut());
        for (wrong, wrong_len) in wrong_bytes() {
            refused(ringshift_moves_json(
                wrong,
                wrong_len,
                text(),
                len,
                out.as_mut_ptr(),
            ));
            refused(ringshift_moves_json(
                text(),
                len,
                wrong,
                wrong_len,
                out.as_mut_ptr(),
            ));
            assert!(out.assume_init().is_null());
        }
    }),
];
