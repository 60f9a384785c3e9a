//! Classes of rules: most rules of most primitives are one call to one of these.
//!
//! Classify first, then write: *linear* primitives commute with tangents, *zero* ones have no
//! derivative, *elementwise* ones batch by aligning ranks, the rest moves its batch dimension to
//! the front and then states what happens to its parameters.

use super::{Batch, BatchOut, JvpOut, Operand, Prim, Tangent, Tangents, TransposeOut};
use crate::builder::Builder;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms};
use smallvec::{SmallVec, smallvec};

/// jvp of a primitive that is linear in all operands together: apply it to the tangents.
pub fn linear(
    prim: impl Into<Prim>,
    b: &Builder,
    primals: &[Atom],
    tangents: &[Tangent],
) -> JvpOut {
    let prim = prim.into();
    let outs = b.bind(prim.clone(), primals)?;
    let ts: Atoms = primals.iter().zip(tangents).map(|(&x, &t)| b.instantiate(t, x)).collect();
    let outs_t = b.bind(prim, &ts)?;
    Ok((outs, outs_t.into_iter().map(Some).collect()))
}

/// jvp of a primitive that is linear in operand 0 and takes the others (indices) as they are.
pub fn linear_in_first(
    prim: impl Into<Prim>,
    b: &Builder,
    primals: &[Atom],
    tangents: &[Tangent],
) -> JvpOut {
    let prim = prim.into();
    let outs = b.bind(prim.clone(), primals)?;
    let outs_t = match tangents[0] {
        None => smallvec![None; outs.len()],
        Some(t) => {
            let mut ins: Atoms = primals.iter().copied().collect();
            ins[0] = t;
            b.bind(prim, &ins)?.into_iter().map(Some).collect()
        }
    };
    Ok((outs, outs_t))
}

/// jvp of a primitive without a derivative; `_why` is the reason, for the reader.
pub fn zero(prim: impl Into<Prim>, b: &Builder, primals: &[Atom], _why: &'static str) -> JvpOut {
    let outs = b.bind(prim, primals)?;
    let ts = smallvec![None; outs.len()];
    Ok((outs, ts))
}

/// jvp of a function with one result: the sum of one term for each operand that has a tangent.
///
/// `term(i, t, y)` is the derivative with respect to operand `i` applied to its tangent `t`, where
/// `y` is the result; `None` is zero.
pub fn sum_of_terms(
    prim: impl Into<Prim>,
    b: &Builder,
    primals: &[Atom],
    tangents: &[Tangent],
    term: impl Fn(usize, Atom, Atom) -> Tangent,
) -> JvpOut {
    let y = b.bind(prim, primals)?[0];
    let shape = b.ty(y);
    let mut total: Tangent = None;
    for (i, t) in tangents.iter().enumerate() {
        let Some(t) = t else { continue };
        // Terms of a scalar operand of an elementwise primitive come out with the scalar's shape.
        let part = term(i, *t, y).map(|p| b.broadcast_to(p, shape.shape()));
        total = b.add_tangents(total, part);
    }
    Ok((smallvec![y], smallvec![total]))
}

/// The transpose of a primitive that is not linear in the operand asked for.
pub fn not_linear(name: &str) -> TransposeOut {
    Err(Error::no_rule(
        name,
        "transpose",
        "it is not linear; `linear_transpose` takes functions that are linear in their arguments, \
         for others use `vjp`",
    ))
}

/// Cotangents for an elementwise primitive: sums a cotangent over what a scalar operand was
/// broadcast along.
pub fn unbroadcast(b: &Builder, ct: Atom, operand: &Operand) -> Tangent {
    let want = operand.ty(b);
    let have = b.ty(ct);
    if want.rank() == have.rank() {
        return Some(ct);
    }
    let axes: Vec<usize> = (0..have.rank()).collect();
    Some(b.reduce_sum(ct, &axes))
}

