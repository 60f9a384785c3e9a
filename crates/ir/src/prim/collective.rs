//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// What a collective does over a named axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CollectiveOp {
    /// `psum`
    Sum,
    /// `pmax`
    Max,
    /// `pmin`
    Min,
    /// `all_gather`: the values of all members along a new first axis.
    AllGather,
    /// `axis_index`: no operand, i32 result.
    Index,
}

/// `psum[axis=… size=…] x` and its kin: over the batch axis that a `vmap_named` binds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Collective {
    /// What to do.
    pub op: CollectiveOp,
    /// Over which axis.
    pub axis: AxisId,
    /// The size of the axis.
    pub size: usize,
}

stub!(Collective, ["psum", "pmax", "pmin", "all_gather", "axis_index"]);
