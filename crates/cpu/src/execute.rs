//! One equation: from the primitive to its kernel.

use crate::dot::dot_general;
use crate::fused::code::Executor;
use crate::fused::kernel::Kernel;
use crate::kernel::kernel;
use crate::operand::{Operand, Values};
use crate::program::Executable;
use crate::random::random;
use crate::reduce::reduce;
use crate::scan::{arg_reduce, cumulative};
use crate::windows::{self, Indices};
use crate::{elementwise, order, shape_ops};
use pullback_ir::prim::Primitive;
use pullback_ir::prim::custom::Custom;
use pullback_ir::{DType, Error, Fault, Jaxpr, Prim, Shape, Type, Value};
use smallvec::{SmallVec, smallvec};

/// Evaluates a primitive with the fastest kernel that there is.
pub(crate) fn execute(
    prim: &Prim,
    ins: &mut [Operand<'_>],
    out_types: &[Type],
) -> Result<Values, Error> {
    match fast(prim, ins, out_types) {
        Some(value) => Ok(smallvec![value]),
        None => others(prim, ins, out_types),
    }
}

/// [`execute`] for a primitive with one result. A list around it would cost more than a small array.
pub(crate) fn execute_one(
    prim: &Prim,
    ins: &mut [Operand<'_>],
    out_type: &Type,
) -> Result<Value, Error> {
    let out_types = std::slice::from_ref(out_type);
    match fast(prim, ins, out_types) {
        Some(value) => Ok(value),
        None => Ok(others(prim, ins, out_types)?.remove(0)),
    }
}

/// The result of a primitive that has a kernel here.
#[inline]
fn fast(prim: &Prim, ins: &mut [Operand<'_>], out_types: &[Type]) -> Option<Value> {
    match prim {
        Prim::Unary(_)
        | Prim::Binary(_)
        | Prim::Compare(_)
        | Prim::IntegerPow(_)
        | Prim::Convert(_)
        | Prim::Clamp(_)
        | Prim::SelectN(_) => {
            let mut dtypes = [DType::Bool; 3];
            if ins.len() > dtypes.len() {
                return None;
            }
            for (dtype, x) in dtypes.iter_mut().zip(ins.iter()) {
                *dtype = x.dtype();
            }
            let kernel = kernel(prim, &dtypes[..ins.len()])?;
            if kernel.arity != ins.len() {
                return None;
            }
            Some(elementwise::apply(&kernel, ins, &out_types[0]))
        }
        Prim::Reshape(_) => Some(ins[0].value().reshaped(out_types[0].shape())),
        Prim::Identity(_) => Some(ins[0].take()),
        Prim::Constant(p) => Some(p.0.clone()),
        Prim::Reduce(p) => reduce(p, ins[0].value(), &out_types[0]),
        Prim::DotGeneral(p) => dot_general(p, ins[0].value(), ins[1].value(), &out_types[0]),
        Prim::BroadcastInDim(p) => Some(shape_ops::broadcast(p, ins[0].value(), &out_types[0])),
        Prim::Iota(p) => Some(shape_ops::iota(p, &out_types[0])),
        Prim::Transpose(p) => Some(shape_ops::transpose(p, &mut ins[0], &out_types[0])),
        Prim::Slice(p) => Some(shape_ops::slice(p, &mut ins[0], &out_types[0])),
        Prim::Rev(p) => Some(shape_ops::rev(p, ins[0].value(), &out_types[0])),
        Prim::Tile(p) => Some(shape_ops::tile(p, ins[0].value(), &out_types[0])),
        Prim::Pad(p) => Some(shape_ops::pad(p, ins[0].value(), ins[1].value(), &out_types[0])),
        Prim::Concatenate(p) => Some(shape_ops::concatenate(ins, p.dimension, &out_types[0])),
        Prim::Cumulative(p) => cumulative(p, ins[0].value()),
        Prim::ArgReduce(p) => Some(arg_reduce(p, ins[0].value(), &out_types[0])),
        Prim::Gather(_) | Prim::Scatter(_) => {
            let [x, indices, updates @ ..] = ins else { return None };
            windowed(prim, x, &Indices::of(indices.value()), updates, &out_types[0])
        }
        Prim::DynamicSlice(_) => Some(windows::dynamic_slice(ins, &out_types[0])),
        Prim::DynamicUpdateSlice(_) => Some(windows::dynamic_update_slice(ins)),
        Prim::Random(p) => random(p, ins[0].value(), &out_types[0]),
        Prim::Stack(p) => Some(shape_ops::stack(ins, p.axis, &out_types[0])),
        _ => None,
    }
}

/// The result of a gather or scatter, if its order is one that the kernels know.
fn windowed(
    prim: &Prim,
    x: &mut Operand<'_>,
    indices: &Indices<'_>,
    updates: &[Operand<'_>],
    out: &Type,
) -> Option<Value> {
    match (prim, updates) {
        (Prim::Gather(p), []) => windows::gather(p, x.value(), indices, out),
        (Prim::Scatter(p), [updates]) => windows::scatter(p, x, indices, updates.value()),
        _ => None,
    }
}

/// A gather or scatter whose indices, of this shape, a kernel computes from the last operands.
pub(crate) fn windows(
    prim: &Prim,
    shape: &Shape,
    kernel: &Kernel,
    ins: &mut [Operand<'_>],
    out_types: &[Type],
) -> Result<Values, Error> {
    let n_own = if matches!(prim, Prim::Gather(_)) { 1 } else { 2 };
    let (own, others) = ins.split_at_mut(n_own);
    let pieces = kernel.pieces(others);
    if let [x, updates @ ..] = own
        && let Some(value) =
            windowed(prim, x, &Indices::computed(shape, &pieces), updates, &out_types[0])
    {
        return Ok(smallvec![value]);
    }
    let types = [Type::new(pieces.dtype(), shape.clone())];
    let indices = kernel.run(others, &types).remove(0);
    let mut all: SmallVec<[Operand<'_>; 3]> = smallvec![own[0].take().into(), indices.into()];
    all.extend(own[1..].iter_mut().map(|x| x.take().into()));
    reference(prim, &mut all)
}

/// What has several results, and what has no kernel.
fn others(prim: &Prim, ins: &mut [Operand<'_>], out_types: &[Type]) -> Result<Values, Error> {
    match prim {
        Prim::Split(p) => Ok(shape_ops::split(p, ins[0].value(), out_types)),
        Prim::TopK(p) => match order::top_k(p, ins[0].value()) {
            Some(outs) => Ok(outs),
            None => reference(prim, ins),
        },
        Prim::Sort(p) => match order::sort(p, ins) {
            Some(outs) => Ok(outs),
            None => reference(prim, ins),
        },
        Prim::Jit(p) => call(&p.jaxpr, ins),
        Prim::Checkpoint(p) => call(&p.jaxpr, ins),
        Prim::CustomJvp(p) => call(&p.jaxpr, ins),
        Prim::CustomVjp(p) => call(&p.jaxpr, ins),
        Prim::Custom(p) => {
            let types: Vec<Type> = ins.iter().map(|x| x.value().ty().clone()).collect();
            let expansion = Executable::lower(&p.expansion(&types)?, Executor::Tiered)?;
            custom(p, &expansion, ins)
        }
        _ => reference(prim, ins),
    }
}

/// A call outside of a program, compiled for this once.
fn call(jaxpr: &Jaxpr, ins: &mut [Operand<'_>]) -> Result<Values, Error> {
    let outs =
        Executable::lower(jaxpr, Executor::Tiered)?.run_owned(ins.iter_mut().map(Operand::take))?;
    Ok(Values::from_vec(outs))
}

/// A user's primitive: evaluated as the user says, else by its expansion.
pub(crate) fn custom(
    prim: &Custom,
    expansion: &Executable,
    ins: &mut [Operand<'_>],
) -> Result<Values, Error> {
    let ins: Vec<Value> = ins.iter_mut().map(Operand::take).collect();
    Ok(Values::from_vec(match prim.eval_given(&ins) {
        Some(Ok(outs)) => outs,
        Some(Err(fault)) => return Err(failed(prim.name(), &fault)),
        None => expansion.run_owned(ins)?,
    }))
}

/// Evaluates a primitive by its definition.
#[cold]
pub(crate) fn reference(prim: &Prim, ins: &mut [Operand<'_>]) -> Result<Values, Error> {
    let ins: Vec<Value> = ins.iter_mut().map(Operand::take).collect();
    match prim.eval(&ins) {
        Ok(outs) => Ok(Values::from_vec(outs)),
        Err(fault) => Err(failed(prim.name(), &fault)),
    }
}

/// The error of a primitive that fails on values.
#[cold]
pub(crate) fn failed(name: &str, fault: &Fault) -> Error {
    Error::msg(format!("`{name}` failed: {fault}"))
}
