//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `reduce[dimensions=… jaxpr=…] operands… inits…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct ReduceWith {
    /// Combines accumulators and elements.
    pub jaxpr: Jaxpr,
    /// The axes that go away.
    pub dimensions: Axes,
}

stub!(ReduceWith, ["reduce"]);
