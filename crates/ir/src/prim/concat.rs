//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `concatenate[dimension=…] xs…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Concatenate {
    /// The axis.
    pub dimension: usize,
}

stub!(Concatenate, ["concatenate"]);
