//! Equations that only rearrange: views, made arrays where something else than a kernel reads them.

use super::{Node, Place, Planner};
use crate::fused::view::View;
use pullback_ir::prim::Prim;
use pullback_ir::prim::iota::Iota;
use pullback_ir::shape::numel;
use pullback_ir::{Atom, Eqn, Type, Value, Var};
use smallvec::SmallVec;

/// Counting vectors up to this length are kept with the program.
const LONGEST_IOTA: usize = 1 << 16;

impl Planner<'_> {
    /// Equations that only rearrange.
    pub(super) fn arranges(&mut self, i: usize, eqn: &Eqn) -> bool {
        if eqn.n_outs != 1 {
            return false;
        }
        let out = Var(eqn.first_out);
        let Type::Array { shape, .. } = &self.jaxpr.types()[out.index()] else { return false };
        if numel(shape) == 0 {
            return false;
        }
        let view = match &eqn.prim {
            Prim::Iota(p) if p.shape[p.dimension] <= LONGEST_IOTA => Some(self.counted(p)),
            Prim::BroadcastInDim(_) | Prim::Reshape(_) | Prim::Transpose(_) | Prim::Slice(_) => {
                self.view(eqn.inputs[0]).through(&eqn.prim, shape)
            }
            _ => None,
        };
        let Some(view) = view else { return false };
        self.places[out.index()] = Place::View(Box::new(view));
        self.made_by.insert(out, i);
        true
    }

    fn counted(&mut self, p: &Iota) -> View {
        let n = p.shape[p.dimension];
        let next = self.jaxpr.n_vars() + self.constants.len();
        let base = *self.iotas.entry((p.dtype, n)).or_insert_with(|| {
            let numbers: Vec<f64> = (0..n).map(|k| k as f64).collect();
            self.constants.push(Value::from_f64s(p.dtype, [n].as_slice(), &numbers));
            Var(next as u32)
        });
        let mut view = View::of(Atom::Var(base), &p.shape);
        for (d, step) in view.steps.iter_mut().enumerate() {
            *step = isize::from(d == p.dimension);
        }
        view
    }

    /// Makes sure that a variable is an array before what comes next.
    pub(super) fn array(&mut self, v: Var) {
        let mut chain: SmallVec<[(Var, usize); 4]> = SmallVec::new();
        let mut at = v;
        while let Some(&i) = self.made_by.get(&at) {
            chain.push((at, i));
            match self.jaxpr.eqns()[i].inputs.first().and_then(|a| a.var()) {
                Some(operand) => at = operand,
                None => break,
            }
        }
        if !self.made_by.contains_key(&at)
            && let Some((g, _)) = self.giver(&View::of(Atom::Var(at), &[]))
        {
            self.close(g);
        }
        for (v, i) in chain.into_iter().rev() {
            self.made_by.remove(&v);
            self.places[v.index()] = Place::Array;
            self.nodes.push(Node::One(i));
        }
    }
}
