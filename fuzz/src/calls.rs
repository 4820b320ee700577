//! The C interface by sequences of calls: few handles, freed ones are NULL, arguments of every kind that a caller may
//! get wrong without breaking the rules of memory itself.

// The whole interface is meant.
#![allow(clippy::wildcard_imports)]

mod arguments;
mod keys;
mod owed;

use std::ffi::{c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use capi::node::{ringshift_node, *};
use capi::options::{ringshift_options, *};
use capi::route::{ringshift_route, *};
use capi::router::{ringshift_router, *};
use capi::status::ringshift_status_name;
use capi::{code::*, index::*, metrics::*, moves::*, owed::*, report::*, version::*};

use arguments::{bytes, path, place, told, well};

use crate::input::Input;
use crate::text;

/// A few handles; NULL where nothing is open.
struct Handles {
    routers: [*mut ringshift_router; 3],
    options: [*mut ringshift_options; 2],
    /// Nodes that the routers gave out.
    nodes: [Vec<*const ringshift_node>; 3],
    text: Option<*mut c_char>,
}

/// See the module.
///
/// # Panics
///
/// If anything does not hold.
pub fn run(data: &[u8]) {
    let mut input = Input::new(data);
    let mut handles = Handles {
        routers: [ptr::null_mut(); 3],
        options: [ptr::null_mut(); 2],
        nodes: Default::default(),
        text: None,
    };
    while !input.is_empty() {
        // SAFETY: handles are open or NULL, and what they lent goes with them.
        unsafe { handles.call(&mut input) };
    }
    // SAFETY: each is open or NULL.
    unsafe {
        for router in handles.routers {
            ringshift_router_free(router);
        }
        for options in handles.options {
            ringshift_options_free(options);
        }
        ringshift_string_free(handles.text.unwrap_or(ptr::null_mut()));
    }
}

impl Handles {
    /// One call, whatever the next bytes say.
    ///
    /// # Safety
    ///
    /// Handles are open or NULL.
    unsafe fn call(&mut self, input: &mut Input<'_>) {
        let which = input.below(3);
        let router = self.routers[which];
        // SAFETY: handles are open or NULL; memory has the lengths that are said, or lengths that nothing has.
        unsafe {
            match input.below(18) {
                0 => self.open(which, input),
                1 => {
                    ringshift_router_free(router);
                    self.routers[which] = ptr::null_mut();
                    self.nodes[which].clear();
                }
                2 => self.change_options(input),
                3 => {
                    let mut result = MaybeUninit::uninit();
                    let generation = 1 + u64::from(input.byte());
                    let text = if input.byte() < 200 {
                        text::any_spec(input, generation).into_bytes()
                    } else {
                        input.bytes().to_vec()
                    };
                    let (text, len) = bytes(&text, input);
                    well(ringshift_router_apply(
                        router,
                        text,
                        len,
                        place(&mut result, input),
                    ));
                }
                4 => {
                    let mut result = MaybeUninit::uninit();
                    well(ringshift_router_refresh(router, place(&mut result, input)));
                }
                5 => self.look(which),
                6 | 7 => self.route(which, input),
                8 => Self::many(router, input),
                9 => Self::packed(router, input),
                10 => {
                    let (key, len) = bytes(input.bytes(), input);
                    let (mut epoch, mut code) = (MaybeUninit::uninit(), MaybeUninit::uninit());
                    well(ringshift_router_code(
                        router,
                        key,
                        len,
                        place(&mut epoch, input),
                        place(&mut code, input),
                    ));
                    let mut route = MaybeUninit::uninit();
                    let (epoch, code) = (ringshift_router_epoch(router), input.word());
                    well(ringshift_router_expand(
                        router,
                        epoch,
                        code,
                        place(&mut route, input),
                    ));
                }
                11 => {
                    well(ringshift_router_report(
                        router,
                        self.some_node(which, input),
                        u32::from(input.byte() % 5),
                        u32::from(input.byte() % 7),
                    ));
                }
                12 => self.texts(router, input),
                13 => self.nodes(which, input),
                14 => {
                    let mut digest = [0x55; RINGSHIFT_DIGEST_SIZE];
                    let room = input.below(RINGSHIFT_DIGEST_SIZE + 1);
                    if well(ringshift_router_digest(router, digest.as_mut_ptr(), room)) {
                        assert_eq!(told(digest.as_ptr()).map(|text| text.len()), Some(32));
                    }
                    assert!(digest[room..].iter().all(|&byte| byte == 0x55));
                }
                15 | 16 => self.owed(which, input),
                _ => {
                    let number = input.word() as u32;
                    assert!(told(ringshift_status_name(number)).is_some());
                    assert!(told(ringshift_stage_name(number)).is_some());
                    assert!(told(ringshift_version()).is_some());
                    assert_eq!(ringshift_abi_version(), RINGSHIFT_ABI_VERSION);
                    Self::read(ringshift_router_node(router, number % 16));
                    assert!(ringshift_router_node(router, number | 1 << 20).is_null());
                }
            }
        }
    }

    /// A node that this router gave out, or NULL.
    fn some_node(&self, which: usize, input: &mut Input<'_>) -> *const ringshift_node {
        let nodes = &self.nodes[which];
        let node = nodes.get(input.below(nodes.len().max(1))).copied();
        node.unwrap_or(ptr::null())
    }

    unsafe fn open(&mut self, which: usize, input: &mut Input<'_>) {
        let mut out = MaybeUninit::new(ptr::null_mut());
        let options = [ptr::null_mut(), self.options[0], self.options[1]][input.below(3)];
        // SAFETY: handles are open or NULL; a handle that is replaced is freed.
        unsafe {
            let opened = if input.byte() < 230 {
                let text = text::any_spec(input, 1);
                let (text, len) = bytes(text.as_bytes(), input);
                ringshift_router_from_spec(text, len, options, place(&mut out, input))
            } else {
                ringshift_router_open(path(input), options, place(&mut out, input))
            };
            let opened = well(opened);
            let router = out.assume_init();
            assert_eq!(opened, !router.is_null());
            if opened {
                ringshift_router_free(self.routers[which]);
                self.routers[which] = router;
                self.nodes[which].clear();
            }
        }
    }

    unsafe fn change_options(&mut self, input: &mut Input<'_>) {
        let options = &mut self.options[input.below(2)];
        // SAFETY: open or NULL.
        unsafe {
            match input.below(5) {
                0 => {
                    ringshift_options_free(*options);
                    *options = ptr::null_mut();
                }
                1 => {
                    ringshift_options_free(*options);
                    *options = ringshift_options_new();
                }
                2 => _ = well(ringshift_options_set_last_good(*options, path(input))),
                3 => _ = well(ringshift_options_set_region(*options, c"kr".as_ptr())),
                _ => _ = well(ringshift_options_set_region(*options, path(input))),
            }
        }
    }

    unsafe fn look(&self, which: usize) {
        let router = self.routers[which];
        // SAFETY: open or NULL.
        unsafe {
            let (generation, epoch) = (
                ringshift_router_generation(router),
                ringshift_router_epoch(router),
            );
            assert_eq!([generation == 0, epoch == 0], [router.is_null(); 2]);
            assert!(ringshift_router_stage(router) <= u32::from(RINGSHIFT_STAGE_SOAK));
            assert!(ringshift_router_weight(router) <= 10_000);
            ringshift_router_max_ttl(router);
            well(ringshift_router_last_error(router));
        }
    }

    /// Reads everything of a node.
    unsafe fn read(node: *const ringshift_node) {
        let names = [
            ringshift_node_id,
            ringshift_node_address,
            ringshift_node_cluster,
            ringshift_node_key_prefix,
        ];
        // SAFETY: a node of an open router, or NULL.
        unsafe {
            for name in names {
                assert_eq!(told(name(node)).is_none(), node.is_null());
            }
            told(ringshift_node_zone(node));
            assert!(ringshift_node_weight(node) <= 1000);
            assert_eq!(
                ringshift_node_index(node) == RINGSHIFT_NO_NODE,
                node.is_null()
            );
        }
    }

    unsafe fn texts(&mut self, router: *mut ringshift_router, input: &mut Input<'_>) {
        let mut out = MaybeUninit::new(ptr::null_mut());
        // SAFETY: open or NULL; a string is freed once.
        unsafe {
            let status = match input.below(4) {
                0 => ringshift_router_metrics_text(router, place(&mut out, input)),
                1 => ringshift_router_metrics_json(router, place(&mut out, input)),
                2 => ringshift_router_events_json(router, input.word(), place(&mut out, input)),
                _ => {
                    let specs = [text::any_spec(input, 1), text::any_spec(input, 2)];
                    let [before, after] =
                        specs.each_ref().map(|spec| bytes(spec.as_bytes(), input));
                    ringshift_moves_json(
                        before.0,
                        before.1,
                        after.0,
                        after.1,
                        place(&mut out, input),
                    )
                }
            };
            let given = out.assume_init();
            assert_eq!(well(status), !given.is_null());
            if !given.is_null() {
                assert!(told(given).is_some_and(|text| !text.is_empty()));
                ringshift_string_free(self.text.replace(given).unwrap_or(ptr::null_mut()));
            }
        }
    }

    unsafe fn nodes(&mut self, which: usize, input: &mut Input<'_>) {
        let room = input.below(9);
        let (mut nodes, mut count) = ([ptr::null(); 8], MaybeUninit::uninit());
        let count = place(&mut count, input);
        // SAFETY: the router is open or NULL; there is room for eight.
        unsafe {
            if well(ringshift_router_nodes(
                self.routers[which],
                nodes.as_mut_ptr(),
                room.min(8),
                count,
            )) {
                for &node in nodes
                    .iter()
                    .take(count.read())
                    .filter(|node| !node.is_null())
                {
                    Self::read(node);
                }
            }
        }
    }
}
