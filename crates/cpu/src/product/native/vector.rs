//! Products with a vector, for matrices whose rows or columns are contiguous.

use super::Isa;
use super::lanes::Lanes;
use crate::product::Matrix;
use crate::product::vector::Loops;
use crate::simd::prefetch_ahead;
use std::arch::x86_64::*;

/// Rows that are read at the same time: as many streams as the processor foresees.
const ROWS: usize = 8;

/// How far ahead of the reads columns are asked for, in bytes.
const COLUMNS_AHEAD: usize = 1024;

/// `out[i] = Σ matrix[i, j] v[j]`, the rows being contiguous. The lanes of two vectors are summed by
/// themselves and then in pairs, so the order depends on the length alone.
///
/// # Safety
/// The processor has the features of `V`; the matrix has `n` rows of `v.len()`, and the result room for `n`.
#[inline(always)]
unsafe fn dots<V: Lanes>(matrix: Matrix<V::E>, v: &[V::E], out: *mut V::E, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        let mut i = 0;
        while i + 4 <= n {
            some_dots::<V, 4>(matrix.from(i, 0), v, out.add(i));
            i += 4;
        }
        for i in i..n {
            some_dots::<V, 1>(matrix.from(i, 0), v, out.add(i));
        }
    }
}

/// # Safety
/// As [`dots`], for `N` rows.
#[inline(always)]
unsafe fn some_dots<V: Lanes, const N: usize>(matrix: Matrix<V::E>, v: &[V::E], out: *mut V::E) {
    // SAFETY: the caller's promise; the last vector is masked.
    unsafe {
        let rows: [*const V::E; N] = std::array::from_fn(|i| matrix.from(i, 0).at);
        let mut sums = [[V::zero(); 2]; N];
        let k = v.len();
        let mut j = 0;
        while j + 2 * V::N <= k {
            let (a, b) = (V::load(v.as_ptr().add(j)), V::load(v.as_ptr().add(j + V::N)));
            if N == 1 {
                // Of several rows each is a stream, which the processor foresees.
                for at in [rows[0], v.as_ptr()] {
                    prefetch_ahead(at.add(j), 2 * V::N * size_of::<V::E>());
                }
            }
            for (row, sums) in rows.iter().zip(&mut sums) {
                sums[0] = V::load(row.add(j)).times_plus(a, sums[0]);
                sums[1] = V::load(row.add(j + V::N)).times_plus(b, sums[1]);
            }
            j += 2 * V::N;
        }
        while j < k {
            let mask = V::mask(V::N.min(k - j));
            let a = V::load_part(v.as_ptr().add(j), mask);
            for (row, sums) in rows.iter().zip(&mut sums) {
                sums[0] = V::load_part(row.add(j), mask).times_plus(a, sums[0]);
            }
            j += V::N;
        }
        for (i, sums) in sums.iter().enumerate() {
            out.add(i).write(sums[0].plus(sums[1]).sum());
        }
    }
}

/// `out[i] = Σ matrix[i, j] v[j]`, the columns being contiguous: eight of them are added at a time, in order.
///
/// # Safety
/// As [`dots`].
#[inline(always)]
unsafe fn sums<V: Lanes>(matrix: Matrix<V::E>, v: &[V::E], out: *mut V::E, n: usize) {
    // SAFETY: the caller's promise; the last vector is masked.
    unsafe {
        let mut j = 0;
        while j < v.len() {
            let left = v.len() - j;
            let (matrix, v) = (matrix.from(0, j), v.as_ptr().add(j));
            if left >= ROWS {
                some_sums::<V, ROWS>(matrix, v, out, n, j > 0);
                j += ROWS;
            } else {
                some_sums::<V, 1>(matrix, v, out, n, j > 0);
                j += 1;
            }
        }
    }
}

/// # Safety
/// As [`sums`], for `N` columns, which are added to the result or replace it.
#[inline(always)]
unsafe fn some_sums<V: Lanes, const N: usize>(
    matrix: Matrix<V::E>,
    v: *const V::E,
    out: *mut V::E,
    n: usize,
    add: bool,
) {
    // SAFETY: the caller's promise; a prefetch does not access what it is given.
    unsafe {
        let cols: [*const V::E; N] = std::array::from_fn(|j| matrix.from(0, j).at);
        let factors: [V; N] = std::array::from_fn(|j| V::splat(v.add(j)));
        let mut i = 0;
        while i + V::N <= n {
            let mut sum = if add { V::load(out.add(i)) } else { V::zero() };
            for (col, &factor) in cols.iter().zip(&factors) {
                let at = col.add(i);
                _mm_prefetch::<_MM_HINT_T0>(at.cast::<i8>().wrapping_add(COLUMNS_AHEAD));
                sum = V::load(at).times_plus(factor, sum);
            }
            sum.store(out.add(i));
            i += V::N;
        }
        if i < n {
            let mask = V::mask(n - i);
            let mut sum = if add { V::load_part(out.add(i), mask) } else { V::zero() };
            for (col, &factor) in cols.iter().zip(&factors) {
                sum = V::load_part(col.add(i), mask).times_plus(factor, sum);
            }
            sum.store_part(out.add(i), mask);
        }
    }
}

macro_rules! compiled {
    ($($name:ident $of:ident $features:literal;)*) => {$(
        /// # Safety
        /// As the function of which it is a compilation.
        #[target_feature(enable = $features)]
        unsafe fn $name<V: Lanes>(m: Matrix<V::E>, v: &[V::E], out: *mut V::E, n: usize) {
            // SAFETY: the caller's promise.
            unsafe { $of::<V>(m, v, out, n) }
        }
    )*};
}
compiled! {
    dots_avx2 dots "avx2,fma";
    sums_avx2 sums "avx2,fma";
    dots_avx512 dots "avx512f";
    sums_avx512 sums "avx512f";
}

/// The loops of f32.
pub(in crate::product) fn loops_f32(isa: Isa) -> Loops<f32> {
    match isa {
        Isa::Avx2 => Loops { dots: dots_avx2::<__m256>, sums: sums_avx2::<__m256> },
        Isa::Avx512 => Loops { dots: dots_avx512::<__m512>, sums: sums_avx512::<__m512> },
    }
}

/// The loops of f64.
pub(in crate::product) fn loops_f64(isa: Isa) -> Loops<f64> {
    match isa {
        Isa::Avx2 => Loops { dots: dots_avx2::<__m256d>, sums: sums_avx2::<__m256d> },
        Isa::Avx512 => Loops { dots: dots_avx512::<__m512d>, sums: sums_avx512::<__m512d> },
    }
}
