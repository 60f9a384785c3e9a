//! Partial evaluation: splits a program into what its known inputs determine and the rest.
//!
//! ```text
//! { lambda ; a:f32[] b:f32[]. let
//!     c:f32[] = sin a
//!     d:f32[] = cos a
//!     e:f32[] = mul b d
//!   in (c, e) }
//! ```
//! with `a` known and `b` unknown becomes the known program and the unknown one
//! ```text
//! { lambda ; a:f32[]. let b:f32[] = sin a; c:f32[] = cos a in (b, c) }
//! { lambda ; a:f32[] b:f32[]. let c:f32[] = mul a b in (c,) }
//! ```
//! The known program gives the known results, then the *residuals*: the values that the unknown
//! program needs. The unknown program takes the unknown inputs, then the residuals.

use super::dce::dce_with;
use super::remat::split_checkpoint;
use crate::builder::Builder;
use crate::check::debug_check;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr, Var};
use crate::prim::jit::Jit;
use crate::prim::{Effects, HigherOrder, Prim};
use crate::types::Type;

/// What [`partial_eval`] gives.
#[derive(Clone, Debug)]
pub struct PartialEval {
    /// Known inputs → known results, then residuals.
    pub known: Jaxpr,
    /// Unknown inputs, then residuals → unknown results.
    pub unknown: Jaxpr,
    /// Which results are known.
    pub out_known: Vec<bool>,
    /// The number of residuals.
    pub n_residuals: usize,
}

/// A value during the split: an operand of the known program, or of the unknown one.
#[derive(Clone, Copy)]
enum Half {
    Known(Atom),
    Unknown(Atom),
}

struct Split<'a> {
    jaxpr: &'a Jaxpr,
    known: Builder,
    unknown: Builder,
    env: Vec<Half>,
    /// The residual input of the unknown program for a variable of the known one.
    residual_of: rustc_hash::FxHashMap<Var, Atom>,
    residuals: Vec<Atom>,
}

/// Splits a jaxpr; `known[i]` says whether input i is known.
///
/// # Errors
/// A user's rule fails.
pub fn partial_eval(jaxpr: &Jaxpr, known: &[bool]) -> Result<PartialEval, Error> {
    assert_eq!(known.len(), jaxpr.n_ins(), "one flag an input");
    let mut s = Split {
        jaxpr,
        known: Builder::new(),
        unknown: Builder::new(),
        env: Vec::with_capacity(jaxpr.n_vars()),
        residual_of: Default::default(),
        residuals: Vec::new(),
    };
    for (t, &k) in jaxpr.in_types().iter().zip(known) {
        s.env.push(if k {
            Half::Known(s.known.input(t.clone()))
        } else {
            Half::Unknown(s.unknown.input(t.clone()))
        });
    }
    for eqn in jaxpr.eqns() {
        s.known.set_loc(eqn.loc);
        s.unknown.set_loc(eqn.loc);
        s.eqn(eqn)?;
    }
    let mut out_known = Vec::new();
    let (mut outs_known, mut outs_unknown) = (Vec::new(), Vec::new());
    for &a in jaxpr.outs() {
        let half = s.read(a);
        out_known.push(matches!(half, Half::Known(_)));
        match half {
            Half::Known(a) => outs_known.push(a),
            Half::Unknown(a) => outs_unknown.push(a),
        }
    }
    // A residual that only dead equations of the unknown program read need not be computed.
    let n_unknown_ins = known.iter().filter(|k| !**k).count();
    let unknown = s.unknown.finish(outs_unknown);
    let mut keep = vec![false; unknown.n_ins()];
    keep[..n_unknown_ins].fill(true);
    let pruned = dce_with(&unknown, &vec![true; unknown.outs().len()], &keep);
    let used = &pruned.used_ins[n_unknown_ins..];
    let n_known_outs = outs_known.len();
    outs_known.extend(s.residuals.into_iter().zip(used).filter(|(_, u)| **u).map(|(a, _)| a));
    let n_residuals = outs_known.len() - n_known_outs;
    let known = super::dce(&s.known.finish(outs_known));
    debug_check(&known);
    debug_check(&pruned.jaxpr);
    Ok(PartialEval { known, unknown: pruned.jaxpr, out_known, n_residuals })
}

