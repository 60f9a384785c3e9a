//! Common subexpression elimination: equal equations are computed once.
//!
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = sin a; d:f32[] = mul b c in (d,) }
//! { lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = mul b b in (c,) }
//! ```
//! Equations with effects are never merged.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::prim::{Effects, Prim};
use rustc_hash::FxHashMap;

/// Merges equal equations.
// The mutable part of a primitive is the remembered hash of a sub-jaxpr, and the trace of a rule that
// compares by identity: neither changes equality or hash.
#[allow(clippy::mutable_key_type)]
pub fn cse(jaxpr: &Jaxpr) -> Jaxpr {
    let (b, ins) = Builder::with_inputs(jaxpr.in_types());
    let mut env: Vec<Atom> = Vec::with_capacity(jaxpr.n_vars());
    env.extend_from_slice(&ins);
    let mut seen: FxHashMap<(Prim, Atoms), Atoms> = FxHashMap::default();
    for eqn in jaxpr.eqns() {
        let ins: Atoms = eqn.inputs.iter().map(|&a| a.renamed(&env)).collect();
        b.set_loc(eqn.loc);
        if eqn.prim.effects() != Effects::NONE {
            env.extend(b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn)));
            continue;
        }
        let outs = seen.entry((eqn.prim.clone(), ins)).or_insert_with_key(|(prim, ins)| {
            b.push(prim.clone(), ins.clone(), jaxpr.eqn_out_types(eqn))
        });
        env.extend(outs.iter().copied());
    }
    let jaxpr = b.finish(jaxpr.outs().iter().map(|&a| a.renamed(&env)).collect::<Vec<_>>());
    debug_check(&jaxpr);
    jaxpr
}
