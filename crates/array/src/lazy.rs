//! Symbolic arrays: descriptions that cost nothing until their elements are read.
//!
//! `zeros`, `full`, `iota`, `eye` and random bits make one; cheap operations on descriptions give
//! descriptions again, up to a bounded size. A trace that captures one records its equations, so that
//! engines see how the array is made: a causal mask is never an input of T×T elements.

use crate::array::Array;
use crate::error::Error;
use pullback_ir::prim::Prim;
use pullback_ir::{Atom, Builder, Jaxpr, Type, Value};
use std::sync::OnceLock;

/// Beyond this many equations an expression is computed instead of extended.
const MAX_EQNS: usize = 24;

/// Below this many elements an array is computed at once: the description would cost more.
const MIN_ELEMENTS: usize = 64;

/// An array as an expression.
pub(crate) struct Lazy {
    jaxpr: Jaxpr,
    /// Small concrete operands: the key of random bits.
    args: Vec<Array>,
    ty: Type,
    value: OnceLock<Result<Value, Error>>,
}

impl Lazy {
    pub(crate) fn ty(&self) -> &Type {
        &self.ty
    }

    pub(crate) fn jaxpr(&self) -> &Jaxpr {
        &self.jaxpr
    }

    pub(crate) fn args(&self) -> &[Array] {
        &self.args
    }

    /// The elements, computed at the first call.
    pub(crate) fn value(&self) -> Result<Value, Error> {
        self.value
            .get_or_init(|| {
                let args = self.args.iter().map(Array::force).collect();
                Ok(crate::eager::run(&self.jaxpr, args)?.remove(0))
            })
            .clone()
    }
}

/// Whether a description can pay: not for small results, and not for primitives that are not cheap to
/// repeat.
#[inline]
pub(crate) fn is_worth_it(prim: &Prim, outs: &[Type]) -> bool {
    matches!(outs, [out] if out.numel() >= MIN_ELEMENTS) && is_cheap(prim)
}

/// A program of one equation over literals or expressions, as a symbolic array; `None` for large ones.
pub(crate) fn extend(prim: &Prim, ins: &[Operand<'_>], out: &Type) -> Option<Array> {
    let size: usize = ins
        .iter()
        .map(|i| match i {
            Operand::Lazy(l) => l.jaxpr.eqns().len(),
            Operand::Lit(_) | Operand::Small(_) => 0,
        })
        .sum();
    if size > MAX_EQNS {
        return None;
    }
    let b = Builder::new();
    let mut args: Vec<Array> = Vec::new();
    let mut take = |a: &Array| {
        args.push(a.clone());
        b.input(a.ty())
    };
    let atoms: Vec<Atom> = ins
        .iter()
        .map(|i| match i {
            Operand::Lit(l) => Atom::Lit(*l),
            Operand::Small(a) => take(a),
            Operand::Lazy(l) => {
                let inner: Vec<Atom> = l.args.iter().map(&mut take).collect();
                b.inline(&l.jaxpr, &inner)[0]
            }
        })
        .collect();
    let outs = b.bind(prim.clone(), &atoms).ok()?;
    let jaxpr = b.finish(outs);
    let lazy = Lazy { jaxpr, args, ty: out.clone(), value: OnceLock::new() };
    Some(Array(crate::array::Repr::Lazy(std::sync::Arc::new(lazy))))
}

/// An operand of [`extend`].
pub(crate) enum Operand<'a> {
    Lit(pullback_ir::Lit),
    Lazy(&'a Lazy),
    /// A concrete array that is small enough to be an operand of a description: a key.
    Small(&'a Array),
}

/// Primitives that are worth describing instead of computing.
fn is_cheap(prim: &Prim) -> bool {
    matches!(
        prim,
        Prim::Iota(_)
            | Prim::Unary(_)
            | Prim::Binary(_)
            | Prim::Compare(_)
            | Prim::SelectN(_)
            | Prim::Convert(_)
            | Prim::BroadcastInDim(_)
            | Prim::Reshape(_)
            | Prim::Slice(_)
            | Prim::Random(pullback_ir::prim::random::Random::Bits { .. })
    )
}
