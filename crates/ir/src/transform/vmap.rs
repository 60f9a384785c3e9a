//! Batching: every equation with a batched operand is replaced by its primitive's batching rule.
//!
//! ```text
//! { lambda ; a:f32[3]. let b:f32[] = reduce_sum[axes=(0,)] a in (b,) }
//! ```
//! over a batch of 5 in front becomes
//! ```text
//! { lambda ; a:f32[5,3]. let b:f32[5] = reduce_sum[axes=(1,)] a in (b,) }
//! ```
//! Equations without a batched operand are copied: they are computed once, not once an element.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::loc::Loc;
use crate::prim::{AxisId, Batch, BatchDims, Prim};

/// Where the batch dimension of results should be.
#[derive(Clone, Copy, Debug)]
pub enum OutDims<'a> {
    /// Wherever it comes out; results may be unbatched.
    Any,
    /// In front of every result.
    Front,
    /// As listed. A result that is batched although `None` is asked for is an error.
    At(&'a [Option<usize>]),
}

/// What [`vmap`] gives.
#[derive(Clone, Debug)]
pub struct Vmapped {
    /// The batched program.
    pub jaxpr: Jaxpr,
    /// Where the batch dimension of each result is.
    pub out_dims: Vec<Option<usize>>,
}

/// Batches a jaxpr over a dimension of the given size; `axis` is what collectives inside may refer to.
///
/// # Errors
/// A result is batched although `out_dims` wants it unbatched, or a user's rule fails.
pub fn vmap(
    jaxpr: &Jaxpr,
    size: usize,
    in_dims: &[Option<usize>],
    axis: Option<AxisId>,
    out_dims: OutDims<'_>,
) -> Result<Vmapped, Error> {
    assert_eq!(in_dims.len(), jaxpr.n_ins(), "one batch dimension an input");
    let b = Builder::new();
    let ins: Vec<Atom> = jaxpr
        .in_types()
        .iter()
        .zip(in_dims)
        .map(|(t, d)| b.input(d.map_or_else(|| t.clone(), |d| t.with_axis(d, size))))
        .collect();
    let (mut outs, mut dims) = vmap_into(&b, jaxpr, size, &ins, in_dims, axis)?;
    b.set_loc(Loc::NONE);
    for (i, (out, dim)) in outs.iter_mut().zip(&mut dims).enumerate() {
        let want = match out_dims {
            OutDims::Any => *dim,
            OutDims::Front => Some(0),
            OutDims::At(list) => list[i],
        };
        match (*dim, want) {
            (Some(_), None) => {
                return Err(Error::msg(format!(
                    "`vmap` was asked for result {i} without a batch dimension, but it depends on \
                     the batched arguments: give it an out axis"
                )));
            }
            (Some(d), Some(w)) => *out = b.move_axis(*out, d, w),
            (None, Some(w)) => {
                let ty = b.ty(*out).with_axis(w, size);
                let kept: Vec<usize> = (0..ty.rank()).filter(|&i| i != w).collect();
                *out = b.broadcast_in_dim(*out, ty.shape(), &kept);
            }
            (None, None) => {}
        }
        *dim = want;
    }
    let jaxpr = b.finish(outs);
    debug_check(&jaxpr);
    Ok(Vmapped { jaxpr, out_dims: dims.to_vec() })
}

/// Records the batched jaxpr into a builder.
pub(crate) fn vmap_into(
    b: &Builder,
    jaxpr: &Jaxpr,
    size: usize,
    ins: &[Atom],
    in_dims: &[Option<usize>],
    axis: Option<AxisId>,
) -> Result<(Atoms, BatchDims), Error> {
    let mut env: Vec<(Atom, Option<usize>)> = Vec::with_capacity(jaxpr.n_vars());
    env.extend(ins.iter().copied().zip(in_dims.iter().copied()));
    let read = |env: &[(Atom, Option<usize>)], a: Atom| match a {
        Atom::Var(v) => env[v.index()],
        Atom::Lit(_) => (a, None),
    };
    let outer = b.loc();
    for eqn in jaxpr.eqns() {
        b.set_loc(eqn.loc.within(outer));
        let (ins, dims): (Atoms, BatchDims) = eqn.inputs.iter().map(|&a| read(&env, a)).unzip();
        let batched =
            dims.iter().any(Option::is_some) || axis.is_some_and(|a| reads_axis(&eqn.prim, a));
        if batched {
            let (outs, dims) = eqn.prim.batch(b, Batch { size, axis, ins: &ins, dims: &dims })?;
            debug_assert_eq!(outs.len(), eqn.n_outs as usize, "batching of {}", eqn.prim.name());
            env.extend(outs.into_iter().zip(dims));
        } else {
            let outs = b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn));
            env.extend(outs.into_iter().map(|o| (o, None)));
        }
    }
    b.set_loc(outer);
    Ok(jaxpr.outs().iter().map(|&a| read(&env, a)).unzip())
}

/// True when an equation, or one inside its sub-jaxprs, is a collective over this axis.
fn reads_axis(prim: &Prim, axis: AxisId) -> bool {
    match prim {
        Prim::Collective(c) => c.axis == axis,
        _ => {
            let subs = prim.sub_jaxprs();
            subs.iter().any(|j| j.eqns().iter().any(|e| reads_axis(&e.prim, axis)))
        }
    }
}
