//! Products of two matrices.
//!
//! Each element of the result is summed in an order that the sizes and the layout of the operands alone
//! determine: the number of threads decides only who computes it. Multiplications and additions are fused,
//! which is what a product means here, and why it equals the interpreter's only up to rounding.
//!
//! On x86-64 products of floats have kernels of their own ([`native`]); elsewhere they are faer's. Products
//! with a vector and products of integers are loops. Matrices of f16 and bf16 are summed in f32. Where the
//! processor multiplies pairs of bf16 itself, the sums of bf16 are its own: it rounds in the order of the
//! contracted axis as well, but takes numbers below 2⁻¹²⁶ for zero.

mod loops;
#[cfg(target_arch = "x86_64")]
pub(crate) mod native;
mod outer;
mod portable;
#[cfg(test)]
mod tests;
mod vector;

use pullback_ir::DType;
use pullback_ir::half::{bf16, f16};
use pullback_ir::scalar::NumScalar;
use std::ops::Range;
use vector::Loops;

/// A matrix of known sizes at an address, with strides.
#[derive(Clone, Copy)]
pub(crate) struct Matrix<T> {
    pub(crate) at: *const T,
    pub(crate) row: isize,
    pub(crate) col: isize,
}

impl<T> Matrix<T> {
    /// Where an element is.
    #[inline]
    fn offset(&self, row: usize, col: usize) -> isize {
        row as isize * self.row + col as isize * self.col
    }

    /// The matrix that begins at an element of this one.
    ///
    /// # Safety
    /// The element is within the matrix.
    #[inline]
    unsafe fn from(self, row: usize, col: usize) -> Self {
        // SAFETY: the caller's promise.
        Matrix { at: unsafe { self.at.offset(self.offset(row, col)) }, ..self }
    }
}

/// The product of `x`, `[m, k]`, and `y`, `[k, n]`.
pub(crate) struct Product<E: NumScalar> {
    /// `m`, `k`, `n`.
    pub(crate) sizes: [usize; 3],
    pub(crate) x: Matrix<E>,
    pub(crate) y: Matrix<E>,
    /// The result; its rows are contiguous.
    pub(crate) out: *mut E::Acc,
    pub(crate) out_row: usize,
}

impl<E: NumScalar> Clone for Product<E> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<E: NumScalar> Copy for Product<E> {}

impl<E: NumScalar> Product<E> {
    /// Some rows and columns of it.
    ///
    /// # Safety
    /// There are such rows and columns.
    unsafe fn part(&self, rows: Range<usize>, cols: Range<usize>) -> Self {
        // SAFETY: the caller's promise.
        unsafe {
            Product {
                sizes: [rows.len(), self.sizes[1], cols.len()],
                x: self.x.from(rows.start, 0),
                y: self.y.from(0, cols.start),
                out: self.out.add(rows.start * self.out_row + cols.start),
                ..*self
            }
        }
    }
}

/// What is called with the rows and columns of a part of the result that is finished and still in the
/// cache. It may change this part and nothing else, and must not start work for other threads: a thread that
/// waits could begin another product.
pub(crate) type Done<'a> = dyn Fn(Range<usize>, Range<usize>) + Sync + 'a;

/// How products of matrices are computed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    #[cfg(target_arch = "x86_64")]
    Native(native::Isa),
    Portable,
}

impl Way {
    /// The fastest on this processor.
    #[inline]
    pub(crate) fn best() -> Way {
        #[cfg(target_arch = "x86_64")]
        if let Some(isa) = native::Isa::best() {
            return Way::Native(isa);
        }
        Way::Portable
    }
}

/// An element of a product.
pub(crate) trait Number: NumScalar {
    /// Computes a product of matrices, on this thread or on several.
    ///
    /// # Safety
    /// As [`product_by`]; no size is 0.
    unsafe fn matrices(way: Way, p: &Product<Self>, parallel: bool, done: Option<&Done<'_>>);

    /// Computes a product with a vector.
    ///
    /// # Safety
    /// As [`product_by`]; no size is 0, and `m` or `n` is 1.
    unsafe fn vector(way: Way, p: &Product<Self>, parallel: bool);
}

/// Writes a product, and calls `done` with finished parts.
///
/// # Safety
/// The matrices are within their buffers; the result has room for `m` rows of `n`, and overlaps neither.
#[inline]
pub(crate) unsafe fn product<E: Number>(p: &Product<E>, parallel: bool, done: Option<&Done<'_>>) {
    // SAFETY: the caller's promise.
    unsafe { product_by(Way::best(), p, parallel, done) }
}

/// Whether products of matrices of this dtype are finished part by part, on the threads that compute them.
pub(crate) fn ends_in_parts(dtype: DType) -> bool {
    Way::best() != Way::Portable && dtype.is_float()
}

/// Writes a product in a given way, and calls `done` with finished parts.
///
/// # Safety
/// As [`product`], and the processor has what the way needs.
pub(crate) unsafe fn product_by<E: Number>(
    way: Way,
    p: &Product<E>,
    parallel: bool,
    done: Option<&Done<'_>>,
) {
    let [m, k, n] = p.sizes;
    if m == 0 || n == 0 {
        return;
    }
    // SAFETY: the caller's promise.
    unsafe {
        if k == 0 {
            for i in 0..m {
                for j in 0..n {
                    p.out.add(i * p.out_row + j).write(E::Acc::ZERO);
                }
            }
        } else if k == 1 {
            outer::outer(p, parallel);
        } else if m > 1 && n > 1 {
            return E::matrices(way, p, parallel, done);
        } else {
            E::vector(way, p, parallel);
        }
    }
    if let Some(done) = done {
        done(0..m, 0..n);
    }
}

macro_rules! floats {
    ($($t:ty: $portable:path, $vector:path, $loops:ident;)*) => {$(
        impl Number for $t {
            unsafe fn matrices(way: Way, p: &Product<$t>, parallel: bool, done: Option<&Done<'_>>) {
                // SAFETY: the caller's promise.
                unsafe {
                    match way {
                        #[cfg(target_arch = "x86_64")]
                        Way::Native(isa) => native::matrices(isa, p, parallel, done),
                        Way::Portable => $portable(p, parallel, done),
                    }
                }
            }

            unsafe fn vector(way: Way, p: &Product<$t>, parallel: bool) {
                let loops = match way {
                    #[cfg(target_arch = "x86_64")]
                    Way::Native(isa) => native::$loops(isa),
                    Way::Portable => Loops::portable(),
                };
                // SAFETY: the caller's promise.
                unsafe { $vector(&loops, p, parallel) }
            }
        }
    )*};
}
floats! {
    f32: portable::matrices, vector::vector, loops_f32;
    f64: portable::matrices, vector::vector, loops_f64;
    f16: portable::widened, vector::widened, loops_f32;
    bf16: portable::widened, vector::widened, loops_f32;
}

macro_rules! integers {
    ($($t:ty)*) => {$(
        impl Number for $t {
            unsafe fn matrices(_: Way, p: &Product<$t>, parallel: bool, done: Option<&Done<'_>>) {
                // SAFETY: the caller's promise.
                unsafe { loops::matrices(p, parallel, done) }
            }

            unsafe fn vector(_: Way, p: &Product<$t>, parallel: bool) {
                // SAFETY: the caller's promise.
                unsafe { vector::vector(&Loops::portable(), p, parallel) }
            }
        }
    )*};
}
integers!(u8 i8 i32 u32 i64 u64);
