//! How axes, sizes and shapes are written: any integer type, negative axes from the end, one or many.

use super::operand::refuse;
use crate::array::Array;
use crate::error::{Error, fail};
use pullback_ir::error::{Fault, fault};
use pullback_ir::{Axes, Shape};
use smallvec::SmallVec;
use std::ops::RangeFull;

/// An integer of the source that is an axis, a size or a count: `i32`, `i64`, `isize`, `usize`.
pub trait Int: Copy {
    #[doc(hidden)]
    fn as_i64(self) -> i64;
}

macro_rules! ints {
    ($($t:ty),*) => {
        $(impl Int for $t {
            #[inline]
            fn as_i64(self) -> i64 {
                // A size beyond i64 cannot exist; as the largest one it is refused with its array.
                i64::try_from(self).unwrap_or(i64::MAX)
            }
        })*
    };
}

ints!(i32, i64, isize, usize, u32, u64);

/// Sizes as they are written: `5`, `[2, 3]`, `(n, -1)`, `&shape`, a `Vec`, or `()` for a scalar.
///
/// In a tuple the integer types may differ.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no shape",
    note = "shapes are written `[2, 3]`, `(n, 3)`, `5`, `x.shape()`, or `()` for a scalar"
)]
pub trait IntoSizes {
    #[doc(hidden)]
    fn into_sizes(self) -> Sizes;
}

/// Sizes before they are checked.
#[doc(hidden)]
pub type Sizes = SmallVec<[i64; 4]>;

impl<T: Int> IntoSizes for T {
    fn into_sizes(self) -> Sizes {
        SmallVec::from_slice(&[self.as_i64()])
    }
}

impl<T: Int, const N: usize> IntoSizes for [T; N] {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl<T: Int, const N: usize> IntoSizes for &[T; N] {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl<T: Int> IntoSizes for &[T] {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl<T: Int> IntoSizes for Vec<T> {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl<T: Int> IntoSizes for &Vec<T> {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl IntoSizes for Shape {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl IntoSizes for &Shape {
    fn into_sizes(self) -> Sizes {
        self.iter().map(|n| n.as_i64()).collect()
    }
}

impl IntoSizes for () {
    fn into_sizes(self) -> Sizes {
        Sizes::new()
    }
}

macro_rules! tuples {
    ($($($name:ident)*;)*) => {
        $(impl<$($name: Int),*> IntoSizes for ($($name,)*) {
            #[allow(non_snake_case)]
            fn into_sizes(self) -> Sizes {
                let ($($name,)*) = self;
                SmallVec::from_slice(&[$($name.as_i64()),*])
            }
        })*
    };
}

tuples! {
    A;
    A B;
    A B C;
    A B C D;
    A B C D E;
    A B C D E F;
}

/// The shape of an array to be made.
#[track_caller]
pub(crate) fn shape(op: &str, sizes: impl IntoSizes) -> Shape {
    match checked_shape(&sizes.into_sizes()) {
        Ok(shape) => shape,
        Err(rule) => fail(Error::msg(format!("`{op}` failed: {rule}"))),
    }
}

pub(crate) fn checked_shape(sizes: &[i64]) -> Result<Shape, Fault> {
    let mut shape = Shape::new();
    for &n in sizes {
        let n = usize::try_from(n).map_err(|_| fault!("{n} is no size of an axis"))?;
        shape.push(n);
    }
    pullback_ir::shape::checked_numel(&shape)?;
    Ok(shape)
}

/// The axes of a reduction: `0`, `-1`, `[0, 1]`, `..` for all; within [`keep`] they stay with size 1.
#[derive(Clone, Debug)]
pub struct Over {
    /// `None` for all axes.
    axes: Option<Sizes>,
    keep: bool,
}

/// Axes whose places are kept, with size 1, so that the result broadcasts against the operand:
/// `&x - x.mean_over(keep(-1))`.
pub fn keep(over: impl Into<Over>) -> Over {
    Over { keep: true, ..over.into() }
}

impl From<RangeFull> for Over {
    fn from(_: RangeFull) -> Over {
        Over { axes: None, keep: false }
    }
}

impl<T: Int> From<T> for Over {
    fn from(axis: T) -> Over {
        Over { axes: Some(axis.into_sizes()), keep: false }
    }
}

impl<T: Int, const N: usize> From<[T; N]> for Over {
    fn from(axes: [T; N]) -> Over {
        Over { axes: Some(axes.into_sizes()), keep: false }
    }
}

impl<T: Int> From<&[T]> for Over {
    fn from(axes: &[T]) -> Over {
        Over { axes: Some(axes.into_sizes()), keep: false }
    }
}

impl<T: Int> From<Vec<T>> for Over {
    fn from(axes: Vec<T>) -> Over {
        Over { axes: Some(axes.into_sizes()), keep: false }
    }
}

/// Axes of an array, in ascending order, and whether they are kept.
pub(crate) struct Reduced {
    pub(crate) axes: Axes,
    pub(crate) keep: bool,
}

impl Over {
    /// The axes in an array.
    #[track_caller]
    pub(crate) fn of(&self, op: &str, x: &Array) -> Reduced {
        let mut axes: Axes = match &self.axes {
            None => (0..x.ndim()).collect(),
            Some(axes) => distinct(op, x, axes),
        };
        axes.sort_unstable();
        Reduced { axes, keep: self.keep }
    }
}

/// Axes of an array, each at most once, in the given order.
#[track_caller]
pub(crate) fn distinct(op: &str, x: &Array, axes: &[i64]) -> Axes {
    match distinct_in(axes, x.ndim()) {
        Ok(axes) => axes,
        Err(rule) => refuse(op, &[x], rule),
    }
}

pub(crate) fn distinct_in(axes: &[i64], rank: usize) -> Result<Axes, Fault> {
    let mut out = Axes::new();
    for &axis in axes {
        let a = axis_in(axis, rank)?;
        if out.contains(&a) {
            return Err(fault!("the axis {axis} is given twice"));
        }
        out.push(a);
    }
    Ok(out)
}

/// One axis of an array.
#[track_caller]
pub(crate) fn axis(op: &str, x: &Array, axis: impl Int) -> usize {
    match axis_in(axis.as_i64(), x.ndim()) {
        Ok(a) => a,
        Err(rule) => refuse(op, &[x], rule),
    }
}

/// An axis that may count from the end.
///
/// # Errors
/// It does not exist.
pub(crate) fn axis_in(axis: i64, rank: usize) -> Result<usize, Fault> {
    let counted = if axis < 0 { axis.checked_add(rank as i64).unwrap_or(-1) } else { axis };
    match usize::try_from(counted) {
        Ok(a) if a < rank => Ok(a),
        _ => Err(fault!("the axis {axis} is out of range for rank {rank}")),
    }
}
