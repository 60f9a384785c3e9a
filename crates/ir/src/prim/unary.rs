//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// An elementwise function of one operand.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Unary {
    /// `neg`
    Neg,
    /// `sign`
    Sign,
    /// `abs`
    Abs,
    /// `floor`
    Floor,
    /// `ceil`
    Ceil,
    /// `round`
    Round,
    /// `exp`
    Exp,
    /// `exp2`
    Exp2,
    /// `expm1`
    Expm1,
    /// `log`
    Log,
    /// `log1p`
    Log1p,
    /// `sqrt`
    Sqrt,
    /// `rsqrt`
    Rsqrt,
    /// `cbrt`
    Cbrt,
    /// `square`
    Square,
    /// `sin`
    Sin,
    /// `cos`
    Cos,
    /// `tan`
    Tan,
    /// `asin`
    Asin,
    /// `acos`
    Acos,
    /// `atan`
    Atan,
    /// `sinh`
    Sinh,
    /// `cosh`
    Cosh,
    /// `tanh`
    Tanh,
    /// `asinh`
    Asinh,
    /// `acosh`
    Acosh,
    /// `atanh`
    Atanh,
    /// `logistic`
    Logistic,
    /// `erf`
    Erf,
    /// `erfc`
    Erfc,
    /// `erf_inv`
    ErfInv,
    /// `lgamma`
    Lgamma,
    /// `digamma`
    Digamma,
    /// `is_finite`
    IsFinite,
    /// `not`
    Not,
}

stub!(Unary, []);
