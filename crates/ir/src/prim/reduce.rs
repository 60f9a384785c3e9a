//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// The operation of a reduction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReduceOp {
    /// `reduce_sum`
    Sum,
    /// `reduce_prod`
    Prod,
    /// `reduce_max`
    Max,
    /// `reduce_min`
    Min,
    /// `reduce_and`
    And,
    /// `reduce_or`
    Or,
    /// `reduce_xor`
    Xor,
}

/// `reduce_sum[axes=(0,)] x` and its kin.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reduce {
    /// What to reduce with.
    pub op: ReduceOp,
    /// The axes that go away, in ascending order.
    pub axes: Axes,
}

stub!(Reduce, ["reduce_sum", "reduce_prod", "reduce_max", "reduce_min", "reduce_and", "reduce_or", "reduce_xor"]);
