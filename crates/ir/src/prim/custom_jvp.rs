//! `custom_jvp_call[name=f call_jaxpr={…} jvp=<fn f@1>] x y`: a function with a derivative rule of the
//! user's own.
//!
//! The rule is a jaxpr from (primals, tangents of the float operands) to (results, tangents of the
//! float results); it must be linear in the tangents. Trailing operands that the function captured
//! are constants of the rule: differentiating with respect to one is an error, because the rule says
//! nothing about it.

use super::call::{self, SplitOff};
use super::rule::{self, Rule};
use super::*;
use crate::param::Param;
use crate::transform::{self, OutDims};
use smallvec::smallvec;
use std::sync::Arc;

/// `custom_jvp_call[…] operands… constants…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct CustomJvp {
    /// The function's name.
    pub name: Arc<str>,
    /// The function: (operands, constants) → results.
    pub jaxpr: Jaxpr,
    /// How many trailing operands are captured constants.
    pub n_consts: usize,
    /// The rule: (operands, tangents of float operands) → (results, tangents of float results).
    pub jvp: Rule,
}

impl Primitive for CustomJvp {
    fn names() -> &'static [&'static str] {
        // Text cannot hold the rule, so the parser reads this name as a plain call.
        &[]
    }

    fn name(&self) -> &str {
        "custom_jvp_call"
    }

    fn params(&self) -> Params {
        [
            ("name", Param::word(&*self.name)),
            ("call_jaxpr", Param::Jaxpr(self.jaxpr.clone())),
            ("jvp", Param::Func(self.jvp.name().into(), self.jvp.id())),
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
        let ts = rule::float_tangents(b, &primals[..n], &tangents[..n]);
        let args: Atoms = primals[..n].iter().copied().chain(ts).collect();
        let mut outs = b.inline(&self.jvp.jaxpr()?, &args);
        let outs_t = outs.split_off_at(self.jaxpr.outs().len());
        let ts = rule::spread_tangents(b, &outs, outs_t);
        Ok((outs, ts))
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let Batch { size, axis, dims, .. } = batch;
        let n = dims.len() - self.n_consts;
        let jaxpr = transform::vmap(&self.jaxpr, size, dims, axis, OutDims::Front)?.jaxpr;
        // A tangent is batched where its primal is.
        let types = &self.jaxpr.in_types()[..n];
        let tangent_dims = types.iter().zip(dims).filter(|(t, _)| t.is_float()).map(|(_, d)| *d);
        let rule_dims: Vec<Option<usize>> =
            dims[..n].iter().copied().chain(tangent_dims).collect();
        let jvp = self.jvp.map(move |rule| {
            Ok(transform::vmap(rule, size, &rule_dims, axis, OutDims::Front)?.jaxpr)
        });
        let prim = CustomJvp { name: self.name.clone(), jaxpr, n_consts: self.n_consts, jvp };
        let outs = b.bind(prim, batch.ins)?;
        let dims = smallvec![Some(0); outs.len()];
        Ok((outs, dims))
    }

    fn samples() -> Vec<Sample> {
        // A rule that happens to be the derivative: the laws apply.
        let jaxpr = call::sample_callee();
        let callee = jaxpr.clone();
        let jvp = Rule::new("f_jvp", move || Ok(transform::jvp(&callee, &[true, true])?.jaxpr));
        let prim = CustomJvp { name: "f".into(), jaxpr, n_consts: 0, jvp };
        vec![Sample::new(prim, call::sample_args())]
    }
}
