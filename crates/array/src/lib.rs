//! Arrays, tracing, function transformations and the numpy-like vocabulary of pullback.

#![forbid(unsafe_code)]

pub use pullback_ir as ir;
pub use pullback_ir::{DType, Element, Jaxpr, Type, Value};

mod array;
mod debug;
mod eager;
mod error;
pub mod func;
mod lazy;
mod numpy;
pub mod random;
mod threads;
mod trace;
pub mod transform;
pub mod tree;

pub use array::Array;
pub use error::Error;
pub use func::{Aux, Func};
pub use numpy::*;
pub use pullback_macros::Tree;
pub use random::Key;
pub use threads::with_threads;
pub use transform::*;
pub use tree::Tree;

/// What code written by `derive(Tree)` uses.
#[doc(hidden)]
pub mod __private {
    pub use crate::tree::{Flatten, Leaves, Rows, Tree, count};

    /// A `#[tree(skip)]` field: any static value.
    pub fn clone_static<T: Clone + Eq + std::hash::Hash>(value: &T) -> T {
        value.clone()
    }
}
