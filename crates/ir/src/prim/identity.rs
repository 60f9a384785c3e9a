//! Identities that mean something to a transformation; the result is the operand.
//!
//! ```text
//! b:f32[3] = stop_gradient a
//! c:f32[3] = copy a
//! d:f32[3] = name[name=hidden] a
//! ```
//!
//! `stop_gradient` has the tangent zero. `copy` is linear. `name` marks a value for the policies of
//! `checkpoint`; its tangent is the operand's, without the name, as in JAX.

use super::classes;
use super::typing;
use super::*;
use crate::dtype::DType;
use crate::param::Param;
use smallvec::smallvec;

/// Identities that mean something to a transformation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Identity {
    /// `stop_gradient`: the tangent is zero.
    StopGradient,
    /// `copy`.
    Copy,
    /// `name[name=…]`: names a value for checkpoint policies.
    Name(std::sync::Arc<str>),
}

impl Primitive for Identity {
    fn names() -> &'static [&'static str] {
        &["stop_gradient", "copy", "name"]
    }

    fn name(&self) -> &str {
        match self {
            Identity::StopGradient => "stop_gradient",
            Identity::Copy => "copy",
            Identity::Name(_) => "name",
        }
    }

    fn params(&self) -> Params {
        match self {
            Identity::Name(name) => smallvec![("name", Param::word(&**name))],
            _ => smallvec![],
        }
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        match name {
            "stop_gradient" => Ok(Identity::StopGradient),
            "copy" => Ok(Identity::Copy),
            _ => Ok(Identity::Name(params.word("name")?.into())),
        }
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = typing::operands(ins)?;
        Ok(smallvec![x.clone()])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        Ok(vec![ins[0].clone()])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        match self {
            Identity::StopGradient => {
                classes::zero(self.clone(), b, primals, "that is what it is for")
            }
            Identity::Copy => classes::linear(self.clone(), b, primals, tangents),
            Identity::Name(_) => Ok((b.bind(self.clone(), primals)?, smallvec![tangents[0]])),
        }
    }

    fn transpose(&self, _: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        match self {
            Identity::StopGradient => classes::not_linear("stop_gradient"),
            _ => classes::each_linear(operands, |_, _| cts[0]),
        }
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        classes::elementwise(self.clone(), b, batch)
    }

    fn samples() -> Vec<Sample> {
        let sample = |prim: Identity, dtype, shape: &[usize]| {
            Sample::new(prim, vec![(Type::of(dtype, shape), Domain::Range(-2.0, 2.0))])
        };
        vec![
            // Central differences see through it.
            sample(Identity::StopGradient, DType::F64, &[2, 3]).rough(),
            sample(Identity::StopGradient, DType::I32, &[3]),
            sample(Identity::Copy, DType::F64, &[2, 3]),
            sample(Identity::Copy, DType::F16, &[]).rough(),
            sample(Identity::Copy, DType::Bool, &[0]),
            sample(Identity::Name("hidden".into()), DType::F64, &[2]),
        ]
    }
}
