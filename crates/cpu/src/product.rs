//! Products of two matrices.
//!
//! Large products of f32 and f64 are faer's; products with a vector and products of integers have
//! loops here. Each element of the result is summed in an order that the sizes alone determine: the
//! number of threads decides only who computes it.
//!
//! faer 0.24 divides rows and columns among threads, never the contracted axis, so its products have the
//! same bits for every number of threads (`tests/it/threads.rs`). It fuses multiplications and additions,
//! which is what a product means here, and why it equals the interpreter's only up to rounding.

use crate::simd::wide;
use crate::threads::{Shared, for_ranges, several};
use faer::linalg::matmul::matmul;
use faer::{Accum, MatMut, MatRef, Par};
use pullback_ir::scalar::NumScalar;

/// A matrix of known sizes at an address, with strides.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<T> {
    pub(crate) at: *const T,
    pub(crate) row: isize,
    pub(crate) col: isize,
}

/// An element of a product.
pub(crate) trait Number: NumScalar {
    /// A product of `[m, k]` and `[k, n]` by a library, if one has it.
    ///
    /// # Safety
    /// As [`product`].
    unsafe fn library(
        sizes: [usize; 3],
        x: Matrix<Self>,
        y: Matrix<Self>,
        out: *mut Self,
        out_row: isize,
        par: Par,
    ) -> bool;
}

macro_rules! by_faer {
    ($($t:ty),*) => {$(
        impl Number for $t {
            unsafe fn library(
                [m, k, n]: [usize; 3],
                x: Matrix<$t>,
                y: Matrix<$t>,
                out: *mut $t,
                out_row: isize,
                par: Par,
            ) -> bool {
                // SAFETY: the caller's promise.
                unsafe {
                    let x = MatRef::from_raw_parts(x.at, m, k, x.row, x.col);
                    let y = MatRef::from_raw_parts(y.at, k, n, y.row, y.col);
                    let out = MatMut::from_raw_parts_mut(out, m, n, out_row, 1);
                    matmul(out, Accum::Replace, x, y, 1.0, par);
                }
                true
            }
        }
    )*};
}
by_faer!(f32, f64);

macro_rules! by_loops {
    ($($t:ty),*) => {$(
        impl Number for $t {
            unsafe fn library(
                _: [usize; 3],
                _: Matrix<$t>,
                _: Matrix<$t>,
                _: *mut $t,
                _: isize,
                _: Par,
            ) -> bool {
                false
            }
        }
    )*};
}
by_loops!(u8, i8, i32, u32, i64, u64, pullback_ir::half::f16, pullback_ir::half::bf16);

/// Writes the product of `x`, `[m, k]`, and `y`, `[k, n]`, to `out`, row-major.
///
/// # Safety
/// The matrices are within their buffers; `out` has room for `m · n` elements and overlaps neither.
pub(crate) unsafe fn product<T: Number>(
    [m, k, n]: [usize; 3],
    x: Matrix<T>,
    y: Matrix<T>,
    out: *mut T,
    parallel: bool,
) {
    // SAFETY: every branch passes on the caller's promise, rows and columns being parts of it.
    unsafe {
        if k == 0 {
            for i in 0..m * n {
                out.add(i).write(T::ZERO);
            }
        } else if m == 1 || n == 1 {
            // The vector, the matrix with its free axis as rows.
            let (vector, matrix, rows) = match m {
                1 => ((x.at, x.col), Matrix { at: y.at, row: y.col, col: y.row }, n),
                _ => ((y.at, y.row), x, m),
            };
            let ends = Shared((matrix, vector, out));
            let body = |range: std::ops::Range<usize>| {
                let (matrix, vector, out) = ends.get();
                let part =
                    Matrix { at: matrix.at.offset(range.start as isize * matrix.row), ..matrix };
                times_vector(part, vector, out.add(range.start), range.len(), k);
            };
            if parallel {
                for_ranges(rows, (1usize << 17).div_ceil(k).next_multiple_of(64), body);
            } else {
                body(0..rows);
            }
        } else if !large(m, k, n, x, y, out, parallel) {
            let ends = Shared((x, y, out));
            let body = |range: std::ops::Range<usize>| {
                let (x, y, out) = ends.get();
                for i in range {
                    let row = Matrix { at: x.at.offset(i as isize * x.row), ..x };
                    wide(|| row_times_matrix(row, y, out.add(i * n), k, n));
                }
            };
            if parallel {
                for_ranges(m, (1usize << 16).div_ceil(k * n).max(1), body);
            } else {
                body(0..m);
            }
        }
    }
}

/// # Safety
/// As [`product`].
unsafe fn large<T: Number>(
    m: usize,
    k: usize,
    n: usize,
    x: Matrix<T>,
    y: Matrix<T>,
    out: *mut T,
    parallel: bool,
) -> bool {
    // Below this, threads cost more than they save: 2 · 64³ operations take about 5 µs.
    let par = match parallel && several() && m * n * k > 64 * 64 * 64 {
        true => Par::rayon(0),
        false => Par::Seq,
    };
    // SAFETY: the caller's promise.
    unsafe { T::library([m, k, n], x, y, out, n as isize, par) }
}

