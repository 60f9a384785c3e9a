//! Users' own primitives.
//!
//! A user states the name, the types and an expansion into primitives of the core; every rule that
//! is not given is derived from the expansion. So each transformation, future ones too, works on a
//! user's primitive at once.

use super::*;
use crate::param::Param;
use crate::{fault, interp, transform};
use std::fmt;
use std::hash::Hasher;
use std::sync::Arc;

/// A primitive defined outside of this crate. The optional rules answer `None` where they are left to
/// the expansion.
pub trait CustomPrimitive: Send + Sync + 'static {
    /// The name, as printed.
    fn name(&self) -> &str;

    /// The types of the results.
    ///
    /// # Errors
    /// The operands do not fit.
    fn type_of(&self, ins: &[Type]) -> Result<Vec<Type>, Fault>;

    /// The same function in terms of other primitives.
    ///
    /// # Errors
    /// The operands do not fit.
    fn expand(&self, b: &Builder, ins: &[Atom]) -> Result<Atoms, Error>;

    /// What it does besides computing its results.
    fn effects(&self) -> Effects {
        Effects::NONE
    }

    /// Evaluates on host values.
    fn eval(&self, _ins: &[Value]) -> Option<Result<Vec<Value>, Fault>> {
        None
    }

    /// The jvp rule, as [`Primitive::jvp`].
    fn jvp(&self, _b: &Builder, _primals: &[Atom], _tangents: &[Tangent]) -> Option<JvpOut> {
        None
    }

    /// The transpose rule, as [`Primitive::transpose`].
    fn transpose(
        &self,
        _b: &Builder,
        _cts: &[Tangent],
        _operands: &[Operand],
    ) -> Option<TransposeOut> {
        None
    }

    /// The batching rule, as [`Primitive::batch`].
    fn batch(&self, _b: &Builder, _batch: Batch<'_>) -> Option<BatchOut> {
        None
    }
}

/// A user's primitive in an equation; compared by identity.
#[derive(Clone)]
pub struct Custom(Arc<dyn CustomPrimitive>);

impl Custom {
    /// Wraps a primitive. Clones are equal; two wraps of equal primitives are not.
    pub fn new(prim: impl CustomPrimitive) -> Custom {
        Custom(Arc::new(prim))
    }

    /// The user's own evaluation, if there is one: engines run a compiled expansion otherwise.
    pub fn eval_given(&self, ins: &[Value]) -> Option<Result<Vec<Value>, Fault>> {
        self.0.eval(ins)
    }

    /// The expansion as a jaxpr.
    ///
    /// # Errors
    /// The user's expansion fails or has other types than the primitive.
    pub fn expansion(&self, ins: &[Type]) -> Result<Jaxpr, Error> {
        let (b, args) = Builder::with_inputs(ins);
        let outs = self.0.expand(&b, &args)?;
        let jaxpr = b.finish(outs);
        let want = self.0.type_of(ins)?;
        if jaxpr.out_types() != want {
            return Err(Error::msg(format!(
                "the expansion of `{}` gives {}, but its type rule says {}",
                self.0.name(),
                crate::types::show_types(&jaxpr.out_types()),
                crate::types::show_types(&want)
            )));
        }
        Ok(jaxpr)
    }

    fn id(&self) -> usize {
        Arc::as_ptr(&self.0).cast::<()>() as usize
    }

    fn expansion_at(&self, b: &Builder, ins: &[Atom]) -> Result<Jaxpr, Error> {
        let types: Vec<Type> = ins.iter().map(|&a| b.ty(a)).collect();
        self.expansion(&types)
    }
}

impl PartialEq for Custom {
    fn eq(&self, other: &Custom) -> bool {
        self.id() == other.id()
    }
}

impl Eq for Custom {}

impl Hash for Custom {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.id().hash(state);
    }
}

impl fmt::Debug for Custom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<primitive {}>", self.0.name())
    }
}

impl Primitive for Custom {
    fn names() -> &'static [&'static str] {
        // Text cannot hold a user's code.
        &[]
    }

    fn name(&self) -> &str {
        self.0.name()
    }

    fn params(&self) -> Params {
        Params::from_iter([("expand", Param::Func(self.0.name().into(), 0))])
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        Err(fault!("a user's primitive has no text form"))
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        Ok(self.0.type_of(ins)?.into_iter().collect())
    }

    fn effects(&self) -> Effects {
        self.0.effects()
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        self.eval_given(ins).unwrap_or_else(|| {
            let types: Vec<Type> = ins.iter().map(|x| x.ty().clone()).collect();
            Ok(interp::eval(&self.expansion(&types)?, ins)?)
        })
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        self.0.jvp(b, primals, tangents).unwrap_or_else(|| {
            transform::jvp_into(b, &self.expansion_at(b, primals)?, primals, tangents)
        })
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        self.0.transpose(b, cts, operands).unwrap_or_else(|| {
            let types: Vec<Type> = operands.iter().map(|o| o.ty(b)).collect();
            let inline = |j| jit::Jit { name: self.0.name().into(), jaxpr: j }.into();
            call::transpose(&self.expansion(&types)?, b, cts, operands, inline)
        })
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        self.0.batch(b, batch).unwrap_or_else(|| {
            let Batch { size, axis, ins, dims } = batch;
            let types: Vec<Type> = ins
                .iter()
                .zip(dims)
                .map(|(&a, d)| d.map_or_else(|| b.ty(a), |d| b.ty(a).without_axis(d)))
                .collect();
            transform::vmap_into(b, &self.expansion(&types)?, size, ins, dims, axis)
        })
    }

    fn samples() -> Vec<Sample> {
        /// x·y + sin x, with no rule of its own.
        struct Fused;
        impl CustomPrimitive for Fused {
            fn name(&self) -> &str {
                "fused_example"
            }
            fn type_of(&self, ins: &[Type]) -> Result<Vec<Type>, Fault> {
                crate::ensure!(ins.len() == 2 && ins[0] == ins[1], "it takes two equal operands");
                Ok(vec![ins[0].clone()])
            }
            fn expand(&self, b: &Builder, ins: &[Atom]) -> Result<Atoms, Error> {
                Ok(Atoms::from_slice(&[b.add(b.mul(ins[0], ins[1]), b.sin(ins[0]))]))
            }
        }
        let ty = Type::of(crate::DType::F64, &[2, 3]);
        let d = Domain::Range(-1.0, 1.0);
        vec![Sample::new(Custom::new(Fused), vec![(ty.clone(), d), (ty, d)])]
    }
}
