//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `checkpoint`
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// The closed callee.
    pub jaxpr: Jaxpr,
}

stub!(Checkpoint, ["checkpoint", "remat2", "remat"]);
