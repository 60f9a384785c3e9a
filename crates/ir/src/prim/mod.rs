//! Primitives: closed families, every rule of a family in its own file.
//!
//! [`Primitive`] is the list of required rules, without failing defaults, so a family that lacks one
//! does not compile. [`Prim`] is the closed enum of families. A new family is one file and one line
//! in the list at the end of this file; a new elementwise primitive is one row in its family's table.

use crate::builder::Builder;
use crate::error::{Error, Fault};
use crate::jaxpr::{Atom, Atoms, Jaxpr};
use crate::param::{ParamMap, Params};
use crate::types::Type;
use crate::value::Value;
use smallvec::SmallVec;
use std::hash::Hash;

mod call;
pub mod classes;
pub mod rule;
pub mod scatter_rules;
pub(crate) mod structural;
mod tree;
pub(crate) mod typing;
pub mod windows;

#[cfg(test)]
mod tests;

/// The types of results, nearly always one.
pub type Types = SmallVec<[Type; 1]>;

/// A tangent or cotangent; `None` is a symbolic zero.
pub type Tangent = Option<Atom>;

/// A short list of tangents.
pub type Tangents = SmallVec<[Tangent; 4]>;

/// What a jvp rule gives: primal results and their tangents.
pub type JvpOut = Result<(Atoms, Tangents), Error>;

/// What a transpose rule gives: one cotangent an operand, `None` for known operands and zeros.
pub type TransposeOut = Result<Tangents, Error>;

/// What a batching rule gives: results and where their batch dimension is (`None`: unbatched).
pub type BatchOut = Result<(Atoms, BatchDims), Error>;

/// Batch dimensions of operands or results.
pub type BatchDims = SmallVec<[Option<usize>; 4]>;

/// An operand in a transpose rule.
#[derive(Clone, Debug)]
pub enum Operand {
    /// A value that does not depend on the linear inputs.
    Known(Atom),
    /// A linear operand, of which only the type is known: its cotangent is wanted.
    Linear(Type),
}

impl Operand {
    /// The type of the operand.
    pub fn ty(&self, b: &Builder) -> Type {
        match self {
            Operand::Known(a) => b.ty(*a),
            Operand::Linear(t) => t.clone(),
        }
    }

    /// True for an operand whose cotangent is wanted.
    pub fn is_linear(&self) -> bool {
        matches!(self, Operand::Linear(_))
    }

    /// The known value, if there is one.
    pub fn known(&self) -> Option<Atom> {
        match self {
            Operand::Known(a) => Some(*a),
            Operand::Linear(_) => None,
        }
    }
}

/// The operands of a batching rule. At least one is batched, unless the primitive reads the axis.
#[derive(Clone, Copy, Debug)]
pub struct Batch<'a> {
    /// The size of the batch dimension.
    pub size: usize,
    /// The named axis that this `vmap` binds, for collectives.
    pub axis: Option<AxisId>,
    /// The operands.
    pub ins: &'a [Atom],
    /// Where each operand's batch dimension is.
    pub dims: &'a [Option<usize>],
}

/// The identity of an axis that `vmap_named` binds. It is a number, not a name, so that two axes
/// never capture each other.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
pub struct AxisId(pub u64);

/// What an equation does besides computing its outputs.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Effects(u8);

impl Effects {
    /// None: the equation may be removed, merged and moved.
    pub const NONE: Effects = Effects(0);
    /// It talks to the outside (a print, a callback), in no particular order.
    pub const IO: Effects = Effects(1);
    /// It talks to the outside, in program order.
    pub const ORDERED_IO: Effects = Effects(2);
    /// It may stop the program with an error.
    pub const CHECK: Effects = Effects(4);

    /// Both.
    pub const fn union(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }
}

/// The rules of a family of primitives.
pub trait Primitive: Clone + PartialEq + Eq + Hash + std::fmt::Debug + Into<Prim> {
    /// Every name of the family, as printed; `parse` is called with one of these. Names under which
    /// other versions of JAX print a primitive may be among them.
    fn names() -> &'static [&'static str];

    /// The name as printed.
    fn name(&self) -> &str;

    /// The parameters as printed.
    fn params(&self) -> Params;

    /// The primitive of this name, its parameters taken out of the map.
    ///
    /// # Errors
    /// A parameter is missing or has the wrong kind.
    fn parse(name: &str, params: &mut ParamMap) -> Result<Self, Fault>;

    /// The types of the results for operands of these types, all arrays.
    ///
    /// # Errors
    /// The operands do not fit; the fault states the rule that they break.
    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault>;

    /// What the equation does besides computing its outputs.
    fn effects(&self) -> Effects;

    /// Reference semantics: plain loops over well-typed operands.
    ///
    /// # Errors
    /// Only for what types cannot tell: a user's primitive that fails, an axis that is not bound.
    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault>;

    /// The primal results and their tangents, at least one operand having a tangent.
    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut;

    /// The cotangents of the linear operands from those of the results, of which at least one is
    /// not zero. Primitives that are not linear in the operands asked for answer with an error.
    fn transpose(&self, b: &Builder, cotangents: &[Tangent], operands: &[Operand]) -> TransposeOut;

    /// The primitive mapped over a batch dimension.
    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut;

    /// Example uses that cover the parameters of the family: the laws are checked on these.
    fn samples() -> Vec<Sample>;
}

