//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `argmax[axes=(0,) index_dtype=int32] x`, `argmin`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ArgReduce {
    /// argmax, or argmin.
    pub max: bool,
    /// The axis that goes away.
    pub axis: usize,
    /// The dtype of the indices.
    pub index_dtype: DType,
}

stub!(ArgReduce, ["argmax", "argmin"]);
