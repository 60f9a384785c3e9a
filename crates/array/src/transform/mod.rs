//! Transformations of Rust functions.
//!
//! Each one traces the function to a jaxpr, rewrites that with [`pullback_ir::transform`], and applies
//! the result: computed at once on concrete arguments, recorded where an argument is traced. That is
//! why they nest in any order.

pub(crate) mod call;
mod checkpoint;
mod custom;
mod debug_nans;
mod differentiate;
pub(crate) mod inspect;
mod jacobian;
pub mod jit;
mod linear;
pub(crate) mod lower;
mod vmap;

pub use checkpoint::{Policy, checkpoint, checkpoint_name, checkpoint_with};
pub use custom::{custom_jvp, custom_vjp};
pub use debug_nans::{debug_infs, debug_nans};
pub use differentiate::{Arg, Select, arg, grad, grad_wrt, value_and_grad, value_and_grad_wrt};
pub use inspect::{Shapes, eval_shape, from_jaxpr, make_jaxpr};
pub use jacobian::{hessian, hvp, jacfwd, jacrev};
pub use jit::{Stats, jit};
pub use linear::{jvp, linear_transpose, linearize, vjp};
pub use lower::{Lowered, profile};
pub use vmap::{Axis, IntoNamed, Vmap, vmap, vmap_axes, vmap_named};
