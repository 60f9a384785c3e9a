//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `sort[dimension=… is_stable=… num_keys=…] operands…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Sort {
    /// The axis to sort along.
    pub dimension: usize,
    /// Whether ties keep their order.
    pub is_stable: bool,
    /// How many leading operands are keys, most significant first.
    pub num_keys: usize,
}

stub!(Sort, ["sort"]);
