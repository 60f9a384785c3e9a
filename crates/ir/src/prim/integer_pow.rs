//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `integer_pow[y=2] x`: a power with a static integer exponent.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct IntegerPow {
    /// The exponent.
    pub y: i32,
}

stub!(IntegerPow, ["integer_pow"]);
