//! Memory for a block's values that only the kernel sees.

#[repr(align(64))]
#[derive(Clone, Copy)]
struct CacheLine(#[allow(dead_code)] [std::mem::MaybeUninit<u8>; 64]);

/// Calls `body` with scratch memory, aligned to cache lines. The memory stays with the thread.
pub(super) fn with_scratch(bytes: usize, body: impl FnOnce(*mut u8)) {
    use std::cell::Cell;
    thread_local! {
        static SCRATCH: Cell<Vec<Vec<CacheLine>>> = const { Cell::new(Vec::new()) };
    }
    const ON_STACK: usize = 1024;
    if bytes <= ON_STACK {
        let mut memory = [CacheLine([std::mem::MaybeUninit::uninit(); 64]); ON_STACK / 64];
        return body(memory.as_mut_ptr().cast());
    }
    // Calls nest, so each depth has its own.
    let mut kept = SCRATCH.take();
    let mut memory = kept.pop().unwrap_or_default();
    SCRATCH.set(kept);
    memory.reserve(bytes.div_ceil(64));
    body(memory.as_mut_ptr().cast());
    let mut kept = SCRATCH.take();
    kept.push(memory);
    SCRATCH.set(kept);
}