impl Split<'_> {
    fn read(&self, a: Atom) -> Half {
        match a {
            Atom::Var(v) => self.env[v.index()],
            Atom::Lit(_) => Half::Known(a),
        }
    }

    /// The operand in the unknown program, made a residual if it is known.
    fn in_unknown(&mut self, half: Half) -> Atom {
        match half {
            Half::Unknown(a) => a,
            Half::Known(lit @ Atom::Lit(_)) => lit,
            Half::Known(a @ Atom::Var(v)) => *self.residual_of.entry(v).or_insert_with(|| {
                self.residuals.push(a);
                self.unknown.input(self.known.ty(a))
            }),
        }
    }

    fn eqn(&mut self, eqn: &Eqn) -> Result<(), Error> {
        let ins: Vec<Half> = eqn.inputs.iter().map(|&a| self.read(a)).collect();
        let types = self.jaxpr.eqn_out_types(eqn);
        let mask: Vec<bool> = ins.iter().map(|h| matches!(h, Half::Known(_))).collect();
        if mask.iter().all(|k| *k) {
            let outs = self.known.push(eqn.prim.clone(), known_atoms(&ins), types);
            self.env.extend(outs.into_iter().map(Half::Known));
            return Ok(());
        }
        match eqn.prim.higher_order() {
            None => {
                let ins: Atoms = ins.iter().map(|&h| self.in_unknown(h)).collect();
                let outs = self.unknown.push(eqn.prim.clone(), ins, types);
                self.env.extend(outs.into_iter().map(Half::Unknown));
            }
            Some(HigherOrder::Jit(call)) => {
                let parts = partial_eval(&call.jaxpr, &mask)?;
                let wrap = |jaxpr, _| Prim::from(Jit { name: call.name.clone(), jaxpr });
                self.call(&ins, parts, &[], wrap);
            }
            Some(HigherOrder::Checkpoint(call)) => {
                let split = split_checkpoint(call, &mask);
                let wrap = |jaxpr, unknown| call.with_jaxpr(jaxpr, unknown).into();
                self.call(&ins, split.parts, &split.known_inputs, wrap);
            }
        }
        Ok(())
    }

    /// Records the two halves of a call. The unknown half takes the unknown operands, the residuals,
    /// and then those known operands (by position among the known ones) that `extra` lists.
    fn call(
        &mut self,
        ins: &[Half],
        parts: PartialEval,
        extra: &[usize],
        wrap: impl Fn(Jaxpr, bool) -> Prim,
    ) {
        let known: Vec<Half> =
            ins.iter().filter(|h| matches!(h, Half::Known(_))).copied().collect();
        let mut unknown_ins: Atoms = ins
            .iter()
            .filter_map(|h| match h {
                Half::Unknown(a) => Some(*a),
                Half::Known(_) => None,
            })
            .collect();
        let types: Vec<Type> = parts.known.out_types();
        let mut known_outs = Atoms::new();
        if !types.is_empty() || parts.known.effects() != Effects::NONE {
            known_outs = self.known.push(wrap(parts.known, false), known_atoms(&known), &types);
        }
        let residuals = known_outs[known_outs.len() - parts.n_residuals..].to_vec();
        for half in residuals.into_iter().map(Half::Known).chain(extra.iter().map(|&i| known[i])) {
            let a = self.in_unknown(half);
            unknown_ins.push(a);
        }
        let types = parts.unknown.out_types();
        let unknown_outs = self.unknown.push(wrap(parts.unknown, true), unknown_ins, &types);
        let (mut k, mut u) = (known_outs.into_iter(), unknown_outs.into_iter());
        for known in parts.out_known {
            self.env.push(if known {
                Half::Known(k.next().expect("as many known results as flags"))
            } else {
                Half::Unknown(u.next().expect("as many unknown results as flags"))
            });
        }
    }
}

fn known_atoms(ins: &[Half]) -> Atoms {
    ins.iter()
        .map(|h| match h {
            Half::Known(a) | Half::Unknown(a) => *a,
        })
        .collect()
}
