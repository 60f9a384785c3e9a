//! Joining, cutting and repeating arrays.

use super::axes::{self, Int, IntoSizes, Over, axis_in};
use super::operand::{Scalar, refuse};
use crate::array::{Array, bind, bind_all, bind_in};
use crate::error::{Error, fail};
use crate::trace::In;
use pullback_ir::error::{Fault, fault};
use pullback_ir::prim::concat::Concatenate;
use pullback_ir::prim::gather::IndexMode;
use pullback_ir::prim::pad::Pad;
use pullback_ir::prim::rev::Rev;
use pullback_ir::prim::slice::Slice;
use pullback_ir::prim::split::Split;
use pullback_ir::prim::stack::Stack;
use pullback_ir::prim::tile::Tile;
use pullback_ir::{Axes, Shape, Value};
use smallvec::SmallVec;
use std::borrow::Borrow;

type Many = SmallVec<[Array; 4]>;

/// Arrays that must be of one dtype, at least one.
#[track_caller]
fn collect<A: Borrow<Array>>(op: &str, arrays: impl IntoIterator<Item = A>) -> Many {
    let arrays: Many = arrays.into_iter().map(|a| a.borrow().clone()).collect();
    let Some(first) = arrays.first() else {
        fail(Error::msg(format!("`{op}` of no arrays: their type is not known")));
    };
    if let Some(other) = arrays.iter().find(|a| a.dtype() != first.dtype()) {
        let rule = fault!(
            "the dtypes {} and {} differ: convert one with `.cast(..)`",
            first.dtype(),
            other.dtype()
        );
        refuse(op, &arrays.iter().collect::<Vec<_>>(), rule);
    }
    arrays
}

/// Arrays of one shape joined along a new axis.
///
/// # Panics
/// If there are none, or shapes or dtypes differ.
#[track_caller]
pub fn stack<A: Borrow<Array>>(arrays: impl IntoIterator<Item = A>, axis: impl Int) -> Array {
    let arrays = collect("stack", arrays);
    let all: SmallVec<[&Array; 4]> = arrays.iter().collect();
    if let Some(other) = arrays.iter().find(|a| a.shape() != arrays[0].shape()) {
        let rule = "the shapes differ: `concat` joins along an axis that is there";
        refuse("stack", &[&arrays[0], other], rule);
    }
    match axis_in(axis.as_i64(), arrays[0].ndim() + 1) {
        Ok(axis) => bind(Stack { axis }, &all),
        Err(rule) => refuse("stack", &[&arrays[0]], rule),
    }
}

/// Arrays joined along an axis; the sizes of the other axes are equal.
///
/// # Panics
/// If there are none, or other sizes or dtypes differ.
#[track_caller]
pub fn concat<A: Borrow<Array>>(arrays: impl IntoIterator<Item = A>, axis: impl Int) -> Array {
    let arrays = collect("concat", arrays);
    let all: SmallVec<[&Array; 4]> = arrays.iter().collect();
    if arrays[0].ndim() == 0 {
        refuse("concat", &all, "scalars have no axis to join along: `stack` them");
    }
    let dimension = axes::axis("concat", &arrays[0], axis);
    let fits = |a: &Array| {
        let pairs = a.shape().iter().zip(arrays[0].shape()).enumerate();
        a.ndim() == arrays[0].ndim()
            && pairs.fold(true, |ok, (i, (n, m))| ok && (i == dimension || n == m))
    };
    if let Some(other) = arrays.iter().find(|a| !fits(a)) {
        let rule = fault!("sizes must be equal but along axis {dimension}");
        refuse("concat", &[&arrays[0], other], rule);
    }
    match all.as_slice() {
        [one] => (*one).clone(),
        all => bind(Concatenate { dimension }, all),
    }
}

/// How [`Array::pad_with`] continues an array.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PadMode {
    /// The last element again and again: `a b c | c c`.
    Edge,
    /// Mirrored at the last element: `a b c | b a`.
    Reflect,
    /// Mirrored behind the last element: `a b c | c b`.
    Symmetric,
    /// From the other end: `a b c | a b`.
    Wrap,
}

impl PadMode {
    /// The index, of 0 … n − 1, of the element at a position that may be outside.
    fn source(self, i: i64, n: i64) -> i64 {
        match self {
            PadMode::Edge => i.clamp(0, n - 1),
            PadMode::Wrap => i.rem_euclid(n),
            PadMode::Symmetric => {
                let j = i.rem_euclid(2 * n);
                j.min(2 * n - 1 - j)
            }
            PadMode::Reflect if n == 1 => 0,
            PadMode::Reflect => {
                let j = i.rem_euclid(2 * (n - 1));
                j.min(2 * (n - 1) - j)
            }
        }
    }
}

/// Widths of padding: one for all sides, `(before, after)` for all axes, or one such pair an axis.
pub trait IntoWidths {
    #[doc(hidden)]
    fn pad_widths(&self, rank: usize) -> SmallVec<[(i64, i64); 4]>;
}

