//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `dynamic_slice[slice_sizes=…] x i j …`: one scalar integer index an axis, clamped.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DynamicSlice {
    /// Sizes of the result.
    pub slice_sizes: Shape,
}

stub!(DynamicSlice, ["dynamic_slice"]);
