//! Running sums, products, extremes and log-sum-exps along an axis.
//!
//! ```text
//! b:f32[2,3] = cumsum[axis=1 reverse=False] a          where a:f32[2,3]
//! ```
//!
//! Element i of the result combines elements 0 to i of the operand, with `reverse` elements i to the
//! last. Elements are combined in index order, those of f16 and bf16 in f32 with one rounding of each
//! result; integers wrap; NaN propagates.
//!
//! `cumsum` is linear and transposes to the sum from the other end. The others are differentiated
//! through the tree that computes all prefixes in about 2n steps (`prim/tree.rs`, the same tree as
//! JAX's): that is right for products with any number of zeros, and gives JAX's shares at ties of
//! maxima: ½ for either side at every node. The combination of logarithms of sums is
//! log(eᵃ + eᵇ), whose derivative is the mean of the tangents weighted with eᵃ and eᵇ; −∞ has weight
//! 0, so leading −∞ do no harm (JAX gives NaN there).

use super::classes::batched_axis;
use super::typing::{axis_in_range, operands};
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::prim::binary::Binary;
use crate::scalar::{NumScalar, OrdScalar, RealScalar};
use crate::shape::{Shape, around_axis};
use smallvec::smallvec;

/// The operation of a scan along an axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum CumulativeOp {
    /// `cumsum`
    Sum,
    /// `cumprod`
    Prod,
    /// `cummax`
    Max,
    /// `cummin`
    Min,
    /// `cumlogsumexp`
    LogSumExp,
}

impl CumulativeOp {
    const ALL: [CumulativeOp; 5] = [
        CumulativeOp::Sum,
        CumulativeOp::Prod,
        CumulativeOp::Max,
        CumulativeOp::Min,
        CumulativeOp::LogSumExp,
    ];

    const NAMES: [&str; 5] = ["cumsum", "cumprod", "cummax", "cummin", "cumlogsumexp"];
}

/// `cumsum[axis=0 reverse=False] x` and its kin.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Cumulative {
    /// What to accumulate with.
    pub op: CumulativeOp,
    /// The axis.
    pub axis: usize,
    /// From the end.
    pub reverse: bool,
}

impl Primitive for Cumulative {
    fn names() -> &'static [&'static str] {
        &CumulativeOp::NAMES
    }

    fn name(&self) -> &str {
        CumulativeOp::NAMES[self.op as usize]
    }

    fn params(&self) -> Params {
        smallvec![("axis", Param::Int(self.axis as i64)), ("reverse", Param::Bool(self.reverse))]
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Cumulative, Fault> {
        let op = CumulativeOp::ALL.into_iter().zip(CumulativeOp::NAMES).find(|(_, n)| *n == name);
        let (op, _) = op.ok_or_else(|| fault!("`{name}` is no running reduction"))?;
        Ok(Cumulative { op, axis: params.usize("axis")?, reverse: params.bool_or("reverse", false)? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        axis_in_range("axis", self.axis, x.rank())?;
        let dtype = x.dtype();
        if self.op == CumulativeOp::LogSumExp {
            ensure!(dtype.is_float(), "it takes floats, not {dtype}: convert with `.cast(..)`");
        } else {
            ensure!(dtype.is_number(), "it takes numbers, not bool: convert with `.cast(..)`");
        }
        Ok(smallvec![x.clone()])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let x = &ins[0];
        let y = match self.op {
            CumulativeOp::Sum => crate::dispatch!(number x.dtype(), T => {
                self.scan(x, T::ZERO.widen(), |a, e: T| a.plus(e.widen()), T::narrow)
            }, else => return Err(fault!("a sum of bool"))),
            CumulativeOp::Prod => crate::dispatch!(number x.dtype(), T => {
                self.scan(x, T::ONE.widen(), |a, e: T| a.times(e.widen()), T::narrow)
            }, else => return Err(fault!("a product of bool"))),
            CumulativeOp::Max => crate::dispatch!(x.dtype(), T => {
                self.scan(x, T::LOWEST, T::greater, |a| a)
            }),
            CumulativeOp::Min => crate::dispatch!(x.dtype(), T => {
                self.scan(x, T::HIGHEST, T::lesser, |a| a)
            }),
            CumulativeOp::LogSumExp => crate::dispatch!(float x.dtype(), T => {
                let add = |a, e: T| RealScalar::logaddexp(a, e.widen());
                self.scan(x, T::LOWEST.widen(), add, T::narrow)
            }, else => return Err(fault!("exponentials of integers"))),
        };
        Ok(vec![y])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (x, Some(t)) = (primals[0], tangents[0]) else {
            return classes::zero(*self, b, primals, "no tangent");
        };
        let combine: tree::Combine<'_> = match self.op {
            CumulativeOp::Sum => return classes::linear(*self, b, primals, tangents),
            CumulativeOp::Prod => &|b, x, y| pair(Binary::Mul, b, x, y),
            CumulativeOp::Max => &|b, x, y| pair(Binary::Max, b, x, y),
            CumulativeOp::Min => &|b, x, y| pair(Binary::Min, b, x, y),
            CumulativeOp::LogSumExp => &|b, x, y| Ok(pair_logaddexp(b, x, y)),
        };
        let y = b.op(*self, &[x]);
        let enter = |a| {
            let front = b.move_axis(a, self.axis, 0);
            if self.reverse { b.rev(front, &[0]) } else { front }
        };
        let dt = tree::scan(b, &[enter(x), enter(t)], combine)?[1];
        let dt = if self.reverse { b.rev(dt, &[0]) } else { dt };
        Ok((smallvec![y], smallvec![Some(b.move_axis(dt, 0, self.axis))]))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], _: &[Operand]) -> TransposeOut {
        if self.op != CumulativeOp::Sum {
            return classes::not_linear(self.name());
        }
        Ok(smallvec![cts[0].map(|ct| b.cumsum(ct, self.axis, !self.reverse))])
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let axis = batched_axis(self.axis, batch.dims[0]);
        Ok((b.bind(Cumulative { axis, ..*self }, batch.ins)?, smallvec![batch.dims[0]]))
    }

    fn samples() -> Vec<Sample> {
        use CumulativeOp::*;
        use DType::*;
        let sample = |op, dtype, shape: &[usize], axis, reverse, domain| {
            let prim = Cumulative { op, axis, reverse };
            Sample::new(prim, vec![(Type::of(dtype, shape), domain)])
        };
        let around = Domain::Range(-2.0, 2.0);
        vec![
            sample(Sum, F64, &[5], 0, false, around),
            sample(Sum, F64, &[2, 3, 4], 1, true, around),
            sample(Sum, F16, &[3, 4], 1, false, around),
            sample(Sum, I8, &[4], 0, false, Domain::AnyBits),
            sample(Sum, F64, &[2, 0], 1, false, around),
            sample(Prod, F64, &[6], 0, false, around),
            sample(Prod, F64, &[3, 5], 1, true, around),
            sample(Prod, F64, &[5, 2], 0, false, Domain::Bits),
            sample(Prod, U32, &[2, 3], 0, false, Domain::AnyBits),
            sample(Prod, F64, &[1, 2], 0, true, around),
            sample(Max, F64, &[7], 0, false, Domain::Distinct),
            sample(Max, F64, &[2, 4], 1, true, Domain::Distinct),
            sample(Max, F64, &[5], 0, false, Domain::Bits).rough(),
            sample(Max, I64, &[2, 3], 1, false, Domain::AnyBits),
            sample(Min, F64, &[2, 5, 2], 1, false, Domain::Distinct),
            sample(Min, BF16, &[5], 0, true, Domain::Distinct).rough(),
            sample(LogSumExp, F64, &[5], 0, false, around),
            sample(LogSumExp, F64, &[2, 4], 1, true, around),
            sample(LogSumExp, F64, &[3, 2], 0, false, Domain::Bits),
            sample(LogSumExp, F32, &[0, 2], 0, false, around),
        ]
    }
}

