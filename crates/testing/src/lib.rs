//! Derivative checks of functions, and random programs.
//!
//! [`check_grads`] compares the derivatives of a function, of any order, with each other and with
//! central differences; [`check_jvp`] and [`check_vjp`] check one mode, [`check_vmap`] batching. They are
//! for functions with custom rules, and for code on which one would rather not rely unchecked:
//!
//! ```
//! use pullback_array::{Array, array, custom_vjp};
//! use pullback_testing::{check_grads, check_vmap};
//!
//! /// log(1 + eˣ), with a backward pass that does not overflow.
//! fn softplus(x: &Array) -> Array {
//!     let f = |x: &Array| x.exp().log1p();
//!     let forward = move |x: &Array| (f(x), x.clone());
//!     custom_vjp(f, forward, |x: &Array, ct: &Array| ct / (1.0 + (-x).exp()))(x)
//! }
//! check_grads(softplus, &array![-1.0, 0.5, 3.0], 2);
//! check_vmap(softplus, &array![-1.0, 0.5, 3.0]);
//! ```
//!
//! [`Checks`] has tolerances, steps and the number of directions, and gives `Err` instead of a panic.
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
//!
//! [`engines`] has the laws by which engines agree, and [`compare`] how results are compared.

#![forbid(unsafe_code)]

mod checks;
pub mod compare;
mod draw;
pub mod engines;
mod generate;
mod program;
mod shrink;
mod strategy;

pub use checks::{Checks, Mismatch, check_grads, check_jvp, check_vjp, check_vmap};
pub use draw::Draw;
pub use program::Program;
pub use strategy::{ProgramTree, Programs, programs};

/// What a law gives: the fault, if it does not hold.
pub type Law = Result<(), String>;
