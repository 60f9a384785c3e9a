//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `broadcast_in_dim[broadcast_dimensions=… shape=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BroadcastInDim {
    /// Shape of the result.
    pub shape: Shape,
    /// Where each dimension of the operand goes, ascending.
    pub broadcast_dimensions: Axes,
}

stub!(BroadcastInDim, ["broadcast_in_dim"]);
