//! Reductions, and running reductions.

use super::axes::{self, Int, Over, Reduced};
use super::operand::refuse;
use crate::array::{Array, bind};
use pullback_ir::error::fault;
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::prim::reshape::Reshape;
use pullback_ir::{Axes, DType};

/// Puts reduced axes back with size 1, where they are kept.
#[track_caller]
pub(crate) fn restore(reduced: Array, over: Reduced) -> Array {
    if over.keep && !over.axes.is_empty() {
        return bind(Reshape::ExpandDims { dimensions: over.axes }, &[&reduced]);
    }
    reduced
}

#[track_caller]
pub(crate) fn reduce(op: ReduceOp, x: &Array, axes: &Axes) -> Array {
    if axes.is_empty() {
        return x.clone();
    }
    bind(Reduce { op, axes: axes.clone() }, &[x])
}

macro_rules! reductions {
    ($($(#[$doc:meta])* $name:ident $over:ident $op:ident;)*) => {
        impl Array {
            $(
                $(#[$doc])*
                #[track_caller]
                pub fn $name(&self) -> Array {
                    self.$over(..)
                }

                #[doc = concat!("[`Array::", stringify!($name), "`] over some axes, which go away:")]
                #[doc = concat!("`x.", stringify!($over), "(0)`, `([0, -1])`, `(..)` for all; `(keep(0))` leaves the axis with size 1.")]
                ///
                /// # Panics
                /// If an axis is out of range or named twice, and where the one without axes panics.
                #[track_caller]
                pub fn $over(&self, over: impl Into<Over>) -> Array {
                    let over = over.into().of(stringify!($over), self);
                    self.check_reduction(stringify!($name), ReduceOp::$op, &over);
                    restore(reduce(ReduceOp::$op, self, &over.axes), over)
                }
            )*
        }
    };
}

reductions! {
    /// The sum of the elements in their dtype, 0 if there are none. f16 and bf16 are added up in f32 and
    /// rounded once; integers wrap. The order of addition is fixed by the shape, so the bits are the same
    /// for every number of threads.
    ///
    /// # Panics
    /// For bool: count with [`Array::count_nonzero`].
    sum sum_over Sum;
    /// The product of the elements in their dtype, 1 if there are none. Its derivative is right where
    /// elements are 0.
    ///
    /// # Panics
    /// For bool.
    prod prod_over Prod;
    /// The largest element, NaN if one is NaN. (The larger one of two arrays' elements is
    /// [`Array::maximum`].)
    ///
    /// # Panics
    /// If there are no elements.
    max max_over Max;
    /// The smallest element, NaN if one is NaN.
    ///
    /// # Panics
    /// If there are no elements.
    min min_over Min;
}

/// Reductions, and running reductions.
///
/// Each comes in two forms, `x.sum()` over all elements and `x.sum_over(axes)`. Axes are written `0`,
/// `-1`, `[0, 2]` or `..`; within [`keep`](crate::keep) they stay with size 1.
///
/// Sums and products of f16 and bf16 accumulate in f32, and their means and variances are computed in
/// f32; integers wrap. NaN propagates. Derivatives are JAX's: ties of a maximum share equally, a
/// product is right with any number of zeros.
///
/// ```
/// # use pullback_array::{array, keep};
/// let x = array![[1.0, 2.0], [3.0, 5.0]];
/// assert_eq!(x.sum().item::<f64>(), 11.0);
/// assert_eq!(x.mean_over(0).to_vec::<f64>(), [2.0, 3.5]);
/// assert_eq!(x.max_over(-1).to_vec::<f64>(), [2.0, 5.0]);
/// assert_eq!((&x - x.sum_over(keep(1))).to_vec::<f64>(), [-2.0, -1.0, -5.0, -3.0]);
/// assert_eq!(x.argmax_over(0).to_vec::<i32>(), [1, 1]);
/// assert_eq!(x.cumsum(1).to_vec::<f64>(), [1.0, 3.0, 3.0, 8.0]);
/// assert!(x.gt(0.0).all().item::<bool>());
/// ```
impl Array {
    #[track_caller]
    fn check_reduction(&self, op: &str, reduce: ReduceOp, over: &Reduced) {
        match reduce {
            ReduceOp::Sum | ReduceOp::Prod if self.dtype() == DType::Bool => {
                let rule = "it takes numbers, not bool: convert with `.cast(..)` to count, or use \
                            `all` or `any`";
                refuse(op, &[self], rule);
            }
            ReduceOp::Max | ReduceOp::Min => self.need_elements(op, &over.axes),
            _ => {}
        }
    }

    #[track_caller]
    fn need_elements(&self, op: &str, axes: &[usize]) {
        if let Some(&axis) = axes.iter().find(|&&a| self.shape()[a] == 0) {
            let rule = fault!("axis {axis} is empty, and no elements have no {op}");
            refuse(op, &[self], rule);
        }
    }

    /// True if all elements are true (not 0); true if there are none.
    #[track_caller]
    pub fn all(&self) -> Array {
        self.all_over(..)
    }

    /// [`Array::all`] over some axes.
    #[track_caller]
    pub fn all_over(&self, over: impl Into<Over>) -> Array {
        let over = over.into().of("all_over", self);
        restore(reduce(ReduceOp::And, &self.truth(), &over.axes), over)
    }

    /// True if an element is true (not 0); false if there are none.
    #[track_caller]
    pub fn any(&self) -> Array {
        self.any_over(..)
    }

    /// [`Array::any`] over some axes.
    #[track_caller]
    pub fn any_over(&self, over: impl Into<Over>) -> Array {
        let over = over.into().of("any_over", self);
        restore(reduce(ReduceOp::Or, &self.truth(), &over.axes), over)
    }

    /// The elements as truth values: what is not 0.
    #[track_caller]
    fn truth(&self) -> Array {
        match self.dtype() {
            DType::Bool => self.clone(),
            _ => self.ne(0),
        }
    }

    /// How many elements are true (not 0), as i32.
    #[track_caller]
    pub fn count_nonzero(&self) -> Array {
        self.truth().cast(DType::I32).sum()
    }

    /// The mean of the elements; NaN if there are none. f16 and bf16 are averaged in f32.
    ///
    /// # Panics
    /// For integers and bool: the mean would need another dtype; convert with `.cast(..)` first.
    #[track_caller]
    pub fn mean(&self) -> Array {
        self.mean_over(..)
    }

    /// [`Array::mean`] over some axes.
    #[track_caller]
    pub fn mean_over(&self, over: impl Into<Over>) -> Array {
        let over = over.into().of("mean_over", self);
        self.need_float_mean("mean");
        let dtype = self.dtype();
        restore(mean(&widened(self), &over.axes, 0).cast(dtype), over)
    }

    /// The mean of the squares of the distances to the mean, Σ(x − x̄)²/n.
    ///
    /// # Panics
    /// As [`Array::mean`].
    #[track_caller]
    pub fn var(&self) -> Array {
        self.var_over(.., 0)
    }

    /// The variance over some axes, Σ(x − x̄)²/(n − ddof): `ddof` is 0 for the mean square, 1 for the
    /// unbiased estimate of a population's variance. NaN where n ≤ ddof.
    #[track_caller]
    pub fn var_over(&self, over: impl Into<Over>, ddof: usize) -> Array {
        let over = over.into().of("var_over", self);
        self.need_float_mean("var");
        let dtype = self.dtype();
        restore(variance(&widened(self), &over.axes, ddof).cast(dtype), over)
    }

    /// The square root of [`Array::var`]. Its derivative where all elements are equal is NaN, as JAX's.
    #[track_caller]
    pub fn std(&self) -> Array {
        self.std_over(.., 0)
    }

    /// The standard deviation over some axes, the square root of [`Array::var_over`].
    #[track_caller]
    pub fn std_over(&self, over: impl Into<Over>, ddof: usize) -> Array {
        let over = over.into().of("std_over", self);
        self.need_float_mean("std");
        let dtype = self.dtype();
        restore(variance(&widened(self), &over.axes, ddof).sqrt().cast(dtype), over)
    }

    #[track_caller]
    fn need_float_mean(&self, op: &str) {
        if !self.dtype().is_float() {
            let rule = fault!(
                "it takes floats, not {}: convert with `.cast(DType::F32)` (or another float) first, \
                 or divide the sum as integers",
                self.dtype()
            );
            refuse(op, &[self], rule);
        }
    }

    /// The Euclidean norm √Σx² of all elements. Its derivative at 0 is NaN, as JAX's: add a small
    /// number under the root where that can happen.
    #[track_caller]
    pub fn norm(&self) -> Array {
        self.norm_over(.., 2.0)
    }

    /// The vector norm of an order over some axes: 2 is √Σx², 1 is Σ|x|, `f64::INFINITY` max|x|,
    /// `f64::NEG_INFINITY` min|x|, 0 counts what is not 0, any other p is (Σ|x|ᵖ)^(1/p).
    #[track_caller]
    pub fn norm_over(&self, over: impl Into<Over>, order: f64) -> Array {
        let over = over.into().of("norm_over", self);
        self.need_float_mean("norm");
        let sum = |x: &Array| reduce(ReduceOp::Sum, x, &over.axes);
        let norm = if order == 2.0 {
            sum(&(self * self)).sqrt()
        } else if order == 1.0 {
            sum(&self.abs())
        } else if order == 0.0 {
            sum(&self.ne(0).cast(self.dtype()))
        } else if order.is_infinite() {
            self.need_elements("norm", &over.axes);
            let op = if order > 0.0 { ReduceOp::Max } else { ReduceOp::Min };
            reduce(op, &self.abs(), &over.axes)
        } else {
            sum(&self.abs().pow(order)).pow(1.0 / order)
        };
        restore(norm, over)
    }

    /// Where the largest element is, as an i32 index into the raveled array; the first one of equal
    /// elements, the first NaN before everything else.
    ///
    /// # Panics
    /// If there are no elements.
    #[track_caller]
    pub fn argmax(&self) -> Array {
        arg_reduce(&self.ravel(), true, 0)
    }

    /// Where the largest elements along an axis are, as i32 indices.
    #[track_caller]
    pub fn argmax_over(&self, axis: impl Int) -> Array {
        arg_reduce(self, true, axes::axis("argmax", self, axis))
    }

    /// Where the smallest element is: see [`Array::argmax`].
    #[track_caller]
    pub fn argmin(&self) -> Array {
        arg_reduce(&self.ravel(), false, 0)
    }

    /// Where the smallest elements along an axis are, as i32 indices.
    #[track_caller]
    pub fn argmin_over(&self, axis: impl Int) -> Array {
        arg_reduce(self, false, axes::axis("argmin", self, axis))
    }

    /// Running sums along an axis.
    #[track_caller]
    pub fn cumsum(&self, axis: impl Int) -> Array {
        cumulative("cumsum", self, CumulativeOp::Sum, axis)
    }

    /// Running products along an axis.
    #[track_caller]
    pub fn cumprod(&self, axis: impl Int) -> Array {
        cumulative("cumprod", self, CumulativeOp::Prod, axis)
    }

    /// Running maxima along an axis.
    #[track_caller]
    pub fn cummax(&self, axis: impl Int) -> Array {
        cumulative("cummax", self, CumulativeOp::Max, axis)
    }

    /// Running minima along an axis.
    #[track_caller]
    pub fn cummin(&self, axis: impl Int) -> Array {
        cumulative("cummin", self, CumulativeOp::Min, axis)
    }

    /// Running logarithms of sums of exponentials along an axis.
    #[track_caller]
    pub fn cumlogsumexp(&self, axis: impl Int) -> Array {
        cumulative("cumlogsumexp", self, CumulativeOp::LogSumExp, axis)
    }
}

/// f16 and bf16 as f32: sums of many of them would overflow or stall.
#[track_caller]
fn widened(x: &Array) -> Array {
    match x.dtype() {
        DType::F16 | DType::BF16 => x.cast(DType::F32),
        _ => x.clone(),
    }
}

/// Σx/(n − ddof) over axes.
#[track_caller]
fn mean(x: &Array, axes: &Axes, ddof: usize) -> Array {
    let n: usize = axes.iter().map(|&a| x.shape()[a]).product();
    let divisor = if n > ddof { (n - ddof) as f64 } else { 0.0 };
    let total = reduce(ReduceOp::Sum, x, axes);
    // 0/0 is NaN, but a positive sum over 0 would be infinite.
    if divisor == 0.0 && n > 0 { total * f64::NAN } else { total / divisor }
}

#[track_caller]
fn variance(x: &Array, axes: &Axes, ddof: usize) -> Array {
    let center = restore(mean(x, axes, 0), Reduced { axes: axes.clone(), keep: true });
    mean(&(x - center).square(), axes, ddof)
}

#[track_caller]
fn arg_reduce(x: &Array, max: bool, axis: usize) -> Array {
    x.need_elements(if max { "argmax" } else { "argmin" }, &[axis]);
    bind(ArgReduce { max, axis, index_dtype: DType::I32 }, &[x])
}

#[track_caller]
fn cumulative(name: &str, x: &Array, op: CumulativeOp, axis: impl Int) -> Array {
    let axis = axes::axis(name, x, axis);
    bind(Cumulative { op, axis, reverse: false }, &[x])
}
