//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// What a gather or scatter does with indices out of bounds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IndexMode {
    /// Move the window inside.
    Clip,
    /// gather: fill; scatter: drop.
    FillOrDrop,
    /// The caller promises it does not happen; treated as `Clip` in a gather, `FillOrDrop` in a scatter.
    PromiseInBounds,
}

/// How indices and operand axes of a gather relate, as in XLA; the index vector is the last axis of
/// the indices.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct GatherDims {
    /// Result axes that hold the slice.
    pub offset_dims: Axes,
    /// Operand axes of slice size 1 that go away.
    pub collapsed_slice_dims: Axes,
    /// The operand axis of each component of an index vector.
    pub start_index_map: Axes,
    /// Operand axes that pair up with batch axes of the indices.
    pub operand_batching_dims: Axes,
    /// Those axes of the indices.
    pub start_indices_batching_dims: Axes,
}

/// `gather[…] operand indices`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Gather {
    /// Which axis is which.
    pub dims: GatherDims,
    /// Size of a slice along each operand axis.
    pub slice_sizes: Shape,
    /// Indices out of bounds.
    pub mode: IndexMode,
    /// What `FillOrDrop` fills with; by default NaN, the lowest signed integer, the highest unsigned, true.
    pub fill_value: Option<Lit>,
}

stub!(Gather, ["gather"]);
