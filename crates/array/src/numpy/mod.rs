//! The vocabulary of arrays, with NumPy's names where the meaning is NumPy's.
//!
//! Every function is written once, in terms of primitives and of each other, and so works on concrete
//! arrays and under every transformation.

pub(crate) mod axes;
mod compare;
mod creation;
mod display;
mod einsum;
mod elementwise;
mod in_place;
mod index;
mod indexing;
mod io;
mod joining;
mod linear;
mod nested;
mod nn;
mod npy;
pub(crate) mod operand;
mod operators;
mod picking;
mod reductions;
mod shaping;
mod sorting;

#[doc(hidden)]
pub use axes::Sizes;
pub use axes::{Int, IntoSizes, Over, keep};
pub use compare::Elements;
pub use creation::*;
pub use einsum::einsum;
pub use elementwise::{select, stop_gradient};
pub use index::{Ellipsis, IndexItem, IntoIndex, IntoSpan, NewAxis, Span, s};
pub use indexing::At;
pub use io::{load_npy, load_npz, save_npy, save_npz};
pub use joining::{IntoWidths, PadMode, concat, stack};
pub use nested::Nested;
pub use nn::{one_hot, one_hot_of};
pub use operand::{IntoOperand, Scalar};
pub use pullback_ir::prim::gather::IndexMode;
pub use sorting::sort_together;

#[cfg(test)]
mod tests_io;
#[cfg(test)]
mod tests_ops;
#[cfg(test)]
mod tests_traced;
