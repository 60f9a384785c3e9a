//! Equations of JAX's that are other equations here.
//!
//! | JAX | here |
//! |---|---|
//! | `custom_jvp_call`, `custom_vjp_call`, `closed_call`, … | `jit`: the rules of a custom derivative are functions of Python's, not text, so the derivative is that of the body |
//! | `remat2[policy=<function everything_saveable …>]` | `jit` |
//! | `optimization_barrier x y` | `x`, `y` |
//! | `unstack[axis]` | `split`, `squeeze` |
//! | `reshape[dimensions=(1, 0)]` | `transpose`, `reshape` |
//! | `top_k[k=2]` of older versions | `top_k` along the last axis |
//! | `psum[axes=(0,)]`, which `vmap` leaves | `reduce_sum` |

use crate::builder::Builder;
use crate::error::{Error, ensure, fault};
use crate::jaxpr::{Atom, Atoms};
use crate::param::{Param, ParamMap};
use crate::prim::Prim;
use crate::prim::jit::Jit;
use crate::prim::top_k::TopK;
use crate::shape::Axes;

/// The results of an equation that is not one of ours; `None` for all others.
pub(super) fn desugar(
    b: &Builder,
    name: &str,
    params: &mut ParamMap,
    operands: &[Atom],
) -> Result<Option<Atoms>, Error> {
    let outs = match name {
        "custom_jvp_call"
        | "custom_vjp_call"
        | "custom_jvp_call_jaxpr"
        | "custom_vjp_call_jaxpr"
        | "closed_call"
        | "core_call"
        | "xla_call" => {
            let callee = if params.get("fun_jaxpr").is_some() { "fun_jaxpr" } else { "call_jaxpr" };
            let jaxpr = params.jaxpr(callee)?;
            let name =
                if params.get("name").is_some() { params.word("name")? } else { name.to_owned() };
            b.bind(Jit { name: name.into(), jaxpr }, operands)?
        }
        // A checkpoint that saves everything recomputes nothing.
        "checkpoint" | "remat2" | "remat" if saves_everything(params) => {
            let jaxpr = params.jaxpr("jaxpr")?;
            b.bind(Jit { name: "checkpoint".into(), jaxpr }, operands)?
        }
        "optimization_barrier" => operands.iter().copied().collect(),
        "unstack" => {
            let axis = params.usize("axis")?;
            let [x] = one_array(b, name, operands)?;
            let ty = b.ty(x);
            ensure!(axis < ty.rank(), "`unstack`: {ty} has no axis {axis}");
            let n = ty.shape()[axis];
            // Each piece is an equation, so a forged size must not make more of them than there is
            // text for; results are counted against the binders later.
            ensure!(n <= 10_000, "`unstack`: {n} pieces are too many");
            let pieces = (0..n).map(|i| b.squeeze(b.slice_axis(x, axis, i, i + 1), &[axis]));
            pieces.collect()
        }
        "reshape" if params.get("dimensions").is_some() => {
            let Some(order) = params.usizes_opt("dimensions")? else { return Ok(None) };
            let [x] = one_array(b, name, operands)?;
            let moved = b.bind(transpose(&order)?, &[x])?;
            match Prim::parse(name, params) {
                Some(prim) => b.bind(prim?, &moved)?,
                None => return Ok(None),
            }
        }
        "top_k" if params.get("axis").is_none() => {
            let [x] = one_array(b, name, operands)?;
            params.ignore(&["operand"]);
            let axis = b.ty(x).rank().saturating_sub(1);
            b.bind(TopK { axis, k: params.usize("k")? }, &[x])?
        }
        "psum" if params.get("axes").is_some() => {
            let mut sum = ParamMap::new(vec![("axes".into(), params.any("axes")?)]);
            let Some(prim) = Prim::parse("reduce_sum", &mut sum) else { return Ok(None) };
            let prim = prim?;
            let mut outs = Atoms::new();
            for &x in operands {
                outs.extend(b.bind(prim.clone(), &[x])?);
            }
            outs
        }
        _ => return Ok(None),
    };
    Ok(Some(outs))
}

fn saves_everything(params: &ParamMap) -> bool {
    matches!(params.get("policy"), Some(Param::Func(f, _)) if f == "everything_saveable")
}

fn one_array(b: &Builder, name: &str, operands: &[Atom]) -> Result<[Atom; 1], Error> {
    match *operands {
        [x] if matches!(b.ty(x), crate::Type::Array { .. }) => Ok([x]),
        _ => Err(fault!("`{name}` takes 1 array").into()),
    }
}

fn transpose(order: &Axes) -> Result<Prim, Error> {
    Ok(crate::prim::permute::Transpose { permutation: order.clone() }.into())
}
