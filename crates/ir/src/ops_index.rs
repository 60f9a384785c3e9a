//! Reading and writing at computed positions: the common forms of `gather` and `scatter` for rules.
//!
//! Indices may have any integer dtype. They are promised to be in bounds, as those of rules are.

use crate::builder::Builder;
use crate::jaxpr::Atom;
use crate::prim::gather::{Gather, GatherDims, IndexMode};
use crate::prim::scatter::{Scatter, ScatterDims, ScatterOp};
use crate::shape::{Axes, Shape};
use smallvec::SmallVec;

impl Builder {
    /// Element k along the axis of the result is the operand's element at the k-th index: indices
    /// have the operand's sizes but along the axis, and are in bounds.
    pub fn take_along_axis(&self, x: Atom, indices: Atom, axis: usize) -> Atom {
        let (ty, taken) = (self.ty(x), self.ty(indices));
        if taken.numel() == 0 {
            return self.full(&ty.with_shape(taken.shape()), 0.0);
        }
        let vectors = self.expand_dims(indices, &[ty.rank()]);
        let prim = Gather {
            dims: along_axis(axis, ty.rank()),
            slice_sizes: SmallVec::from_elem(1, ty.rank()),
            mode: IndexMode::PromiseInBounds,
            fill_value: None,
        };
        self.op(prim, &[x, vectors])
    }

    /// Adds update k along the axis to the operand's element at the k-th index: the transpose of
    /// [`Builder::take_along_axis`]. Indices and updates have one shape.
    pub fn scatter_add_along_axis(
        &self,
        x: Atom,
        indices: Atom,
        updates: Atom,
        axis: usize,
    ) -> Atom {
        if self.ty(updates).numel() == 0 {
            return x;
        }
        let rank = self.ty(x).rank();
        let vectors = self.expand_dims(indices, &[rank]);
        let prim = Scatter {
            op: ScatterOp::Add,
            dims: ScatterDims::from_gather(&along_axis(axis, rank)),
            mode: IndexMode::PromiseInBounds,
            unique_indices: false,
        };
        self.op(prim, &[x, vectors, updates])
    }

    /// The operand's slices at indices along an axis. The axes of the indices take the axis' place:
    /// `x[2,n,3]` at `indices[4,5]` along axis 1 gives `[2,4,5,3]`.
    pub fn take(&self, x: Atom, indices: Atom, axis: usize) -> Atom {
        let (ty, taken) = (self.ty(x), self.ty(indices));
        let mut shape = Shape::from_slice(&ty.shape()[..axis]);
        shape.extend_from_slice(taken.shape());
        shape.extend_from_slice(&ty.shape()[axis + 1..]);
        if shape.contains(&0) {
            return self.full(&ty.with_shape(&shape), 0.0);
        }
        let mut slice_sizes = Shape::from_slice(ty.shape());
        slice_sizes[axis] = 1;
        let behind = axis + taken.rank();
        let dims = GatherDims {
            offset_dims: (0..shape.len()).filter(|&i| i < axis || i >= behind).collect(),
            collapsed_slice_dims: Axes::from_slice(&[axis]),
            start_index_map: Axes::from_slice(&[axis]),
            ..GatherDims::default()
        };
        let vectors = self.expand_dims(indices, &[taken.rank()]);
        let mode = IndexMode::PromiseInBounds;
        self.op(Gather { dims, slice_sizes, mode, fill_value: None }, &[x, vectors])
    }
}

/// One index for each element; all axes but one are batched together.
fn along_axis(axis: usize, rank: usize) -> GatherDims {
    let others: Axes = (0..rank).filter(|&a| a != axis).collect();
    GatherDims {
        collapsed_slice_dims: Axes::from_slice(&[axis]),
        start_index_map: Axes::from_slice(&[axis]),
        operand_batching_dims: others.clone(),
        start_indices_batching_dims: others,
        ..GatherDims::default()
    }
}
