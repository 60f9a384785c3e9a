//! `custom_linear[name=f bwd=<fn f@2> …] residuals… tangents…`: the linear map whose transpose is a
//! user's backward pass.
//!
//! It is what a `custom_vjp_call` linearises to. Its transpose is the backward pass, verbatim.
//! Evaluating it forwards transposes the backward pass, which is possible where that is linear in the
//! cotangents; where it is not (gradient clipping), that is an error that names the function.

use super::call::{self, SplitOff};
use super::rule::{self, Rule};
use super::*;
use crate::param::Param;
use crate::transform::{self, OutDims};
use crate::ensure;
use smallvec::smallvec;
use std::sync::Arc;

/// `custom_linear[…] residuals… tangents…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CustomLinear {
    /// The name of the function that it belongs to.
    pub name: Arc<str>,
    /// How many leading operands are residuals; the others are tangents, in which it is linear.
    pub n_residuals: usize,
    /// The types of the results.
    pub out_types: Vec<Type>,
    /// (Residuals, cotangents of the results) → cotangents of the tangents.
    pub bwd: Rule,
}

impl CustomLinear {
    /// The map itself, forwards: (residuals, tangents) → results.
    fn forward(&self) -> Result<Jaxpr, Error> {
        let bwd = self.bwd.jaxpr()?;
        let linear: Vec<bool> = (0..bwd.n_ins()).map(|i| i >= self.n_residuals).collect();
        transform::transpose(&bwd, &linear).map_err(|e| {
            Error::no_rule(
                &self.name,
                "forward derivative",
                &format!(
                    "its custom backward pass would have to be transposed, but it is not linear in \
                     the cotangents ({e}); use reverse mode only, or give a `custom_jvp`"
                ),
            )
        })
    }
}

impl Primitive for CustomLinear {
    fn names() -> &'static [&'static str] {
        // Text cannot hold the rule.
        &[]
    }

    fn name(&self) -> &str {
        "custom_linear"
    }

    fn params(&self) -> Params {
        [
            ("name", Param::word(&*self.name)),
            ("bwd", Param::Func(self.bwd.name().into(), self.bwd.id())),
            ("num_res", Param::Int(self.n_residuals as i64)),
        ]
        .into_iter()
        .collect()
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        rule::no_text()
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        ensure!(ins.len() >= self.n_residuals, "{} residuals are needed", self.n_residuals);
        Ok(self.out_types.iter().cloned().collect())
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        call::eval(&self.forward()?, ins)
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (residuals_t, ts) = tangents.split_at(self.n_residuals);
        if residuals_t.iter().all(Option::is_none) {
            let outs = b.bind(self.clone(), primals)?;
            let (residuals, xs) = primals.split_at(self.n_residuals);
            let ts = xs.iter().zip(ts).map(|(&x, &t)| b.instantiate(t, x));
            let args: Atoms = residuals.iter().copied().chain(ts).collect();
            let outs_t = b.bind(self.clone(), &args)?;
            return Ok((outs, outs_t.into_iter().map(Some).collect()));
        }
        transform::jvp_into(b, &self.forward()?, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let (residuals, _) = operands.split_at(self.n_residuals);
        let Some(mut args) = residuals.iter().map(Operand::known).collect::<Option<Atoms>>() else {
            return classes::not_linear(&self.name);
        };
        args.extend(cts.iter().zip(&self.out_types).map(|(&ct, t)| b.instantiate_as(ct, t)));
        let mut in_cts = b.inline(&self.bwd.jaxpr()?, &args).into_iter();
        Ok(operands
            .iter()
            .enumerate()
            .map(|(i, o)| {
                let ct = if i >= self.n_residuals { in_cts.next() } else { None };
                if o.is_linear() { ct } else { None }
            })
            .collect())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        // Everything is batched in front; see `custom_vjp_call`.
        let Batch { size, axis, .. } = batch;
        let mut ins: Atoms = batch
            .ins
            .iter()
            .zip(batch.dims)
            .map(|(&a, &d)| b.batch_to_front(a, d, size))
            .collect();
        let tangents = ins.split_off_at(self.n_residuals);
        let bwd = self.bwd.map(move |j| {
            Ok(transform::vmap(j, size, &vec![Some(0); j.n_ins()], axis, OutDims::Front)?.jaxpr)
        });
        let out_types = self.out_types.iter().map(|t| t.with_axis(0, size)).collect();
        let prim =
            CustomLinear { name: self.name.clone(), n_residuals: self.n_residuals, out_types, bwd };
        let args: Atoms = ins.into_iter().chain(tangents).collect();
        let outs = b.bind(prim, &args)?;
        let dims = smallvec![Some(0); outs.len()];
        Ok((outs, dims))
    }

    fn samples() -> Vec<Sample> {
        // t ↦ r·t, by its backward pass.
        let ty = Type::of(crate::DType::F64, &[3]);
        let t = ty.clone();
        let bwd = Rule::new("f_bwd", move || {
            let (b, ins) = Builder::with_inputs([&t, &t]);
            let ct = b.mul(ins[0], ins[1]);
            Ok(b.finish([ct]))
        });
        let prim =
            CustomLinear { name: "f".into(), n_residuals: 1, out_types: vec![ty.clone()], bwd };
        let domain = Domain::Range(-1.0, 1.0);
        vec![Sample::new(prim, vec![(ty.clone(), domain), (ty, domain)])]
    }
}
