//! Dead code elimination: keeps the equations that results or effects need.
//!
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = cos a in (c,) }
//! { lambda ; a:f32[]. let b:f32[] = cos a in (b,) }
//! ```
//! A call is pruned inside: results that nobody reads and operands that are no longer needed go.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr};
use crate::prim::jit::Jit;
use crate::prim::{Effects, HigherOrder, Prim};
use crate::types::Type;

/// What [`dce_with`] gives.
#[derive(Clone, Debug)]
pub struct Dce {
    /// The pruned program, without the inputs that are not used.
    pub jaxpr: Jaxpr,
    /// Which inputs are left.
    pub used_ins: Vec<bool>,
}

/// Removes dead equations; inputs and results stay.
pub fn dce(jaxpr: &Jaxpr) -> Jaxpr {
    dce_with(jaxpr, &vec![true; jaxpr.outs().len()], &vec![true; jaxpr.n_ins()]).jaxpr
}

/// Keeps only the results in `used_outs` and what they need, and the inputs that are needed or in
/// `keep_ins`.
pub fn dce_with(jaxpr: &Jaxpr, used_outs: &[bool], keep_ins: &[bool]) -> Dce {
    let mut live = vec![false; jaxpr.n_vars()];
    let mark = |live: &mut Vec<bool>, a: Atom| {
        if let Atom::Var(v) = a {
            live[v.index()] = true;
        }
    };
    for (&a, _) in jaxpr.outs().iter().zip(used_outs).filter(|(_, used)| **used) {
        mark(&mut live, a);
    }
    // Backwards: what to keep of each equation.
    let mut kept: Vec<Option<Kept>> = Vec::with_capacity(jaxpr.eqns().len());
    for eqn in jaxpr.eqns().iter().rev() {
        let first = eqn.first_out as usize;
        let keep = Kept::of(eqn, &live[first..first + eqn.n_outs as usize]);
        if let Some(k) = &keep {
            for (i, &a) in eqn.inputs.iter().enumerate() {
                if k.call.as_ref().is_none_or(|c| c.used_ins[i]) {
                    mark(&mut live, a);
                }
            }
        }
        kept.push(keep);
    }
    kept.reverse();

    let used_ins: Vec<bool> =
        jaxpr.ins().zip(keep_ins).map(|(v, &k)| k || live[v.index()]).collect();
    let b = Builder::new();
    let mut env: Vec<Option<Atom>> = Vec::with_capacity(jaxpr.n_vars());
    for (t, &used) in jaxpr.in_types().iter().zip(&used_ins) {
        env.push(used.then(|| b.input(t.clone())));
    }
    let read = |env: &[Option<Atom>], a: Atom| match a {
        Atom::Var(v) => env[v.index()].expect("a live variable is defined"),
        Atom::Lit(_) => a,
    };
    for (eqn, keep) in jaxpr.eqns().iter().zip(kept) {
        let Some(keep) = keep else {
            env.extend((0..eqn.n_outs).map(|_| None));
            continue;
        };
        b.set_loc(eqn.loc);
        match keep.call {
            None => {
                let ins: Atoms = eqn.inputs.iter().map(|&a| read(&env, a)).collect();
                let outs = b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn));
                env.extend(outs.into_iter().map(Some));
            }
            Some(call) => {
                let operands = eqn.inputs.iter().zip(&call.used_ins).filter(|(_, u)| **u);
                let ins: Atoms = operands.map(|(&a, _)| read(&env, a)).collect();
                let results = eqn.outs().zip(&call.used_outs).filter(|(_, u)| **u);
                let types: Vec<Type> = results.map(|(v, _)| jaxpr.ty(v.into())).collect();
                let mut outs = b.push(call.prim, ins, &types).into_iter();
                for &u in &call.used_outs {
                    env.push(if u { outs.next() } else { None });
                }
            }
        }
    }
    let results = jaxpr.outs().iter().zip(used_outs).filter(|(_, u)| **u);
    let outs: Vec<Atom> = results.map(|(&a, _)| read(&env, a)).collect();
    let jaxpr = b.finish(outs);
    debug_check(&jaxpr);
    Dce { jaxpr, used_ins }
}

/// What is kept of a live equation: all of it, or a smaller call.
struct Kept {
    call: Option<PrunedCall>,
}

struct PrunedCall {
    prim: Prim,
    used_ins: Vec<bool>,
    used_outs: Vec<bool>,
}

impl Kept {
    fn of(eqn: &Eqn, used: &[bool]) -> Option<Kept> {
        if !used.iter().any(|u| *u) && eqn.prim.effects() == Effects::NONE {
            return None;
        }
        let prune = |inner: &Jaxpr, wrap: &dyn Fn(Jaxpr) -> Prim| {
            let pruned = dce_with(inner, used, &vec![false; inner.n_ins()]);
            PrunedCall {
                prim: wrap(pruned.jaxpr),
                used_ins: pruned.used_ins,
                used_outs: used.to_vec(),
            }
        };
        let call = match eqn.prim.higher_order() {
            None => None,
            Some(HigherOrder::Jit(c)) => {
                Some(prune(&c.jaxpr, &|jaxpr| Jit { name: c.name.clone(), jaxpr }.into()))
            }
            Some(HigherOrder::Checkpoint(c)) => {
                Some(prune(&c.jaxpr, &|jaxpr| c.with_jaxpr(jaxpr, c.differentiated).into()))
            }
        };
        Some(Kept { call })
    }
}
