//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// Users' own
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Custom;

stub!(Custom, []);
