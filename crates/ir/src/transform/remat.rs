//! Partial evaluation of `checkpoint`: recompute instead of saving.
//!
//! Where a plain call would hand over every residual, a checkpoint hands over its known inputs and
//! only those intermediate values that its policy saves; the unknown half computes the others again.
//! That recomputation stays inside its own equation, and is never inlined before common
//! subexpressions are merged, which would undo it.

use super::dce::dce_with;
use super::partial_eval::PartialEval;
use super::silence::silent;
use crate::builder::Builder;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr};
use crate::prim::checkpoint::Checkpoint;
use crate::prim::identity::Identity;
use crate::prim::{Effects, Prim};

pub(crate) struct SplitCheckpoint {
    /// The two halves. The unknown half takes the unknown inputs, the saved values, and then those
    /// known inputs that `known_inputs` lists.
    pub(crate) parts: PartialEval,
    /// Positions, among the known inputs, of those that the recomputation reads.
    pub(crate) known_inputs: Vec<usize>,
}

/// Replaces each checkpoint in a body of which only a part is known by its two halves, so that every
/// equation is known or unknown as a whole.
fn split_nested(jaxpr: &Jaxpr, known: &[bool]) -> Jaxpr {
    if !jaxpr.eqns().iter().any(|e| matches!(e.prim, Prim::Checkpoint(_))) {
        return jaxpr.clone();
    }
    let (b, ins) = Builder::with_inputs(jaxpr.in_types());
    let mut env: Vec<(Atom, bool)> = Vec::with_capacity(jaxpr.n_vars());
    env.extend(ins.into_iter().zip(known.iter().copied()));
    let read = |env: &[(Atom, bool)], a: Atom| match a {
        Atom::Var(v) => env[v.index()],
        Atom::Lit(_) => (a, true),
    };
    for eqn in jaxpr.eqns() {
        b.set_loc(eqn.loc);
        let (ins, known): (Atoms, Vec<bool>) = eqn.inputs.iter().map(|&a| read(&env, a)).unzip();
        let all = known.iter().all(|k| *k);
        match &eqn.prim {
            Prim::Checkpoint(call) if !all && known.contains(&true) => {
                let SplitCheckpoint { parts, known_inputs } = split_checkpoint(call, &known);
                let of = |wanted: bool| {
                    let marked = ins.iter().zip(&known).filter(move |(_, k)| **k == wanted);
                    marked.map(|(&a, _)| a).collect::<Atoms>()
                };
                let (known_ins, mut unknown_ins) = (of(true), of(false));
                let types = parts.known.out_types();
                let dead = types.is_empty() && parts.known.effects() == Effects::NONE;
                let mut known_outs = match dead {
                    true => Atoms::new(),
                    false => {
                        let half = call.with_jaxpr(parts.known, false);
                        b.push(half.into(), known_ins.clone(), &types)
                    }
                };
                unknown_ins.extend(known_outs.drain(types.len() - parts.n_residuals..));
                unknown_ins.extend(known_inputs.into_iter().map(|i| known_ins[i]));
                let types = parts.unknown.out_types();
                let half = call.with_jaxpr(parts.unknown, true);
                let unknown_outs = b.push(half.into(), unknown_ins, &types);
                let (mut k, mut u) = (known_outs.into_iter(), unknown_outs.into_iter());
                env.extend(parts.out_known.into_iter().map(|known| {
                    let half = if known { k.next() } else { u.next() };
                    (half.expect("as many results as flags"), known)
                }));
            }
            prim => {
                let outs = b.push(prim.clone(), ins, jaxpr.eqn_out_types(eqn));
                env.extend(outs.into_iter().map(|o| (o, all)));
            }
        }
    }
    b.finish(jaxpr.outs().iter().map(|&a| read(&env, a).0).collect::<Vec<_>>())
}

