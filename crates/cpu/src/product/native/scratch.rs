//! Memory for packed panels: one buffer a thread, which grows and stays.

use std::cell::RefCell;

/// A cache line.
#[derive(Clone, Copy)]
#[repr(align(64))]
struct Line {
    _bytes: [u8; 64],
}

thread_local! {
    static BUFFER: RefCell<Vec<Line>> = const { RefCell::new(Vec::new()) };
}

/// Calls `body` with room for `n` elements that begin on a cache line and are not initialised. The body must
/// not ask for room itself.
pub(super) fn scratch<T, R>(n: usize, body: impl FnOnce(*mut T) -> R) -> R {
    if n == 0 {
        return body(std::ptr::dangling_mut());
    }
    BUFFER.with_borrow_mut(|buffer| {
        let lines = (n * size_of::<T>()).div_ceil(size_of::<Line>());
        if buffer.capacity() < lines {
            buffer.reserve(lines);
        }
        body(buffer.as_mut_ptr().cast())
    })
}
