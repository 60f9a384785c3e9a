//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// Changes of shape that keep the elements' order.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Reshape {
    /// `reshape[new_sizes=…]`
    Reshape {
        /// Shape of the result.
        new_sizes: Shape,
    },
    /// `squeeze[dimensions=…]`: removes dimensions of size 1.
    Squeeze {
        /// Which, of the operand, ascending.
        dimensions: Axes,
    },
    /// `expand_dims[dimensions=…]`: inserts dimensions of size 1.
    ExpandDims {
        /// Which, of the result, ascending.
        dimensions: Axes,
    },
}

stub!(Reshape, ["reshape", "squeeze", "expand_dims"]);