pub(crate) fn split_checkpoint(call: &Checkpoint, known: &[bool]) -> SplitCheckpoint {
    let jaxpr = &split_nested(&super::inline(&call.jaxpr), known);
    // Which variables the known inputs determine.
    let mut is_known: Vec<bool> = Vec::with_capacity(jaxpr.n_vars());
    is_known.extend_from_slice(known);
    let atom_known = |is_known: &[bool], a: Atom| a.var().is_none_or(|v| is_known[v.index()]);
    let mut saved = Vec::new();
    for eqn in jaxpr.eqns() {
        let k = eqn.inputs.iter().all(|&a| atom_known(&is_known, a));
        is_known.extend((0..eqn.n_outs).map(|_| k));
        if k && call.policy.saves(&eqn.prim) {
            saved.extend(eqn.outs());
        }
    }
    let out_known: Vec<bool> = jaxpr.outs().iter().map(|&a| atom_known(&is_known, a)).collect();

    // The unknown half: everything again, except that saved values are inputs. The recomputation
    // repeats no effects: those happened in the known half.
    let b = Builder::new();
    let mut env: Vec<Option<Atom>> = vec![None; jaxpr.n_vars()];
    let inputs = |wanted: bool| jaxpr.ins().zip(known).filter(move |(_, k)| **k == wanted);
    let unknown_ins = inputs(false).map(|(v, _)| v);
    let known_ins = inputs(true).map(|(v, _)| v);
    for v in unknown_ins.chain(saved.iter().copied()).chain(known_ins) {
        env[v.index()] = Some(b.input(jaxpr.ty(v.into())));
    }
    let read = |env: &[Option<Atom>], a: Atom| match a {
        Atom::Var(v) => env[v.index()].expect("defined before use"),
        Atom::Lit(_) => a,
    };
    for eqn in jaxpr.eqns() {
        let mut outs = eqn.outs();
        let done = eqn.n_outs > 0 && outs.all(|v| env[v.index()].is_some());
        let known = eqn.inputs.iter().all(|&a| atom_known(&is_known, a));
        if done || (known && eqn.n_outs == 0 && eqn.prim.effects() != Effects::NONE) {
            continue;
        }
        b.set_loc(eqn.loc);
        let ins: Atoms = eqn.inputs.iter().map(|&a| read(&env, a)).collect();
        let prim = if known { silent(&eqn.prim) } else { Some(eqn.prim.clone()) };
        let outs = match prim {
            Some(prim) => b.push(prim, ins, jaxpr.eqn_out_types(eqn)),
            None => ins,
        };
        for (v, o) in eqn.outs().zip(outs) {
            env[v.index()].get_or_insert(o);
        }
    }
    let wanted = jaxpr.outs().iter().zip(&out_known).filter(|(_, k)| !**k);
    let outs: Vec<Atom> = wanted.map(|(&a, _)| read(&env, a)).collect();
    let unknown = b.finish(outs);
    let n_unknown = known.iter().filter(|k| !**k).count();
    let mut keep = vec![false; unknown.n_ins()];
    keep[..n_unknown].fill(true);
    let pruned = dce_with(&unknown, &vec![true; unknown.outs().len()], &keep);
    let (used_saved, used_known) = pruned.used_ins[n_unknown..].split_at(saved.len());
    let saved: Vec<Atom> =
        saved.iter().zip(used_saved).filter(|(_, u)| **u).map(|(&v, _)| v.into()).collect();
    let known_inputs = used_known.iter().enumerate().filter(|(_, u)| **u).map(|(i, _)| i).collect();

    // The known half: known results, then saved values.
    let n_residuals = saved.len();
    let known_outs = jaxpr.outs().iter().zip(&out_known).filter(|(_, k)| **k).map(|(&a, _)| a);
    let outs: Vec<Atom> = known_outs.chain(saved).collect();
    // What is unknown is dead here; a tap of it must not keep it alive.
    let eqns = jaxpr.eqns().iter().map(|eqn| match &eqn.prim {
        Prim::Tap(_) if !is_known[eqn.first_out as usize] => {
            Eqn { prim: Identity::Copy.into(), ..eqn.clone() }
        }
        _ => eqn.clone(),
    });
    let full = Jaxpr::from_parts(jaxpr.n_ins(), jaxpr.types().to_vec(), eqns.collect(), outs);
    let known_half = dce_with(&full, &vec![true; full.outs().len()], known).jaxpr;
    SplitCheckpoint {
        parts: PartialEval { known: known_half, unknown: pruned.jaxpr, out_known, n_residuals },
        known_inputs,
    }
}
