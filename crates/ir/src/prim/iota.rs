//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `iota[dimension=… dtype=… shape=…]`: counts along a dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Iota {
    /// Element type, a number.
    pub dtype: DType,
    /// Shape of the result.
    pub shape: Shape,
    /// The dimension along which to count.
    pub dimension: usize,
}

stub!(Iota, ["iota"]);
