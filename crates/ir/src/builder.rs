//! Building jaxprs equation by equation.

use crate::error::Error;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr, Var};
use crate::loc::{Loc, Role};
use crate::prim::Prim;
use crate::types::Type;
use smallvec::SmallVec;
use std::cell::RefCell;

/// A jaxpr under construction.
///
/// Methods take `&self`, so that rules read like mathematics: `b.mul(t, b.cos(x))`. Inputs may be
/// added at any time (tracing finds captured arrays late); [`Builder::finish`] renumbers variables
/// so that inputs come first.
#[derive(Debug, Default)]
pub struct Builder(RefCell<State>);

#[derive(Debug, Default)]
struct State {
    types: Vec<Type>,
    ins: Vec<Var>,
    eqns: Vec<Eqn>,
    loc: Loc,
}

impl Builder {
    /// An empty program.
    pub fn new() -> Builder {
        Builder::default()
    }

    /// An empty program with inputs of these types, and the inputs.
    pub fn with_inputs<'a>(types: impl IntoIterator<Item = &'a Type>) -> (Builder, Vec<Atom>) {
        let b = Builder::new();
        let ins = types.into_iter().map(|t| b.input(t.clone())).collect();
        (b, ins)
    }

    /// Adds an input.
    pub fn input(&self, ty: Type) -> Atom {
        let mut s = self.0.borrow_mut();
        let var = Var(s.types.len() as u32);
        s.types.push(ty);
        s.ins.push(var);
        Atom::Var(var)
    }

    /// The number of inputs so far.
    pub fn n_ins(&self) -> usize {
        self.0.borrow().ins.len()
    }

    /// The number of equations so far.
    pub fn n_eqns(&self) -> usize {
        self.0.borrow().eqns.len()
    }

    /// Sets the source line and the role of the equations that follow.
    pub fn set_loc(&self, loc: Loc) {
        self.0.borrow_mut().loc = loc;
    }

    /// The source line and the role of the equations that follow.
    pub fn loc(&self) -> Loc {
        self.0.borrow().loc
    }

    /// The type of an operand.
    pub fn ty(&self, atom: Atom) -> Type {
        match atom {
            Atom::Var(v) => self.0.borrow().types[v.index()].clone(),
            Atom::Lit(l) => Type::scalar(l.dtype()),
        }
    }

    /// Records an equation after checking its operands' types.
    ///
    /// # Errors
    /// The operands do not fit the primitive; the error names it, their types and the rule.
    pub fn bind(&self, prim: impl Into<Prim>, ins: &[Atom]) -> Result<Atoms, Error> {
        let prim = prim.into();
        let in_types: SmallVec<[Type; 4]> = ins.iter().map(|&a| self.ty(a)).collect();
        let outs = prim.check_types(&in_types)?;
        Ok(self.push(prim, ins.iter().copied().collect(), &outs))
    }

    /// Records an equation whose output types are known: the copy of an equation of a checked jaxpr.
    pub fn push(&self, prim: Prim, inputs: Atoms, out_types: &[Type]) -> Atoms {
        let mut s = self.0.borrow_mut();
        let first_out = s.types.len() as u32;
        s.types.extend_from_slice(out_types);
        let loc = s.loc;
        s.eqns.push(Eqn { prim, inputs, first_out, n_outs: out_types.len() as u32, loc });
        (first_out..first_out + out_types.len() as u32).map(|v| Atom::Var(Var(v))).collect()
    }

    /// Records an equation with one output that is well-typed by construction: the form in which
    /// rules are written.
    ///
    /// # Panics
    /// If it is not well-typed, which is a fault of the rule.
    #[track_caller]
    pub fn op(&self, prim: impl Into<Prim>, ins: &[Atom]) -> Atom {
        self.ops(prim, ins)[0]
    }

    /// [`Builder::op`] for primitives with several outputs.
    ///
    /// # Panics
    /// As [`Builder::op`].
    #[track_caller]
    pub fn ops(&self, prim: impl Into<Prim>, ins: &[Atom]) -> Atoms {
        match self.bind(prim, ins) {
            Ok(outs) => outs,
            Err(e) => panic!("a rule built an ill-typed equation: {e}"),
        }
    }

    /// Appends the equations of a jaxpr, with its inputs bound to operands; gives its results.
    pub fn inline(&self, jaxpr: &Jaxpr, args: &[Atom]) -> Atoms {
        debug_assert_eq!(jaxpr.n_ins(), args.len(), "operands of an inlined jaxpr");
        let mut s = self.0.borrow_mut();
        let mut env: Vec<Atom> = Vec::with_capacity(jaxpr.n_vars());
        env.extend_from_slice(args);
        let outer = s.loc;
        for eqn in jaxpr.eqns() {
            let first_out = s.types.len() as u32;
            s.types.extend_from_slice(jaxpr.eqn_out_types(eqn));
            s.eqns.push(Eqn {
                prim: eqn.prim.clone(),
                inputs: eqn.inputs.iter().map(|&a| a.renamed(&env)).collect(),
                first_out,
                n_outs: eqn.n_outs,
                loc: eqn.loc.within(outer),
            });
            env.extend((first_out..first_out + eqn.n_outs).map(|v| Atom::Var(Var(v))));
        }
        jaxpr.outs().iter().map(|&a| a.renamed(&env)).collect()
    }

    /// Makes tangents of the equations from number `start` on, except for those that `primals` need.
    pub(crate) fn mark_tangents(&self, start: usize, primals: &[Atom]) {
        let mut s = self.0.borrow_mut();
        let Some(first) = s.eqns.get(start).map(|eqn| eqn.first_out) else { return };
        let mut needed: SmallVec<[bool; 16]> = SmallVec::new();
        needed.resize(s.types.len() - first as usize, false);
        let need = |needed: &mut [bool], atoms: &[Atom]| {
            for v in atoms.iter().filter_map(|a| a.var()).filter(|v| v.0 >= first) {
                needed[(v.0 - first) as usize] = true;
            }
        };
        need(&mut needed, primals);
        for eqn in s.eqns[start..].iter_mut().rev() {
            match eqn.outs().any(|v| needed[(v.0 - first) as usize]) {
                true => need(&mut needed, &eqn.inputs),
                false => eqn.loc.role = Role::Tangent,
            }
        }
    }

    /// The jaxpr so far with these results; building may go on.
    pub fn snapshot(&self, outs: impl IntoIterator<Item = Atom>) -> Jaxpr {
        let s = self.0.borrow();
        let state = State {
            types: s.types.clone(),
            ins: s.ins.clone(),
            eqns: s.eqns.clone(),
            loc: Loc::NONE,
        };
        Builder(RefCell::new(state)).finish(outs)
    }

    /// The jaxpr with these results.
    pub fn finish(self, outs: impl IntoIterator<Item = Atom>) -> Jaxpr {
        let State { types, ins, mut eqns, .. } = self.0.into_inner();
        let mut outs: Vec<Atom> = outs.into_iter().collect();
        let inputs_first = ins.iter().enumerate().all(|(i, v)| v.index() == i);
        if inputs_first {
            return Jaxpr::from_parts(ins.len(), types, eqns, outs);
        }
        let mut number = vec![u32::MAX; types.len()];
        for (i, v) in ins.iter().enumerate() {
            number[v.index()] = i as u32;
        }
        let others = number.iter_mut().filter(|n| **n == u32::MAX);
        for (n, next) in others.zip(ins.len() as u32..) {
            *n = next;
        }
        let rename = |a: &mut Atom| {
            if let Atom::Var(v) = a {
                v.0 = number[v.index()];
            }
        };
        let mut first_out = ins.len() as u32;
        for eqn in &mut eqns {
            eqn.inputs.iter_mut().for_each(rename);
            // Not by `number`: an equation without results may stand behind the last variable.
            eqn.first_out = first_out;
            first_out += eqn.n_outs;
        }
        outs.iter_mut().for_each(rename);
        let mut renamed = vec![None; types.len()];
        for (t, &n) in types.into_iter().zip(&number) {
            renamed[n as usize] = Some(t);
        }
        Jaxpr::from_parts(ins.len(), renamed.into_iter().flatten().collect(), eqns, outs)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::check;
    use crate::dtype::DType;
    use crate::prim::jit::Jit;

    #[test]
    fn equations_without_results_between_late_inputs() {
        let b = Builder::new();
        let nothing = Jit { name: "f".into(), jaxpr: Builder::new().finish([]) };
        let x = b.sin(b.input(Type::scalar(DType::F32)));
        b.push(nothing.clone().into(), Atoms::new(), &[]);
        let y = b.add(x, b.input(Type::scalar(DType::F32)));
        b.push(nothing.into(), Atoms::new(), &[]);
        let jaxpr = b.finish([y]);
        check::check(&jaxpr).unwrap();
        insta::assert_snapshot!(jaxpr, @r"
        { lambda ; a:f32[] b:f32[]. let
            c:f32[] = sin a
            jit[name=f jaxpr={ lambda ; . let in () }]
            d:f32[] = add c b
            jit[name=f jaxpr={ lambda ; . let in () }]
          in (d,) }
        ");
    }
}
