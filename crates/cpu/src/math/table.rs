//! Which function belongs to which primitive.

use super::drive::{drive32, drive64};
use super::lanes::{Lanes, Narrow};
use super::{arc, erf, exp, gamma, hyperbolic, log, pow, root, simple, trig};
use pullback_ir::prim::binary::Binary;
use pullback_ir::prim::unary::Unary;
use std::mem::MaybeUninit;

/// Calls `callback!` with the functions of one argument: those that are the same for both widths, then the
/// others, f32's first.
macro_rules! functions {
    ($callback:ident) => {
        $callback! {
            [
                Neg simple::neg, Sign simple::sign, Abs simple::abs, Floor simple::floor,
                Ceil simple::ceil, Round simple::round, RoundEven simple::round_even,
                Square simple::square, Sqrt simple::sqrt, Rsqrt root::rsqrt, Cbrt root::cbrt,
                Exp exp::exp, Exp2 exp::exp2, Expm1 exp::expm1, Logistic exp::logistic,
                Log log::log, Log1p log::log1p,
                Sin trig::sin, Cos trig::cos, Tan trig::tan,
                Sinh hyperbolic::sinh, Cosh hyperbolic::cosh, Tanh hyperbolic::tanh,
                Asinh hyperbolic::asinh, Acosh hyperbolic::acosh, Atanh hyperbolic::atanh,
                Asin arc::asin, Acos arc::acos, Atan arc::atan,
                Erf erf::erf, Erfc erf::erfc, ErfInv erf::erf_inv,
            ]
            [
                Lgamma gamma::lgamma_f32, gamma::lgamma_f64,
                Digamma gamma::digamma_f32, gamma::digamma_f64,
            ]
        }
    };
}

/// Runs a loop over one or two operands. The closures are inlined whatever their size, or they would be
/// compiled for the baseline.
macro_rules! run {
    ($drive:ident, $f:path, $x:expr, $out:expr) => {
        $drive(
            #[inline(always)]
            |l, x, _| $f(l, x),
            |l, x, _| $f(l, x),
            $x,
            $x,
            $out,
        )
    };
    ($drive:ident, $f:path, $x:expr, $y:expr, $out:expr) => {
        $drive(
            #[inline(always)]
            |l, x, y| $f(l, x, y),
            |l, x, y| $f(l, x, y),
            $x,
            $y,
            $out,
        )
    };
}

macro_rules! define {
    ([$($both:ident $f:path,)*] [$($each:ident $single:path, $double:path,)*]) => {
        /// The function of `op` on f64 lanes; nothing if it has no form for lanes.
        pub(crate) fn emit_f64<L: Lanes<Scalar = f64>>(l: &mut L, op: Unary, x: L::F) -> Option<L::F> {
            match op {
                $(Unary::$both => Some($f(l, x)),)*
                $(Unary::$each => Some($double(l, x)),)*
                _ => None,
            }
        }

        /// The function of `op` on f32 lanes; nothing if it has no form for lanes.
        pub(crate) fn emit_f32<L: Narrow>(l: &mut L, op: Unary, x: L::F) -> Option<L::F> {
            match op {
                $(Unary::$both => Some($f(l, x)),)*
                $(Unary::$each => Some($single(l, x)),)*
                _ => None,
            }
        }

        /// Applies `op` to each element, if [`emit_f64`] has it; otherwise returns false.
        pub(crate) fn apply_f64(op: Unary, x: &[f64], out: &mut [MaybeUninit<f64>]) -> bool {
            match op {
                $(Unary::$both => run!(drive64, $f, x, out),)*
                $(Unary::$each => run!(drive64, $double, x, out),)*
                _ => return false,
            }
            true
        }

        /// Applies `op` to each element, if [`emit_f32`] has it; otherwise returns false.
        pub(crate) fn apply_f32(op: Unary, x: &[f32], out: &mut [MaybeUninit<f32>]) -> bool {
            match op {
                $(Unary::$both => run!(drive32, $f, x, out),)*
                $(Unary::$each => run!(drive32, $single, x, out),)*
                _ => return false,
            }
            true
        }
    };
}
functions!(define);

/// The function of `op` on f64 lanes; nothing if it has no form for lanes, or is an operation of them.
pub(crate) fn emit2_f64<L: Lanes<Scalar = f64>>(
    l: &mut L,
    op: Binary,
    x: L::F,
    y: L::F,
) -> Option<L::F> {
    match op {
        Binary::Pow => Some(pow::pow_f64(l, x, y)),
        Binary::Atan2 => Some(arc::atan2(l, x, y)),
        _ => None,
    }
}

/// The function of `op` on f32 lanes; nothing if it has no form for lanes, or is an operation of them.
pub(crate) fn emit2_f32<L: Narrow>(l: &mut L, op: Binary, x: L::F, y: L::F) -> Option<L::F> {
    match op {
        Binary::Pow => Some(pow::pow_f32(l, x, y)),
        Binary::Atan2 => Some(arc::atan2(l, x, y)),
        _ => None,
    }
}

/// Applies `op` to pairs of elements, if [`emit2_f64`] has it; otherwise returns false.
pub(crate) fn apply2_f64(op: Binary, x: &[f64], y: &[f64], out: &mut [MaybeUninit<f64>]) -> bool {
    match op {
        Binary::Pow => run!(drive64, pow::pow_f64, x, y, out),
        Binary::Atan2 => run!(drive64, arc::atan2, x, y, out),
        _ => return false,
    }
    true
}

/// Applies `op` to pairs of elements, if [`emit2_f32`] has it; otherwise returns false.
pub(crate) fn apply2_f32(op: Binary, x: &[f32], y: &[f32], out: &mut [MaybeUninit<f32>]) -> bool {
    match op {
        Binary::Pow => run!(drive32, pow::pow_f32, x, y, out),
        Binary::Atan2 => run!(drive32, arc::atan2, x, y, out),
        _ => return false,
    }
    true
}
