//! Picking elements: by computed indices along an axis, along diagonals, in triangles.

use super::axes::{self, Int, IntoSizes};
use super::creation::{diagonal_compare, zeros_of};
use super::elementwise::select;
use super::operand::{Number, Operand, broadcast_shapes, elementwise, expand, refuse};
use crate::array::{Array, bind, bind_in};
use crate::trace::In;
use pullback_ir::error::fault;
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::compare::Compare;
use pullback_ir::prim::dynamic_slice::DynamicSlice;
use pullback_ir::prim::dynamic_update_slice::DynamicUpdateSlice;
use pullback_ir::prim::gather::{Gather, GatherDims, IndexMode};
use pullback_ir::prim::pad::Pad;
use pullback_ir::prim::slice::Slice;
use pullback_ir::shape::show;
use pullback_ir::{Axes, DType, Lit, Shape};
use smallvec::{SmallVec, smallvec};
use std::borrow::Borrow;

/// Indices in an axis of size n with negative ones counted from the end, in a dtype that holds them.
#[track_caller]
pub(crate) fn wrapped(op: &str, x: &Array, indices: &Array, n: usize) -> Array {
    let dtype = indices.dtype();
    if !dtype.is_int() {
        let rule = fault!("indices are integers, not {dtype}: convert with `.cast(..)`");
        refuse(op, &[x, indices], rule);
    }
    let wide = match dtype {
        DType::I8 | DType::U8 => DType::I32,
        DType::U32 | DType::U64 => return indices.clone(),
        DType::I32 if i32::try_from(n).is_err() => DType::I64,
        other => other,
    };
    let indices = indices.cast(wide);
    if dtype.is_unsigned() {
        return indices;
    }
    let size = Operand::Scalar(Number::Int(n as i128), wide);
    let from_end = elementwise(op, Binary::Add, &[Operand::Array(&indices), size]);
    select(indices.lt(0), from_end, indices)
}

/// Picking elements: by computed indices along an axis, along diagonals, in triangles.
///
/// Negative indices count from the end. What indices out of bounds read is a matter of the mode:
/// `take` and `take_along_axis` fill, with NaN, the lowest signed or highest unsigned integer, or `true` (JAX's default);
/// indexing with [`Array::get`](crate::Array::get) moves them inside.
///
/// ```
/// # use pullback_array::*;
/// let x = arange(0..9).reshape([3, 3]);
/// assert_eq!(x.take(array![2, 0], 0).to_vec::<i32>(), [6, 7, 8, 0, 1, 2]);
/// assert_eq!(x.take_along_axis(&x.argmax_over(1).expand_dims(1), 1).to_vec::<i32>(), [2, 5, 8]);
/// assert_eq!(x.diagonal(0).to_vec::<i32>(), [0, 4, 8]);
/// assert_eq!(x.trace().item::<i32>(), 12);
/// assert_eq!(x.triu(1).to_vec::<i32>(), [0, 1, 2, 0, 0, 5, 0, 0, 0]);
/// assert_eq!(array![1, 2].diag(0).to_vec::<i32>(), [1, 0, 0, 2]);
/// ```
impl Array {
    /// The slices at indices along an axis; the axes of the indices take the axis' place. Indices out
    /// of bounds fill.
    ///
    /// # Panics
    /// If the indices are no integers.
    #[track_caller]
    pub fn take(&self, indices: impl Borrow<Array>, axis: impl Int) -> Array {
        let axis = axes::axis("take", self, axis);
        self.take_with(indices.borrow(), axis, IndexMode::FillOrDrop)
    }

    #[track_caller]
    pub(crate) fn take_with(&self, indices: &Array, axis: usize, mode: IndexMode) -> Array {
        let indices = wrapped("take", self, indices, self.shape()[axis]);
        let mut out = Shape::from_slice(&self.shape()[..axis]);
        out.extend_from_slice(indices.shape());
        out.extend_from_slice(&self.shape()[axis + 1..]);
        if self.shape()[axis] == 0 && !out.contains(&0) {
            refuse("take", &[self, &indices], fault!("axis {axis} is empty"));
        }
        if out.contains(&0) {
            return zeros_of(self.dtype(), out);
        }
        let mut slice_sizes = Shape::from_slice(self.shape());
        slice_sizes[axis] = 1;
        let behind = axis + indices.ndim();
        let dims = GatherDims {
            offset_dims: (0..out.len()).filter(|&i| i < axis || i >= behind).collect(),
            collapsed_slice_dims: smallvec![axis],
            start_index_map: smallvec![axis],
            ..GatherDims::default()
        };
        let vectors = indices.expand_dims(-1);
        bind(Gather { dims, slice_sizes, mode, fill_value: None }, &[self, &vectors])
    }

