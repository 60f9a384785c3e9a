//! Quicksort of integers by vectors: AVX-512's compression splits sixteen or eight of them at once.
//!
//! A part of the integers lies in one of two places, of which one is its *home*, where it is in the end.
//! Splitting sends those below the pivot home and the others away, one of the two in place; what is
//! left of the rooms is enough for both halves, so they do not meet and may be sorted by two threads. A
//! part that fits sixteen vectors is sorted in registers.
//!
//! Measured in November 2026 on one core: `sort` of a million random integers takes 1.9 ms with 32 bits, 4.2 ms
//! with 64.

use super::lanes::{Lanes, Longs, Words};
use super::network::{few, sort_few};
use crate::isa::Isa;
use crate::pools::count;
use crate::threads::{for_each, map};
use std::cmp::Reverse;
use std::ptr::copy_nonoverlapping;

/// Whether the processor has the instructions. (With AVX-512 it has POPCNT.)
#[inline]
pub(super) fn is_available() -> bool {
    Isa::best() >= Some(Isa::Avx512)
}

/// Sorts integers of 32 bits.
///
/// # Safety
/// The processor [is able to](is_available), and both pointers lead to memory of `n` integers, those
/// `aside` in any state, that nothing else uses.
pub(super) unsafe fn sort_words(keys: *mut u32, aside: *mut u32, n: usize) {
    // SAFETY: the caller's promise.
    unsafe { sort::<Words>(keys, aside, n) }
}

/// Sorts integers of 64 bits.
///
/// # Safety
/// As [`sort_words`].
pub(super) unsafe fn sort_longs(keys: *mut u64, aside: *mut u64, n: usize) {
    // SAFETY: the caller's promise.
    unsafe { sort::<Longs>(keys, aside, n) }
}

/// Integers from which on both halves of a split may be sorted at once.
const PARALLEL: usize = 1 << 16;

/// The `n` integers at `at`, which end there if it is their home, else at `other`.
struct Part<L: Lanes> {
    at: *mut L::Key,
    other: *mut L::Key,
    n: usize,
    home: bool,
    /// Splits before it is concluded that the input is made to defeat the choice of pivots.
    depth: u32,
}

// SAFETY: parts that are there at the same time do not meet, and who calls for sorting has all of them.
unsafe impl<L: Lanes> Send for Part<L> {}

/// Sorts integers. Threads get the parts of the first splits.
///
/// # Safety
/// As [`sort_words`].
unsafe fn sort<L: Lanes>(keys: *mut L::Key, aside: *mut L::Key, n: usize) {
    let depth = 2 * n.max(1).ilog2() + 4;
    let whole = Part::<L> { at: keys, other: aside, n, home: true, depth };
    let threads = if n < PARALLEL { 1 } else { count() };
    // SAFETY: the caller's promise; a large part is longer than a few.
    unsafe {
        if threads == 1 {
            return whole.sort();
        }
        let mut parts = vec![whole];
        while parts.len() < 4 * threads && parts.iter().any(|p| p.n >= PARALLEL) {
            let halves = map(parts, |p| match p.n >= PARALLEL {
                true => p.halves().into(),
                false => vec![p],
            });
            parts = halves.into_iter().flatten().collect();
        }
        parts.sort_unstable_by_key(|p| Reverse(p.n));
        for_each(parts, |p| p.sort());
    }
}

impl<L: Lanes> Part<L> {
    /// Sorts it.
    ///
    /// # Safety
    /// As [`sort_words`].
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
    unsafe fn sort(mut self) {
        // SAFETY: the caller's promise.
        unsafe {
            while self.n > few::<L>() {
                let [left, right] = self.halves();
                left.sort();
                self = right;
            }
            sort_few::<L>(self.at, self.n, if self.home { self.at } else { self.other });
        }
    }

