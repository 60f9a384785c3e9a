//! `checkpoint[jaxpr={ lambda ; … } policy=…] x y`: a call whose residuals are recomputed.
//!
//! It computes what its callee computes. Partial evaluation treats it differently: instead of handing
//! intermediate values from the forward to the backward pass, the backward pass computes them again,
//! except those that the policy saves (see `transform/remat.rs`).
//!
//! ```text
//! c:f32[] = checkpoint[differentiated=False jaxpr={ lambda ; … } policy=nothing prevent_cse=True] b
//! ```
//! JAX prints it as `remat2`.

use super::*;
use crate::param::{Param, as_seq};
use std::sync::Arc;

/// Which intermediate values a checkpoint saves instead of computing them again.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub enum Policy {
    /// None: only the arguments are kept.
    #[default]
    Nothing,
    /// The results of matrix products.
    Dots,
    /// The values that were given one of these names with `checkpoint_name`.
    Names(Vec<Arc<str>>),
}

impl Policy {
    /// Whether the results of an equation are saved.
    pub fn saves(&self, prim: &Prim) -> bool {
        match self {
            Policy::Nothing => false,
            Policy::Dots => matches!(prim, Prim::DotGeneral(_)),
            Policy::Names(names) => {
                matches!(prim, Prim::Identity(identity::Identity::Name(n)) if names.contains(n))
            }
        }
    }
}

/// `checkpoint[…] operands…`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Checkpoint {
    /// The closed callee.
    pub jaxpr: Jaxpr,
    /// What is saved.
    pub policy: Policy,
    /// True for the half that recomputes: printed, as JAX does, for the reader.
    pub differentiated: bool,
}

impl Checkpoint {
    /// The same checkpoint around another callee.
    pub(crate) fn with_jaxpr(&self, jaxpr: Jaxpr, differentiated: bool) -> Checkpoint {
        Checkpoint { jaxpr, policy: self.policy.clone(), differentiated }
    }
}

impl Primitive for Checkpoint {
    fn names() -> &'static [&'static str] {
        &["checkpoint", "remat2", "remat"]
    }

    fn name(&self) -> &str {
        "checkpoint"
    }

    fn params(&self) -> Params {
        let policy = match &self.policy {
            Policy::Nothing => Param::None,
            Policy::Dots => Param::word("dots"),
            Policy::Names(names) => {
                Param::Tuple(names.iter().map(|n| Param::word(&**n)).collect())
            }
        };
        [
            ("differentiated", Param::Bool(self.differentiated)),
            ("jaxpr", Param::Jaxpr(self.jaxpr.clone())),
            ("policy", policy),
        ]
        .into_iter()
        .collect()
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&["prevent_cse"]);
        let word = |p: &Param| match p {
            Param::Word(w) => Ok(Arc::from(w.trim_matches('\''))),
            other => Err(crate::param::wrong("policy", "a tuple of names", other)),
        };
        let policy = match params.take("policy") {
            None | Some(Param::None) => Policy::Nothing,
            Some(Param::Word(w)) if w == "dots" => Policy::Dots,
            // JAX prints its policies as Python objects.
            Some(Param::Struct(name, _)) if name == "DotsSaveable" => Policy::Dots,
            Some(Param::Struct(name, fields)) if name == "SaveOnlyTheseNames" => {
                let set = match fields.first() {
                    Some((_, Param::Struct(_, inner))) => inner.first(),
                    other => other,
                };
                match set {
                    Some((_, p)) => Policy::Names(
                        as_seq("policy", p)?.iter().map(word).collect::<Result<_, _>>()?,
                    ),
                    None => Policy::Names(Vec::new()),
                }
            }
            Some(Param::Func(name, _)) if name.starts_with("nothing_saveable") => Policy::Nothing,
            Some(Param::Func(name, _)) if name.starts_with("dots_saveable") => Policy::Dots,
            Some(p @ (Param::Tuple(_) | Param::List(_))) => {
                Policy::Names(as_seq("policy", &p)?.iter().map(word).collect::<Result<_, _>>()?)
            }
            Some(other) => {
                let wanted = "None, dots or a tuple of names";
                return Err(crate::param::wrong("policy", wanted, &other));
            }
        };
        let differentiated = params.bool_or("differentiated", false)?;
        Ok(Checkpoint { jaxpr: params.jaxpr("jaxpr")?, policy, differentiated })
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
        let wrap = |j| self.with_jaxpr(j, self.differentiated).into();
        call::jvp(&self.jaxpr, b, primals, tangents, wrap)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let wrap = |j| self.with_jaxpr(j, true).into();
        call::transpose(&self.jaxpr, b, cts, operands, wrap)
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let wrap = |j| self.with_jaxpr(j, self.differentiated).into();
        call::batch(&self.jaxpr, b, batch, wrap)
    }

    fn samples() -> Vec<Sample> {
        [Policy::Nothing, Policy::Dots, Policy::Names(vec!["h".into()])]
            .into_iter()
            .map(|policy| {
                let jaxpr = call::sample_callee();
                let prim = Checkpoint { jaxpr, policy, differentiated: false };
                Sample::new(prim, call::sample_args())
            })
            .collect()
    }
}
