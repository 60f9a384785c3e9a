//! Products with a vector.
//!
//! They are as fast as the matrix comes from memory, if it is read in the order in which it lies: rows that
//! are contiguous are multiplied by the vector one after the other, contiguous columns are added up.

use super::portable::with_f32;
use super::{Matrix, Product};
use crate::simd::wide;
use crate::threads::{Shared, for_ranges};
use pullback_ir::scalar::NumScalar as Number;

/// Writes a product with `m` or `n` of 1.
///
/// # Safety
/// As [`product`](super::product); no size is 0.
pub(super) unsafe fn vector<T: Number<Acc = T>>(p: &Product<T>, parallel: bool) {
    let [m, k, n] = p.sizes;
    // The vector, and the matrix with its free axis as rows.
    let (vector, matrix, rows) = match m {
        1 => ((p.x.at, p.x.col), Matrix { at: p.y.at, row: p.y.col, col: p.y.row }, n),
        _ => ((p.y.at, p.y.row), p.x, m),
    };
    assert!(m == 1 || p.out_row == 1);
    let ends = Shared((matrix, vector, p.out));
    let body = |range: std::ops::Range<usize>| {
        let (matrix, vector, out) = ends.get();
        // SAFETY: the caller's promise, rows being parts of it.
        unsafe {
            let part = matrix.from(range.start, 0);
            times_vector(part, vector, out.add(range.start), range.len(), k);
        }
    };
    if parallel {
        for_ranges(rows, (1usize << 17).div_ceil(k).next_multiple_of(64), body);
    } else {
        body(0..rows);
    }
}

/// Writes a product of narrow floats, which f32 holds exactly.
///
/// # Safety
/// As [`vector`].
pub(super) unsafe fn widened<E: Number<Acc = f32>>(p: &Product<E>, parallel: bool) {
    // SAFETY: the caller's promise.
    unsafe { with_f32(p, |p| vector(p, parallel)) }
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
