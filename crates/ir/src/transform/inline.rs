//! Inlining: replaces calls by their bodies.
//!
//! ```text
//! { lambda ; a:f32[]. let
//!     b:f32[] = jit[name=f jaxpr={ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }] a
//!   in (b,) }
//! { lambda ; a:f32[]. let b:f32[] = sin a in (b,) }
//! ```
//! `checkpoint` stays: its recomputation must not meet common subexpression elimination.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::prim::Prim;

/// Inlines every `jit` call, at any depth, and leaves calls with custom rules alone.
pub fn inline(jaxpr: &Jaxpr) -> Jaxpr {
    inline_where(jaxpr, |prim| match prim {
        Prim::Jit(p) => Some(&p.jaxpr),
        _ => None,
    })
}

/// Inlines `jit` and the bodies of `custom_jvp_call` and `custom_vjp_call`, whose rules have no
/// meaning any more once no derivative will be taken: the first step of lowering.
pub fn inline_calls(jaxpr: &Jaxpr) -> Jaxpr {
    inline_where(jaxpr, |prim| match prim {
        Prim::Jit(p) => Some(&p.jaxpr),
        Prim::CustomJvp(p) => Some(&p.jaxpr),
        Prim::CustomVjp(p) => Some(&p.jaxpr),
        _ => None,
    })
}

type Body = fn(&Prim) -> Option<&Jaxpr>;

fn inline_where(jaxpr: &Jaxpr, body: Body) -> Jaxpr {
    if !jaxpr.eqns().iter().any(|e| body(&e.prim).is_some()) {
        return jaxpr.clone();
    }
    let (b, ins) = Builder::with_inputs(jaxpr.in_types());
    let outs = inline_into(&b, jaxpr, &ins, body);
    let jaxpr = b.finish(outs);
    debug_check(&jaxpr);
    jaxpr
}

fn inline_into(b: &Builder, jaxpr: &Jaxpr, ins: &[Atom], body: Body) -> Atoms {
    let mut env: Vec<Atom> = Vec::with_capacity(jaxpr.n_vars());
    env.extend_from_slice(ins);
    let outer = b.loc();
    for eqn in jaxpr.eqns() {
        let ins: Atoms = eqn.inputs.iter().map(|&a| a.renamed(&env)).collect();
        b.set_loc(eqn.loc.within(outer));
        match body(&eqn.prim) {
            // Calls nest as deep as the user's functions do, so recursion is safe here.
            Some(inner) => env.extend(inline_into(b, inner, &ins, body)),
            None => {
                env.extend(b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn)));
            }
        }
    }
    b.set_loc(outer);
    jaxpr.outs().iter().map(|&a| a.renamed(&env)).collect()
}
