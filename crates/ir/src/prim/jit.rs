//! `jit[name=f jaxpr={ lambda ; … }] x y`: a call of a closed sub-jaxpr.
//!
//! It is what a `jit` inside a traced function records. Every transformation maps over it: the rule
//! transforms the callee and calls the result; lowering inlines it.
//!
//! ```text
//! c:f32[] = jit[name=f jaxpr={ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }] b
//! ```

use super::*;
use crate::interp;
use crate::param::Param;
use crate::transform::{self, OutDims};
use crate::{ensure, fault};
use std::sync::Arc;

/// `jit[name=… jaxpr=…] operands…`: a call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Jit {
    /// The function's name.
    pub name: Arc<str>,
    /// The closed callee.
    pub jaxpr: Jaxpr,
}

/// The type rule of every call: operands are the callee's inputs.
pub(super) fn call_type(jaxpr: &Jaxpr, ins: &[Type]) -> Result<Types, Fault> {
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

/// The jvp of a call: calls the callee's jvp. `wrap` makes the call.
pub(super) fn call_jvp(
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
pub(super) fn call_transpose(
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
pub(super) fn call_batch(
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

impl Jit {
    fn wrap(&self) -> impl FnOnce(Jaxpr) -> Prim + '_ {
        |jaxpr| Jit { name: self.name.clone(), jaxpr }.into()
    }
}

impl Primitive for Jit {
    fn names() -> &'static [&'static str] {
        &["jit", "pjit"]
    }

    fn name(&self) -> &str {
        "jit"
    }

    fn params(&self) -> Params {
        [("name", Param::word(&*self.name)), ("jaxpr", Param::Jaxpr(self.jaxpr.clone()))]
            .into_iter()
            .collect()
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&[
            "donated_invars",
            "keep_unused",
            "inline",
            "in_shardings",
            "out_shardings",
            "in_layouts",
            "out_layouts",
            "ctx_mesh",
            "resource_env",
            "compiler_options_kvs",
        ]);
        Ok(Jit { name: params.word("name")?.into(), jaxpr: params.jaxpr("jaxpr")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        call_type(&self.jaxpr, ins)
    }

    fn effects(&self) -> Effects {
        self.jaxpr.effects()
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        interp::eval(&self.jaxpr, ins).map_err(|e| fault!("{e}"))
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        call_jvp(&self.jaxpr, b, primals, tangents, self.wrap())
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        call_transpose(&self.jaxpr, b, cts, operands, self.wrap())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        call_batch(&self.jaxpr, b, batch, self.wrap())
    }

    fn samples() -> Vec<Sample> {
        let jaxpr = sample_callee();
        let ty = Type::of(crate::DType::F64, &[3]);
        let s = Type::scalar(crate::DType::F64);
        let args = vec![(ty, Domain::Range(-1.0, 1.0)), (s, Domain::Range(0.5, 1.0))];
        vec![Sample::new(Jit { name: "f".into(), jaxpr }, args)]
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