    /// Elements at indices along an axis, one index for each element of the result; the other axes of
    /// array and indices broadcast. Indices out of bounds fill.
    ///
    /// # Panics
    /// If the indices are no integers, have another rank, or the other axes do not broadcast.
    #[track_caller]
    pub fn take_along_axis(&self, indices: impl Borrow<Array>, axis: impl Int) -> Array {
        let indices = indices.borrow();
        let axis = axes::axis("take_along_axis", self, axis);
        if self.ndim() != indices.ndim() {
            let rule = "array and indices have one rank: `.expand_dims(..)` the indices";
            refuse("take_along_axis", &[self, indices], rule);
        }
        let without = |a: &Array| {
            let mut shape = Shape::from_slice(a.shape());
            shape[axis] = 1;
            shape
        };
        let mut shape = match broadcast_shapes([&without(self)[..], &without(indices)[..]]) {
            Ok(shape) => shape,
            Err(rule) => refuse("take_along_axis", &[self, indices], rule),
        };
        let n = self.shape()[axis];
        shape[axis] = n;
        let x = expand(self, &shape);
        shape[axis] = indices.shape()[axis];
        if shape.contains(&0) {
            return zeros_of(self.dtype(), shape);
        }
        if n == 0 {
            refuse("take_along_axis", &[self, indices], fault!("axis {axis} is empty"));
        }
        let indices = expand(&wrapped("take_along_axis", self, indices, n), &shape);
        let others: Axes = (0..shape.len()).filter(|&a| a != axis).collect();
        let dims = GatherDims {
            collapsed_slice_dims: smallvec![axis],
            start_index_map: smallvec![axis],
            operand_batching_dims: others.clone(),
            start_indices_batching_dims: others,
            ..GatherDims::default()
        };
        let slice_sizes = SmallVec::from_elem(1, shape.len());
        let gather = Gather { dims, slice_sizes, mode: IndexMode::FillOrDrop, fill_value: None };
        bind(gather, &[&x, &indices.expand_dims(-1)])
    }

    /// A box of fixed sizes at a computed place, one scalar integer array an axis, moved inside where
    /// it would reach beyond: `jax.lax.dynamic_slice`.
    ///
    /// # Panics
    /// If there is not one start and one size an axis, or a size is larger than the axis.
    #[track_caller]
    pub fn dynamic_slice<A: Borrow<Array>>(
        &self,
        starts: impl IntoIterator<Item = A>,
        sizes: impl IntoSizes,
    ) -> Array {
        let starts: Vec<Array> = starts.into_iter().map(|a| a.borrow().clone()).collect();
        let slice_sizes = axes::shape("dynamic_slice", sizes);
        let mut ins = vec![self];
        ins.extend(&starts);
        bind(DynamicSlice { slice_sizes }, &ins)
    }

    /// The array with a box at a computed place replaced; the start is moved so that the box lies
    /// inside: `jax.lax.dynamic_update_slice`.
    ///
    /// # Panics
    /// If there is not one start an axis, or the update is larger than the array.
    #[track_caller]
    pub fn dynamic_update_slice<A: Borrow<Array>>(
        &self,
        update: &Array,
        starts: impl IntoIterator<Item = A>,
    ) -> Array {
        let starts: Vec<Array> = starts.into_iter().map(|a| a.borrow().clone()).collect();
        let mut ins = vec![self, update];
        ins.extend(&starts);
        bind(DynamicUpdateSlice, &ins)
    }

