//! The intermediate representation of pullback.

#![forbid(unsafe_code)]

pub use half;

pub mod builder;
pub mod check;
pub mod dtype;
pub mod error;
pub mod interp;
pub mod jaxpr;
mod ops;
mod ops_index;
pub mod param;
pub mod prim;
pub mod scalar;
pub mod shape;
pub mod text;
pub mod transform;
pub mod types;
pub mod value;

pub use builder::Builder;
pub use dtype::{DType, Element};
pub use error::{Error, Fault, Loc};
pub use jaxpr::{Atom, Atoms, Eqn, Jaxpr, Lit, Var};
pub use prim::{Prim, Primitive};
pub use shape::{Axes, Shape};
pub use types::Type;
pub use value::{Data, Value};
