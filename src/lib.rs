//! Composable function transformations for Rust.

#![forbid(unsafe_code)]

pub use pullback_array::{
    Array, DType, Element, Error, Int, IntoOperand, IntoSizes, Jaxpr, Nested, Over, Scalar, Tree,
    Type, Value, arange, arange_step, array, eye, eye_at, full, full_like, full_of, identity, iota,
    iota_of, keep, linspace, one_hot, one_hot_of, ones, ones_like, ones_of, select, tree, tri,
    zeros, zeros_like, zeros_of,
};

/// The intermediate representation: jaxprs, primitives and their rules.
pub use pullback_array::ir;

/// What most programs need: `use pullback::prelude::*;`.
pub mod prelude {
    pub use crate::{
        Array, DType, Error, Tree, arange, arange_step, array, eye, full, full_like, iota, keep,
        linspace, one_hot, ones, ones_like, select, tree, tri, zeros, zeros_like,
    };
}