    /// Two parts that are left to be sorted; what is missing in them is.
    ///
    /// # Safety
    /// As [`sort_words`], and the part is longer than a few.
    #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
    unsafe fn halves(self) -> [Part<L>; 2] {
        let Part { at, other, n, home, depth } = self;
        let (stay, away) = if home { (at, other) } else { (other, at) };
        // SAFETY: the parts of both rooms are as large as what is to be sorted in them, and do not meet.
        unsafe {
            if depth == 0 {
                std::slice::from_raw_parts_mut(at, n).sort_unstable();
                if !home {
                    copy_nonoverlapping(at, other, n);
                }
                let none = || Part { at, other, n: 0, home, depth };
                return [none(), none()];
            }
            let pivot = pivot::<L>(at, n);
            let mut below = split::<L, false>(at, n, stay, away, pivot);
            let left = Part {
                at: stay,
                other: away.add(n - below),
                n: below,
                home: true,
                depth: depth - 1,
            };
            if below == 0 {
                // The pivot is the least, and perhaps there are many: those need no sorting.
                below = split::<L, true>(away, n, stay, away, pivot);
            }
            let right = Part {
                at: away,
                other: stay.add(below),
                n: n - below,
                home: false,
                depth: depth - 1,
            };
            [left, right]
        }
    }
}

/// Sends the integers that are below the pivot, or with `EQUAL` not above it, to `left`, the others to
/// `right`, and gives the number of the former. One of the two may be where the integers are.
///
/// # Safety
/// As [`sort_words`]; both targets have room for `n`.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
unsafe fn split<L: Lanes, const EQUAL: bool>(
    keys: *const L::Key,
    n: usize,
    left: *mut L::Key,
    right: *mut L::Key,
    pivot: L::Key,
) -> usize {
    // SAFETY: whole vectors are stored where less may be wanted. As many keys have been read as the ends of
    // both targets are ahead of their starts together, so with those of this vector there is room, and
    // what is overwritten in place has been read.
    unsafe {
        let pivots = L::all(pivot);
        let is_left = |x: L| if EQUAL { !pivots.below(x) & L::ALL } else { x.below(pivots) };
        let (mut at, mut to, mut away) = (keys, left, right);
        for _ in 0..n / L::N {
            let x = L::load(at);
            let mask = is_left(x);
            x.packed(mask).store(to);
            x.packed(!mask & L::ALL).store(away);
            let count = mask.count_ones() as usize;
            (at, to, away) = (at.add(L::N), to.add(count), away.add(L::N - count));
        }
        let rest = n % L::N;
        let x = L::load_first(rest, at);
        let valid = (1 << rest) - 1;
        let mask = is_left(x) & valid;
        let count = mask.count_ones() as usize;
        x.packed(mask).store_first(count, to);
        x.packed(!mask & valid).store_first(rest - count, away);
        to.add(count).offset_from_unsigned(left)
    }
}

/// Integers from which on the pivot is looked for among many.
const MANY: usize = 4096;

/// An integer near the middle.
///
/// # Safety
/// As [`sort_words`], with at least 16 vectors.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
unsafe fn pivot<L: Lanes>(keys: *const L::Key, n: usize) -> L::Key {
    // SAFETY: all places are below `n`.
    unsafe {
        if n >= MANY {
            let (count, step) = (few::<L>(), n / few::<L>());
            let mut sample = [L::LAST; 256];
            for (i, key) in sample[..count].iter_mut().enumerate() {
                *key = *keys.add(i * step + step / 2);
            }
            sort_few::<L>(sample.as_ptr(), count, sample.as_mut_ptr());
            return sample[count / 2];
        }
        // The medians of five, and of those the middle one.
        let step = n / 5;
        let (a, b) = L::load(keys).ordered(L::load(keys.add(step)));
        let (c, d) = L::load(keys.add(2 * step)).ordered(L::load(keys.add(3 * step)));
        let e = L::load(keys.add(4 * step));
        let (low, high) = (a.ordered(c).1).ordered(b.ordered(d).0);
        e.ordered(high).0.ordered(low).1.middle()
    }
}
