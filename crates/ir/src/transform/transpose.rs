//! Transposition: turns a linear program around.
//!
//! ```text
//! { lambda ; a:f32[] b:f32[]. let c:f32[] = mul a b in (c,) }
//! ```
//! linear in `a`, becomes
//! ```text
//! { lambda ; a:f32[] b:f32[]. let c:f32[] = mul b a in (c,) }
//! ```
//! which takes `b` and the cotangent of `c` and gives the cotangent of `a`. Equations that do not
//! depend on the linear inputs are computed first, then the others are walked backwards; cotangents
//! of a variable that is read several times add up.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::loc::{Loc, Role};
use crate::prim::{Operand, Tangent};

/// What [`transpose_used`] gives.
#[derive(Clone, Debug)]
pub struct Transposed {
    /// Known inputs, then cotangents of the results asked for → cotangents that are not zero.
    pub jaxpr: Jaxpr,
    /// For each linear input, whether its cotangent is among the results; otherwise it is zero.
    pub nonzero: Vec<bool>,
}

/// Transposes a jaxpr that is linear in the inputs that `linear` marks: known inputs, then
/// cotangents of all results → cotangents of the linear inputs.
///
/// # Errors
/// The program is not linear in those inputs; the error names the primitive.
pub fn transpose(jaxpr: &Jaxpr, linear: &[bool]) -> Result<Jaxpr, Error> {
    let (b, cts) = build(jaxpr, linear, &vec![true; jaxpr.outs().len()])?;
    let types = jaxpr.in_types().iter().zip(linear).filter(|(_, l)| **l).map(|(t, _)| t);
    let outs: Vec<Atom> = cts.iter().zip(types).map(|(&ct, t)| b.instantiate_as(ct, t)).collect();
    let jaxpr = super::dce(&b.finish(outs));
    debug_check(&jaxpr);
    Ok(jaxpr)
}

/// As [`transpose`], with symbolic zeros: only results in `cotangents` have one, and only cotangents
/// that are not zero are results.
///
/// # Errors
/// As [`transpose`].
pub fn transpose_used(
    jaxpr: &Jaxpr,
    linear: &[bool],
    cotangents: &[bool],
) -> Result<Transposed, Error> {
    let (b, cts) = build(jaxpr, linear, cotangents)?;
    let nonzero = cts.iter().map(Option::is_some).collect();
    let jaxpr = super::dce(&b.finish(cts.into_iter().flatten()));
    debug_check(&jaxpr);
    Ok(Transposed { jaxpr, nonzero })
}

fn build(
    jaxpr: &Jaxpr,
    linear: &[bool],
    cotangents: &[bool],
) -> Result<(Builder, Vec<Tangent>), Error> {
    assert_eq!(linear.len(), jaxpr.n_ins(), "one flag an input");
    let b = Builder::new();
    // What is known of each variable; linear variables are `None`.
    let mut env: Vec<Option<Atom>> = Vec::with_capacity(jaxpr.n_vars());
    for (t, &l) in jaxpr.in_types().iter().zip(linear) {
        env.push((!l).then(|| b.input(t.clone())));
    }
    let read = |env: &[Option<Atom>], a: Atom| match a {
        Atom::Var(v) => env[v.index()],
        Atom::Lit(_) => Some(a),
    };
    for eqn in jaxpr.eqns() {
        let ins: Option<Atoms> = eqn.inputs.iter().map(|&a| read(&env, a)).collect();
        match ins {
            Some(ins) => {
                b.set_loc(eqn.loc);
                let outs = b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn));
                env.extend(outs.into_iter().map(Some));
            }
            None => env.extend((0..eqn.n_outs).map(|_| None)),
        }
    }
    let mut cts: Vec<Tangent> = vec![None; jaxpr.n_vars()];
    b.set_loc(Loc::NONE);
    for (&out, _) in jaxpr.outs().iter().zip(cotangents).filter(|(_, c)| **c) {
        let ct = b.input(jaxpr.ty(out));
        if let Atom::Var(v) = out
            && env[v.index()].is_none()
        {
            cts[v.index()] = b.add_tangents(cts[v.index()], Some(ct));
        }
    }
    for eqn in jaxpr.eqns().iter().rev() {
        let outs = eqn.first_out as usize..(eqn.first_out + eqn.n_outs) as usize;
        if outs.is_empty()
            || env[outs.start].is_some()
            || cts[outs.clone()].iter().all(Option::is_none)
        {
            continue;
        }
        b.set_loc(eqn.loc.with_role(Role::Cotangent));
        let operands: Vec<Operand> = eqn
            .inputs
            .iter()
            .map(|&a| match read(&env, a) {
                Some(known) => Operand::Known(known),
                None => Operand::Linear(jaxpr.ty(a)),
            })
            .collect();
        let in_cts = eqn.prim.transpose(&b, &cts[outs], &operands)?;
        debug_assert_eq!(in_cts.len(), operands.len(), "transpose of {}", eqn.prim.name());
        for ((&a, operand), ct) in eqn.inputs.iter().zip(&operands).zip(in_cts) {
            if let (Atom::Var(v), true, Some(ct)) = (a, operand.is_linear(), ct) {
                debug_assert_eq!(
                    b.ty(ct),
                    operand.ty(&b),
                    "cotangent of an operand of {}",
                    eqn.prim.name()
                );
                cts[v.index()] = b.add_tangents(cts[v.index()], Some(ct));
            }
        }
    }
    b.set_loc(Loc::NONE);
    let wanted = jaxpr.ins().zip(linear).filter(|(_, l)| **l);
    let cts = wanted.map(|(v, _)| cts[v.index()]).collect();
    Ok((b, cts))
}
