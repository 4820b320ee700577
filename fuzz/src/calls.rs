//! The C interface by sequences of calls: few handles, freed ones are NULL, arguments of every kind that a caller may get wrong
//! without breaking the rules of memory itself.

use std::ffi::{CStr, c_char, c_void};
use std::mem::MaybeUninit;
use std::ptr;

use capi::error::*;
use capi::node::{ringshift_node, *};
use capi::options::{ringshift_options, *};
use capi::route::{ringshift_route, *};
use capi::router::{ringshift_router, *};
use capi::status::*;
use capi::{code::*, index::*, metrics::*, moves::*, report::*, version::*};

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

/// A pointer to a value, or what a caller gets wrong about it.
fn place<T>(value: &mut MaybeUninit<T>, input: &mut Input<'_>) -> *mut T {
    let right = value.as_mut_ptr();
    match input.byte() {
        0 => ptr::null_mut(),
        // Not where such a value can lie.
        1 if align_of::<T>() > 1 => right.wrapping_byte_add(1),
        _ => right,
    }
}

/// Bytes as pointer and length, or what a caller gets wrong about them.
fn bytes(bytes: &[u8], input: &mut Input<'_>) -> (*const c_void, usize) {
    match input.byte() {
        0 => (ptr::null(), bytes.len()),
        1 => (
            bytes.as_ptr().cast(),
            usize::MAX - usize::from(input.byte()),
        ),
        2 => (ptr::null(), usize::MAX),
        3 => (ptr::null(), 0),
        _ => (bytes.as_ptr().cast(), bytes.len()),
    }
}

fn path(input: &mut Input<'_>) -> *const c_char {
    match input.below(6) {
        0 => ptr::null(),
        1 => c"".as_ptr(),
        2 => c"/".as_ptr(),
        3 => c"/dev/null".as_ptr(),
        4 => c"/proc/\xff/spec".as_ptr(),
        _ => c"no such file".as_ptr(),
    }
}

/// A status as a call must give it: a known one, and the thread's last error where it is one.
fn well(status: ringshift_status) -> bool {
    assert!(status <= RINGSHIFT_INTERNAL);
    assert_ne!(status, RINGSHIFT_INTERNAL, "a panic was caught: {}", last());
    if status != RINGSHIFT_OK {
        assert_eq!(ringshift_error_status(), status);
        assert!(!last().is_empty());
        // SAFETY: NULL or a string of the library.
        unsafe { told(ringshift_error_pointer()) };
        assert_eq!(ringshift_error_line() == 0, ringshift_error_column() == 0);
    }
    status == RINGSHIFT_OK
}

fn last() -> String {
    // SAFETY: never NULL.
    unsafe { told(ringshift_error_message()) }.unwrap_or_default()
}

/// A string that the library gave out.
///
/// # Safety
///
/// It is one, or NULL.
unsafe fn told(text: *const c_char) -> Option<String> {
    if text.is_null() {
        return None;
    }
    // SAFETY: the caller's.
    let text = unsafe { CStr::from_ptr(text) };
    Some(
        text.to_str()
            .unwrap_or_else(|_| panic!("not UTF-8: {text:?}"))
            .to_owned(),
    )
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
            match input.below(16) {
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
                8 => self.many(router, input),
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
                    let nodes = &self.nodes[which];
                    let node = nodes.get(input.below(nodes.len().max(1))).copied();
                    let node = node.unwrap_or(ptr::null());
                    well(ringshift_router_report(
                        router,
                        node,
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
                _ => {
                    let number = input.word() as u32;
                    assert!(told(ringshift_status_name(number)).is_some());
                    assert!(told(ringshift_stage_name(number)).is_some());
                    assert!(told(ringshift_version()).is_some());
                    assert_eq!(ringshift_abi_version(), RINGSHIFT_ABI_VERSION);
                    self.read(ringshift_router_node(router, number % 16));
                    assert!(ringshift_router_node(router, number | 1 << 20).is_null());
                }
            }
        }
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

    unsafe fn route(&mut self, which: usize, input: &mut Input<'_>) {
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
                    self.read(node);
                    self.nodes[which].push(node);
                }
            }
        }
        self.nodes[which].truncate(64);
    }

    /// Reads everything of a node.
    unsafe fn read(&self, node: *const ringshift_node) {
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

    unsafe fn many(&mut self, router: *mut ringshift_router, input: &mut Input<'_>) {
        let count = input.below(5);
        let keys: Vec<(*const c_void, usize)> =
            (0..count).map(|_| bytes(input.bytes(), input)).collect();
        let (pointers, lens): (Vec<_>, Vec<_>) = keys.into_iter().unzip();
        let mut routes: Vec<ringshift_route> = Vec::with_capacity(count);
        let said = if input.byte() == 0 { usize::MAX } else { count };
        // SAFETY: the router is open or NULL; there is room for `count`.
        unsafe {
            if well(ringshift_router_route_many(
                router,
                pointers.as_ptr(),
                lens.as_ptr(),
                said,
                routes.as_mut_ptr(),
            )) {
                routes.set_len(count);
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

    unsafe fn packed(router: *mut ringshift_router, input: &mut Input<'_>) {
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

    unsafe fn texts(&mut self, router: *mut ringshift_router, input: &mut Input<'_>) {
        let mut out = MaybeUninit::new(ptr::null_mut());
        // SAFETY: open or NULL; a string is freed once.
        unsafe {
            let status = match input.below(3) {
                0 => ringshift_router_metrics_text(router, place(&mut out, input)),
                1 => ringshift_router_metrics_json(router, place(&mut out, input)),
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
                    self.read(node);
                }
            }
        }
    }
}
