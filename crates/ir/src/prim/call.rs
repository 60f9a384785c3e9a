//! What the call families share: `jit`, `checkpoint`, and the calls with users' rules.

use super::*;
use crate::transform::{self, OutDims};
use crate::{ensure, fault, interp};

/// The type rule of every call: operands are the callee's inputs.
pub(super) fn type_of(jaxpr: &Jaxpr, ins: &[Type]) -> Result<Types, Fault> {
    ensure!(
        jaxpr.n_ins() == ins.len(),
        "the callee takes {} operands, not {}",
        jaxpr.n_ins(),
        ins.len()
    );
    for (i, (want, got)) in jaxpr.in_types().iter().zip(ins).enumerate() {
        ensure!(want == got, "operand {i} of the callee is {want}, not {got}");
    }
    Ok(jaxpr.out_types().into_iter().collect())
}

/// The evaluation of every call: the callee's.
pub(super) fn eval(jaxpr: &Jaxpr, ins: &[Value]) -> Result<Vec<Value>, Fault> {
    interp::eval(jaxpr, ins).map_err(|e| fault!("{e}"))
}

/// The jvp of a call: calls the callee's jvp. `wrap` makes the call.
pub(super) fn jvp(
    jaxpr: &Jaxpr,
    b: &Builder,
    primals: &[Atom],
    tangents: &[Tangent],
    wrap: impl FnOnce(Jaxpr) -> Prim,
) -> JvpOut {
    let mask: Vec<bool> = tangents.iter().map(Option::is_some).collect();
    let j = transform::jvp(jaxpr, &mask)?;
    let args: Atoms = primals.iter().copied().chain(tangents.iter().copied().flatten()).collect();
    let mut outs = b.bind(wrap(j.jaxpr), &args)?;
    let mut ts = outs.split_off_at(jaxpr.outs().len()).into_iter();
    let outs_t = j.out_tangents.iter().map(|&t| if t { ts.next() } else { None }).collect();
    Ok((outs, outs_t))
}

/// The transpose of a call: calls the callee's transpose.
pub(super) fn transpose(
    jaxpr: &Jaxpr,
    b: &Builder,
    cts: &[Tangent],
    operands: &[Operand],
    wrap: impl FnOnce(Jaxpr) -> Prim,
) -> TransposeOut {
    let linear: Vec<bool> = operands.iter().map(Operand::is_linear).collect();
    let used: Vec<bool> = cts.iter().map(Option::is_some).collect();
    let t = transform::transpose_used(jaxpr, &linear, &used)?;
    let known = operands.iter().filter_map(Operand::known);
    let args: Atoms = known.chain(cts.iter().copied().flatten()).collect();
    let mut got = match t.jaxpr.outs().is_empty() {
        true => Atoms::new(),
        false => b.bind(wrap(t.jaxpr), &args)?,
    }
    .into_iter();
    let mut nonzero = t.nonzero.iter();
    classes::each_linear(operands, |_, _| {
        if *nonzero.next().expect("one flag a linear operand") { got.next() } else { None }
    })
}

/// The batched call: calls the batched callee.
pub(super) fn batch(
    jaxpr: &Jaxpr,
    b: &Builder,
    batch: Batch<'_>,
    wrap: impl FnOnce(Jaxpr) -> Prim,
) -> BatchOut {
    let v = transform::vmap(jaxpr, batch.size, batch.dims, batch.axis, OutDims::Any)?;
    let outs = b.bind(wrap(v.jaxpr), batch.ins)?;
    Ok((outs, v.out_dims.into_iter().collect()))
}

/// Splits the tail off a list of operands.
pub(super) trait SplitOff {
    fn split_off_at(&mut self, at: usize) -> Atoms;
}

impl SplitOff for Atoms {
    fn split_off_at(&mut self, at: usize) -> Atoms {
        self.drain(at..).collect()
    }
}

/// (x, s) ↦ (sin(x)·s, Σ x·s): a small callee for the samples of the call families.
pub(super) fn sample_callee() -> Jaxpr {
    let ty = Type::of(crate::DType::F64, &[3]);
    let (b, ins) = Builder::with_inputs([&ty, &Type::scalar(crate::DType::F64)]);
    let y = b.mul(b.sin(ins[0]), ins[1]);
    let z = b.reduce_sum(b.mul(ins[0], ins[1]), &[0]);
    b.finish([y, z])
}

/// Operands for [`sample_callee`].
pub(super) fn sample_args() -> Vec<(Type, Domain)> {
    let (x, s) = (Type::of(crate::DType::F64, &[3]), Type::scalar(crate::DType::F64));
    vec![(x, Domain::Range(-1.0, 1.0)), (s, Domain::Range(0.5, 1.0))]
}
