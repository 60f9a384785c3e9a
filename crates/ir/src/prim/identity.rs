//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// Identities that mean something to a transformation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Identity {
    /// `stop_gradient`: the tangent is zero.
    StopGradient,
    /// `copy`.
    Copy,
    /// `name[name=…]`: names a value for checkpoint policies.
    Name(std::sync::Arc<str>),
}

stub!(Identity, ["stop_gradient", "copy", "name"]);
