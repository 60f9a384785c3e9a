//! `transpose`: permutes the axes of an array.
//!
//! ```text
//! b:f64[3,4,2] = transpose[permutation=(1, 2, 0)] a:f64[2,3,4]
//! ```
//!
//! Axis i of the result is axis `permutation[i]` of the operand: b[i, j, k] = a[k, i, j] above. The
//! map is linear and its transpose is the inverse permutation.

use super::structural::{check_one_an_axis, first_of, one, only_dim, rearrange, shifted_all};
use super::typing::{distinct_axes, operands};
use super::*;
use crate::dtype::DType;
use crate::param::Param;
use crate::shape::{Axes, Shape, ravel, strides};
use smallvec::smallvec;

/// `transpose[permutation=…] x`: result axis i is operand axis `permutation[i]`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Transpose {
    /// The operand's axis for each axis of the result.
    pub permutation: Axes,
}

impl Primitive for Transpose {
    fn names() -> &'static [&'static str] {
        &["transpose"]
    }

    fn name(&self) -> &str {
        "transpose"
    }

    fn params(&self) -> Params {
        smallvec![("permutation", Param::usizes(&self.permutation))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Transpose { permutation: params.usizes("permutation")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        check_one_an_axis("permutation", self.permutation.len(), x.rank())?;
        distinct_axes("`permutation` axis", &self.permutation, x.rank())?;
        Ok(one(x.dtype(), &self.permuted(x.shape())))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let steps = self.permuted(&strides(ins[0].shape()));
        Ok(vec![rearrange(&ins[0], &self.permuted(ins[0].shape()), |i| ravel(i, &steps))])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], _: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None]) };
        let mut inverse: Axes = SmallVec::from_elem(0, self.permutation.len());
        for (i, &p) in self.permutation.iter().enumerate() {
            inverse[p] = i;
        }
        Ok(first_of(b.transpose(ct, &inverse), 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        // The data moves anyway, so the batch dimension comes to the front with it.
        let d = only_dim(&batch);
        let mut permutation = shifted_all(&self.permutation, d);
        permutation.insert(0, d);
        Ok((b.bind(Transpose { permutation }, batch.ins)?, smallvec![Some(0)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], permutation: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let prim = Transpose { permutation: permutation.into() };
            Sample::new(prim, vec![(Type::of(dtype, from), domain)])
        };
        vec![
            sample(DType::F64, &[], &[]),
            sample(DType::F64, &[3], &[0]),
            sample(DType::F64, &[2, 3], &[1, 0]),
            sample(DType::F64, &[2, 3], &[0, 1]),
            sample(DType::F64, &[2, 3, 4], &[1, 2, 0]),
            sample(DType::F64, &[2, 3, 4], &[2, 0, 1]),
            sample(DType::F64, &[2, 1, 3, 2], &[3, 1, 0, 2]),
            sample(DType::F64, &[2, 0, 3], &[2, 1, 0]),
            sample(DType::F32, &[3, 2], &[1, 0]),
            sample(DType::F16, &[3, 2], &[1, 0]),
            sample(DType::I8, &[3, 2], &[1, 0]),
            sample(DType::Bool, &[3, 2], &[1, 0]),
        ]
    }
}

impl Transpose {
    /// Entries for the axes of the operand in the order of the result.
    fn permuted(&self, entries: &[usize]) -> Shape {
        self.permutation.iter().map(|&p| entries[p]).collect()
    }
}
