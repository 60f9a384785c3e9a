//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `rev[dimensions=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rev {
    /// The axes to reverse.
    pub dimensions: Axes,
}

stub!(Rev, ["rev"]);