/// An example use of a primitive for the laws.
#[derive(Clone, Debug)]
pub struct Sample {
    /// The primitive.
    pub prim: Prim,
    /// Types of the operands, and where to draw their elements from.
    pub args: Vec<(Type, Domain)>,
    /// False where the derivative is defined but central differences cannot confirm it: at jumps,
    /// or where the function is its own approximation (rounding).
    pub smooth: bool,
}

impl Sample {
    /// A smooth sample.
    pub fn new(prim: impl Into<Prim>, args: Vec<(Type, Domain)>) -> Sample {
        Sample { prim: prim.into(), args, smooth: true }
    }

    /// The same sample, exempt from the comparison with central differences.
    pub fn rough(self) -> Sample {
        Sample { smooth: false, ..self }
    }
}

/// Where the elements of an example operand are drawn from.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Domain {
    /// Uniform in an interval (integers: rounded inwards).
    Range(f64, f64),
    /// Distinct values about 0.1 apart, shuffled: no ties and no kinks within a difference step.
    Distinct,
    /// Truth values, or for numbers 0 and 1.
    Bits,
    /// Random bits over the whole range of an integer dtype (a key for `u32[8]`).
    AnyBits,
}

macro_rules! families {
    (@variant $t:ty) => { $t };
    (@variant $t:ty, $boxed:ident) => { Box<$t> };
    ($($(#[$doc:meta])* $module:ident :: $family:ident $(in $boxed:ident)?),* $(,)?) => {
        $(pub mod $module;)*

        /// A primitive with its parameters: one variant a family.
        #[derive(Clone, PartialEq, Eq, Hash, Debug)]
        pub enum Prim {
            $($(#[$doc])* $family(families!(@variant $module::$family $(, $boxed)?)),)*
        }

        $(impl From<$module::$family> for Prim {
            fn from(p: $module::$family) -> Prim {
                Prim::$family(p.into())
            }
        })*

        impl Prim {
            /// The name as printed.
            pub fn name(&self) -> &str {
                match self { $(Prim::$family(p) => p.name(),)* }
            }

            /// The parameters as printed.
            pub fn params(&self) -> Params {
                match self { $(Prim::$family(p) => p.params(),)* }
            }

            /// The primitive of this name; `None` if there is none.
            ///
            /// # Errors
            /// A parameter is missing or has the wrong kind.
            pub fn parse(name: &str, params: &mut ParamMap) -> Option<Result<Prim, Fault>> {
                $(if $module::$family::names().contains(&name) {
                    return Some($module::$family::parse(name, params).map(Prim::from));
                })*
                None
            }

            /// Every name that [`Prim::parse`] knows.
            pub fn all_names() -> Vec<&'static str> {
                let mut names = Vec::new();
                $(names.extend_from_slice($module::$family::names());)*
                names
            }

            /// [`Primitive::type_of`].
            ///
            /// # Errors
            /// The operands do not fit.
            pub fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
                match self { $(Prim::$family(p) => p.type_of(ins),)* }
            }

            /// [`Primitive::effects`].
            pub fn effects(&self) -> Effects {
                match self { $(Prim::$family(p) => p.effects(),)* }
            }

            /// [`Primitive::eval`].
            ///
            /// # Errors
            /// For what types cannot tell.
            pub fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
                match self { $(Prim::$family(p) => p.eval(ins),)* }
            }

            /// [`Primitive::jvp`].
            ///
            /// # Errors
            /// A user's rule fails.
            pub fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
                match self { $(Prim::$family(p) => p.jvp(b, primals, tangents),)* }
            }

            /// [`Primitive::transpose`].
            ///
            /// # Errors
            /// The primitive is not linear.
            pub fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
                match self { $(Prim::$family(p) => p.transpose(b, cts, operands),)* }
            }

            /// [`Primitive::batch`].
            ///
            /// # Errors
            /// A user's rule fails.
            pub fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
                match self { $(Prim::$family(p) => p.batch(b, batch),)* }
            }

            /// [`Primitive::samples`] of every family.
            pub fn all_samples() -> Vec<Sample> {
                let mut samples = Vec::new();
                $(samples.extend($module::$family::samples());)*
                samples
            }
        }
    };
}

