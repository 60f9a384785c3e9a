//! `rev`: reverses the order of the elements along axes.
//!
//! ```text
//! b:f64[2,3] = rev[dimensions=(1,)] a:f64[2,3]
//! ```
//!
//! b[i, j] = a[i, n - 1 - j] above. The map is linear and is its own transpose.

use super::structural::{first_of, one, only_dim, rearrange, shifted_all};
use super::typing::{distinct_axes, operands};
use super::*;
use crate::dtype::DType;
use crate::param::Param;
use crate::shape::{Axes, strides};
use smallvec::smallvec;

/// `rev[dimensions=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Rev {
    /// The axes to reverse.
    pub dimensions: Axes,
}

impl Primitive for Rev {
    fn names() -> &'static [&'static str] {
        &["rev"]
    }

    fn name(&self) -> &str {
        "rev"
    }

    fn params(&self) -> Params {
        smallvec![("dimensions", Param::usizes(&self.dimensions))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Rev { dimensions: params.usizes("dimensions")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        distinct_axes("`dimensions` axis", &self.dimensions, x.rank())?;
        Ok(one(x.dtype(), x.shape()))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let shape = ins[0].shape();
        let steps = strides(shape);
        Ok(vec![rearrange(&ins[0], shape, |index| {
            let along = index.iter().enumerate().map(|(axis, &i)| {
                let i = if self.dimensions.contains(&axis) { shape[axis] - 1 - i } else { i };
                i * steps[axis]
            });
            along.sum()
        })])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], _: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None]) };
        Ok(first_of(b.rev(ct, &self.dimensions), 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let d = only_dim(&batch);
        let prim = Rev { dimensions: shifted_all(&self.dimensions, d) };
        Ok((b.bind(prim, batch.ins)?, smallvec![Some(d)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], dimensions: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let prim = Rev { dimensions: dimensions.into() };
            Sample::new(prim, vec![(Type::of(dtype, from), domain)])
        };
        vec![
            sample(DType::F64, &[], &[]),
            sample(DType::F64, &[3], &[0]),
            sample(DType::F64, &[2, 3], &[1]),
            sample(DType::F64, &[2, 3], &[0, 1]),
            sample(DType::F64, &[2, 3, 4], &[2, 0]),
            sample(DType::F64, &[1, 3], &[0]),
            sample(DType::F64, &[0, 3], &[0, 1]),
            sample(DType::F64, &[0, 5], &[0]),
            sample(DType::F32, &[4], &[0]),
            sample(DType::BF16, &[4], &[0]),
            sample(DType::I32, &[4], &[0]),
            sample(DType::Bool, &[4], &[0]),
        ]
    }
}
