//! Folds into products what stands around them.
//!
//! ```text
//! { lambda ; a:f32[8,3] b:f32[8,5]. let
//!     c:f32[3,8] = transpose[permutation=(1, 0)] a
//!     d:f32[3,5] = dot_general[dimension_numbers=(([1], [0]), ([], []))] c b
//!     e:f32[5,3] = transpose[permutation=(1, 0)] d
//!   in (e,) }
//! { lambda ; a:f32[8,3] b:f32[8,5]. let
//!     c:f32[5,3] = dot_general[dimension_numbers=(([0], [0]), ([], []))] b a
//!   in (c,) }
//! ```
//! - Transposes and broadcasts of operands, and axes of size 1, become dimension numbers.
//! - A transpose of a product that nothing else reads becomes an exchange of its operands, or where that
//!   is not enough a transpose that moves longer parts.
//! - A product of which nothing is summed, as an outer one is, becomes an elementwise multiplication,
//!   which engines compute together with what is around it.
//! - The sum of a product of arrays, which nothing else reads, becomes a `dot_general`, if it is one of
//!   matrices or vectors. With `a:f32[64,32]` and `b:f32[32,16]` broadcast to `[64,32,16]`, their
//!   product summed over axis 1 need not be there as an array.
//!
//! The terms of each sum, their order and so the interpreter's result stay the same to the bit. An
//! engine adds up those of a `dot_general` in another order than those of a `reduce_sum`, within the
//! tolerance that it states for both. Only f32 and f64 sums are rewritten: a product of f16 is rounded
//! before it is summed, and would not be.
//!
//! [`simplify`](super::simplify()) goes before, so that chains of transposes and of broadcasts are one.

mod contraction;

use crate::builder::Builder;
use crate::check::debug_check;
use crate::dtype::DType;
use crate::jaxpr::{Atom, Atoms, Eqn, Jaxpr};
use crate::prim::Prim;
use crate::prim::binary::Binary;
use crate::prim::dot::DotGeneral;
use crate::prim::reduce::{Reduce, ReduceOp};
use crate::prim::unary::Unary;
use contraction::{Contraction, Move, Plan};

/// Folds transposes, broadcasts and sums into products, then removes what became dead.
pub fn fold_products(jaxpr: &Jaxpr) -> Jaxpr {
    let (b, mut env) = Builder::with_inputs(jaxpr.in_types());
    let program = Program::of(jaxpr);
    for eqn in jaxpr.eqns() {
        b.set_loc(eqn.loc);
        match program.product(eqn) {
            Some(plan) => env.push(plan.record(&b, |a| a.renamed(&env))),
            None => {
                let ins: Atoms = eqn.inputs.iter().map(|&a| a.renamed(&env)).collect();
                env.extend(b.push(eqn.prim.clone(), ins, jaxpr.eqn_out_types(eqn)));
            }
        }
    }
    let outs: Vec<Atom> = jaxpr.outs().iter().map(|&a| a.renamed(&env)).collect();
    let jaxpr = super::dce(&b.finish(outs));
    debug_check(&jaxpr);
    jaxpr
}

/// A jaxpr with the equation that defines each variable, and how often each is read.
struct Program<'a> {
    jaxpr: &'a Jaxpr,
    defs: Vec<Option<&'a Eqn>>,
    uses: Vec<u32>,
}

impl<'a> Program<'a> {
    fn of(jaxpr: &'a Jaxpr) -> Program<'a> {
        let mut defs = vec![None; jaxpr.n_vars()];
        let mut uses = vec![0; jaxpr.n_vars()];
        let eqns = jaxpr.eqns();
        for eqn in eqns.iter().filter(|e| e.n_outs == 1) {
            defs[eqn.first_out as usize] = Some(eqn);
        }
        let reads = eqns.iter().flat_map(|e| &e.inputs).chain(jaxpr.outs());
        for v in reads.filter_map(|a| a.var()) {
            uses[v.index()] += 1;
        }
        Program { jaxpr, defs, uses }
    }

    fn def(&self, a: Atom) -> Option<&'a Eqn> {
        self.defs[a.var()?.index()]
    }

    /// The equation behind an operand that nothing else reads: what becomes of it is free.
    fn only_here(&self, a: Atom) -> Option<&'a Eqn> {
        self.def(a).filter(|_| a.var().is_some_and(|v| self.uses[v.index()] == 1))
    }

    /// The product that an equation becomes.
    fn product(&self, eqn: &Eqn) -> Option<Plan> {
        match (&eqn.prim, &eqn.inputs[..]) {
            (Prim::DotGeneral(dot), ins) => self.of_dot(dot, ins),
            (Prim::Transpose(t), &[x]) => {
                let inner = self.only_here(x)?;
                let Prim::DotGeneral(dot) = &inner.prim else { return None };
                let product = Contraction::of_dot(self.jaxpr, dot, &inner.inputs);
                let permuted = product.transposed(&t.permutation);
                let natural: Vec<usize> = (0..t.permutation.len()).collect();
                let now = Move::between(&natural, &t.permutation);
                let plans = permuted.plans(self, true);
                plans.into_iter().find(|p| p.moves() < now && !p.repeats_result())
            }
            (Prim::Reduce(r), &[x]) => self.of_sum(r, x),
            _ => None,
        }
    }

    fn of_dot(&self, dot: &DotGeneral, ins: &[Atom]) -> Option<Plan> {
        let product = Contraction::of_dot(self.jaxpr, dot, ins);
        let plans = product.plans(self, product.is_elementwise());
        // Where a broadcast goes behind the product, this is smaller, and may be moved as well.
        plans.into_iter().find(|p| !p.moves_result() || p.repeats_result())
    }

    fn of_sum(&self, reduce: &Reduce, x: Atom) -> Option<Plan> {
        let float = matches!(self.jaxpr.ty(x).dtype(), DType::F32 | DType::F64);
        if reduce.op != ReduceOp::Sum || reduce.axes.is_empty() || !float {
            return None;
        }
        let inner = self.only_here(x)?;
        let (y, z) = match (&inner.prim, &inner.inputs[..]) {
            (Prim::Binary(Binary::Mul), &[y, z]) => (y, z),
            (Prim::Unary(Unary::Square), &[y]) => (y, y),
            _ => return None,
        };
        let shape = self.jaxpr.ty(x);
        if self.jaxpr.ty(y) != shape || self.jaxpr.ty(z) != shape {
            // A factor of rank 0 is no array to multiply with.
            return None;
        }
        let sum = Contraction::of_sum(shape.shape(), &reduce.axes, [y, z]);
        let plans = sum.plans(self, true);
        // An elementwise chain that ends in a sum is one pass over its operands: to store the chain's
        // value for a product with a vector would add one. A product of matrices is worth it.
        let stores = |p: &Plan| p.operands_of_full_size().any(|a| self.is_chain(a));
        let saves = |p: &Plan| p.is_of_matrices() || (p.is_with_vector() && !stores(p));
        plans.into_iter().find(|p| p.sums() && saves(p))
    }

    /// Whether an operand need not be there as an array, if elementwise code reads it.
    fn is_chain(&self, a: Atom) -> bool {
        let repeats = |prim: &Prim| matches!(prim, Prim::BroadcastInDim(_) | Prim::Iota(_));
        self.def(a).is_some_and(|e| repeats(&e.prim))
            || self.only_here(a).is_some_and(|e| e.prim.is_elementwise())
    }
}
