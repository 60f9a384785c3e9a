//! Reductions with a fixed operation over some axes: `reduce_sum` and its kin.
//!
//! The axes go away, the others keep their order:
//!
//! ```text
//! b:f32[3] = reduce_sum[axes=(0, 2)] a        where a:f32[2,3,4]
//! ```
//!
//! An empty axis gives the identity of the operation: 0, 1, the lowest or the highest value of the
//! dtype, all bits set, no bits set. Sums and products run in index order, those of f16 and bf16 in
//! f32 with one rounding at the end; integers wrap; maximum and minimum propagate NaN.
//!
//! Sum is linear and transposes to a broadcast. The derivative of a maximum is the mean of the
//! tangents where it is attained, as in JAX: ties share equally. A product is differentiated through
//! the tree of its factors (`prim/tree.rs`), which is right with any number of zeros.

use super::typing::{ascending_axes, operands};
use super::*;
use crate::builder::Builder;
use crate::dtype::{DType, Element};
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::scalar::{NumScalar, OrdScalar};
use crate::shape::{Axes, indices, ravel, strides, without_axes};
use smallvec::smallvec;

/// The operation of a reduction.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ReduceOp {
    /// `reduce_sum`
    Sum,
    /// `reduce_prod`
    Prod,
    /// `reduce_max`
    Max,
    /// `reduce_min`
    Min,
    /// `reduce_and`
    And,
    /// `reduce_or`
    Or,
    /// `reduce_xor`
    Xor,
}

impl ReduceOp {
    const ALL: [ReduceOp; 7] = [
        ReduceOp::Sum,
        ReduceOp::Prod,
        ReduceOp::Max,
        ReduceOp::Min,
        ReduceOp::And,
        ReduceOp::Or,
        ReduceOp::Xor,
    ];

    const NAMES: [&str; 7] = [
        "reduce_sum",
        "reduce_prod",
        "reduce_max",
        "reduce_min",
        "reduce_and",
        "reduce_or",
        "reduce_xor",
    ];
}

/// `reduce_sum[axes=(0,)] x` and its kin.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Reduce {
    /// What to reduce with.
    pub op: ReduceOp,
    /// The axes that go away, in ascending order.
    pub axes: Axes,
}

