//! `argmax` and `argmin`: where the extreme of an axis is.
//!
//! ```text
//! b:i32[2] = argmax[axes=(1,) index_dtype=int32] a          where a:f32[2,3]
//! ```
//!
//! The first of equal elements counts, the first NaN before everything else, as in JAX and NumPy.
//! The axis must not be empty. The result is piecewise constant: it has no derivative.

use super::classes::batched_axis;
use super::typing::{axis_in_range, operands};
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::scalar::OrdScalar;
use crate::shape::around_axis;
use smallvec::smallvec;
use std::cmp::Ordering;

/// `argmax[axes=(0,) index_dtype=int32] x`, `argmin`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ArgReduce {
    /// argmax, or argmin.
    pub max: bool,
    /// The axis that goes away.
    pub axis: usize,
    /// The dtype of the indices.
    pub index_dtype: DType,
}

impl Primitive for ArgReduce {
    fn names() -> &'static [&'static str] {
        &["argmax", "argmin"]
    }

    fn name(&self) -> &str {
        if self.max { "argmax" } else { "argmin" }
    }

    fn params(&self) -> Params {
        smallvec![
            ("axes", Param::usizes(&[self.axis])),
            ("index_dtype", Param::DType(self.index_dtype)),
        ]
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<ArgReduce, Fault> {
        let axes = params.usizes("axes")?;
        let [axis] = axes[..] else {
            return Err(fault!("`axes` must hold one axis, not {}", axes.len()));
        };
        Ok(ArgReduce { max: name == "argmax", axis, index_dtype: params.dtype("index_dtype")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        axis_in_range("axis", self.axis, x.rank())?;
        let dtype = self.index_dtype;
        ensure!(dtype.is_int(), "indices are integers, not {dtype}");
        let n = x.shape()[self.axis];
        ensure!(n > 0, "axis {} is empty, so no index can be given", self.axis);
        let fits = crate::dispatch!(int dtype, T => <T as TryFrom<usize>>::try_from(n - 1).is_ok(),
            else => false);
        ensure!(fits, "the index {} does not fit {dtype}", n - 1);
        Ok(smallvec![x.without_axis(self.axis).with_dtype(dtype)])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let x = &ins[0];
        let indices = crate::dispatch!(x.dtype(), T => self.indices(x.shape(), x.slice::<T>()));
        let shape = crate::shape::without_axes(x.shape(), &[self.axis]);
        Ok(vec![Value::new(shape, indices).converted(self.index_dtype)])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], _: &[Tangent]) -> JvpOut {
        classes::zero(*self, b, primals, "an index is piecewise constant")
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let axis = batched_axis(self.axis, batch.dims[0]);
        let outs = b.bind(ArgReduce { axis, ..*self }, batch.ins)?;
        Ok((outs, smallvec![batch.dims[0].map(|d| d - usize::from(axis < d))]))
    }

    fn samples() -> Vec<Sample> {
        use DType::*;
        let sample = |max, dtype, shape: &[usize], axis, index_dtype, domain| {
            let prim = ArgReduce { max, axis, index_dtype };
            Sample::new(prim, vec![(Type::of(dtype, shape), domain)])
        };
        vec![
            sample(true, F64, &[5], 0, I32, Domain::Distinct),
            sample(true, F32, &[3, 4], 0, I64, Domain::Distinct),
            sample(true, F64, &[2, 3, 4], 1, U8, Domain::Distinct),
            sample(true, F64, &[3, 3], 1, I32, Domain::Bits).rough(),
            sample(true, I32, &[2, 3], 1, U64, Domain::AnyBits),
            sample(true, Bool, &[2, 3], 1, I32, Domain::Bits),
            sample(true, F64, &[0, 2], 1, I32, Domain::Distinct),
            sample(false, F64, &[5], 0, I32, Domain::Distinct),
            sample(false, BF16, &[2, 3, 2], 2, I8, Domain::Distinct),
            sample(false, U64, &[1, 3], 0, U32, Domain::AnyBits),
            sample(false, F16, &[3, 3], 1, I32, Domain::Bits).rough(),
        ]
    }
}

impl ArgReduce {
    fn indices<T: OrdScalar>(&self, shape: &[usize], x: &[T]) -> Vec<u64> {
        let (before, n, after) = around_axis(shape, self.axis);
        let wanted = if self.max { Ordering::Greater } else { Ordering::Less };
        let mut found = Vec::with_capacity(before * after);
        for i in 0..before {
            for j in 0..after {
                let at = |k: usize| x[(i * n + k) * after + j];
                let mut best = 0;
                for k in 1..n {
                    let (b, e) = (at(best), at(k));
                    if !b.is_nan() && (e.is_nan() || e.sort_cmp(b) == wanted) {
                        best = k;
                    }
                }
                found.push(best as u64);
            }
        }
        found
    }
}
