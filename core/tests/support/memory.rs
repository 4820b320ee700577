//! An allocator that counts what a thread holds; a test file that uses it makes it its global one.

#![allow(dead_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

thread_local! {
    static HELD: Cell<isize> = const { Cell::new(0) };
    static MOST: Cell<isize> = const { Cell::new(0) };
}

/// Counts, and passes everything on to the system's.
pub struct Counting;

fn add(bytes: usize, sign: isize) {
    // A thread that is ending counts no more.
    let _ = HELD.try_with(|held| {
        held.set(held.get() + sign * bytes.cast_signed());
        let _ = MOST.try_with(|most| most.set(most.get().max(held.get())));
    });
}

// SAFETY: the system's allocator does it all.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        add(layout.size(), 1);
        // SAFETY: the caller's.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        add(layout.size(), -1);
        // SAFETY: the caller's.
        unsafe { System.dealloc(pointer, layout) }
    }
}

/// What a thread held at the most while `body` ran, beyond what it held before, and what it still holds.
#[derive(Debug, Clone, Copy)]
pub struct Held {
    pub most: usize,
    pub after: isize,
}

/// Runs `body` and says what this thread held meanwhile.
pub fn held<R>(body: impl FnOnce() -> R) -> (R, Held) {
    let before = HELD.get();
    MOST.set(before);
    let result = body();
    let most = (MOST.get() - before).cast_unsigned();
    let after = HELD.get() - before;
    (result, Held { most, after })
}