impl<T: Int> IntoWidths for T {
    fn pad_widths(&self, rank: usize) -> SmallVec<[(i64, i64); 4]> {
        SmallVec::from_elem((self.as_i64(), self.as_i64()), rank)
    }
}

impl<T: Int, U: Int> IntoWidths for (T, U) {
    fn pad_widths(&self, rank: usize) -> SmallVec<[(i64, i64); 4]> {
        SmallVec::from_elem((self.0.as_i64(), self.1.as_i64()), rank)
    }
}

impl<T: Int, U: Int, const N: usize> IntoWidths for [(T, U); N] {
    fn pad_widths(&self, rank: usize) -> SmallVec<[(i64, i64); 4]> {
        self.as_slice().pad_widths(rank)
    }
}

impl<T: Int, U: Int> IntoWidths for [(T, U)] {
    fn pad_widths(&self, _: usize) -> SmallVec<[(i64, i64); 4]> {
        self.iter().map(|(a, b)| (a.as_i64(), b.as_i64())).collect()
    }
}

impl<T: Int, U: Int> IntoWidths for &[(T, U)] {
    fn pad_widths(&self, rank: usize) -> SmallVec<[(i64, i64); 4]> {
        (*self).pad_widths(rank)
    }
}

impl<T: Int, U: Int> IntoWidths for Vec<(T, U)> {
    fn pad_widths(&self, rank: usize) -> SmallVec<[(i64, i64); 4]> {
        self.as_slice().pad_widths(rank)
    }
}

/// Joining, cutting and repeating arrays.
///
/// ```
/// # use pullback_array::*;
/// let (a, b) = (array![1, 2], array![3, 4]);
/// assert_eq!(stack([&a, &b], 0).shape(), [2, 2]);
/// let c = concat([&a, &b], 0);
/// assert_eq!(c.to_vec::<i32>(), [1, 2, 3, 4]);
/// assert_eq!(c.split(2, 0)[1].to_vec::<i32>(), [3, 4]);
/// assert_eq!(a.tile(2).to_vec::<i32>(), [1, 2, 1, 2]);
/// assert_eq!(a.repeat(2, 0).to_vec::<i32>(), [1, 1, 2, 2]);
/// assert_eq!(c.roll(1, 0).to_vec::<i32>(), [4, 1, 2, 3]);
/// assert_eq!(c.flip(0).to_vec::<i32>(), [4, 3, 2, 1]);
/// assert_eq!(a.pad((1, 2), 0).to_vec::<i32>(), [0, 1, 2, 0, 0]);
/// assert_eq!(a.pad_with((0, 2), PadMode::Edge).to_vec::<i32>(), [1, 2, 2, 2]);
/// ```
impl Array {
    /// `n` pieces of one size along an axis.
    ///
    /// # Panics
    /// If the size of the axis is no multiple of n.
    #[track_caller]
    pub fn split(&self, n: usize, axis: impl Int) -> Vec<Array> {
        let axis = axes::axis("split", self, axis);
        let size = self.shape()[axis];
        if n == 0 || !size.is_multiple_of(n) {
            let rule = fault!(
                "axis {axis} of size {size} does not give {n} equal pieces: see `split_sizes`"
            );
            refuse("split", &[self], rule);
        }
        self.pieces(SmallVec::from_elem(size / n, n), axis)
    }

    /// Consecutive pieces of the given sizes along an axis; one size may be −1 and is the rest.
    ///
    /// # Panics
    /// If the sizes do not add up to that of the axis.
    #[track_caller]
    pub fn split_sizes(&self, sizes: impl IntoSizes, axis: impl Int) -> Vec<Array> {
        let axis = axes::axis("split_sizes", self, axis);
        match piece_sizes(&sizes.into_sizes(), self.shape()[axis]) {
            Ok(sizes) => self.pieces(sizes, axis),
            Err(rule) => refuse("split_sizes", &[self], rule),
        }
    }

    #[track_caller]
    fn pieces(&self, sizes: Axes, axis: usize) -> Vec<Array> {
        bind_all(Split { axis, sizes }, &[self]).into_iter().collect()
    }

    /// The whole array repeated along each axis: `x.tile([2, 1])`. Missing axes are added in front.
    #[track_caller]
    pub fn tile(&self, reps: impl IntoSizes) -> Array {
        let reps = axes::shape("tile", reps);
        let lead = reps.len().saturating_sub(self.ndim());
        let mut shape: Shape = SmallVec::from_elem(1, lead);
        shape.extend_from_slice(self.shape());
        let mut all: Axes = SmallVec::from_elem(1, shape.len() - reps.len());
        all.extend_from_slice(&reps);
        let x = self.reshaped(shape);
        match all.iter().all(|&r| r == 1) {
            true => x,
            false => bind(Tile { reps: all }, &[&x]),
        }
    }

    /// Each element repeated n times in place along an axis.
    #[track_caller]
    pub fn repeat(&self, n: usize, axis: impl Int) -> Array {
        let axis = axes::axis("repeat", self, axis);
        let mut wide = Shape::from_slice(self.shape());
        wide.insert(axis + 1, n);
        let mut out = Shape::from_slice(self.shape());
        out[axis] = match out[axis].checked_mul(n) {
            Some(size) => size,
            None => refuse("repeat", &[self], fault!("{n} repetitions are too many")),
        };
        self.expand_dims(axis + 1).broadcast_to(wide).reshaped(out)
    }