/// A value with its tangent combined with another: the jvp of an elementwise operation.
fn pair(op: Binary, b: &Builder, x: &[Atom], y: &[Atom]) -> Result<Atoms, Error> {
    let (z, t) = op.jvp(b, &[x[0], y[0]], &[Some(x[1]), Some(y[1])])?;
    Ok(smallvec![z[0], b.instantiate(t[0], z[0])])
}

/// log(eˣ + eʸ) with its tangent (eˣ dx + eʸ dy)/(eˣ + eʸ).
///
/// Both are scaled by e⁻ᵐ with m the larger exponent. As m cancels, it is a constant for
/// derivatives of this expression, which therefore has no kink at x = y.
fn pair_logaddexp(b: &Builder, x: &[Atom], y: &[Atom]) -> Atoms {
    let larger = b.max(x[0], y[0]);
    let zero = b.lit_like(larger, 0.0);
    let m = b.stop_gradient(b.select(b.is_finite(larger), larger, zero));
    let (ex, ey) = (b.exp(b.sub(x[0], m)), b.exp(b.sub(y[0], m)));
    let sum = b.add(ex, ey);
    // Where both exponents are −∞ the sum is 0; a 1 in its place keeps NaN out of all derivatives.
    let empty = b.eq(sum, zero);
    let divisor = b.select(empty, b.lit_like(sum, 1.0), sum);
    let value = b.select(empty, b.lit_like(sum, f64::NEG_INFINITY), b.add(m, b.log(divisor)));
    let tangent = b.div(b.add(b.mul(x[1], ex), b.mul(y[1], ey)), divisor);
    smallvec![value, tangent]
}

impl Cumulative {
    fn scan<T: OrdScalar, A: Copy>(
        &self,
        x: &Value,
        init: A,
        step: impl Fn(A, T) -> A,
        finish: impl Fn(A) -> T,
    ) -> Value {
        let (before, n, after) = around_axis(x.shape(), self.axis);
        let mut data = x.slice::<T>().to_vec();
        for i in 0..before {
            for j in 0..after {
                let mut acc = init;
                for k in 0..n {
                    let k = if self.reverse { n - 1 - k } else { k };
                    let place = &mut data[(i * n + k) * after + j];
                    acc = step(acc, *place);
                    *place = finish(acc);
                }
            }
        }
        Value::new(Shape::from_slice(x.shape()), data)
    }
}
