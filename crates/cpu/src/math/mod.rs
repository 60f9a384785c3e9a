//! Vector math: elementary functions from one source for all engines.
//!
//! Each function is written once, without branches, in terms of the operations of [`Lanes`]. A
//! generator of machine code implements them by emitting instructions ([`emit_f32`] and its kin), the
//! loops of this crate by the scalar operations of Rust ([`apply_f32`] and its kin), which the compiler
//! vectorises. All operations are exact in the sense of IEEE 754, so the bits are the same everywhere.
//!
//! `docs/ACCURACY.md` has the measured errors. Special values, signed zeros, subnormal numbers and huge
//! arguments are as C's libm has them.



mod arc;
mod coefficients;
mod drive;
mod erf;
mod exp;
mod gamma;
mod hyperbolic;
mod lanes;
mod log;
mod pow;
mod root;
mod scalar;
mod simple;
mod table;
mod trig;

pub(crate) use lanes::{Lanes, Narrow};
pub(crate) use table::{apply_f32, apply_f64, apply2_f32, apply2_f64};
pub(crate) use table::{emit_f32, emit_f64, emit2_f32, emit2_f64};
