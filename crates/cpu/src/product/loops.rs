//! Products of matrices as loops over rows, for integers.

use super::{Done, Matrix, Product};
use crate::simd::wide;
use crate::threads::{Shared, for_ranges};
use pullback_ir::scalar::NumScalar;

/// Writes a product of matrices.
///
/// # Safety
/// As [`product`](super::product); no size is 0.
pub(super) unsafe fn matrices<T: NumScalar<Acc = T>>(
    p: &Product<T>,
    parallel: bool,
    done: Option<&Done<'_>>,
) {
    let [m, k, n] = p.sizes;
    let ends = Shared(*p);
    let body = |range: std::ops::Range<usize>| {
        let p = ends.get();
        for i in range.clone() {
            // SAFETY: the caller's promise.
            unsafe {
                let out = p.out.add(i * p.out_row);
                wide(|| row_times_matrix(p.x.from(i, 0), p.y, out, k, n));
            }
        }
        if let Some(done) = done {
            done(range, 0..n);
        }
    };
    if parallel {
        for_ranges(m, (1usize << 16).div_ceil(k * n).max(1), body);
    } else {
        body(0..m);
    }
}

/// One row of a product, rows of `y` in order.
///
/// # Safety
/// As [`product`](super::product).
#[inline(always)]
unsafe fn row_times_matrix<T: NumScalar>(
    x: Matrix<T>,
    y: Matrix<T>,
    out: *mut T,
    k: usize,
    n: usize,
) {
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
