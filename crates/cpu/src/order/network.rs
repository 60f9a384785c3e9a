//! Sorting in registers: a network over the rows sorts all columns at once, which are then merged.

use super::lanes::{Lanes, ROWS};

/// Integers that are sorted in registers at most.
pub(super) const fn few<L: Lanes>() -> usize {
    ROWS * L::N
}

/// Sorts at most [`few`] integers, which end at `to`.
///
/// # Safety
/// The processor has the instructions, and both pointers lead to as many integers.
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,popcnt")]
pub(super) unsafe fn sort_few<L: Lanes>(from: *const L::Key, n: usize, to: *mut L::Key) {
    debug_assert!(n <= few::<L>());
    // SAFETY: the caller's promise.
    unsafe {
        if n <= few::<L>() / 2 {
            let mut x: [L; ROWS / 2] = load(from, n);
            x.sort_columns();
            L::merge_columns(&mut x);
            L::columns_of_8(&mut x);
            return store(&x, n, to);
        }
        let mut x: [L; ROWS] = load(from, n);
        x.sort_columns();
        L::merge_columns(&mut x);
        L::columns_of_16(&mut x);
        store(&x, n, to);
    }
}

/// Vectors of `n` integers; what is beyond is the last one that there is.
///
/// # Safety
/// As [`sort_few`].
#[inline(always)]
unsafe fn load<L: Lanes, const R: usize>(from: *const L::Key, n: usize) -> [L; R] {
    // SAFETY: the caller's promise.
    unsafe {
        let mut x = [L::all(L::LAST); R];
        for (i, x) in x.iter_mut().enumerate() {
            match n.saturating_sub(i * L::N) {
                0 => {}
                rest if rest < L::N => *x = L::load_first(rest, from.add(i * L::N)),
                _ => *x = L::load(from.add(i * L::N)),
            }
        }
        x
    }
}

/// Stores the first `n` integers.
///
/// # Safety
/// As [`sort_few`].
#[inline(always)]
unsafe fn store<L: Lanes>(x: &[L], n: usize, to: *mut L::Key) {
    // SAFETY: the caller's promise.
    unsafe {
        for (i, x) in x.iter().enumerate() {
            match n.saturating_sub(i * L::N) {
                0 => {}
                rest if rest < L::N => x.store_first(rest, to.add(i * L::N)),
                _ => x.store(to.add(i * L::N)),
            }
        }
    }
}

/// Some vectors: the steps of sorting what is in them.
///
/// # Safety
/// The processor has the instructions of [`Lanes`].
pub(super) trait Rows {
    /// Sorts each column, by as few comparisons as are known to do it.
    unsafe fn sort_columns(&mut self);
    /// Of two sorted runs, in the lanes without and with the bit `UPPER`, makes two that rise and fall, of
    /// which the elements of one are below those of the other: the second run is turned around, by the
    /// rows and by `WITH` in the numbers of lanes, and the lesser ones of the pairs are left in the first.
    unsafe fn join<const WITH: usize, const UPPER: usize>(&mut self);
    /// Of each run that rises and falls makes two of half its length, of which the elements of one are below
    /// those of the other: the halves are the lanes without and with a bit.
    unsafe fn across<const BIT: usize>(&mut self);
    /// Sorts columns that rise and fall, by halves of the rows.
    unsafe fn halve(&mut self);
}

/// [`Rows`] of a number: the comparisons that sort columns, those that sort columns that rise and fall, and
/// the pairs of rows from both ends. All are written out, since loops would go through memory.
macro_rules! rows {
    ($n:literal: $($i:literal $j:literal),*; $($low:literal $high:literal),*; $($up:literal $down:literal),*;) => {
        impl<L: Lanes> Rows for [L; $n] {
            #[inline(always)]
            unsafe fn sort_columns(&mut self) {
                // SAFETY: here and below, the promise of the trait's caller.
                unsafe {
                    $((self[$i], self[$j]) = self[$i].ordered(self[$j]);)*
                }
            }
            #[inline(always)]
            unsafe fn join<const WITH: usize, const UPPER: usize>(&mut self) {
                // SAFETY: as above.
                unsafe {
                    $((self[$up], self[$down]) = (
                        self[$up].exchanged::<WITH, UPPER>(self[$down]),
                        self[$down].exchanged::<WITH, UPPER>(self[$up]),
                    );)*
                }
            }
            #[inline(always)]
            unsafe fn across<const BIT: usize>(&mut self) {
                // SAFETY: as above.
                unsafe {
                    $(
                        self[$up] = self[$up].exchanged::<BIT, BIT>(self[$up]);
                        self[$down] = self[$down].exchanged::<BIT, BIT>(self[$down]);
                    )*
                }
            }
            #[inline(always)]
            unsafe fn halve(&mut self) {
                // SAFETY: as above.
                unsafe {
                    $((self[$low], self[$high]) = self[$low].ordered(self[$high]);)*
                }
            }
        }
    };
}

rows!(8:
    0 2, 1 3, 4 6, 5 7,
    0 4, 1 5, 2 6, 3 7,
    0 1, 2 3, 4 5, 6 7,
    2 4, 3 5,
    1 4, 3 6,
    1 2, 3 4, 5 6;

    0 4, 1 5, 2 6, 3 7,
    0 2, 1 3, 4 6, 5 7,
    0 1, 2 3, 4 5, 6 7;

    0 7, 1 6, 2 5, 3 4;
);

rows!(16:
    0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15,
    0 2, 1 3, 4 6, 5 7, 8 10, 9 11, 12 14, 13 15,
    0 4, 1 5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15,
    0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15,
    5 10, 6 9, 3 12, 13 14, 4 8, 7 11, 1 2,
    1 4, 7 13, 2 8, 11 14,
    2 4, 5 6, 9 10, 11 13, 3 8, 7 12,
    6 8, 10 12, 3 5, 7 9,
    3 4, 5 6, 7 8, 9 10, 11 12,
    6 7, 8 9;

    0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15,
    0 4, 1 5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15,
    0 2, 1 3, 4 6, 5 7, 8 10, 9 11, 12 14, 13 15,
    0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15;

    0 15, 1 14, 2 13, 3 12, 4 11, 5 10, 6 9, 7 8;
);
