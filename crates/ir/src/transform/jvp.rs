//! Forward mode: every equation with a tangent is replaced by its primitive's jvp rule.
//!
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a in (b,) }
//! ```
//! becomes, with a tangent for the input,
//! ```text
//! { lambda ; a:f32[] b:f32[]. let
//!     c:f32[] = sin a
//!     d:f32[] = cos a
//!     e:f32[] = mul b d
//!   in (c, e) }
//! ```
//! Inputs are the primals, then the tangents that were asked for; results are the primals, then the
//! tangents of those results that have one. Equations without a tangent are copied, so zeros never
//! become arrays.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::prim::{Tangent, Tangents};

/// What [`jvp`] gives.
#[derive(Clone, Debug)]
pub struct Jvp {
    /// (primals, tangents) → (primal results, tangents of results).
    pub jaxpr: Jaxpr,
    /// Which results have a tangent; the others' are zero.
    pub out_tangents: Vec<bool>,
}

/// The Jacobian–vector product of a jaxpr; `tangents[i]` says whether input i has a tangent.
///
/// # Errors
/// A user's rule fails.
///
/// # Panics
/// If `tangents` has another length than the inputs, or asks for a tangent of an integer.
pub fn jvp(jaxpr: &Jaxpr, tangents: &[bool]) -> Result<Jvp, Error> {
    assert_eq!(tangents.len(), jaxpr.n_ins(), "one flag an input");
    let (b, primals) = Builder::with_inputs(jaxpr.in_types());
    let ts: Vec<Tangent> = jaxpr
        .in_types()
        .iter()
        .zip(tangents)
        .map(|(t, &wanted)| {
            assert!(!wanted || t.is_float(), "a tangent for an input of type {t}");
            wanted.then(|| b.input(t.clone()))
        })
        .collect();
    let (outs, outs_t) = jvp_into(&b, jaxpr, &primals, &ts)?;
    let out_tangents: Vec<bool> = outs_t.iter().map(Option::is_some).collect();
    let jaxpr = b.finish(outs.into_iter().chain(outs_t.into_iter().flatten()));
    debug_check(&jaxpr);
    Ok(Jvp { jaxpr, out_tangents })
}

/// Records the jvp of a jaxpr into a builder.
pub(crate) fn jvp_into(
    b: &Builder,
    jaxpr: &Jaxpr,
    primals: &[Atom],
    tangents: &[Tangent],
) -> Result<(Atoms, Tangents), Error> {
    let mut env: Vec<(Atom, Tangent)> = Vec::with_capacity(jaxpr.n_vars());
    env.extend(primals.iter().copied().zip(tangents.iter().copied()));
    let read = |env: &[(Atom, Tangent)], a: Atom| match a {
        Atom::Var(v) => env[v.index()],
        Atom::Lit(_) => (a, None),
    };
    let outer = b.loc();
    for eqn in jaxpr.eqns() {
        b.set_loc(eqn.loc.within(outer));
        let (ins, ts): (Atoms, Tangents) = eqn.inputs.iter().map(|&a| read(&env, a)).unzip();
        if ts.iter().all(Option::is_none) {
            let outs = b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn));
            env.extend(outs.into_iter().map(|o| (o, None)));
        } else {
            let start = b.n_eqns();
            let (outs, outs_t) = eqn.prim.jvp(b, &ins, &ts)?;
            b.mark_tangents(start, &outs);
            debug_assert_eq!(outs.len(), eqn.n_outs as usize, "jvp of {}", eqn.prim.name());
            env.extend(outs.into_iter().zip(outs_t));
        }
    }
    b.set_loc(outer);
    Ok(jaxpr.outs().iter().map(|&a| read(&env, a)).unzip())
}
