//! `top_k`: the k largest elements along an axis, largest first, and where they are.
//!
//! ```text
//! b:f32[4,2] c:i32[4,2] = top_k[axis=1 k=2] a          where a:f32[4,9]
//! ```
//!
//! Of equal elements the one with the lower index comes first. NaN counts as larger than everything,
//! and 0 as larger than −0, as in JAX (where a NaN with its sign bit set is the smallest instead).
//! The tangents of the values are the operand's tangents at the indices.

use super::classes::batched_axis;
use super::typing::{axis_in_range, operands};
use super::*;
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::scalar::OrdScalar;
use crate::shape::{Shape, around_axis};
use smallvec::smallvec;

/// `top_k[axis=… k=…] x`: the k largest and their i32 indices.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct TopK {
    /// How many.
    pub k: usize,
    /// The axis.
    pub axis: usize,
}

impl Primitive for TopK {
    fn names() -> &'static [&'static str] {
        &["top_k"]
    }

    fn name(&self) -> &str {
        "top_k"
    }

    fn params(&self) -> Params {
        smallvec![("axis", Param::Int(self.axis as i64)), ("k", Param::Int(self.k as i64))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<TopK, Fault> {
        params.ignore(&["operand"]);
        Ok(TopK { axis: params.usize("axis")?, k: params.usize("k")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        axis_in_range("axis", self.axis, x.rank())?;
        let n = x.shape()[self.axis];
        ensure!(self.k <= n, "k = {} is more than axis {} has, {n}", self.k, self.axis);
        ensure!(i32::try_from(n).is_ok(), "indices into axis {} do not fit i32", self.axis);
        let mut shape = Shape::from_slice(x.shape());
        shape[self.axis] = self.k;
        Ok(smallvec![x.with_shape(&shape), Type::new(DType::I32, shape)])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let x = &ins[0];
        let mut shape = Shape::from_slice(x.shape());
        shape[self.axis] = self.k;
        Ok(crate::dispatch!(x.dtype(), T => {
            let (values, indices) = self.largest(x.shape(), x.slice::<T>());
            vec![Value::new(shape.clone(), values), Value::new(shape, indices)]
        }))
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let outs = b.bind(*self, primals)?;
        let dt = tangents[0].map(|t| b.take_along_axis(t, outs[1], self.axis));
        Ok((outs, smallvec![dt, None]))
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        classes::not_linear(self.name())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let dim = batch.dims[0];
        let prim = TopK { axis: batched_axis(self.axis, dim), ..*self };
        Ok((b.bind(prim, batch.ins)?, smallvec![dim, dim]))
    }

    fn samples() -> Vec<Sample> {
        use DType::*;
        let sample = |k, axis, dtype, shape: &[usize], domain| {
            Sample::new(TopK { k, axis }, vec![(Type::of(dtype, shape), domain)])
        };
        vec![
            sample(2, 0, F64, &[5], Domain::Distinct),
            sample(3, 1, F64, &[2, 3], Domain::Distinct),
            sample(1, 0, F64, &[4, 2], Domain::Distinct),
            sample(2, 1, F64, &[2, 4, 2], Domain::Distinct),
            sample(0, 0, F64, &[3], Domain::Distinct),
            sample(0, 1, F64, &[2, 0], Domain::Distinct),
            sample(3, 0, F64, &[5], Domain::Bits).rough(),
            sample(2, 0, F16, &[5], Domain::Distinct).rough(),
            sample(2, 1, I32, &[2, 4], Domain::AnyBits),
            sample(2, 0, Bool, &[4], Domain::Bits),
        ]
    }
}

impl TopK {
    fn largest<T: OrdScalar>(&self, shape: &[usize], x: &[T]) -> (Vec<T>, Vec<i32>) {
        let (before, n, after) = around_axis(shape, self.axis);
        let mut values = vec![T::default(); before * self.k * after];
        let mut indices = vec![0; values.len()];
        let mut order: Vec<usize> = Vec::new();
        for i in 0..before {
            for j in 0..after {
                let at = |k: usize| x[(i * n + k) * after + j];
                order.clear();
                order.extend(0..n);
                order.sort_by(|&p, &q| at(q).rank_cmp(at(p)));
                for (k, &source) in order.iter().take(self.k).enumerate() {
                    let place = (i * self.k + k) * after + j;
                    values[place] = at(source);
                    indices[place] = source as i32;
                }
            }
        }
        (values, indices)
    }
}
