//! Products by faer, for processors without kernels here.
//!
//! faer 0.24 divides rows and columns among threads, never the contracted axis, so its products have the
//! same bits for every number of threads (`tests/it/threads.rs`).

use super::{Done, Matrix, Product};
use crate::pools::count;
use crate::threads::several;
use faer::linalg::matmul::matmul;
use faer::traits::ComplexField;
use faer::{Accum, MatMut, MatRef, Par};
use pullback_ir::scalar::NumScalar;

/// Writes a product of matrices.
///
/// # Safety
/// As [`product`](super::product).
pub(super) unsafe fn matrices<T: NumScalar<Acc = T> + ComplexField>(
    p: &Product<T>,
    parallel: bool,
    done: Option<&Done<'_>>,
) {
    let [m, k, n] = p.sizes;
    // Below this, threads cost more than they save: 2 · 64³ operations take about 5 µs.
    let par = match parallel && several() && m * n * k > 64 * 64 * 64 {
        true => Par::rayon(count()),
        false => Par::Seq,
    };
    // SAFETY: the caller's promise.
    unsafe {
        let x = MatRef::from_raw_parts(p.x.at, m, k, p.x.row, p.x.col);
        let y = MatRef::from_raw_parts(p.y.at, k, n, p.y.row, p.y.col);
        let out = MatMut::from_raw_parts_mut(p.out, m, n, p.out_row as isize, 1);
        matmul(out, Accum::Replace, x, y, T::one_impl(), par);
    }
    if let Some(done) = done {
        done(0..m, 0..n);
    }
}

/// Writes a product of narrow floats, which f32 holds exactly.
///
/// # Safety
/// As [`product`](super::product).
pub(super) unsafe fn widened<E: NumScalar<Acc = f32>>(
    p: &Product<E>,
    parallel: bool,
    done: Option<&Done<'_>>,
) {
    // SAFETY: the caller's promise.
    unsafe { with_f32(p, |p| matrices(p, parallel, done)) }
}

/// Calls `body` with the same product of operands that are converted to f32.
///
/// # Safety
/// As [`product`](super::product).
pub(super) unsafe fn with_f32<E: NumScalar<Acc = f32>>(
    p: &Product<E>,
    body: impl FnOnce(&Product<f32>),
) {
    let [m, k, n] = p.sizes;
    let convert = |from: Matrix<E>, rows: usize, cols: usize| -> Vec<f32> {
        let at = |i| from.offset(i / cols, i % cols);
        // SAFETY: the caller's promise.
        (0..rows * cols).map(|i| unsafe { *from.at.offset(at(i)) }.widen()).collect()
    };
    let (x, y) = (convert(p.x, m, k), convert(p.y, k, n));
    body(&Product {
        sizes: p.sizes,
        x: Matrix { at: x.as_ptr(), row: k as isize, col: 1 },
        y: Matrix { at: y.as_ptr(), row: n as isize, col: 1 },
        out: p.out,
        out_row: p.out_row,
    });
}
