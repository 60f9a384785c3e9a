//! Splitting work over threads.
//!
//! Where a split could show in the bits of a result, it depends on sizes alone. The splits here are
//! for work whose pieces do not meet, so they may depend on the number of threads and on how long the
//! work takes.

use crate::pools::{count, is_awake, share};
use std::cell::Cell;
use std::mem::ManuallyDrop;
use std::ops::Range;
use std::time::{Duration, Instant};

/// A pointer that threads may share, because they use disjoint parts of what it points to.
#[derive(Clone, Copy)]
pub(crate) struct Shared<T>(pub(crate) T);

// SAFETY: it is only given to `for_ranges` and its kin, whose bodies get disjoint ranges and touch only
// what belongs to theirs.
unsafe impl<T> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T> Sync for Shared<T> {}

impl<T: Copy> Shared<T> {
    /// The pointer. A method, so that closures capture the wrapper and not its field.
    #[inline]
    pub(crate) fn get(&self) -> T {
        self.0
    }
}

/// Work that takes less than this on one thread is not worth sharing with one that is awake, and not worth
/// waking another one for. Measured on two cores of a virtual machine in November 2026, medians of 200: one
/// that is awake begins after 0.1 µs; to wake one takes the caller 3 to 12 µs, and it begins after 20 to 45,
/// or after 60 to 260 if the caller has just slept itself.
const WORTH_SHARING: Duration = Duration::from_micros(5);
const WORTH_WAKING: Duration = Duration::from_micros(40);

/// What is not shared because others sleep, all of it together, is worth waking them: a program that calls one
/// small kernel after the other.
const MISSED: Duration = Duration::from_micros(100);

thread_local! {
    /// Work of this thread that was not shared since others were last awake.
    static MISSING: Cell<Duration> = const { Cell::new(Duration::ZERO) };
}

/// Whether work that takes one thread so long is better shared.
#[inline]
pub(crate) fn is_worth_sharing(expected: Duration) -> bool {
    if expected < WORTH_SHARING || !several() {
        return false;
    }
    let missed = MISSING.get() + expected;
    let shared = expected >= WORTH_WAKING || missed >= MISSED || is_awake();
    MISSING.set(if shared { Duration::ZERO } else { missed });
    shared
}

/// Whether there are threads to share work with.
#[inline]
pub(crate) fn several() -> bool {
    count() > 1
}

/// Calls `body` with ranges that make up `0..n`, on several threads if it takes long enough. The first
/// range has `probe` elements and is timed, so no table of costs is needed.
#[inline]
pub(crate) fn for_ranges(n: usize, probe: usize, body: impl Fn(Range<usize>) + Sync) {
    if n <= 2 * probe {
        if n > 0 {
            body(0..n);
        }
        return;
    }
    for_long_ranges(n, probe, &body);
}

#[inline(never)]
fn for_long_ranges(n: usize, probe: usize, body: &(dyn Fn(Range<usize>) + Sync)) {
    let start = Instant::now();
    body(0..probe);
    let rest = n - probe;
    let expected = start.elapsed().mul_f64(rest as f64 / probe as f64);
    if !is_worth_sharing(expected) {
        return body(probe..n);
    }
    // Several pieces a thread, so that a thread that is held up does not hold up the rest.
    let pieces = (4 * count()).min(rest.div_ceil(probe));
    let size = rest.div_ceil(pieces);
    // Pieces of long arrays begin on cache lines.
    let size = if size < 1024 { size } else { size.next_multiple_of(64) };
    share(rest.div_ceil(size), &|i| {
        let from = probe + i * size;
        body(from..(from + size).min(n));
    });
}

/// Calls `body` with each item, on several threads.
pub(crate) fn for_each<I: Send>(items: Vec<I>, body: impl Fn(I) + Sync) {
    map(items, body);
}

/// What `f` makes of each item, on several threads.
pub(crate) fn map<I: Send, R: Send>(items: Vec<I>, f: impl Fn(I) -> R + Sync) -> Vec<R> {
    let n = items.len();
    // Where `f` panics, items and results are not dropped.
    let items: Vec<ManuallyDrop<I>> = items.into_iter().map(ManuallyDrop::new).collect();
    let mut results = Vec::<R>::with_capacity(n);
    let ends = Shared((items.as_ptr(), results.as_mut_ptr()));
    share(n, &|i| {
        let (items, results) = ends.get();
        // SAFETY: each item is taken once, and each result has its place in the room.
        unsafe { results.add(i).write(f(ManuallyDrop::into_inner(items.add(i).read()))) };
    });
    // SAFETY: all results are written.
    unsafe { results.set_len(n) };
    results
}
