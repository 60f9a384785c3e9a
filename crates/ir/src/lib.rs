//! The intermediate representation of pullback: jaxprs, their primitives, and what can be done to them.
//!
//! # Programs
//!
//! A *jaxpr* is a function written as a flat list of equations:
//!
//! ```text
//! { lambda ; a:f32[3] b:f32[]. let
//!     c:f32[3] = sin a
//!     d:f32[3] = mul c b
//!     e:f32[] = reduce_sum[axes=(0,)] d
//!   in (e,) }
//! ```
//!
//! ```text
//! jaxpr    = "{ lambda ;" input* ". let" equation* "in (" operand,* ") }"
//! input    = name ":" type
//! equation = (name ":" type)* "=" primitive [ "[" (key "=" value)* "]" ] operand*
//! operand  = name | number ":" type                   a literal is a scalar
//! type     = dtype "[" size,* "]"                     f32[3,4], bool[]
//! value    = None | True | 3 | 0.5 | float32 | word | "(" value,* ")" | "[" value,* "]" | jaxpr | …
//! ```
//!
//! That is JAX's notation, and [`text::parse`] also reads what JAX prints. No primitive has a syntax
//! of its own. `docs/jaxpr.md` has the whole grammar.
//!
//! # Invariants
//!
//! - *Numbered.* A [`Var`] is a number: inputs first, then the results of each equation in order. Names
//!   exist in the text only. So an environment is a `Vec`, and equality is alpha-equivalence.
//! - *Defined before use, once.* An operand is a literal, an input, or a result of an earlier equation.
//! - *Typed.* Every variable has a [`Type`], which its equation's primitive derives from the operands'
//!   types and its parameters alone. Dtypes never mix without a conversion.
//! - *Equal shapes or scalars.* Operands of an elementwise equation have equal shapes or rank 0; nothing
//!   else broadcasts except `broadcast_in_dim`.
//! - *Closed.* A jaxpr inside a parameter (of `jit`, `checkpoint`, `reduce`, …) has its own variables;
//!   what it needs from outside is an operand of the equation.
//! - *Immutable.* A [`Jaxpr`] is never changed; transformations make new ones with a [`Builder`].
//!
//! [`check::check`] lists every violation, and transformations check what they made under
//! `debug_assertions`. Source lines ([`Eqn::loc`]) are kept, outside of equality and hash.
//!
//! # Meaning
//!
//! Evaluating a jaxpr binds the inputs to arrays and evaluates the equations in order, each by its
//! primitive's [`Primitive::eval`]: values in, values out, no memory between calls. [`interp::eval`] does
//! just that and is the definition. Engines add the terms of sums and products in an order of their
//! own, within a stated tolerance; all else has the same bits. Since equations are pure, they may be
//! merged, moved and removed, except for those with [`prim::Effects`]. Integers wrap. Floats are
//! rounded after each equation: nothing is reassociated or contracted across equations. Where C's
//! libm and XLA disagree (division of integers by zero, shifts by too much), XLA's meaning
//! is taken. Random bits are a function of a key, an array `u32[8]`.
//!
//! ```
//! use pullback_ir::{Value, interp, text, transform};
//!
//! let f = text::parse("{ lambda ; a:f64[]. let b:f64[] = sin a; c:f64[] = mul a b in (c,) }")?;
//! let df = transform::grad(&f, &[true])?;
//! let at = interp::eval(&df, &[Value::scalar(0.5)])?;
//! assert!((at[0].slice::<f64>()[0] - (0.5f64.sin() + 0.5 * 0.5f64.cos())).abs() < 1e-15);
//! # Ok::<(), pullback_ir::Error>(())
//! ```
//!
//! # Rules and transformations
//!
//! Every primitive states how it is typed, evaluated, differentiated forwards, transposed if it is
//! linear, and batched: [`Primitive`]. From these follow the transformations in [`transform`]. Reverse
//! mode has no rules of its own.

#![forbid(unsafe_code)]

pub use half;

pub mod builder;
pub mod check;
pub mod dtype;
pub mod error;
pub mod interp;
pub mod jaxpr;
pub mod loc;
mod ops;
mod ops_index;
pub mod param;
pub mod pool;
pub mod prim;
pub mod scalar;
pub mod shape;
pub mod text;
pub mod transform;
pub mod types;
pub mod value;

pub use builder::Builder;
pub use dtype::{DType, Element};
pub use error::{Error, Fault};
pub use jaxpr::{Atom, Atoms, Eqn, Jaxpr, Lit, Var};
pub use loc::{Loc, Role};
pub use prim::{Prim, Primitive};
pub use shape::{Axes, Shape};
pub use types::Type;
pub use value::{Data, Value};
