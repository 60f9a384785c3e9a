//! Fused kernels: one loop for many equations.
//!
//! ```text
//! jaxpr ── plan ──▶ kernels ── lines ──▶ tile interpreter | machine code
//! ```
//!
//! A [`line::Line`] is a small program for a loop over one line of elements: loads, arithmetic, stores
//! and reductions over the line. Outer loops, threads and blocks are the driver's business. Two
//! executors run lines: the [`tile`] interpreter, which is portable and the oracle, and machine code.
//! Both do the same IEEE operations in the same order, so they agree bit for bit.

// The planner that makes lines is still to come; until then only tests run them.
#![allow(dead_code)]

pub(crate) mod build;
mod check;
pub(crate) mod code;
pub(crate) mod line;
mod order;
mod show;
#[cfg(test)]
mod tests;
mod tile;
