//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// The operation of a scan along an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CumulativeOp {
    /// `cumsum`
    Sum,
    /// `cumprod`
    Prod,
    /// `cummax`
    Max,
    /// `cummin`
    Min,
    /// `cumlogsumexp`
    LogSumExp,
}

/// `cumsum[axis=0 reverse=False] x` and its kin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cumulative {
    /// What to accumulate with.
    pub op: CumulativeOp,
    /// The axis.
    pub axis: usize,
    /// From the end.
    pub reverse: bool,
}

stub!(Cumulative, ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"]);
