//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `dot_general[dimension_numbers=(([1], [0]), ([], [])) preferred_element_type=…] a b`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DotGeneral {
    /// Contracting axes of the left operand.
    pub lhs_contract: Axes,
    /// Contracting axes of the right operand, pairwise.
    pub rhs_contract: Axes,
    /// Batch axes of the left operand.
    pub lhs_batch: Axes,
    /// Batch axes of the right operand, pairwise.
    pub rhs_batch: Axes,
    /// The dtype of the result, in which products are summed; the operands' dtype by default.
    pub preferred: Option<DType>,
}

stub!(DotGeneral, ["dot_general"]);
