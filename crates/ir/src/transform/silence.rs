//! The same program without its taps, for evaluations that the user did not ask for: of values that
//! `item()` reads while a function is traced, and in the recomputation of a checkpoint.
//!
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = tap[batched=() callback=<fn f@1>] a; c:f32[] = sin b in (c,) }
//! { lambda ; a:f32[]. let b:f32[] = sin a in (b,) }
//! ```

use crate::builder::Builder;
use crate::check::debug_check;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::prim::checkpoint::Checkpoint;
use crate::prim::custom_jvp::CustomJvp;
use crate::prim::custom_vjp::CustomVjp;
use crate::prim::jit::Jit;
use crate::prim::{Effects, Prim};

/// Removes taps, at any depth. Effects of users' own primitives stay: there is no telling what is left
/// of them without.
pub fn silence(jaxpr: &Jaxpr) -> Jaxpr {
    if jaxpr.effects() == Effects::NONE {
        return jaxpr.clone();
    }
    let (b, ins) = Builder::with_inputs(jaxpr.in_types());
    let mut env: Vec<Atom> = Vec::with_capacity(jaxpr.n_vars());
    env.extend_from_slice(&ins);
    for eqn in jaxpr.eqns() {
        let ins: Atoms = eqn.inputs.iter().map(|&a| a.renamed(&env)).collect();
        b.set_loc(eqn.loc);
        env.extend(match silent(&eqn.prim) {
            Some(prim) => b.push(prim, ins, jaxpr.eqn_out_types(eqn)),
            None => ins,
        });
    }
    let jaxpr = b.finish(jaxpr.outs().iter().map(|&a| a.renamed(&env)).collect::<Vec<_>>());
    debug_check(&jaxpr);
    jaxpr
}

/// The primitive without taps inside; `None` for a tap, whose result is its operand.
pub(super) fn silent(prim: &Prim) -> Option<Prim> {
    if prim.effects() == Effects::NONE {
        return Some(prim.clone());
    }
    Some(match prim {
        Prim::Tap(_) => return None,
        Prim::Jit(p) => Jit { jaxpr: silence(&p.jaxpr), ..p.clone() }.into(),
        Prim::Checkpoint(p) => Checkpoint { jaxpr: silence(&p.jaxpr), ..(**p).clone() }.into(),
        Prim::CustomJvp(p) => CustomJvp { jaxpr: silence(&p.jaxpr), ..(**p).clone() }.into(),
        Prim::CustomVjp(p) => CustomVjp { jaxpr: silence(&p.jaxpr), ..(**p).clone() }.into(),
        other => other.clone(),
    })
}
