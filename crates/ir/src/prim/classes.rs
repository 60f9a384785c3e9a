//! Classes of rules: most rules of most primitives are one call to one of these.
//!
//! Classify first, then write: *linear* primitives commute with tangents, *zero* ones have no
//! derivative, *elementwise* ones batch by aligning ranks, the rest moves its batch dimension to
//! the front and then states what happens to its parameters. The loops of elementwise `eval` are
//! here too.

use super::{Batch, BatchOut, JvpOut, Operand, Prim, Tangent, Tangents, TransposeOut};
use crate::builder::Builder;
use crate::dtype::Element;
use crate::error::Error;
use crate::jaxpr::{Atom, Atoms};
use crate::shape::{Shape, numel};
use crate::types::Type;
use crate::value::Value;
use smallvec::smallvec;

/// Applies a function to each element.
pub fn map<S: Element, T: Element>(x: &Value, f: impl Fn(S) -> T) -> Value {
    Value::new(x.shape(), x.slice::<S>().iter().map(|&x| f(x)).collect())
}

/// Applies a function to pairs of elements; a scalar meets every element of the other operand.
pub fn map2<S: Element, T: Element>(x: &Value, y: &Value, f: impl Fn(S, S) -> T) -> Value {
    let (xs, ys) = (x.slice::<S>(), y.slice::<S>());
    let shape = if x.shape().is_empty() { y.shape() } else { x.shape() };
    // The stride of a scalar is 0: its one element is read again and again.
    let (sx, sy) = (usize::from(!x.shape().is_empty()), usize::from(!y.shape().is_empty()));
    Value::new(shape, (0..numel(shape)).map(|i| f(xs[i * sx], ys[i * sy])).collect())
}

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
    let mut total: Tangent = None;
    for (i, t) in tangents.iter().enumerate() {
        let part = t.and_then(|t| term(i, t, y));
        total = b.add_tangents(total, part);
    }
    // Terms of scalar operands may come out with the scalar's shape.
    let total = total.map(|t| b.broadcast_to(t, b.ty(y).shape()));
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

/// Batching of an elementwise primitive: align the operands, then apply it as it is.
pub fn elementwise(prim: impl Into<Prim>, b: &Builder, batch: Batch<'_>) -> BatchOut {
    let (ins, dim) = align(b, batch);
    let outs = b.bind(prim, &ins)?;
    let dims = smallvec![Some(dim); outs.len()];
    Ok((outs, dims))
}

/// Brings operands of an elementwise primitive to the common batched shape, and says where its
/// batch dimension is: where the first batched operand of full rank has it, so that as little as
/// possible moves. Unbatched scalars stay scalars.
pub fn align(b: &Builder, batch: Batch<'_>) -> (Atoms, usize) {
    let types: Vec<Type> = batch.ins.iter().map(|&a| b.ty(a)).collect();
    let per_example: Vec<Type> = types
        .iter()
        .zip(batch.dims)
        .map(|(t, d)| d.map_or_else(|| t.clone(), |d| t.without_axis(d)))
        .collect();
    let full = per_example.iter().max_by_key(|t| t.rank()).map_or(&[][..], |t| t.shape());
    let is_full = |t: &Type| t.rank() == full.len();
    let dim =
        per_example.iter().zip(batch.dims).find_map(|(t, d)| d.filter(|_| is_full(t))).unwrap_or(0);
    let mut shape = Shape::from_slice(full);
    shape.insert(dim, batch.size);
    let others: Shape = (0..shape.len()).filter(|&i| i != dim).collect();
    let ins = (0..types.len())
        .map(|i| {
            let x = batch.ins[i];
            match batch.dims[i] {
                None if per_example[i].rank() == 0 => x,
                None => b.broadcast_in_dim(x, &shape, &others),
                Some(d) if is_full(&per_example[i]) => b.move_axis(x, d, dim),
                Some(_) => b.broadcast_in_dim(x, &shape, &[dim]),
            }
        })
        .collect();
    (ins, dim)
}

/// As [`align`], for primitives whose operands must not be scalars beside full ones: these are
/// broadcast too.
pub fn align_all(b: &Builder, batch: Batch<'_>) -> (Atoms, usize) {
    let (mut ins, dim) = align(b, batch);
    let full = ins.iter().map(|&a| b.ty(a)).max_by_key(Type::rank);
    if let Some(full) = full {
        ins.iter_mut().for_each(|a| *a = b.broadcast_to(*a, full.shape()));
    }
    (ins, dim)
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

/// An axis of an example as an axis of a batch of examples with their batch dimension at `dim`.
pub fn batched_axis(axis: usize, dim: Option<usize>) -> usize {
    axis + usize::from(dim.is_some_and(|d| axis >= d))
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
