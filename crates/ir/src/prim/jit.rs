//! `jit[name=f jaxpr={ lambda ; … }] x y`: a call of a closed sub-jaxpr.
//!
//! It is what a `jit` inside a traced function records. Every transformation maps over it: the rule
//! transforms the callee and calls the result; lowering inlines it.
//!
//! ```text
//! c:f32[] = jit[name=f jaxpr={ lambda ; a:f32[]. let b:f32[] = sin a in (b,) }] b
//! ```

use super::*;
use crate::param::Param;
use std::sync::Arc;

/// `jit[name=… jaxpr=…] operands…`: a call.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Jit {
    /// The function's name.
    pub name: Arc<str>,
    /// The closed callee.
    pub jaxpr: Jaxpr,
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
        call::type_of(&self.jaxpr, ins)
    }

    fn effects(&self) -> Effects {
        self.jaxpr.effects()
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        call::eval(&self.jaxpr, ins)
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        call::jvp(&self.jaxpr, b, primals, tangents, self.wrap())
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        call::transpose(&self.jaxpr, b, cts, operands, self.wrap())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        call::batch(&self.jaxpr, b, batch, self.wrap())
    }

    fn samples() -> Vec<Sample> {
        let prim = Jit { name: "f".into(), jaxpr: call::sample_callee() };
        vec![Sample::new(prim, call::sample_args())]
    }
}
