//! Algebraic simplification and folding of scalar constants, exact in floating point.
//!
//! ```text
//! { lambda ; a:f32[3]. let b:f32[3] = mul a 1.0:f32[]; c:f32[3] = neg b; d:f32[3] = neg c in (d,) }
//! { lambda ; a:f32[3]. let  in (a,) }
//! ```
//! Only rewrites that keep every bit (up to which NaN) are here: x·1, x/1, x−0, −(−x), convert to the
//! own dtype, identities on shapes, chains of reshapes and transposes. x+0 is not, because −0+0 = 0;
//! x·0 is not, because of NaN and infinities. `stop_gradient` and `copy` go: this runs when no
//! derivative will be taken any more.

use crate::builder::Builder;
use crate::check::debug_check;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr, Lit};
use crate::prim::binary::Binary;
use crate::prim::convert::Convert;
use crate::prim::permute::Transpose;
use crate::prim::reshape::Reshape;
use crate::prim::unary::Unary;
use crate::prim::{Effects, Prim};
use crate::shape::Axes;

/// Simplifies, then removes what became dead.
pub fn simplify(jaxpr: &Jaxpr) -> Jaxpr {
    let (b, mut env) = Builder::with_inputs(jaxpr.in_types());
    let mut s = Simplifier { defs: vec![None; env.len()], b };
    let read = |env: &[Atom], a: Atom| match a {
        Atom::Var(v) => env[v.index()],
        Atom::Lit(_) => a,
    };
    for eqn in jaxpr.eqns() {
        let ins: Atoms = eqn.inputs.iter().map(|&a| read(&env, a)).collect();
        s.b.set_loc(eqn.loc);
        env.extend(s.eqn(jaxpr, eqn, ins));
    }
    let outs: Vec<Atom> = jaxpr.outs().iter().map(|&a| read(&env, a)).collect();
    let jaxpr = super::dce(&s.b.finish(outs));
    debug_check(&jaxpr);
    jaxpr
}

struct Simplifier {
    b: Builder,
    /// The defining primitive and first operand of each variable, for patterns over two equations.
    defs: Vec<Option<(Prim, Atom)>>,
}

impl Simplifier {
    fn eqn(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, ins: Atoms) -> Atoms {
        if eqn.prim.effects() == Effects::NONE && eqn.n_outs == 1 {
            if let Some(same) = self.same_as(&eqn.prim, &ins) {
                return Atoms::from_slice(&[same]);
            }
            if let Some(lit) = fold(jaxpr, eqn, &ins) {
                return Atoms::from_slice(&[Atom::Lit(lit)]);
            }
            if let Some((prim, x)) = self.fused(&eqn.prim, &ins) {
                let ins = Atoms::from_slice(&[x]);
                return match self.same_as(&prim, &ins) {
                    Some(same) => Atoms::from_slice(&[same]),
                    None => self.push(jaxpr, eqn, prim, ins),
                };
            }
        }
        self.push(jaxpr, eqn, eqn.prim.clone(), ins)
    }

    fn push(&mut self, jaxpr: &Jaxpr, eqn: &Eqn, prim: Prim, ins: Atoms) -> Atoms {
        let def = ins.first().map(|&a| (prim.clone(), a));
        let outs = self.b.push(prim, ins, jaxpr.eqn_out_types(eqn));
        self.defs.resize(self.defs.len() + outs.len(), def);
        outs
    }

    fn def(&self, a: Atom) -> Option<&(Prim, Atom)> {
        self.defs[a.var()?.index()].as_ref()
    }

    /// The operand that the equation's result equals, if there is one.
    fn same_as(&self, prim: &Prim, ins: &[Atom]) -> Option<Atom> {
        let x = *ins.first()?;
        let is = |a: Atom, v: f64| a.lit().is_some_and(|l| l.is(v));
        match prim {
            Prim::Binary(op) => {
                let y = ins[1];
                // Literals are scalars, so the other operand has the shape of the result.
                match op {
                    Binary::Mul | Binary::Div if is(y, 1.0) => Some(x),
                    Binary::Mul if is(x, 1.0) => Some(y),
                    Binary::Sub if is(y, 0.0) => Some(x),
                    Binary::Add if self.is_int(x) && is(y, 0.0) => Some(x),
                    Binary::Add if self.is_int(x) && is(x, 0.0) => Some(y),
                    _ => None,
                }
            }
            Prim::Unary(Unary::Neg) => match self.def(x)? {
                (Prim::Unary(Unary::Neg), y) => Some(*y),
                _ => None,
            },
            Prim::Convert(Convert::ElementType { new_dtype }) => {
                (self.b.ty(x).dtype() == *new_dtype).then_some(x)
            }
            Prim::Identity(_) => Some(x),
            Prim::Reshape(r) => {
                let same = match r {
                    Reshape::Reshape { new_sizes } => new_sizes.as_slice() == self.b.ty(x).shape(),
                    Reshape::Squeeze { dimensions } | Reshape::ExpandDims { dimensions } => {
                        dimensions.is_empty()
                    }
                };
                same.then_some(x)
            }
            Prim::Transpose(t) => {
                t.permutation.iter().enumerate().all(|(i, &p)| i == p).then_some(x)
            }
            Prim::BroadcastInDim(p) => (p.shape.as_slice() == self.b.ty(x).shape()).then_some(x),
            Prim::Reduce(r) => r.axes.is_empty().then_some(x),
            _ => None,
        }
    }

    fn is_int(&self, x: Atom) -> bool {
        self.b.ty(x).dtype().is_int()
    }

    /// Two equations in one: chains of transposes, of reshapes.
    fn fused(&self, prim: &Prim, ins: &[Atom]) -> Option<(Prim, Atom)> {
        let (inner, x) = self.def(*ins.first()?)?;
        match (prim, inner) {
            (Prim::Transpose(outer), Prim::Transpose(inner)) => {
                let permutation: Axes =
                    outer.permutation.iter().map(|&p| inner.permutation[p]).collect();
                Some((Transpose { permutation }.into(), *x))
            }
            (Prim::Reshape(Reshape::Reshape { new_sizes }), Prim::Reshape(_)) => {
                Some((Reshape::Reshape { new_sizes: new_sizes.clone() }.into(), *x))
            }
            _ => None,
        }
    }
}

/// The literal that a scalar equation over literals computes.
fn fold(jaxpr: &Jaxpr, eqn: &Eqn, ins: &[Atom]) -> Option<Lit> {
    let foldable = matches!(
        eqn.prim,
        Prim::Unary(_)
            | Prim::Binary(_)
            | Prim::Compare(_)
            | Prim::Convert(_)
            | Prim::SelectN(_)
            | Prim::Clamp(_)
            | Prim::IntegerPow(_)
    );
    let [out] = jaxpr.eqn_out_types(eqn) else { return None };
    if !foldable || ins.is_empty() || out.rank() != 0 {
        return None;
    }
    let args: Option<Vec<_>> = ins.iter().map(|a| a.lit().map(Lit::value)).collect();
    let outs = eqn.prim.eval(&args?).ok()?;
    Some(Lit::of_value(&outs[0]))
}