impl Primitive for Reduce {
    fn names() -> &'static [&'static str] {
        &ReduceOp::NAMES
    }

    fn name(&self) -> &str {
        ReduceOp::NAMES[self.op as usize]
    }

    fn params(&self) -> Params {
        smallvec![("axes", Param::usizes(&self.axes))]
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Reduce, Fault> {
        let op = ReduceOp::ALL.into_iter().zip(ReduceOp::NAMES).find(|(_, n)| *n == name);
        let (op, _) = op.ok_or_else(|| fault!("`{name}` is no reduction"))?;
        let mut axes = params.usizes("axes")?;
        // JAX prints the axes in the order in which the user gave them; it has no meaning.
        axes.sort_unstable();
        params.ignore(&["out_sharding", "axis_index_groups"]);
        Ok(Reduce { op, axes })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        ascending_axes("axis", &self.axes, x.rank())?;
        let dtype = x.dtype();
        match self.op {
            ReduceOp::Sum | ReduceOp::Prod => ensure!(
                dtype.is_number(),
                "it takes numbers, not bool: convert with `.cast(..)` to count, or use `all` or `any`"
            ),
            ReduceOp::Max | ReduceOp::Min => {}
            ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => {
                ensure!(!dtype.is_float(), "it takes bool or integers, not {dtype}");
            }
        }
        Ok(smallvec![x.with_shape(&without_axes(x.shape(), &self.axes))])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (x, axes) = (&ins[0], &self.axes);
        let y = match self.op {
            ReduceOp::Sum => crate::dispatch!(number x.dtype(), T => {
                fold(x, axes, T::ZERO.widen(), |a, e: T| a.plus(e.widen()), T::narrow)
            }, else => return Err(fault!("a sum of bool"))),
            ReduceOp::Prod => crate::dispatch!(number x.dtype(), T => {
                fold(x, axes, T::ONE.widen(), |a, e: T| a.times(e.widen()), T::narrow)
            }, else => return Err(fault!("a product of bool"))),
            ReduceOp::Max => crate::dispatch!(x.dtype(), T => {
                fold(x, axes, T::LOWEST, T::greater, |a| a)
            }),
            ReduceOp::Min => crate::dispatch!(x.dtype(), T => {
                fold(x, axes, T::HIGHEST, T::lesser, |a| a)
            }),
            ReduceOp::And => bitwise(x, axes, u64::MAX, |a, e| a & e),
            ReduceOp::Or => bitwise(x, axes, 0, |a, e| a | e),
            ReduceOp::Xor => bitwise(x, axes, 0, |a, e| a ^ e),
        };
        Ok(vec![y])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (x, Some(t)) = (primals[0], tangents[0]) else {
            return classes::zero(self.clone(), b, primals, "no tangent");
        };
        let y = b.bind(self.clone(), primals)?[0];
        let ty = b.ty(x);
        let dt = match self.op {
            ReduceOp::Sum => Some(b.reduce_sum(t, &self.axes)),
            // The identity of an empty reduction is a constant.
            _ if self.axes.iter().any(|&a| ty.shape()[a] == 0) => None,
            ReduceOp::Prod => Some(product_tangent(b, x, t, &self.axes)?),
            // dy = Σ [xᵢ = y] dxᵢ / Σ [xᵢ = y].
            ReduceOp::Max | ReduceOp::Min => {
                let attained = b.eq(x, b.broadcast_back(y, ty.shape(), &self.axes));
                let attained = b.convert(attained, ty.dtype());
                let total = b.reduce_sum(b.mul(t, attained), &self.axes);
                Some(b.div(total, b.reduce_sum(attained, &self.axes)))
            }
            ReduceOp::And | ReduceOp::Or | ReduceOp::Xor => None,
        };
        Ok((smallvec![y], smallvec![dt]))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        if self.op != ReduceOp::Sum {
            return classes::not_linear(self.name());
        }
        let shape = operands[0].ty(b);
        Ok(smallvec![cts[0].map(|ct| b.broadcast_back(ct, shape.shape(), &self.axes))])
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let Some(d) = batch.dims[0] else {
            return Ok((b.bind(self.clone(), batch.ins)?, smallvec![None]));
        };
        let axes: Axes = self.axes.iter().map(|&a| a + usize::from(a >= d)).collect();
        let before = axes.iter().filter(|&&a| a < d).count();
        let outs = b.bind(Reduce { op: self.op, axes }, batch.ins)?;
        Ok((outs, smallvec![Some(d - before)]))
    }

    fn samples() -> Vec<Sample> {
        use DType::*;
        use ReduceOp::*;
        let sample = |op, dtype, shape: &[usize], axes: &[usize], domain| {
            Sample::new(Reduce { op, axes: axes.into() }, vec![(Type::of(dtype, shape), domain)])
        };
        let around = Domain::Range(-2.0, 2.0);
        vec![
            sample(Sum, F64, &[], &[], around),
            sample(Sum, F64, &[5], &[0], around),
            sample(Sum, F32, &[2, 3, 4], &[0, 2], around),
            sample(Sum, F64, &[3, 0, 2], &[1], around),
            sample(Sum, F64, &[2, 1, 3], &[1], around),
            sample(Sum, F16, &[4, 3], &[0], around),
            sample(Sum, I32, &[3, 4], &[1], Domain::AnyBits),
            sample(Prod, F64, &[5], &[0], around),
            sample(Prod, F64, &[2, 3, 3], &[0, 2], Domain::Range(0.5, 1.5)),
            sample(Prod, F64, &[3, 4], &[0, 1], Domain::Bits),
            sample(Prod, F64, &[3, 1], &[1], around),
            sample(Prod, F64, &[2, 0], &[1], around),
            sample(Prod, U8, &[3, 2], &[0], Domain::AnyBits),
            sample(Max, F64, &[5], &[0], Domain::Distinct),
            sample(Max, F64, &[3, 2, 4], &[0, 2], Domain::Distinct),
            sample(Max, F64, &[4, 3], &[0], Domain::Bits).rough(),
            sample(Max, I64, &[2, 3], &[1], Domain::AnyBits),
            sample(Max, Bool, &[2, 3], &[1], Domain::Bits),
            sample(Min, F64, &[3, 4], &[1], Domain::Distinct),
            sample(Min, F64, &[3, 0], &[1], Domain::Distinct).rough(),
            sample(Min, BF16, &[3, 2], &[0], Domain::Distinct).rough(),
            sample(And, Bool, &[3, 2], &[0], Domain::Bits),
            sample(And, U32, &[3, 2], &[1], Domain::AnyBits),
            sample(Or, I8, &[2, 3], &[0, 1], Domain::AnyBits),
            sample(Xor, U64, &[5], &[0], Domain::AnyBits),
        ]
    }
}

/// Folds every element into its place of the result, in row-major order.
fn fold<T: OrdScalar, A: Copy>(
    x: &Value,
    axes: &[usize],
    init: A,
    step: impl Fn(A, T) -> A,
    finish: impl Fn(A) -> T,
) -> Value {
    let shape = without_axes(x.shape(), axes);
    let mut kept_strides = strides(&shape).into_iter();
    // A reduced axis has stride 0 in the result.
    let to_result: Axes = (0..x.shape().len())
        .map(|i| if axes.contains(&i) { 0 } else { kept_strides.next().unwrap_or(0) })
        .collect();
    let mut acc = vec![init; crate::shape::numel(&shape)];
    for (index, &e) in indices(x.shape()).zip(x.slice::<T>()) {
        let place = &mut acc[ravel(&index, &to_result)];
        *place = step(*place, e);
    }
    Value::new(shape, acc.into_iter().map(finish).collect())
}

/// A bitwise fold on the bit patterns.
fn bitwise(x: &Value, axes: &[usize], init: u64, op: impl Fn(u64, u64) -> u64) -> Value {
    crate::dispatch!(x.dtype(), T => {
        fold(x, axes, init, |a, e: T| op(a, Element::to_bits(e)), <T as Element>::from_bits)
    })
}

/// The tangent of a product over axes that are not empty.
fn product_tangent(b: &Builder, x: Atom, t: Atom, axes: &[usize]) -> Result<Atom, Error> {
    let flat = |a| tree::flatten_to_front(b, a, axes);
    // A factor with its tangent times another: (xy, dx y + x dy).
    let pairs = tree::reduce(b, smallvec![flat(x), flat(t)], &|b, x, y| {
        let dt = b.add(b.mul(x[1], y[0]), b.mul(x[0], y[1]));
        Ok(smallvec![b.mul(x[0], y[0]), dt])
    })?;
    Ok(pairs[1])
}
