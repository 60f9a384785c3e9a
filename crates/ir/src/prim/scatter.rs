//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};
use super::gather::IndexMode;

/// How a scatter combines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScatterOp {
    /// `scatter`: the last update wins.
    Set,
    /// `scatter-add`
    Add,
    /// `scatter-mul`
    Mul,
    /// `scatter-min`
    Min,
    /// `scatter-max`
    Max,
}

/// How updates, indices and operand axes relate, as in XLA.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ScatterDims {
    /// Update axes that hold the window.
    pub update_window_dims: Axes,
    /// Operand axes of window size 1 that updates lack.
    pub inserted_window_dims: Axes,
    /// The operand axis of each component of an index vector.
    pub scatter_dims_to_operand_dims: Axes,
    /// Operand axes that pair up with batch axes of the indices.
    pub operand_batching_dims: Axes,
    /// Those axes of the indices.
    pub scatter_indices_batching_dims: Axes,
}

/// `scatter-add[…] operand indices updates` and its kin.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scatter {
    /// How to combine.
    pub op: ScatterOp,
    /// Which axis is which.
    pub dims: ScatterDims,
    /// Indices out of bounds.
    pub mode: IndexMode,
    /// A promise that no two updates meet.
    pub unique_indices: bool,
}

stub!(Scatter, ["scatter", "scatter-add", "scatter-mul", "scatter-min", "scatter-max"]);
