//! `iota`: the numbers 0, 1, 2, … along a dimension, the same for all others.
//!
//! ```text
//! a:i32[2,3] = iota[dimension=1 dtype=int32 shape=(2, 3)]        [[0, 1, 2], [0, 1, 2]]
//! ```
//!
//! The numbers are converted to the element type as `convert_element_type` does: integers wrap,
//! floats round. There are no operands, so nothing to differentiate or to batch.

use super::classes;
use super::typing;
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::scalar::convert;
use crate::shape::{Shape, checked_numel, numel, show};
use smallvec::smallvec;

/// `iota[dimension=… dtype=… shape=…]`: counts along a dimension.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Iota {
    /// Element type, a number.
    pub dtype: DType,
    /// Shape of the result.
    pub shape: Shape,
    /// The dimension along which to count.
    pub dimension: usize,
}

impl Primitive for Iota {
    fn names() -> &'static [&'static str] {
        &["iota"]
    }

    fn name(&self) -> &str {
        "iota"
    }

    fn params(&self) -> Params {
        smallvec![
            ("dimension", Param::Int(self.dimension as i64)),
            ("dtype", Param::DType(self.dtype)),
            ("shape", Param::usizes(&self.shape)),
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&["sharding"]);
        Ok(Iota {
            dimension: params.usize("dimension")?,
            dtype: params.dtype("dtype")?,
            shape: params.usizes("shape")?,
        })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        typing::operands::<0>(ins)?;
        ensure!(self.dtype.is_number(), "it counts in numbers, not in {}", self.dtype);
        ensure!(
            self.dimension < self.shape.len(),
            "the dimension {} is not an axis of {}",
            self.dimension,
            show(&self.shape)
        );
        checked_numel(&self.shape)?;
        Ok(smallvec![Type::new(self.dtype, self.shape.clone())])
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, _: &[Value]) -> Result<Vec<Value>, Fault> {
        let size = self.shape[self.dimension];
        let inner = numel(&self.shape[self.dimension + 1..]);
        let count = |i: usize| (i / inner % size) as u64;
        let out = crate::dispatch!(self.dtype, T => {
            Value::new(self.shape.clone(), (0..numel(&self.shape)).map(|i| convert::<u64, T>(count(i))).collect())
        });
        Ok(vec![out])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], _: &[Tangent]) -> JvpOut {
        classes::zero(self.clone(), b, primals, "there is no operand")
    }

    fn transpose(&self, _: &Builder, _: &[Tangent], _: &[Operand]) -> TransposeOut {
        Ok(smallvec![])
    }

    fn batch(&self, b: &Builder, _: Batch<'_>) -> BatchOut {
        Ok((b.bind(self.clone(), &[])?, smallvec![None]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, shape: &[usize], dimension| {
            Sample::new(Iota { dtype, shape: shape.into(), dimension }, vec![])
        };
        vec![
            sample(DType::I32, &[5], 0),
            sample(DType::F64, &[2, 3], 1),
            sample(DType::F32, &[2, 3], 0),
            sample(DType::BF16, &[2, 1, 3], 2),
            sample(DType::U8, &[2, 0], 1),
            sample(DType::I64, &[3, 2, 2], 0),
        ]
    }
}
