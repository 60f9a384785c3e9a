//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// An elementwise function of two operands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Binary {
    /// `add`
    Add,
    /// `sub`
    Sub,
    /// `mul`
    Mul,
    /// `div`
    Div,
    /// `rem`
    Rem,
    /// `pow`
    Pow,
    /// `max`
    Max,
    /// `min`
    Min,
    /// `atan2`
    Atan2,
    /// `nextafter`
    Nextafter,
    /// `polygamma`
    Polygamma,
    /// `and`
    And,
    /// `or`
    Or,
    /// `xor`
    Xor,
    /// `shift_left`
    ShiftLeft,
    /// `shift_right_logical`
    ShiftRightLogical,
    /// `shift_right_arithmetic`
    ShiftRightArithmetic,
}

stub!(Binary, []);