/// `out[i] = Σ matrix[i, j] vector[j]`.
///
/// # Safety
/// As [`product`], for `rows` by `k`.
unsafe fn times_vector<T: Number>(
    matrix: Matrix<T>,
    vector: (*const T, isize),
    out: *mut T,
    rows: usize,
    k: usize,
) {
    // A copy of the vector that is contiguous.
    // SAFETY: the vector has `k` elements.
    let v: Vec<T>;
    let v = unsafe {
        match vector.1 {
            1 => std::slice::from_raw_parts(vector.0, k),
            step => {
                v = (0..k as isize).map(|j| *vector.0.offset(j * step)).collect();
                v.as_slice()
            }
        }
    };
    // SAFETY: the matrix has `rows` by `k` elements and the result `rows`.
    unsafe {
        if matrix.col == 1 || k == 1 {
            for i in 0..rows {
                let row = matrix.at.offset(i as isize * matrix.row);
                let row = std::slice::from_raw_parts(row, k);
                out.add(i).write(wide(|| inner(row, v)));
            }
        } else if matrix.row == 1 || rows == 1 {
            // Columns are contiguous: strips of the result take them up one after the other.
            const STRIP: usize = 512;
            for start in (0..rows).step_by(STRIP) {
                let len = STRIP.min(rows - start);
                let mut sums = [T::ZERO; STRIP];
                wide(|| strip(matrix, v, start, &mut sums[..len]));
                std::ptr::copy_nonoverlapping(sums.as_ptr(), out.add(start), len);
            }
        } else {
            for i in 0..rows as isize {
                let row = matrix.at.offset(i * matrix.row);
                let mut sum = T::ZERO;
                for (j, &e) in v.iter().enumerate() {
                    sum = sum.plus((*row.offset(j as isize * matrix.col)).times(e));
                }
                out.offset(i).write(sum);
            }
        }
    }
}

/// Adds four columns of the matrix at a time, times their element of the vector, in order.
///
/// # Safety
/// The matrix has rows `start..start + sums.len()` that are neighbours, and `v.len()` columns.
#[inline(always)]
unsafe fn strip<T: Number>(matrix: Matrix<T>, v: &[T], start: usize, sums: &mut [T]) {
    let n = sums.len();
    let column = |j: usize| {
        // SAFETY: the caller's promise.
        unsafe {
            let at = matrix.at.offset(start as isize * matrix.row + j as isize * matrix.col);
            std::slice::from_raw_parts(at, n)
        }
    };
    let (fours, rest) = v.as_chunks::<4>();
    for (j, &[p, q, r, s]) in fours.iter().enumerate() {
        let (a, b, c, d) = (column(4 * j), column(4 * j + 1), column(4 * j + 2), column(4 * j + 3));
        for i in 0..n {
            let sum = sums[i].plus(a[i].times(p)).plus(b[i].times(q));
            sums[i] = sum.plus(c[i].times(r)).plus(d[i].times(s));
        }
    }
    for (j, &e) in rest.iter().enumerate() {
        for (sum, &x) in sums.iter_mut().zip(column(4 * fours.len() + j)) {
            *sum = sum.plus(x.times(e));
        }
    }
}

/// Lanes of an inner product.
const LANES: usize = 32;

#[inline(always)]
fn inner<T: Number>(x: &[T], y: &[T]) -> T {
    let mut lanes = [T::ZERO; LANES];
    let ((xs, x_rest), (ys, y_rest)) = (x.as_chunks::<LANES>(), y.as_chunks::<LANES>());
    for (x, y) in xs.iter().zip(ys) {
        for ((lane, &x), &y) in lanes.iter_mut().zip(x).zip(y) {
            *lane = lane.plus(x.times(y));
        }
    }
    let mut rest = T::ZERO;
    for (&x, &y) in x_rest.iter().zip(y_rest) {
        rest = rest.plus(x.times(y));
    }
    if xs.is_empty() {
        return rest;
    }
    let mut width = LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = lanes[i].plus(lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0].plus(rest)
}

/// One row of a product, for dtypes without a library: rows of `y` in order.
///
/// # Safety
/// As [`product`].
#[inline(always)]
unsafe fn row_times_matrix<T: Number>(x: Matrix<T>, y: Matrix<T>, out: *mut T, k: usize, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        for j in 0..n {
            out.add(j).write(T::ZERO);
        }
        let out = std::slice::from_raw_parts_mut(out, n);
        for l in 0..k as isize {
            let e = *x.at.offset(l * x.col);
            let row = y.at.offset(l * y.row);
            if y.col == 1 {
                let row = std::slice::from_raw_parts(row, n);
                for (sum, &y) in out.iter_mut().zip(row) {
                    *sum = sum.plus(e.times(y));
                }
            } else {
                for (j, sum) in out.iter_mut().enumerate() {
                    *sum = sum.plus(e.times(*row.offset(j as isize * y.col)));
                }
            }
        }
    }
}