    /// Shifted along an axis, what leaves at the end comes back at the start.
    #[track_caller]
    pub fn roll(&self, shift: impl Int, axis: impl Int) -> Array {
        let axis = axes::axis("roll", self, axis);
        let n = self.shape()[axis];
        if n == 0 {
            return self.clone();
        }
        let by = shift.as_i64().rem_euclid(n as i64) as usize;
        match by {
            0 => self.clone(),
            _ => concat([self.cut(axis, n - by, n), self.cut(axis, 0, n - by)], axis),
        }
    }

    /// The part from start to before limit along an axis.
    #[track_caller]
    pub(crate) fn cut(&self, axis: usize, start: usize, limit: usize) -> Array {
        if (start, limit) == (0, self.shape()[axis]) {
            return self.clone();
        }
        let mut starts: Axes = SmallVec::from_elem(0, self.ndim());
        let mut limits = Axes::from_slice(self.shape());
        starts[axis] = start;
        limits[axis] = limit;
        let strides = SmallVec::from_elem(1, self.ndim());
        bind(Slice { start: starts, limit: limits, strides }, &[self])
    }

    /// The elements along axes in reverse order: `x.flip(0)`, `x.flip([0, 1])`, `x.flip(..)`.
    #[track_caller]
    pub fn flip(&self, axes: impl Into<Over>) -> Array {
        let dimensions = axes.into().of("flip", self).axes;
        match dimensions.is_empty() {
            true => self.clone(),
            false => bind(Rev { dimensions }, &[self]),
        }
    }

    /// With elements of one value around it: `x.pad(1, 0.0)`, `x.pad((0, 2), 0.0)` for all axes, or
    /// `x.pad([(1, 1), (0, 2)], 0.0)` with a pair (before, after) an axis. Negative widths cut off.
    ///
    /// # Panics
    /// If there is not one pair an axis, or more is cut off than there is.
    #[track_caller]
    pub fn pad(&self, widths: impl IntoWidths, value: impl Scalar) -> Array {
        let widths = self.widths_of("pad", widths);
        let value = match value.scalar_number().lit(self.dtype()) {
            Ok(lit) => lit,
            Err(rule) => refuse("pad", &[self], rule),
        };
        let config = widths.iter().map(|&(a, b)| (a, b, 0)).collect();
        bind_in(Pad { config }, &[In::Array(self), In::Lit(value)])
    }

    /// With its own elements continued around it; widths are written as for [`Array::pad`].
    ///
    /// # Panics
    /// If there is not one pair an axis, a width is negative, or a padded axis is empty.
    #[track_caller]
    pub fn pad_with(&self, widths: impl IntoWidths, mode: PadMode) -> Array {
        let widths = self.widths_of("pad_with", widths);
        let mut out = self.clone();
        for (axis, &(before, after)) in widths.iter().enumerate() {
            let n = self.shape()[axis] as i64;
            if (before, after) == (0, 0) {
                continue;
            }
            if before < 0 || after < 0 || n == 0 {
                let rule =
                    fault!("axis {axis} of size {n} cannot be padded by ({before}, {after})");
                refuse("pad_with", &[self], rule);
            }
            let total = before.checked_add(n).and_then(|t| t.checked_add(after));
            let Some(size) = total.and_then(|t| axes::checked_shape(&[t]).ok()) else {
                refuse("pad_with", &[self], fault!("({before}, {after}) is too much padding"));
            };
            let sources = (-before..n + after).map(|i| mode.source(i, n)).collect::<Vec<i64>>();
            let sources = Array::from_value(Value::new(size, sources));
            out = out.take_with(&sources, axis, IndexMode::PromiseInBounds);
        }
        out
    }

    #[track_caller]
    fn widths_of(&self, op: &str, widths: impl IntoWidths) -> SmallVec<[(i64, i64); 4]> {
        let widths = widths.pad_widths(self.ndim());
        if widths.len() != self.ndim() {
            let rule = fault!("{} pairs of widths for {} axes", widths.len(), self.ndim());
            refuse(op, &[self], rule);
        }
        widths
    }
}

/// The sizes of pieces of an axis; one may be −1.
fn piece_sizes(sizes: &[i64], n: usize) -> Result<Axes, Fault> {
    let known: Vec<i64> = sizes.iter().copied().filter(|&s| s != -1).collect();
    let unknown = sizes.len() - known.len();
    let given = axes::checked_shape(&known)?;
    let total = given.iter().try_fold(0usize, |a, &s| a.checked_add(s)).unwrap_or(usize::MAX);
    if unknown > 1 || total > n || (unknown == 0 && total != n) {
        return Err(fault!("the sizes {sizes:?} do not make up an axis of size {n}"));
    }
    Ok(sizes.iter().map(|&s| if s == -1 { n - total } else { s as usize }).collect())
}
