//! Fused kernels: one loop for many equations.
//!
//! ```text
//! jaxpr ── plan ──▶ groups ── stages ──▶ kernels of lines ──▶ tile interpreter | machine code
//! ```
//!
//! [`plan`] decides which equations run together, [`stages`] how, [`emit`] writes equations as
//! instructions, [`kernel`] runs the loops around. A [`line::Line`] is a small program for a loop over
//! one line of elements: loads, arithmetic, stores and reductions over the line. Two executors run lines:
//! the tile interpreter, which is portable and the oracle, and machine code. Both do the same IEEE
//! operations in the same order, so they agree bit for bit.

pub(crate) mod build;
mod check;
pub(crate) mod code;
mod emit;
mod fold;
pub(crate) mod kernel;
mod lanes;
mod layout;
pub(crate) mod line;
mod order;
pub(crate) mod plan;
mod show;
pub(crate) mod stages;
#[cfg(test)]
mod tests;
mod tile;
mod view;
