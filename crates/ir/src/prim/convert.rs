//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// Conversions.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Convert {
    /// `convert_element_type[new_dtype=…]`.
    ElementType {
        /// The target.
        new_dtype: DType,
    },
    /// `bitcast_convert_type[new_dtype=…]`.
    Bitcast {
        /// The target.
        new_dtype: DType,
    },
    /// `reduce_precision[exponent_bits=… mantissa_bits=…]`.
    ReducePrecision {
        /// Bits of the exponent.
        exponent_bits: u32,
        /// Bits of the mantissa.
        mantissa_bits: u32,
    },
}

stub!(Convert, ["convert_element_type", "bitcast_convert_type", "reduce_precision"]);