impl Prim {
    /// The types of the results, or an error that names the primitive, the operands and the rule.
    ///
    /// # Errors
    /// The operands do not fit.
    pub fn check_types(&self, ins: &[Type]) -> Result<Types, Error> {
        if let Some(stack) = ins.iter().find(|t| matches!(t, Type::Stack(_))) {
            let rule = crate::fault!("{stack} is not an array");
            return Err(Error::ill_typed(self.name(), ins, &rule));
        }
        let outs = self.type_of(ins).map_err(|rule| Error::ill_typed(self.name(), ins, &rule))?;
        for out in &outs {
            if let Type::Array { shape, .. } = out {
                crate::shape::checked_numel(shape)
                    .map_err(|rule| Error::ill_typed(self.name(), ins, &rule))?;
            }
        }
        Ok(outs)
    }

    /// How transformations that cannot treat an equation as a black box see it.
    pub fn higher_order(&self) -> Option<HigherOrder<'_>> {
        match self {
            Prim::Jit(p) => Some(HigherOrder::Jit(p)),
            Prim::Checkpoint(p) => Some(HigherOrder::Checkpoint(p)),
            _ => None,
        }
    }

    /// True where JAX's text may leave a broadcast of size-1 axes to the primitive; the parser writes
    /// it out.
    pub fn broadcasts(&self) -> bool {
        matches!(self, Prim::Binary(_) | Prim::Compare(_))
    }

    /// Whether each element of the result is arithmetic on the operands' elements at its place.
    pub(crate) fn is_elementwise(&self) -> bool {
        matches!(
            self,
            Prim::Unary(_)
                | Prim::Binary(_)
                | Prim::Compare(_)
                | Prim::Convert(_)
                | Prim::SelectN(_)
                | Prim::Clamp(_)
                | Prim::IntegerPow(_)
        )
    }

    /// The sub-jaxprs among the parameters.
    pub fn sub_jaxprs(&self) -> Vec<Jaxpr> {
        let mut found = Vec::new();
        for (_, p) in self.params() {
            if let crate::param::Param::Jaxpr(j) = p {
                found.push(j);
            }
        }
        found
    }
}

/// Primitives whose sub-jaxpr the transformations look into.
#[derive(Clone, Copy, Debug)]
pub enum HigherOrder<'a> {
    /// A call: it may be split, pruned and inlined.
    Jit(&'a jit::Jit),
    /// A call whose residuals are recomputed.
    Checkpoint(&'a checkpoint::Checkpoint),
}

// The list. The order is the order of the documentation.
families! {
    /// `neg sin exp …`: elementwise functions of one operand.
    unary::Unary,
    /// `integer_pow`.
    integer_pow::IntegerPow,
    /// `add mul max …`: elementwise functions of two operands.
    binary::Binary,
    /// `eq ne lt le gt ge`.
    compare::Compare,
    /// `select_n`.
    select::SelectN,
    /// `clamp`.
    clamp::Clamp,
    /// `convert_element_type`, `bitcast_convert_type`, `reduce_precision`.
    convert::Convert,
    /// `stop_gradient`, `copy`, `name`.
    identity::Identity,
    /// `iota`.
    iota::Iota,
    /// `constant`: an array in the program, which custom rules may capture.
    constant::Constant in Box,
    /// `reduce_sum reduce_prod reduce_max reduce_min reduce_and reduce_or reduce_xor`.
    reduce::Reduce,
    /// `reduce` with a sub-jaxpr.
    reduce_with::ReduceWith in Box,
    /// `argmax argmin`.
    arg_reduce::ArgReduce,
    /// `cumsum cumprod cummax cummin cumlogsumexp`.
    cumulative::Cumulative,
    /// `sort`.
    sort::Sort,
    /// `top_k`.
    top_k::TopK,
    /// `dot_general`.
    dot::DotGeneral in Box,
    /// `broadcast_in_dim`.
    broadcast::BroadcastInDim,
    /// `reshape squeeze expand_dims`.
    reshape::Reshape,
    /// `transpose`.
    permute::Transpose,
    /// `rev`.
    rev::Rev,
    /// `slice`.
    slice::Slice in Box,
    /// `split`.
    split::Split,
    /// `tile`.
    tile::Tile,
    /// `pad`.
    pad::Pad in Box,
    /// `concatenate`.
    concat::Concatenate,
    /// `stack`.
    stack::Stack,
    /// `dynamic_slice`.
    dynamic_slice::DynamicSlice,
    /// `dynamic_update_slice`.
    dynamic_update_slice::DynamicUpdateSlice,
    /// `gather`.
    gather::Gather in Box,
    /// `scatter scatter-add scatter-sub scatter-mul scatter-min scatter-max`.
    scatter::Scatter in Box,
    /// `random_bits random_split random_fold_in random_permutation`.
    random::Random,
    /// `psum pmax pmin all_gather axis_index`.
    collective::Collective,
    /// `jit`.
    jit::Jit,
    /// `checkpoint`.
    checkpoint::Checkpoint in Box,
    /// `custom_jvp_call`.
    custom_jvp::CustomJvp in Box,
    /// `custom_vjp_call`.
    custom_vjp::CustomVjp in Box,
    /// `custom_linear`.
    custom_linear::CustomLinear in Box,
    /// `tap`: values that users look at.
    tap::Tap,
    /// Users' own primitives.
    custom::Custom,
}
