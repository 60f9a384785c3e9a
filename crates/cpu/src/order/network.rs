//! Sorting in registers: a network over the columns of some vectors, then merges of the columns.

use super::lanes::{Lanes, ROWS};

/// Integers that are sorted in registers at most.
pub(super) const fn few<L: Lanes>() -> usize {
    ROWS * L::N
}

/// Exchanges pairs of vectors where they are in the wrong order, lane by lane.
macro_rules! exchange {
    ($x:ident: $($i:literal $j:literal,)*) => {$(
        ($x[$i], $x[$j]) = $x[$i].ordered($x[$j]);
    )*};
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
            sort_8_rows(&mut x);
            L::columns_of_8(&mut x);
            merge::<L, 1>(&mut x);
            merge::<L, 2>(&mut x);
            merge::<L, 4>(&mut x);
            return store(&x, n, to);
        }
        let mut x: [L; ROWS] = load(from, n);
        sort_16_rows(&mut x);
        L::columns_of_16(&mut x);
        // A column of 16 is one vector, or two.
        if L::N == ROWS {
            merge::<L, 1>(&mut x);
        }
        merge::<L, 2>(&mut x);
        merge::<L, 4>(&mut x);
        merge::<L, 8>(&mut x);
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

/// Sorts the columns of eight rows, by as few comparisons as are known to do it.
///
/// # Safety
/// The processor has the instructions.
#[inline(always)]
unsafe fn sort_8_rows<L: Lanes>(x: &mut [L; 8]) {
    // SAFETY: the caller's promise.
    unsafe {
        exchange!(x:
            0 2, 1 3, 4 6, 5 7,
            0 4, 1 5, 2 6, 3 7,
            0 1, 2 3, 4 5, 6 7,
            2 4, 3 5,
            1 4, 3 6,
            1 2, 3 4, 5 6,
        );
    }
}

/// The same of sixteen rows.
///
/// # Safety
/// The processor has the instructions.
#[inline(always)]
unsafe fn sort_16_rows<L: Lanes>(x: &mut [L; 16]) {
    // SAFETY: the caller's promise.
    unsafe {
        exchange!(x:
            0 1, 2 3, 4 5, 6 7, 8 9, 10 11, 12 13, 14 15,
            0 2, 1 3, 4 6, 5 7, 8 10, 9 11, 12 14, 13 15,
            0 4, 1 5, 2 6, 3 7, 8 12, 9 13, 10 14, 11 15,
            0 8, 1 9, 2 10, 3 11, 4 12, 5 13, 6 14, 7 15,
            5 10, 6 9, 3 12, 13 14, 4 8, 7 11, 1 2,
            1 4, 7 13, 2 8, 11 14,
            2 4, 5 6, 9 10, 11 13, 3 8, 7 12,
            6 8, 10 12, 3 5, 7 9,
            3 4, 5 6, 7 8, 9 10, 11 12,
            6 7, 8 9,
        );
    }
}

/// Merges pairs of sorted runs of `RUN` vectors.
///
/// # Safety
/// The processor has the instructions.
#[inline(always)]
unsafe fn merge<L: Lanes, const RUN: usize>(x: &mut [L]) {
    // SAFETY: the caller's promise.
    unsafe {
        // The second run turned around makes one that rises and falls. Of such a run the lesser of each
        // element and the one half a run further make one again, all of whose elements are below
        // those of the other half. (The other half is the wrong way around, which does not matter.)
        for start in (0..x.len()).step_by(2 * RUN) {
            for i in 0..RUN {
                let (low, high) = (start + i, start + 2 * RUN - 1 - i);
                (x[low], x[high]) = x[low].ordered(x[high].reversed());
            }
        }
        let mut step = RUN / 2;
        while step > 0 {
            for i in (0..x.len()).filter(|i| i & step == 0) {
                (x[i], x[i + step]) = x[i].ordered(x[i + step]);
            }
            step /= 2;
        }
        for x in x {
            *x = x.merged();
        }
    }
}
