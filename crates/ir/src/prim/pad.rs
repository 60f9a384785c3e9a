//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `pad[padding_config=((lo, hi, interior), …)] x value`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pad {
    /// (low, high, interior) for each axis; low and high may be negative.
    pub config: SmallVec<[(i64, i64, i64); 4]>,
}

stub!(Pad, ["pad"]);
