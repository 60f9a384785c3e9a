//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `split[axis=… sizes=…] x`: consecutive pieces.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Split {
    /// The axis.
    pub axis: usize,
    /// Sizes of the pieces.
    pub sizes: Axes,
}

stub!(Split, ["split"]);
