//! `slice`: a box of an array, with steps.
//!
//! ```text
//! b:f64[2,2] = slice[limit_indices=(2, 4) start_indices=(0, 1) strides=(1, 2)] a:f64[2,5]
//! ```
//!
//! b[i, j] = a[start + i·stride, …], as long as the index is below the limit, so an axis of the
//! result has the size ⌈(limit − start)/stride⌉. The map is linear; its transpose pads with zeros,
//! stride − 1 of them between neighbours.

use super::structural::{check_one_an_axis, first_of, only_dim, rearrange};
use super::typing::operands;
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::shape::{Axes, Shape, copied, strides};
use smallvec::smallvec;

/// `slice[limit_indices=… start_indices=… strides=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Slice {
    /// First index of each axis.
    pub start: Axes,
    /// One past the last index of each axis.
    pub limit: Axes,
    /// Steps, all at least 1 (printed as `None` when all are 1).
    pub strides: Axes,
}

impl Primitive for Slice {
    fn names() -> &'static [&'static str] {
        &["slice"]
    }

    fn name(&self) -> &str {
        "slice"
    }

    fn params(&self) -> Params {
        let contiguous = self.strides.iter().all(|&s| s == 1);
        smallvec![
            ("limit_indices", Param::usizes(&self.limit)),
            ("start_indices", Param::usizes(&self.start)),
            ("strides", if contiguous { Param::None } else { Param::usizes(&self.strides) }),
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        let limit = params.usizes("limit_indices")?;
        let start = params.usizes("start_indices")?;
        let ones = || SmallVec::from_elem(1, start.len());
        let strides = params.usizes_opt("strides")?.unwrap_or_else(ones);
        Ok(Slice { start, limit, strides })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        check_one_an_axis("start_indices", self.start.len(), x.rank())?;
        check_one_an_axis("limit_indices", self.limit.len(), x.rank())?;
        check_one_an_axis("strides", self.strides.len(), x.rank())?;
        for (axis, &n) in x.shape().iter().enumerate() {
            let (start, limit) = (self.start[axis], self.limit[axis]);
            ensure!(
                start <= limit && limit <= n,
                "{start}:{limit} is not a range of axis {axis}, which has size {n}"
            );
            ensure!(self.strides[axis] >= 1, "the stride of axis {axis} is 0; the least is 1");
        }
        Ok(Types::from_buf([Type::new(x.dtype(), self.shape())]))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let steps = strides(ins[0].shape());
        Ok(vec![rearrange(&ins[0], &self.shape(), |index| {
            let along = index
                .iter()
                .enumerate()
                .map(|(axis, i)| (self.start[axis] + i * self.strides[axis]) * steps[axis]);
            along.sum()
        })])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None]) };
        let x = operands[0].ty(b);
        let config: SmallVec<[(i64, i64, i64); 4]> = self
            .shape()
            .iter()
            .enumerate()
            .map(|(axis, &size)| {
                let (start, stride) = (self.start[axis], self.strides[axis]);
                // One past the last element that the slice took.
                let end = if size == 0 { start } else { start + (size - 1) * stride + 1 };
                let gaps = if size > 1 { stride - 1 } else { 0 };
                (start as i64, (x.shape()[axis] - end) as i64, gaps as i64)
            })
            .collect();
        Ok(first_of(b.pad(ct, b.lit_like(ct, 0.0), &config), 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let d = only_dim(&batch);
        let mut prim = self.clone();
        prim.start.insert(d, 0);
        prim.limit.insert(d, batch.size);
        prim.strides.insert(d, 1);
        Ok((b.bind(prim, batch.ins)?, smallvec![Some(d)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], start: &[usize], limit: &[usize], by: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let prim = Slice { start: start.into(), limit: limit.into(), strides: by.into() };
            Sample::new(prim, vec![(Type::of(dtype, from), domain)])
        };
        vec![
            sample(DType::F64, &[], &[], &[], &[]),
            sample(DType::F64, &[5], &[0], &[5], &[1]),
            sample(DType::F64, &[5], &[1], &[4], &[1]),
            sample(DType::F64, &[7], &[1], &[7], &[2]),
            sample(DType::F64, &[7], &[0], &[7], &[3]),
            sample(DType::F64, &[7], &[2], &[3], &[100]),
            sample(DType::F64, &[5], &[2], &[2], &[1]),
            sample(DType::F64, &[5], &[5], &[5], &[2]),
            sample(DType::F64, &[2, 5], &[0, 1], &[2, 4], &[1, 2]),
            sample(DType::F64, &[2, 3, 4], &[1, 0, 1], &[2, 3, 4], &[1, 2, 3]),
            sample(DType::F64, &[0, 3], &[0, 1], &[0, 3], &[1, 1]),
            sample(DType::F64, &[1, 3], &[0, 1], &[1, 2], &[1, 1]),
            sample(DType::F32, &[4], &[1], &[4], &[2]),
            sample(DType::F16, &[4], &[1], &[3], &[1]),
            sample(DType::I64, &[4], &[1], &[4], &[2]),
            sample(DType::Bool, &[4], &[0], &[3], &[2]),
        ]
    }
}

impl Slice {
    /// The shape of the result.
    fn shape(&self) -> Shape {
        // In place, as `collect` into a short list takes longer than a small slice.
        let mut shape = copied(&self.limit);
        for ((n, &start), &stride) in shape.iter_mut().zip(&self.start).zip(&self.strides) {
            *n -= start;
            if stride > 1 {
                *n = n.div_ceil(stride);
            }
        }
        shape
    }
}
