//! Products of arrays: `matmul`, `dot`, `tensordot`, `outer` and their kin, all one `dot_general`.

use super::axes::{IntoSizes, distinct};
use super::operand::{broadcast_shapes, expand, refuse};
use crate::array::{Array, bind};
use pullback_ir::error::fault;
use pullback_ir::prim::dot::DotGeneral;
use pullback_ir::shape::show;
use pullback_ir::{Axes, Shape};
use std::borrow::Borrow;

/// A product without batch axes.
#[track_caller]
pub(crate) fn contract(x: &Array, y: &Array, xs: &[usize], ys: &[usize]) -> Array {
    batched(x, y, (xs, ys), (&[], &[]))
}

/// A product with contracting and batch axes.
#[track_caller]
pub(crate) fn batched(
    x: &Array,
    y: &Array,
    contract: (&[usize], &[usize]),
    batch: (&[usize], &[usize]),
) -> Array {
    let prim = DotGeneral {
        lhs_contract: contract.0.into(),
        rhs_contract: contract.1.into(),
        lhs_batch: batch.0.into(),
        rhs_batch: batch.1.into(),
        preferred: None,
    };
    bind(prim, &[x, y])
}

/// Refuses operands of different dtypes, or axes of different sizes, in the name of what was called.
#[track_caller]
fn check(op: &str, x: &Array, y: &Array, pairs: impl IntoIterator<Item = (usize, usize)>) {
    if x.dtype() != y.dtype() {
        let rule = fault!(
            "the dtypes {} and {} differ: convert one with `.cast(..)`",
            x.dtype(),
            y.dtype()
        );
        refuse(op, &[x, y], rule);
    }
    for (a, b) in pairs {
        let (n, m) = (x.shape()[a], y.shape()[b]);
        if n != m {
            let rule = fault!(
                "axis {a} of the left operand has size {n} and axis {b} of the right one has size \
                 {m}, but they are summed together"
            );
            refuse(op, &[x, y], rule);
        }
    }
}

/// Products of arrays: `matmul`, `dot`, `tensordot`, `outer` and their kin, all one `dot_general`.
///
/// Integers wrap; f16 and bf16 accumulate in f32. dtypes must be equal.
///
/// ```
/// # use pullback_array::{array, ones};
/// let (a, v) = (array![[1.0, 2.0], [3.0, 4.0]], array![1.0, -1.0]);
/// assert_eq!(a.dot(&v).to_vec::<f64>(), [-1.0, -1.0]);
/// assert_eq!(a.matmul(&a.t()).to_vec::<f64>(), [5.0, 11.0, 11.0, 25.0]);
/// assert_eq!(v.outer(&v).to_vec::<f64>(), [1.0, -1.0, -1.0, 1.0]);
/// assert_eq!(ones::<f32>([5, 2, 3]).matmul(&ones::<f32>([3, 4])).shape(), [5, 2, 4]);
/// assert_eq!(ones::<f32>([2, 3, 4]).tensordot(&ones::<f32>([4, 3, 5]), [1, 2], [1, 0]).shape(), [2, 5]);
/// ```
impl Array {
    /// The product of matrices, as NumPy's: the last axis of the left operand is summed with the last
    /// but one of the right operand; further axes are batch axes, which broadcast; a vector is a row
    /// on the left and a column on the right, and leaves no axis. `[.., n, k]` times `[.., k, m]` is
    /// `[.., n, m]`, in the dtype of both; f16 and bf16 are summed in f32.
    ///
    /// # Panics
    /// For scalars, and where sizes or dtypes differ.
    #[track_caller]
    pub fn matmul(&self, other: impl Borrow<Array>) -> Array {
        let (x, y) = (self, other.borrow());
        if x.ndim() == 0 || y.ndim() == 0 {
            refuse("matmul", &[x, y], "it takes vectors and matrices: multiply scalars with `*`");
        }
        let (xs, ys) = (x.ndim() - 1, y.ndim().max(2) - 2);
        check("matmul", x, y, [(xs, ys)]);
        if y.ndim() <= 2 || x.ndim() == 1 {
            return contract(x, y, &[xs], &[ys]);
        }
        if x.ndim() == 2 {
            // [m, batch…, n] from the product; the rows go behind the batch axes.
            let product = contract(x, y, &[xs], &[ys]);
            return product.move_axis(0, -2);
        }
        let (x_batch, y_batch) = (&x.shape()[..x.ndim() - 2], &y.shape()[..y.ndim() - 2]);
        let batch = match broadcast_shapes([x_batch, y_batch]) {
            Ok(batch) => batch,
            Err(_) => {
                let rule = fault!(
                    "the batch axes {} and {} do not broadcast",
                    show(x_batch),
                    show(y_batch)
                );
                refuse("matmul", &[x, y], rule);
            }
        };
        let widen = |a: &Array| {
            let mut shape: Shape = batch.clone();
            shape.extend_from_slice(&a.shape()[a.ndim() - 2..]);
            expand(a, &shape)
        };
        let b: Axes = (0..batch.len()).collect();
        batched(&widen(x), &widen(y), (&[b.len() + 1], &[b.len()]), (&b, &b))
    }

