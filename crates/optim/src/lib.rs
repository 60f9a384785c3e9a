//! Optimisers as pure functions over trees.
//!
//! A [`GradientTransformation`] turns gradients into updates and carries a state, itself a tree of
//! arrays, from step to step: `init(params) → state`, `update(grads, state, params) → (updates, state)`.
//! Nothing is changed in place, so a training step can be compiled, batched (an ensemble is `vmap` over
//! parameters and states) and differentiated like any function. Transformations are put in a row as a
//! tuple: `(clip_by_global_norm(1.0), adam(1e-3))` is one again.
//!
//! ```
//! use pullback::{Array, Tree, array, jit, value_and_grad};
//! use pullback_optim::{Adam, AdamState, GradientTransformation, adam, step};
//!
//! #[derive(Tree)]
//! struct Params {
//!     a: Array,
//!     b: Array,
//! }
//!
//! fn loss(p: &Params, x: &Array, y: &Array) -> Array {
//!     ((x * &p.a + &p.b) - y).square().mean()
//! }
//!
//! let opt = adam(0.1);
//! let train = jit(move |p: &Params, s: &AdamState<Params>, x: &Array, y: &Array| {
//!     let (loss, grads) = value_and_grad(loss)(p, x, y);
//!     (step(&opt, p, &grads, s), loss)
//! });
//! let (x, y) = (array![0.0, 1.0, 2.0, 3.0], array![1.0, 3.0, 5.0, 7.0]);
//! let mut p = Params { a: Array::from(0.0), b: Array::from(0.0) };
//! let mut s = opt.init(&p);
//! for _ in 0..500 {
//!     ((p, s), _) = train(&p, &s, &x, &y);
//! }
//! assert!((p.a.item::<f64>() - 2.0).abs() < 1e-2 && (p.b.item::<f64>() - 1.0).abs() < 1e-2);
//! ```
//!
//! # Conventions
//!
//! - Formulas are PyTorch's where libraries differ, so that learning rates can be carried over; each
//!   optimiser's documentation writes its own out. In them g is the gradient, p the parameter, t the
//!   number of the step from 1 on, and the update is added to the parameter.
//! - Hyperparameters are `f64` of the source; every leaf is computed in its own dtype. The step
//!   counter is an `i32[]` leaf of the state and schedules are computed from it in f64, so neither a
//!   new step nor a new learning rate compiles anything again.
//! - Leaves that are no floats (counters, masks) have no gradient: their updates are zero and
//!   [`apply_updates`] leaves them alone.

#![forbid(unsafe_code)]

mod adaptive;
mod compose;
mod momentum;
mod scaling;
pub mod schedule;
mod trees;

pub use adaptive::{
    Adagrad, AdagradState, Adam, AdamState, Rmsprop, RmspropState, adagrad, adam, adamw, rmsprop,
};
pub use compose::{GradientTransformation, apply_updates, chain, step};
pub use momentum::{Momentum, MomentumState, Sgd, momentum, nesterov, sgd};
pub use scaling::{
    AddDecayedWeights, ClipByGlobalNorm, Scale, ScaleBySchedule, Step, add_decayed_weights,
    clip_by_global_norm, global_norm, scale, scale_by_schedule,
};
pub use schedule::Schedule;

#[cfg(test)]
mod tests;
#[cfg(test)]
mod tests_golden;
