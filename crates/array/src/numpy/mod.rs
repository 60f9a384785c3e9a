//! The vocabulary of arrays, with NumPy's names where the meaning is NumPy's.
//!
//! Every function is written once, in terms of primitives and of each other, and so works on concrete
//! arrays and under every transformation.

pub(crate) mod axes;
mod creation;
mod elementwise;
mod linear;
mod nested;
mod nn;
pub(crate) mod operand;
mod operators;
mod reductions;
mod shaping;

#[doc(hidden)]
pub use axes::Sizes;
pub use axes::{Int, IntoSizes, Over, keep};
pub use creation::*;
pub use elementwise::{select, stop_gradient};
pub use nested::Nested;
pub use nn::{one_hot, one_hot_of};
pub use operand::{IntoOperand, Scalar};

#[cfg(test)]
mod tests_ops;
