//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `transpose[permutation=…] x`: result axis i is operand axis `permutation[i]`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Transpose {
    /// The operand's axis for each axis of the result.
    pub permutation: Axes,
}

stub!(Transpose, ["transpose"]);
