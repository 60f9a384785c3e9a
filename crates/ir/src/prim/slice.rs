//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `slice[limit_indices=… start_indices=… strides=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Slice {
    /// First index of each axis.
    pub start: Axes,
    /// One past the last index of each axis.
    pub limit: Axes,
    /// Steps, all at least 1 (printed as `None` when all are 1).
    pub strides: Axes,
}

stub!(Slice, ["slice"]);
