//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `top_k[axis=… k=…] x`: the k largest and their i32 indices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TopK {
    /// How many.
    pub k: usize,
    /// The axis.
    pub axis: usize,
}

stub!(TopK, ["top_k"]);
