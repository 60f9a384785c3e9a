//! `clamp lo x hi`: y = min(max(x, lo), hi), elementwise.
//!
//! ```text
//! d:f32[3] = clamp 0.0:f32[] a 1.0:f32[]
//! ```
//!
//! Operands have one dtype; the bounds have the shape of x or rank 0. Where lo > hi the result is hi,
//! and NaN in any operand gives NaN. The derivative by x is 1 strictly between the bounds, that by lo
//! is 1 where x < lo < hi, that by hi where x > hi, and 0 elsewhere: at the bounds themselves all are
//! 0, as in JAX.

use super::classes;
use super::typing::{self, Class};
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::scalar::{IntScalar, RealScalar};
use crate::shape::show;
use smallvec::smallvec;

/// `clamp lo x hi`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Clamp;

impl Primitive for Clamp {
    fn names() -> &'static [&'static str] {
        &["clamp"]
    }

    fn name(&self) -> &str {
        "clamp"
    }

    fn params(&self) -> Params {
        smallvec![]
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Clamp)
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [lo, x, hi] = typing::operands(ins)?;
        typing::same_dtype(ins)?;
        for bound in [lo, hi] {
            ensure!(
                bound.rank() == 0 || bound.shape() == x.shape(),
                "a bound has the shape of the clamped operand, {}, or rank 0",
                show(x.shape())
            );
        }
        Ok(smallvec![x.clone()])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (lo, x, hi) = (&ins[0], &ins[1], &ins[2]);
        macro_rules! clamp {
            ($T:ty, $max:expr, $min:expr) => {{
                let raised = classes::map2::<$T, $T>(x, lo, $max);
                classes::map2::<$T, $T>(&raised, hi, $min)
            }};
        }
        let out = match Class::of(x.dtype()) {
            Class::Bool => clamp!(bool, |x, y| x | y, |x, y| x & y),
            _ => crate::dispatch!(float x.dtype(),
                T => clamp!(T, RealScalar::larger, RealScalar::smaller),
                else => crate::dispatch!(int x.dtype(),
                    T => clamp!(T, IntScalar::larger, IntScalar::smaller),
                    else => unreachable!("bool is handled above"))),
        };
        Ok(vec![out])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let (lo, x, hi) = (primals[0], primals[1], primals[2]);
        classes::sum_of_terms(Clamp, b, primals, tangents, |i, t, _| {
            let mask = match i {
                0 => b.and(b.lt(x, lo), b.lt(lo, hi)),
                1 => b.and(b.gt(x, lo), b.lt(x, hi)),
                _ => b.gt(x, hi),
            };
            Some(b.select(mask, t, b.lit_like(t, 0.0)))
        })
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear("clamp")
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let (mut ins, dim) = classes::align(b, batch);
        // Where only the bounds of an unbatched scalar vary, it has to follow them.
        let full = ins.iter().map(|&a| b.ty(a)).max_by_key(Type::rank);
        if let Some(full) = full {
            ins[1] = b.broadcast_to(ins[1], full.shape());
        }
        Ok((b.bind(Clamp, &ins)?, smallvec![Some(dim)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, shapes: [&[usize]; 3], domains: [(f64, f64); 3]| {
            let args = shapes.iter().zip(domains);
            let args = args.map(|(s, (low, high))| (Type::of(dtype, s), Domain::Range(low, high)));
            Sample::new(Clamp, args.collect())
        };
        let inside = [(-2.0, -1.0), (-0.9, 0.9), (1.0, 2.0)];
        let below = [(-2.0, -1.0), (-3.0, -2.1), (1.0, 2.0)];
        let above = [(-2.0, -1.0), (2.1, 3.0), (1.0, 2.0)];
        let crossed = [(1.0, 2.0), (0.0, 0.9), (-2.0, -1.0)];
        let mixed = [(-1.0, 0.0), (-3.0, 3.0), (0.0, 1.0)];
        vec![
            sample(DType::F64, [&[3], &[3], &[3]], inside),
            sample(DType::F64, [&[], &[2, 3], &[]], below),
            sample(DType::F64, [&[3], &[3], &[]], above),
            sample(DType::F64, [&[], &[3], &[3]], crossed),
            sample(DType::F64, [&[], &[], &[]], inside),
            sample(DType::F64, [&[], &[2, 0], &[]], inside),
            sample(DType::F64, [&[8], &[8], &[8]], mixed).rough(),
            sample(DType::BF16, [&[], &[4], &[4]], mixed).rough(),
            sample(DType::I32, [&[], &[6], &[]], mixed),
            sample(DType::U64, [&[3], &[3], &[3]], [(1.0, 3.0), (0.0, 9.0), (4.0, 6.0)]),
            sample(DType::Bool, [&[4], &[4], &[4]], mixed),
        ]
    }
}
