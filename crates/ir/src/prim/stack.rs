//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `stack[axis=…] xs…`: along a new axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stack {
    /// The new axis of the result.
    pub axis: usize,
}

stub!(Stack, ["stack"]);