    /// The product over the last axis of the left operand and the last but one (or only one) of the
    /// right one, as NumPy's: all other axes of both are kept. With a scalar it is `*`. `[a, k]` times
    /// `[b, k, m]` is `[a, b, m]`; for batches of matrices see [`Array::matmul`].
    ///
    /// # Panics
    /// Where sizes or dtypes differ.
    #[track_caller]
    pub fn dot(&self, other: impl Borrow<Array>) -> Array {
        let (x, y) = (self, other.borrow());
        if x.ndim() == 0 || y.ndim() == 0 {
            return x * y;
        }
        let (xs, ys) = (x.ndim() - 1, y.ndim().max(2) - 2);
        check("dot", x, y, [(xs, ys)]);
        contract(x, y, &[xs], &[ys])
    }

    /// Σ xᵢyᵢ over all elements of two arrays of one size, raveled.
    #[track_caller]
    pub fn vdot(&self, other: impl Borrow<Array>) -> Array {
        let (x, y) = (self.ravel(), other.borrow().ravel());
        check("vdot", &x, &y, [(0, 0)]);
        contract(&x, &y, &[0], &[0])
    }

    /// The product over the last axes of both operands; with a scalar it is `*`.
    #[track_caller]
    pub fn inner(&self, other: impl Borrow<Array>) -> Array {
        let (x, y) = (self, other.borrow());
        if x.ndim() == 0 || y.ndim() == 0 {
            return x * y;
        }
        let (xs, ys) = (x.ndim() - 1, y.ndim() - 1);
        check("inner", x, y, [(xs, ys)]);
        contract(x, y, &[xs], &[ys])
    }

    /// xᵢyⱼ for all pairs of elements of two arrays, raveled.
    #[track_caller]
    pub fn outer(&self, other: impl Borrow<Array>) -> Array {
        self.ravel().expand_dims(1) * other.borrow().ravel()
    }

    /// The product over axes of the left operand paired with axes of the right one; what is left of
    /// both follows in order. `x.tensordot(&y, -1, 0)` is `x.dot(&y)` for a matrix or vector y.
    ///
    /// # Panics
    /// Where the lists have different lengths, or sizes or dtypes differ.
    #[track_caller]
    pub fn tensordot(
        &self,
        other: impl Borrow<Array>,
        axes: impl IntoSizes,
        other_axes: impl IntoSizes,
    ) -> Array {
        let other = other.borrow();
        let xs = distinct("tensordot", self, &axes.into_sizes());
        let ys = distinct("tensordot", other, &other_axes.into_sizes());
        if xs.len() != ys.len() {
            let rule = fault!("{} axes and {} axes cannot pair up", xs.len(), ys.len());
            refuse("tensordot", &[self, other], rule);
        }
        check("tensordot", self, other, xs.iter().copied().zip(ys.iter().copied()));
        contract(self, other, &xs, &ys)
    }
}
