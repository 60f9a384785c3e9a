//! Equations over constants are computed.

use super::{Rewrite, Simplifier};
use crate::jaxpr::{Atom, Lit};
use crate::prim::Prim;
use crate::prim::constant::Constant;
use crate::types::Type;
use crate::value::Value;

/// Arrays in a program that are computed with have at most so many elements: folding must not make a
/// program larger than the arrays that the user wrote.
const SMALL: usize = 64;

impl Simplifier {
    pub(super) fn of_constants(&self, prim: &Prim, ins: &[Atom], ty: &Type) -> Option<Rewrite> {
        if let Prim::Constant(value) = prim {
            return all_alike(&value.0);
        }
        if !is_computed(prim) || ins.is_empty() || ty.numel() > SMALL {
            return None;
        }
        let args: Option<Vec<Value>> = ins.iter().map(|&a| self.constant(a)).collect();
        let value = prim.eval(&args?).ok()?.pop()?;
        all_alike(&value).or_else(|| Some(Rewrite::eqn(Constant(value), &[])))
    }

    fn constant(&self, a: Atom) -> Option<Value> {
        match (a, self.def(a)) {
            (Atom::Lit(lit), _) => Some(lit.value()),
            (_, Some((Prim::Constant(c), _))) if c.0.ty().numel() <= SMALL => Some(c.0.clone()),
            _ => None,
        }
    }
}

/// The element that all elements are, to the bit.
fn all_alike(value: &Value) -> Option<Rewrite> {
    let first = crate::dispatch!(value.dtype(), T => {
        let xs = value.slice::<T>();
        let first = Lit::new(*xs.first()?);
        xs.iter().all(|&x| Lit::new(x) == first).then_some(first)
    })?;
    Some(Rewrite::Full(Atom::Lit(first)))
}

/// Primitives that are worth computing: not those that make arrays of scalars, which are better left
/// as they are, and not calls, whose equations are folded when they are inlined.
fn is_computed(prim: &Prim) -> bool {
    prim.is_elementwise()
        || matches!(
            prim,
            Prim::Reduce(_)
                | Prim::Reshape(_)
                | Prim::Transpose(_)
                | Prim::Rev(_)
                | Prim::Slice(_)
                | Prim::Concatenate(_)
        )
}
