//! Random programs and derivative checks.
//!
//! [`programs`] is a proptest strategy for random well-typed jaxprs with arguments, over every family
//! of primitives. A failing program shrinks to a small one, often to a single equation:
//!
//! ```
//! use proptest::prelude::*;
//! use pullback_ir::{text, transform};
//! use pullback_testing::programs;
//!
//! proptest!(ProptestConfig::with_cases(10), |(p in programs())| {
//!     let simpler = transform::simplify(&p.jaxpr);
//!     prop_assert_eq!(simpler.in_types(), p.jaxpr.in_types());
//! });
//! ```

#![forbid(unsafe_code)]

mod draw;
mod generate;
mod program;
mod shrink;
mod strategy;

pub use draw::Draw;
pub use program::Program;
pub use strategy::{ProgramTree, Programs, programs};
