//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `jit[name=… jaxpr=…] operands…`: a call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Jit {
    /// The function's name.
    pub name: std::sync::Arc<str>,
    /// The closed callee.
    pub jaxpr: Jaxpr,
}

stub!(Jit, ["jit", "pjit"]);
