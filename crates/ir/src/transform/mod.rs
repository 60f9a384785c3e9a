//! Transformations: jaxpr → jaxpr, each in its file.
//!
//! | transformation | takes | gives |
//! |---|---|---|
//! | [`jvp`](jvp()) | f(x) | (f(x), ∂f(x)·t) from (x, t) |
//! | [`partial_eval`](partial_eval()) | f(known, unknown) | what the known inputs determine, and the rest |
//! | [`linearize`](linearize()) | f(x) | (f(x), residuals) and the linear map t ↦ ∂f(x)·t |
//! | [`transpose`](transpose()) | a linear map | its transpose |
//! | [`vjp`](vjp()), [`grad`](grad()) | f(x) | linearize, then transpose |
//! | [`vmap`](vmap()) | f(x) | f over a batch dimension |
//! | [`dce`](dce()), [`cse`](cse()), [`simplify`](simplify()), [`fold_products`](fold_products()), [`inline`](inline()) | f | the same f, cheaper |
//! | [`silence`](silence()) | f | f without the effects that only show values |
//!
//! Each ends with [`debug_check`](crate::check::debug_check).

mod cse;
mod dce;
mod fold_products;
mod inline;
mod jvp;
mod linearize;
mod partial_eval;
mod remat;
mod silence;
mod simplify;
mod transpose;
mod vjp;
mod vmap;

pub use cse::cse;
pub use dce::{Dce, dce, dce_with};
pub use fold_products::fold_products;
pub use inline::{inline, inline_calls};
pub(crate) use jvp::jvp_into;
pub use jvp::{Jvp, jvp};
pub use linearize::{Linearized, linearize};
pub use partial_eval::{PartialEval, partial_eval};
pub use silence::silence;
pub use simplify::simplify;
pub use transpose::{Transposed, transpose, transpose_used};
pub use vjp::{grad, hvp, value_and_grad, vjp};
pub(crate) use vmap::vmap_into;
pub use vmap::{OutDims, Vmapped, vmap};
