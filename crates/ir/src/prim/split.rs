//! `split`: cuts an array into consecutive pieces along an axis.
//!
//! ```text
//! b:f64[2,1] c:f64[2,2] = split[axis=1 sizes=(1, 2)] a:f64[2,3]
//! ```
//!
//! The inverse of `concatenate`, and like it linear: the cotangent of the operand is the
//! concatenation of the pieces' cotangents, with zeros for pieces that nobody used.

use super::structural::{first_of, only_dim, rearrange, shifted};
use super::typing::{axis_in_range, operands};
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::shape::{Axes, Shape, ravel, show, strides};
use smallvec::smallvec;

/// `split[axis=… sizes=…] x`: consecutive pieces.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Split {
    /// The axis.
    pub axis: usize,
    /// Sizes of the pieces.
    pub sizes: Axes,
}

impl Primitive for Split {
    fn names() -> &'static [&'static str] {
        &["split"]
    }

    fn name(&self) -> &str {
        "split"
    }

    fn params(&self) -> Params {
        smallvec![
            ("axis", Param::Int(self.axis as i64)),
            ("sizes", Param::usizes(&self.sizes))
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Split { axis: params.usize("axis")?, sizes: params.usizes("sizes")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        axis_in_range("axis", self.axis, x.rank())?;
        ensure!(!self.sizes.is_empty(), "it must have at least one piece");
        let total = self.sizes.iter().try_fold(0usize, |sum, &n| sum.checked_add(n));
        let n = x.shape()[self.axis];
        ensure!(
            total == Some(n),
            "the sizes {} add up to {}, but axis {} has size {n}",
            show(&self.sizes),
            total.map_or("too much".into(), |t| t.to_string()),
            self.axis
        );
        Ok(self.sizes.iter().map(|&n| self.piece(x, n)).collect())
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let ty = ins[0].ty();
        let steps = strides(ty.shape());
        let mut start = 0;
        let pieces = self.sizes.iter().map(|&n| {
            let offset = start * steps[self.axis];
            start += n;
            rearrange(&ins[0], self.piece(ty, n).shape(), |i| offset + ravel(i, &steps))
        });
        Ok(pieces.collect())
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        if cts.iter().all(Option::is_none) {
            return Ok(smallvec![None]);
        }
        let x = operands[0].ty(b);
        let pieces: Atoms = cts
            .iter()
            .zip(&self.sizes)
            .map(|(&ct, &n)| b.instantiate_as(ct, &self.piece(&x, n)))
            .collect();
        Ok(first_of(b.concatenate(&pieces, self.axis), 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let d = only_dim(&batch);
        let prim = Split { axis: shifted(self.axis, d), sizes: self.sizes.clone() };
        Ok((b.bind(prim, batch.ins)?, SmallVec::from_elem(Some(d), self.sizes.len())))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], axis, sizes: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let prim = Split { axis, sizes: sizes.into() };
            Sample::new(prim, vec![(Type::of(dtype, from), domain)])
        };
        vec![
            sample(DType::F64, &[3], 0, &[3]),
            sample(DType::F64, &[5], 0, &[2, 3]),
            sample(DType::F64, &[4], 0, &[1, 0, 3]),
            sample(DType::F64, &[2, 3], 1, &[1, 2]),
            sample(DType::F64, &[2, 3], 0, &[1, 1]),
            sample(DType::F64, &[2, 4, 2], 1, &[1, 1, 2]),
            sample(DType::F64, &[0, 3], 1, &[2, 1]),
            sample(DType::F64, &[0], 0, &[0, 0]),
            sample(DType::F32, &[3], 0, &[1, 2]),
            sample(DType::BF16, &[3], 0, &[1, 2]),
            sample(DType::I8, &[3], 0, &[1, 2]),
            sample(DType::Bool, &[3], 0, &[1, 2]),
        ]
    }
}

impl Split {
    /// The type of a piece of a size.
    fn piece(&self, x: &Type, size: usize) -> Type {
        let mut shape = Shape::from_slice(x.shape());
        shape[self.axis] = size;
        Type::new(x.dtype(), shape)
    }
}
