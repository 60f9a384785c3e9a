//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `tile[reps=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tile {
    /// Repetitions, one an axis.
    pub reps: Axes,
}

stub!(Tile, ["tile"]);
