//! Products with a vector.
//!
//! They are as fast as the matrix comes from memory, if it is read in the order in which it lies: rows that
//! are contiguous are multiplied by the vector one after the other, contiguous columns are added up.

use super::portable::with_f32;
use super::{Matrix, Product};
use crate::pools::{count, share};
use crate::simd::wide;
use crate::threads::{Shared, is_worth_sharing};
use pullback_ir::scalar::NumScalar;
use std::ops::Range;
use std::time::Duration;

/// A loop that writes `n` sums `out[i] = Σ matrix[i, j] v[j]`.
pub(super) type Loop<T> = unsafe fn(Matrix<T>, &[T], *mut T, usize);

/// The loops of an element type.
pub(super) struct Loops<T> {
    /// For matrices whose rows are contiguous.
    pub(super) dots: Loop<T>,
    /// For matrices whose columns are contiguous.
    pub(super) sums: Loop<T>,
}

impl<T: NumScalar> Loops<T> {
    /// Plain ones.
    pub(super) fn portable() -> Loops<T> {
        Loops { dots, sums }
    }
}

/// Elements of a matrix that are worth a thread.
const PART: usize = 1 << 17;

/// Elements in a nanosecond of one thread, from the third cache.
const SPEED: usize = 25;

/// Writes a product with `m` or `n` of 1.
///
/// # Safety
/// As [`product`](super::product), and the processor has what the loops need; no size is 0.
pub(super) unsafe fn vector<T: NumScalar<Acc = T>>(
    loops: &Loops<T>,
    p: &Product<T>,
    parallel: bool,
) {
    let [m, k, n] = p.sizes;
    // The vector, and the matrix with its free axis as rows.
    let ((at, step), matrix, rows) = match m {
        1 => ((p.x.at, p.x.col), Matrix { at: p.y.at, row: p.y.col, col: p.y.row }, n),
        _ => ((p.y.at, p.y.row), p.x, m),
    };
    assert!(m == 1 || p.out_row == 1);
    // A copy of the vector that is contiguous.
    let copy: Vec<T>;
    let v = match step {
        // SAFETY: the vector has `k` elements.
        1 => unsafe { std::slice::from_raw_parts(at, k) },
        _ => {
            // SAFETY: as above.
            copy = (0..k as isize).map(|j| unsafe { *at.offset(j * step) }).collect();
            copy.as_slice()
        }
    };
    let body: Loop<T> = if matrix.col == 1 || k == 1 {
        loops.dots
    } else if matrix.row == 1 || rows == 1 {
        loops.sums
    } else {
        apart
    };
    let ends = Shared((matrix, p.out));
    let part = |range: Range<usize>| {
        let (matrix, out) = ends.get();
        // SAFETY: the caller's promise, rows being parts of it.
        unsafe { body(matrix.from(range.start, 0), v, out.add(range.start), range.len()) }
    };
    let parts = (rows * k / PART).min(count()).min(rows.div_ceil(64));
    let expected = Duration::from_nanos((rows * k / SPEED) as u64);
    if !parallel || parts < 2 || !is_worth_sharing(expected) {
        return part(0..rows);
    }
    let size = rows.div_ceil(parts).next_multiple_of(64);
    share(rows.div_ceil(size), &|i| part(i * size..rows.min((i + 1) * size)));
}

/// Writes a product of narrow floats, which f32 holds exactly.
///
/// # Safety
/// As [`vector`].
pub(super) unsafe fn widened<E: NumScalar<Acc = f32>>(
    loops: &Loops<f32>,
    p: &Product<E>,
    parallel: bool,
) {
    // SAFETY: the caller's promise.
    unsafe { with_f32(p, |p| vector(loops, p, parallel)) }
}

/// A [`Loop`] for contiguous rows.
unsafe fn dots<T: NumScalar>(matrix: Matrix<T>, v: &[T], out: *mut T, n: usize) {
    for i in 0..n {
        // SAFETY: the caller's promise.
        unsafe {
            let row = std::slice::from_raw_parts(matrix.from(i, 0).at, v.len());
            out.add(i).write(wide(|| inner(row, v)));
        }
    }
}

/// A [`Loop`] for contiguous columns: strips of the result take them up one after the other.
unsafe fn sums<T: NumScalar>(matrix: Matrix<T>, v: &[T], out: *mut T, n: usize) {
    const STRIP: usize = 512;
    for start in (0..n).step_by(STRIP) {
        let len = STRIP.min(n - start);
        let mut sums = [T::ZERO; STRIP];
        // SAFETY: the caller's promise.
        unsafe {
            wide(|| strip(matrix, v, start, &mut sums[..len]));
            std::ptr::copy_nonoverlapping(sums.as_ptr(), out.add(start), len);
        }
    }
}

/// A [`Loop`] for any strides.
unsafe fn apart<T: NumScalar>(matrix: Matrix<T>, v: &[T], out: *mut T, n: usize) {
    for i in 0..n {
        // SAFETY: the caller's promise.
        unsafe {
            let row = matrix.from(i, 0).at;
            let mut sum = T::ZERO;
            for (j, &e) in v.iter().enumerate() {
                sum = sum.plus((*row.offset(j as isize * matrix.col)).times(e));
            }
            out.add(i).write(sum);
        }
    }
}

/// Adds four columns of the matrix at a time, times their element of the vector, in order.
///
/// # Safety
/// The matrix has rows `start..start + sums.len()` that are neighbours, and `v.len()` columns.
#[inline(always)]
unsafe fn strip<T: NumScalar>(matrix: Matrix<T>, v: &[T], start: usize, sums: &mut [T]) {
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
fn inner<T: NumScalar>(x: &[T], y: &[T]) -> T {
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
