//! The calls about invalidations that were lost.

use std::mem::MaybeUninit;

use super::*;

impl Handles {
    /// Loses a key, asks for what is owed, and repays some of it.
    pub(super) unsafe fn owed(&mut self, which: usize, input: &mut Input<'_>) {
        let (router, node) = (self.routers[which], self.some_node(which, input));
        let (key, len) = bytes(input.bytes(), input);
        let outcome = u32::from(input.byte() % 8);
        let mut owed = MaybeUninit::new(ptr::null_mut());
        // SAFETY: the router is open or NULL, and the node its own or NULL; the list is freed once.
        unsafe {
            well(ringshift_router_lost(router, node, key, len, outcome));
            let asked = well(ringshift_router_owed(router, node, place(&mut owed, input)));
            let owed = owed.assume_init();
            let count = ringshift_owed_count(owed);
            assert!(
                count <= 16 && (asked || count == 0),
                "{count} keys, {asked}"
            );
            for index in 0..=count {
                let (mut at, mut at_len, mut loss) = (
                    MaybeUninit::uninit(),
                    MaybeUninit::uninit(),
                    MaybeUninit::uninit(),
                );
                let one = ringshift_owed_key(
                    owed,
                    index,
                    at.as_mut_ptr(),
                    at_len.as_mut_ptr(),
                    loss.as_mut_ptr(),
                );
                assert_eq!(well(one), index < count);
                if index < count {
                    let (at, at_len) = (at.assume_init(), at_len.assume_init());
                    if input.byte() < 128 {
                        assert!(well(ringshift_router_repaid(
                            router,
                            at,
                            at_len,
                            loss.assume_init()
                        )));
                    }
                }
            }
            well(ringshift_router_repaid(router, key, len, input.word()));
            ringshift_owed_free(owed);
        }
    }
}
