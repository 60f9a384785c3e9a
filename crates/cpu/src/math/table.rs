//! Which function belongs to which primitive.

use super::drive::{drive32, drive64};
use super::lanes::{Lanes, Narrow};
use super::{erf, exp, hyperbolic, log, root, simple, trig};
use pullback_ir::prim::unary::Unary;
use std::mem::MaybeUninit;

/// Calls `callback!` with the functions of one argument: of both widths, then those of f32 alone.
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
                Erf erf::erf, Erfc erf::erfc,
            ]
            []
        }
    };
}

macro_rules! define {
    ([$($both:ident $f:path,)*] [$($single:ident $g:path,)*]) => {
        /// The function of `op` on f64 lanes; nothing if it has no form for lanes.
        pub(crate) fn emit_f64<L: Lanes<Scalar = f64>>(l: &mut L, op: Unary, x: L::F) -> Option<L::F> {
            match op {
                $(Unary::$both => Some($f(l, x)),)*
                _ => None,
            }
        }

        /// The function of `op` on f32 lanes; nothing if it has no form for lanes.
        pub(crate) fn emit_f32<L: Narrow>(l: &mut L, op: Unary, x: L::F) -> Option<L::F> {
            match op {
                $(Unary::$both => Some($f(l, x)),)*
                $(Unary::$single => Some($g(l, x)),)*
                _ => None,
            }
        }

        /// Applies `op` to each element, if [`emit_f64`] has it; otherwise returns false.
        pub(crate) fn apply_f64(op: Unary, x: &[f64], out: &mut [MaybeUninit<f64>]) -> bool {
            match op {
                $(Unary::$both => drive64(|l, x, _| $f(l, x), |l, x, _| $f(l, x), x, x, out),)*
                _ => return false,
            }
            true
        }

        /// Applies `op` to each element, if [`emit_f32`] has it; otherwise returns false.
        pub(crate) fn apply_f32(op: Unary, x: &[f32], out: &mut [MaybeUninit<f32>]) -> bool {
            match op {
                $(Unary::$both => drive32(|l, x, _| $f(l, x), |l, x, _| $f(l, x), x, x, out),)*
                $(Unary::$single => drive32(|l, x, _| $g(l, x), |l, x, _| $g(l, x), x, x, out),)*
                _ => return false,
            }
            true
        }
    };
}
functions!(define);
