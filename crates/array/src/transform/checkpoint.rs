//! `checkpoint`: recompute in the backward pass instead of saving.

use super::call::ok_at;
use super::linear::trace_tree;
use crate::array::{Array, bind, bind_all};
use crate::func::{Func, IntoFunc, Signature};
use crate::trace::TraceAs;
use crate::tree::{Leaves, Tree};
use pullback_ir::prim::checkpoint::Checkpoint;
use pullback_ir::prim::identity::Identity;
use std::panic::Location;

pub use pullback_ir::prim::checkpoint::Policy;

/// The same function, whose intermediate values are computed again in the backward pass instead of
/// being kept: memory for time. Only its arguments are saved (Griewank 1992; `jax.checkpoint`). Values and
/// derivatives are the same. `n` blocks of equal size in a row keep `n` arguments and the values of one
/// block, where a plain backward pass keeps the values of all.
///
/// ```
/// # use pullback_array::{array, checkpoint, grad, Array};
/// let block = checkpoint(|x: &Array| x.sin().exp());
/// let g = grad(|x: &Array| block(&block(x)).sum())(&array![0.5]);
/// let plain = grad(|x: &Array| x.sin().exp().sin().exp().sum())(&array![0.5]);
/// assert!(g.allclose(&plain, 1e-15, 0.0).item::<bool>());
/// ```
///
/// Inside, values are not known: `item()` is an error, as under `jit`.
#[track_caller]
pub fn checkpoint<'c, M, F>(
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    checkpoint_with(Policy::Nothing, f)
}

/// [`checkpoint`] with a choice of what is saved: nothing, matrix products, or values named with
/// [`checkpoint_name`].
#[track_caller]
pub fn checkpoint_with<'c, M, F>(
    policy: Policy,
    f: F,
) -> Func<<F::Dyn as Signature<'c>>::With<<F::Dyn as Signature<'c>>::Out>>
where
    F: IntoFunc<'c, M>,
    <F::Dyn as Signature<'c>>::Out: Tree,
{
    let (f, at) = (f.into_func(), Location::caller());
    let name = format!("checkpoint({})", f.name());
    let call = F::Dyn::make(move |args| {
        // Values are not known inside: a recomputation could not repeat a choice made on them.
        let how = TraceAs { what: "checkpoint", knows_values: false, made_at: at };
        let call = ok_at(trace_tree(&*f, args, how), "checkpoint", at);
        let inputs: Vec<&Array> = call.inputs.iter().collect();
        let policy = policy.clone();
        let prim = Checkpoint { jaxpr: call.traced.jaxpr, policy, differentiated: false };
        let outs = bind_all(prim, &inputs);
        call.out.unflatten(&mut Leaves::new(outs.into_vec()))
    });
    Func::new(call, name)
}

/// Names a value, so that [`Policy::Names`] can save it.
#[track_caller]
pub fn checkpoint_name(x: &Array, name: &str) -> Array {
    bind(Identity::Name(name.into()), &[x])
}
