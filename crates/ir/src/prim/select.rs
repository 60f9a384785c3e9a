//! Stub.
#![allow(unused_imports)]
use super::*;
use crate::dtype::DType;
use crate::jaxpr::Lit;
use crate::shape::{Axes, Shape};

/// `select_n which case0 case1 …`: picks elementwise among cases.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct SelectN;

stub!(SelectN, ["select_n"]);
