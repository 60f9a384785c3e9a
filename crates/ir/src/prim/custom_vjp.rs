//! `custom_vjp_call[name=f call_jaxpr={…} fwd=<fn f@1> bwd=<fn f@2>] x y`: a function with a backward
//! pass of the user's own.
//!
//! `fwd` maps operands to (results, residuals), `bwd` maps (residuals, cotangents of the float
//! results) to cotangents of the float operands. The call linearises to a `custom_linear` equation
//! whose transpose is `bwd`, verbatim. Captured operands are constants, as for `custom_jvp_call`.

use super::call::{self, SplitOff};
use super::custom_linear::CustomLinear;
use super::rule::{self, Rule};
use super::*;
use crate::param::Param;
use crate::transform::{self, OutDims};
use smallvec::smallvec;
use std::sync::Arc;

/// `custom_vjp_call[…] operands… constants…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CustomVjp {
    /// The function's name.
    pub name: Arc<str>,
    /// The function: (operands, constants) → results.
    pub jaxpr: Jaxpr,
    /// How many trailing operands are captured constants.
    pub n_consts: usize,
    /// Operands → (results, residuals).
    pub fwd: Rule,
    /// (Residuals, cotangents of float results) → cotangents of float operands.
    pub bwd: Rule,
}

impl Primitive for CustomVjp {
    fn names() -> &'static [&'static str] {
        // Text cannot hold the rules, so the parser reads this name as a plain call.
        &[]
    }

    fn name(&self) -> &str {
        "custom_vjp_call"
    }

    fn params(&self) -> Params {
        [
            ("name", Param::word(&*self.name)),
            ("bwd", Param::Func(self.bwd.name().into(), self.bwd.id())),
            ("call_jaxpr", Param::Jaxpr(self.jaxpr.clone())),
            ("fwd", Param::Func(self.fwd.name().into(), self.fwd.id())),
            ("num_consts", Param::Int(self.n_consts as i64)),
        ]
        .into_iter()
        .collect()
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        rule::no_text()
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        call::type_of(&self.jaxpr, ins)
    }

    fn effects(&self) -> Effects {
        self.jaxpr.effects()
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        call::eval(&self.jaxpr, ins)
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let n = primals.len() - self.n_consts;
        rule::refuse_captured_tangents(&self.name, &tangents[n..])?;
        let mut outs = b.inline(&self.fwd.jaxpr()?, &primals[..n]);
        let residuals = outs.split_off_at(self.jaxpr.outs().len());
        let out_types: Types =
            outs.iter().map(|&o| b.ty(o)).filter(Type::is_float).collect();
        let ts = rule::float_tangents(b, &primals[..n], &tangents[..n]);
        let n_residuals = residuals.len();
        let linear = CustomLinear {
            name: self.name.clone(),
            n_residuals,
            out_types: out_types.to_vec(),
            bwd: self.bwd.clone(),
        };
        let args: Atoms = residuals.into_iter().chain(ts).collect();
        let outs_t = b.bind(linear, &args)?;
        let ts = rule::spread_tangents(b, &outs, outs_t);
        Ok((outs, ts))
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        // Operands are batched in front, so that the two rules agree on where everything is: the
        // cotangent of an operand that is not batched would have to be summed over the batch.
        let Batch { size, axis, .. } = batch;
        let n = batch.ins.len() - self.n_consts;
        let ins: Atoms = batch
            .ins
            .iter()
            .zip(batch.dims)
            .map(|(&a, &d)| b.batch_to_front(a, d, size))
            .collect();
        let at_front = |n: usize| vec![Some(0); n];
        let all = at_front(ins.len());
        let jaxpr = transform::vmap(&self.jaxpr, size, &all, axis, OutDims::Front)?.jaxpr;
        let fwd = self.fwd.map(move |j| {
            Ok(transform::vmap(j, size, &vec![Some(0); n], axis, OutDims::Front)?.jaxpr)
        });
        let bwd = self.bwd.map(move |j| {
            Ok(transform::vmap(j, size, &vec![Some(0); j.n_ins()], axis, OutDims::Front)?.jaxpr)
        });
        let prim =
            CustomVjp { name: self.name.clone(), jaxpr, n_consts: self.n_consts, fwd, bwd };
        let outs = b.bind(prim, &ins)?;
        let dims = smallvec![Some(0); outs.len()];
        Ok((outs, dims))
    }

    fn samples() -> Vec<Sample> {
        let jaxpr = call::sample_callee();
        let fwd = jaxpr.clone();
        // Residuals are the operands; the backward pass is the derivative, so the laws apply.
        let fwd = Rule::new("f_fwd", move || {
            let (b, ins) = Builder::with_inputs(fwd.in_types());
            let outs = b.inline(&fwd, &ins);
            Ok(b.finish(outs.into_iter().chain(ins)))
        });
        let f = jaxpr.clone();
        let bwd = Rule::new("f_bwd", move || {
            let vjp = transform::vjp(&f, &[true, true])?;
            Ok(transform::dce_with(&vjp, &[false, false, true, true], &[true; 4]).jaxpr)
        });
        let prim = CustomVjp { name: "f".into(), jaxpr, n_consts: 0, fwd, bwd };
        vec![Sample::new(prim, call::sample_args())]
    }
}
