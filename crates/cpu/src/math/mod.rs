//! Vector math: elementary functions from one source for all engines.
//!
//! Each function is written once, without branches, in terms of the operations of `Lanes`. A
//! generator of machine code implements them by emitting instructions (`emit_f32` and its kin), the
//! loops of this crate by the scalar operations of Rust (`apply_f32` and its kin), which the compiler
//! vectorises. All operations are exact in the sense of IEEE 754, so the bits are the same everywhere.
//!
//! [`unary_f32`] and its kin apply them to slices. `docs/ACCURACY.md` has the measured errors. Special
//! values, signed zeros, subnormal numbers and huge arguments are as C's libm has them.

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
#[cfg(test)]
mod tests;
mod trig;

use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::unary::Unary;

pub(crate) use lanes::{Lanes, Narrow};
pub(crate) use scalar::{exponent, mantissa, scale_f32, scale_f64};
pub(crate) use table::{apply_f32, apply_f64, apply2_f32, apply2_f64};
pub(crate) use table::{emit_f32, emit_f64, emit2_f32, emit2_f64};

/// The array of `x.len()` elements that `fill` writes, unless it returns false.
fn filled<T>(
    n: usize,
    fill: impl FnOnce(&mut [std::mem::MaybeUninit<T>]) -> bool,
) -> Option<Vec<T>> {
    let mut out = Vec::with_capacity(n);
    if !fill(&mut out.spare_capacity_mut()[..n]) {
        return None;
    }
    // SAFETY: a loop that does not return false has written each of the elements.
    unsafe { out.set_len(n) };
    Some(out)
}

/// `op` of each element, or nothing if it has no vector form.
///
/// ```
/// use pullback_cpu::math::unary_f32;
/// use pullback_ir::prim::unary::Unary;
///
/// assert_eq!(unary_f32(Unary::Exp2, &[3.0, -1.0]), Some(vec![8.0, 0.5]));
/// assert_eq!(unary_f32(Unary::Not, &[3.0]), None);
/// ```
pub fn unary_f32(op: Unary, x: &[f32]) -> Option<Vec<f32>> {
    filled(x.len(), |out| apply_f32(op, x, out))
}

/// `op` of each element, or nothing if it has no vector form.
pub fn unary_f64(op: Unary, x: &[f64]) -> Option<Vec<f64>> {
    filled(x.len(), |out| apply_f64(op, x, out))
}

/// `op` of each pair of elements of slices of equal length, or nothing if it has no vector form.
pub fn binary_f32(op: Binary, x: &[f32], y: &[f32]) -> Option<Vec<f32>> {
    filled(x.len(), |out| apply2_f32(op, x, y, out))
}

/// `op` of each pair of elements of slices of equal length, or nothing if it has no vector form.
pub fn binary_f64(op: Binary, x: &[f64], y: &[f64]) -> Option<Vec<f64>> {
    filled(x.len(), |out| apply2_f64(op, x, y, out))
}