    /// The box at a fixed place replaced.
    #[track_caller]
    pub(crate) fn update_at(&self, update: &Array, starts: &[usize]) -> Array {
        if update.shape() == self.shape() {
            return update.clone();
        }
        let mut ins: SmallVec<[In<'_>; 4]> = smallvec![In::Array(self), In::Array(update)];
        ins.extend(starts.iter().map(|&s| In::Lit(Lit::new(s as i64))));
        bind_in(DynamicUpdateSlice, &ins)
    }

    /// The elements on a diagonal of the last two axes, as the last axis: 0 is the main diagonal, k > 0
    /// lies above it. See [`Array::diagonal_of`] for other axes.
    ///
    /// # Panics
    /// For arrays of rank 0 and 1.
    #[track_caller]
    pub fn diagonal(&self, k: i64) -> Array {
        let rank = self.ndim();
        if rank < 2 {
            refuse("diagonal", &[self], "it takes matrices: `diag` makes a matrix of a vector");
        }
        let (n, m) = (self.shape()[rank - 2], self.shape()[rank - 1]);
        let (down, right) = (k.min(0).unsigned_abs() as usize, k.max(0) as usize);
        let len = n.saturating_sub(down).min(m.saturating_sub(right));
        // Row-major, the next element of a diagonal is one row and one column on.
        let mut flat = Shape::from_slice(&self.shape()[..rank - 2]);
        flat.push(n * m);
        let mut limit = flat.clone();
        let mut start: Axes = SmallVec::from_elem(0, flat.len());
        let mut strides: Axes = SmallVec::from_elem(1, flat.len());
        let last = flat.len() - 1;
        (start[last], limit[last], strides[last]) = match len {
            0 => (0, 0, 1),
            _ => {
                let first = down * m + right;
                (first, first + (len - 1) * (m + 1) + 1, m + 1)
            }
        };
        bind(Slice { start, limit, strides }, &[&self.reshaped(flat)])
    }

    /// [`Array::diagonal`] of two chosen axes; the others keep their order.
    #[track_caller]
    pub fn diagonal_of(&self, k: i64, a: impl Int, b: impl Int) -> Array {
        let (a, b) = (axes::axis("diagonal_of", self, a), axes::axis("diagonal_of", self, b));
        if a == b {
            refuse("diagonal_of", &[self], fault!("the axis {a} is given twice"));
        }
        let mut order: Axes = (0..self.ndim()).filter(|&i| i != a && i != b).collect();
        order.extend([a, b]);
        self.permuted(order).diagonal(k)
    }

    /// The sum of the main diagonal of the last two axes.
    #[track_caller]
    pub fn trace(&self) -> Array {
        self.diagonal(0).sum_over(-1)
    }

    /// The matrix with a vector on a diagonal and zeros elsewhere; of a matrix, that diagonal.
    ///
    /// # Panics
    /// For other ranks.
    #[track_caller]
    pub fn diag(&self, k: i64) -> Array {
        match self.ndim() {
            1 => self.diag_matrix(k),
            2 => self.diagonal(k),
            _ => refuse("diag", &[self], "it takes vectors and matrices: see `diagonal`"),
        }
    }

    #[track_caller]
    fn diag_matrix(&self, k: i64) -> Array {
        let n = self.size();
        let side = n.saturating_add(k.unsigned_abs() as usize);
        let shape = axes::shape("diag", [side, side]);
        if n == 0 {
            return zeros_of(self.dtype(), shape);
        }
        // In the flat matrix, `side` zeros between neighbours, and some before and behind.
        let first = if k >= 0 { k as usize } else { k.unsigned_abs() as usize * side };
        let behind = side * side - (first + (n - 1) * (side + 1) + 1);
        let config = smallvec![(first as i64, behind as i64, side as i64)];
        let zero = Lit::from_f64(self.dtype(), 0.0);
        bind_in(Pad { config }, &[In::Array(self), In::Lit(zero)]).reshaped(shape)
    }

    /// The matrices in the last two axes with zeros below a diagonal: 0 is the main one, k > 0 lies
    /// above it.
    #[track_caller]
    pub fn triu(&self, k: i64) -> Array {
        self.triangle("triu", Compare::Le, k)
    }

    /// The matrices in the last two axes with zeros above a diagonal.
    #[track_caller]
    pub fn tril(&self, k: i64) -> Array {
        self.triangle("tril", Compare::Ge, k)
    }

    #[track_caller]
    fn triangle(&self, op: &str, compare: Compare, k: i64) -> Array {
        if self.ndim() < 2 {
            refuse(op, &[self], fault!("it takes matrices, not shape {}", show(self.shape())));
        }
        let keep = diagonal_compare(compare, op, self.shape(), k, &[self]);
        match self.dtype() {
            DType::Bool => self & keep,
            _ => select(keep, self, 0),
        }
    }
}
