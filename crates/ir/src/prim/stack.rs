//! `stack`: joins arrays of one type along a new axis.
//!
//! ```text
//! c:f64[2,2,3] = stack[axis=1] a:f64[2,3] b:f64[2,3]
//! ```
//!
//! c[i, 0, j] = a[i, j] and c[i, 1, j] = b[i, j]. The map is linear in all operands together; the
//! cotangent of each is its slice of the result's.

use super::structural::{align_ranks, one};
use super::typing::{axis_in_range, same_dtype};
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::shape::{indices, ravel, strides};
use smallvec::smallvec;

/// `stack[axis=…] xs…`: along a new axis.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Stack {
    /// The new axis of the result.
    pub axis: usize,
}

impl Primitive for Stack {
    fn names() -> &'static [&'static str] {
        &["stack"]
    }

    fn name(&self) -> &str {
        "stack"
    }

    fn params(&self) -> Params {
        smallvec![("axis", Param::Int(self.axis as i64))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Stack { axis: params.usize("axis")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        ensure!(!ins.is_empty(), "it takes at least one operand");
        let dtype = same_dtype(ins)?;
        axis_in_range("axis", self.axis, ins[0].rank() + 1)?;
        if let Some(other) = ins.iter().find(|x| x.shape() != ins[0].shape()) {
            return Err(crate::fault!("the shapes of {} and {other} differ", ins[0]));
        }
        Ok(one(dtype, ins[0].with_axis(self.axis, ins.len()).shape()))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let ty = ins[0].ty().with_axis(self.axis, ins.len());
        let steps = strides(ty.shape());
        crate::dispatch!(ty.dtype(), T => {
            let mut out = vec![T::default(); ty.numel()];
            for (k, x) in ins.iter().enumerate() {
                for (mut index, &x) in indices(x.shape()).zip(x.slice::<T>()) {
                    index.insert(self.axis, k);
                    out[ravel(&index, &steps)] = x;
                }
            }
            Ok(vec![Value::new(ty.shape(), out)])
        })
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(*self, b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(SmallVec::from_elem(None, operands.len())) };
        classes::each_linear(operands, |i, _| {
            Some(b.squeeze(b.slice_axis(ct, self.axis, i, i + 1), &[self.axis]))
        })
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let (ins, d) = align_ranks(b, batch);
        // The new axis is numbered in the result, where the batch dimension counts as well.
        let (axis, out) = if self.axis <= d { (self.axis, d + 1) } else { (self.axis + 1, d) };
        Ok((b.bind(Stack { axis }, &ins)?, smallvec![Some(out)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, axis, n, shape: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            Sample::new(Stack { axis }, vec![(Type::of(dtype, shape), domain); n])
        };
        vec![
            sample(DType::F64, 0, 1, &[]),
            sample(DType::F64, 0, 3, &[]),
            sample(DType::F64, 0, 2, &[3]),
            sample(DType::F64, 1, 2, &[3]),
            sample(DType::F64, 1, 2, &[2, 3]),
            sample(DType::F64, 2, 3, &[2, 1]),
            sample(DType::F64, 0, 2, &[0]),
            sample(DType::F32, 1, 2, &[2]),
            sample(DType::F16, 0, 2, &[2]),
            sample(DType::I64, 0, 2, &[2]),
            sample(DType::Bool, 1, 2, &[2]),
        ]
    }
}
