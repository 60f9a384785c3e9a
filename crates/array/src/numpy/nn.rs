//! Functions of machine learning that need care: softmax and its kin, one-hot vectors.

use super::axes::{self, Int, Over, Reduced};
use super::elementwise::select;
use super::operand::{nullary_beside, refuse};
use super::reductions::{reduce, restore};
use crate::array::Array;
use pullback_ir::error::fault;
use pullback_ir::prim::iota::Iota;
use pullback_ir::prim::reduce::ReduceOp;
use pullback_ir::{Axes, DType, Element, Shape};
use smallvec::smallvec;

/// Functions of machine learning that need care: softmax and its kin, one-hot vectors.
///
/// They subtract the maximum first, which is held constant for derivatives (it cancels), so that
/// nothing overflows; the formulas are those of `jax.nn`.
///
/// ```
/// # use pullback_array::{array, one_hot};
/// let x = array![[1000.0, 1000.0], [0.0, f64::NEG_INFINITY]];
/// assert_eq!(x.softmax(-1).to_vec::<f64>(), [0.5, 0.5, 1.0, 0.0]);
/// assert_eq!(x.logsumexp_over(1).to_vec::<f64>(), [1000.0 + 2f64.ln(), 0.0]);
/// let labels = array![2, 0];
/// assert_eq!(one_hot::<f32>(&labels, 3).to_vec::<f32>(), [0.0, 0.0, 1.0, 1.0, 0.0, 0.0]);
/// ```
impl Array {
    /// exp(x)/Σexp(x) along an axis: positive numbers whose sum is 1.
    #[track_caller]
    pub fn softmax(&self, axis: impl Int) -> Array {
        self.need_float("softmax");
        let axis = axes::axis("softmax", self, axis);
        let unnormalized = (self - largest(self, axis)).exp();
        let total = unnormalized.sum_over(super::keep(axis));
        unnormalized / total
    }

    /// The logarithm of [`Array::softmax`], accurate also where that is tiny.
    #[track_caller]
    pub fn log_softmax(&self, axis: impl Int) -> Array {
        self.need_float("log_softmax");
        let axis = axes::axis("log_softmax", self, axis);
        let shifted = self - largest(self, axis);
        let total = shifted.exp().sum_over(super::keep(axis)).log();
        shifted - total
    }

    /// log Σexp(x) over all elements; −∞ if there are none.
    #[track_caller]
    pub fn logsumexp(&self) -> Array {
        self.logsumexp_over(..)
    }

    /// log Σexp(x) over some axes. −∞ among the elements adds nothing and gets the derivative 0; where
    /// all are −∞ so is the result, and the derivative is NaN, as in JAX.
    #[track_caller]
    pub fn logsumexp_over(&self, over: impl Into<Over>) -> Array {
        self.need_float("logsumexp");
        let over = over.into().of("logsumexp_over", self);
        let max = reduce(ReduceOp::Max, self, &over.axes);
        // Infinities would make ∞ − ∞ below; without them there is nothing to protect from.
        let shift = select(max.is_finite(), &max, 0).stop_gradient();
        let shift_kept = restore(shift.clone(), Reduced { axes: over.axes.clone(), keep: true });
        let total = reduce(ReduceOp::Sum, &(self - shift_kept).exp(), &over.axes);
        restore(total.log() + shift, over)
    }
}

/// The largest elements along an axis, kept with size 1, as constants for derivatives.
#[track_caller]
fn largest(x: &Array, axis: usize) -> Array {
    let axes: Axes = smallvec![axis];
    // An empty axis gives −∞ here and an empty result, as in NumPy.
    let max = reduce(ReduceOp::Max, x, &axes);
    restore(max, Reduced { axes, keep: true }).stop_gradient()
}

/// 1 where the index is the label and 0 elsewhere: labels of shape s give `T` of shape s + `[classes]`.
/// Labels out of range give zeros.
///
/// # Panics
/// If the labels are no integers.
#[track_caller]
pub fn one_hot<T: Element>(labels: &Array, classes: usize) -> Array {
    one_hot_of(T::DTYPE, labels, classes)
}

/// [`one_hot`] in a dtype that is only known at run time.
#[track_caller]
pub fn one_hot_of(dtype: DType, labels: &Array, classes: usize) -> Array {
    if !labels.dtype().is_int() {
        let rule = fault!("labels are integers, not {}: convert with `.cast(..)`", labels.dtype());
        refuse("one_hot", &[labels], rule);
    }
    // Narrow labels can be compared with more classes than their dtype counts.
    let labels = match labels.dtype() {
        DType::U8 | DType::I8 => labels.cast(DType::I32),
        _ => labels.clone(),
    };
    let shape = Shape::from_slice(&[classes]);
    let index = Iota { dtype: labels.dtype(), shape, dimension: 0 };
    let index = nullary_beside(&[&labels], index, &[]);
    labels.expand_dims(-1).eq(index).cast(dtype)
}
