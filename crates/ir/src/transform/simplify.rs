//! Algebraic simplification and folding of constants, exact in floating point.
//!
//! ```text
//! { lambda ; a:f32[3]. let b:f32[3] = mul a 1.0:f32[]; c:f32[3] = neg b; d:f32[3] = neg c in (d,) }
//! { lambda ; a:f32[3]. let  in (a,) }
//! ```
//! Only rewrites that keep every bit (up to which NaN) are here. x·1 is x, and x + −0 is x; x + 0 is
//! not, because −0 + 0 = 0. x·0 and x − x are not 0 for NaN and infinities, and no sum is taken in
//! another order. A division by a power of two is a multiplication, which is as exact and cheaper.
//! `stop_gradient` and `copy` go: this runs when no derivative will be taken any more.
//!
//! One pass from the first equation to the last. The rules see an equation whose operands are
//! simplified already, and the equations that define these; an equation is rewritten until no rule
//! applies. Each rule leads to operands that are defined earlier, or to a primitive for which no rule
//! leads back, so that this ends after a few steps.

mod constants;
mod elementwise;
mod structural;

use crate::builder::Builder;
use crate::check::debug_check;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr, Lit};
use crate::prim::broadcast::BroadcastInDim;
use crate::prim::{Effects, Prim};
use crate::shape::{Axes, Shape};
use crate::types::Type;

/// Simplifies, then removes what became dead.
pub fn simplify(jaxpr: &Jaxpr) -> Jaxpr {
    let (b, mut env) = Builder::with_inputs(jaxpr.in_types());
    let mut s = Simplifier { defs: vec![None; env.len()], b };
    for eqn in jaxpr.eqns() {
        let ins: Atoms = eqn.inputs.iter().map(|&a| a.renamed(&env)).collect();
        s.b.set_loc(eqn.loc);
        env.extend(s.eqn(jaxpr, eqn, ins));
    }
    let outs: Vec<Atom> = jaxpr.outs().iter().map(|&a| a.renamed(&env)).collect();
    let jaxpr = super::dce(&s.b.finish(outs));
    debug_check(&jaxpr);
    jaxpr
}

/// What a rule makes of an equation.
enum Rewrite {
    /// An operand that is equal to the result.
    Same(Atom),
    /// A scalar that is equal to every element of the result.
    Full(Atom),
    /// Another equation with the same result.
    Eqn(Prim, Atoms),
}

impl Rewrite {
    fn eqn(prim: impl Into<Prim>, ins: &[Atom]) -> Rewrite {
        Rewrite::Eqn(prim.into(), Atoms::from_slice(ins))
    }

    /// Every element is this number.
    fn number(ty: &Type, x: f64) -> Rewrite {
        Rewrite::Full(Atom::Lit(Lit::from_f64(ty.dtype(), x)))
    }
}

struct Simplifier {
    b: Builder,
    /// The equation that defines each variable, for patterns over two equations.
    defs: Vec<Option<(Prim, Atoms)>>,
}

impl Simplifier {
    fn eqn(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, ins: Atoms) -> Atoms {
        match jaxpr.eqn_out_types(eqn) {
            [ty] if eqn.prim.effects() == Effects::NONE => {
                Atoms::from_slice(&[self.simplified(eqn.prim.clone(), ins, ty)])
            }
            types => self.push(eqn.prim.clone(), ins, types),
        }
    }

    /// The result of an equation without effects, after all rules.
    fn simplified(&mut self, mut prim: Prim, mut ins: Atoms, ty: &Type) -> Atom {
        loop {
            match self.rewrite(&prim, &ins, ty) {
                None => return self.push(prim, ins, std::slice::from_ref(ty))[0],
                Some(Rewrite::Same(a)) => return a,
                Some(Rewrite::Full(a)) if ty.rank() == 0 => return a,
                Some(Rewrite::Full(a)) => {
                    let shape = Shape::from_slice(ty.shape());
                    prim = BroadcastInDim { shape, broadcast_dimensions: Axes::new() }.into();
                    ins = Atoms::from_slice(&[a]);
                    return self.push(prim, ins, std::slice::from_ref(ty))[0];
                }
                Some(Rewrite::Eqn(p, i)) => (prim, ins) = (p, i),
            }
        }
    }

    fn rewrite(&mut self, prim: &Prim, ins: &[Atom], ty: &Type) -> Option<Rewrite> {
        self.of_constants(prim, ins, ty)
            .or_else(|| self.elementwise(prim, ins, ty))
            .or_else(|| self.structural(prim, ins, ty))
    }

    fn push(&mut self, prim: Prim, ins: Atoms, types: &[Type]) -> Atoms {
        let def = (prim.clone(), ins.clone());
        let outs = self.b.push(prim, ins, types);
        // A variable among several of one equation is met by no pattern.
        self.defs.resize(self.defs.len() + outs.len(), None);
        if let [Atom::Var(v)] = outs[..] {
            self.defs[v.index()] = Some(def);
        }
        outs
    }

    /// The primitive and the operands of the equation that defines a variable.
    fn def(&self, a: Atom) -> Option<(&Prim, &[Atom])> {
        self.defs[a.var()?.index()].as_ref().map(|(prim, ins)| (prim, &ins[..]))
    }

    /// The scalar that all elements are equal to, if the operand is a scalar or repeats one.
    fn scalar(&self, a: Atom) -> Option<Atom> {
        match self.def(a) {
            _ if self.b.ty(a).rank() == 0 => Some(a),
            Some((Prim::BroadcastInDim(_), &[x])) if self.b.ty(x).rank() == 0 => Some(x),
            _ => None,
        }
    }
}