/// Batching of an elementwise primitive: align ranks, then apply it as it is.
pub fn elementwise(prim: impl Into<Prim>, b: &Builder, batch: Batch<'_>) -> BatchOut {
    let rank = |a: Atom, d: Option<usize>| b.ty(a).rank() - d.is_some() as usize;
    let full = batch.ins.iter().zip(batch.dims).map(|(&a, &d)| rank(a, d)).max().unwrap_or(0);
    // When all batched operands of full rank agree on the dimension, and every unbatched one is a
    // scalar, nothing has to move.
    let mut dims = batch.dims.iter().flatten();
    let first = dims.next().copied();
    let agreed = first.is_some_and(|f| {
        batch.ins.iter().zip(batch.dims).all(|(&a, &d)| match d {
            Some(d) => d == f && rank(a, Some(d)) == full,
            None => b.ty(a).rank() == 0,
        })
    });
    if agreed {
        let outs = b.bind(prim, batch.ins)?;
        let dims = smallvec![first; outs.len()];
        return Ok((outs, dims));
    }
    let ins: Atoms = batch
        .ins
        .iter()
        .zip(batch.dims)
        .map(|(&a, &d)| match d {
            // An unbatched operand is repeated by broadcasting; a scalar stays one.
            None if b.ty(a).rank() == 0 => a,
            None => b.batch_to_front(a, None, batch.size),
            Some(_) => {
                let x = b.batch_to_front(a, d, batch.size);
                let ty = b.ty(x);
                if ty.rank() == full + 1 {
                    return x;
                }
                // A scalar operand that is batched meets a full one: [n] becomes [n, shape…].
                let like =
                    batch.ins.iter().zip(batch.dims).find(|(a, d)| rank(**a, **d) == full).map(
                        |(&a, &d)| match d {
                            Some(d) => b.ty(a).without_axis(d),
                            None => b.ty(a),
                        },
                    );
                let mut shape: SmallVec<[usize; 4]> = smallvec![batch.size];
                shape.extend(like.iter().flat_map(|t| t.shape().iter().copied()));
                b.broadcast_in_dim(x, &shape, &[0])
            }
        })
        .collect();
    let outs = b.bind(prim, &ins)?;
    let dims = smallvec![Some(0); outs.len()];
    Ok((outs, dims))
}

/// Batching for primitives with one batched operand at the front: `then` gets the operands, all with
/// their batch dimension at 0 (unbatched ones broadcast), and gives results batched at 0.
pub fn batched_at_front(
    b: &Builder,
    batch: Batch<'_>,
    then: impl FnOnce(&[Atom]) -> Result<Atoms, Error>,
) -> BatchOut {
    let ins: Atoms = batch
        .ins
        .iter()
        .zip(batch.dims)
        .map(|(&a, &d)| b.batch_to_front(a, d, batch.size))
        .collect();
    let outs = then(&ins)?;
    let dims = smallvec![Some(0); outs.len()];
    Ok((outs, dims))
}

/// Cotangents of a primitive with several linear operands, by a function of the operand's position.
pub fn each_linear(
    operands: &[Operand],
    mut cotangent: impl FnMut(usize, &Operand) -> Tangent,
) -> TransposeOut {
    let cts: Tangents = operands
        .iter()
        .enumerate()
        .map(|(i, o)| if o.is_linear() { cotangent(i, o) } else { None })
        .collect();
    Ok(cts)
}

/// Placeholder while the families are being written.
#[macro_export]
macro_rules! stub {
    ($t:ident, $names:expr) => {
        impl Primitive for $t {
            fn names() -> &'static [&'static str] {
                &$names
            }
            fn name(&self) -> &str {
                todo!()
            }
            fn params(&self) -> Params {
                todo!()
            }
            fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
                todo!()
            }
            fn type_of(&self, _: &[Type]) -> Result<Types, Fault> {
                todo!()
            }
            fn effects(&self) -> Effects {
                Effects::NONE
            }
            fn eval(&self, _: &[Value]) -> Result<Vec<Value>, Fault> {
                todo!()
            }
            fn jvp(&self, _: &Builder, _: &[Atom], _: &[Tangent]) -> JvpOut {
                todo!()
            }
            fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
                todo!()
            }
            fn batch(&self, _: &Builder, _: Batch<'_>) -> BatchOut {
                todo!()
            }
            fn samples() -> Vec<Sample> {
                Vec::new()
            }
        }
    };
}
