//! `concatenate`: joins arrays along an axis.
//!
//! ```text
//! c:f64[2,5] = concatenate[dimension=1] a:f64[2,3] b:f64[2,2]
//! ```
//!
//! The operands agree in all other axes. The map is linear in all operands together; the cotangent
//! of each is its slice of the result's.

use super::structural::{align_ranks, one, shifted};
use super::typing::{axis_in_range, same_dtype};
use super::*;
use crate::dtype::DType;
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::shape::{Shape, indices, ravel, strides};
use smallvec::smallvec;

/// `concatenate[dimension=…] xs…`.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Concatenate {
    /// The axis.
    pub dimension: usize,
}

impl Primitive for Concatenate {
    fn names() -> &'static [&'static str] {
        &["concatenate"]
    }

    fn name(&self) -> &str {
        "concatenate"
    }

    fn params(&self) -> Params {
        smallvec![("dimension", Param::Int(self.dimension as i64))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Concatenate { dimension: params.usize("dimension")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        ensure!(!ins.is_empty(), "it takes at least one operand");
        let dtype = same_dtype(ins)?;
        let first = &ins[0];
        ensure!(
            first.rank() > 0,
            "scalars have no axis to join along: `.expand_dims(0)` them first, or stack them"
        );
        axis_in_range("axis", self.dimension, first.rank())?;
        let mut total = 0usize;
        for x in ins {
            let fits = x.rank() == first.rank()
                && (0..x.rank()).all(|i| i == self.dimension || x.shape()[i] == first.shape()[i]);
            ensure!(
                fits,
                "{first} and {x} differ in other axes than {}, the one that they are joined along",
                self.dimension
            );
            total = total
                .checked_add(x.shape()[self.dimension])
                .ok_or_else(|| fault!("the size along axis {} overflows", self.dimension))?;
        }
        let mut shape = Shape::from_slice(first.shape());
        shape[self.dimension] = total;
        Ok(one(dtype, &shape))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let types: Vec<Type> = ins.iter().map(|x| x.ty().clone()).collect();
        let ty = self.type_of(&types)?.remove(0);
        let steps = strides(ty.shape());
        crate::dispatch!(ty.dtype(), T => {
            let mut out = vec![T::default(); ty.numel()];
            let mut offset = 0;
            for x in ins {
                for (mut index, &x) in indices(x.shape()).zip(x.slice::<T>()) {
                    index[self.dimension] += offset;
                    out[ravel(&index, &steps)] = x;
                }
                offset += x.shape()[self.dimension];
            }
            Ok(vec![Value::new(ty.shape(), out)])
        })
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(*self, b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(SmallVec::from_elem(None, operands.len())) };
        let mut start = 0;
        let parts = operands.iter().map(|x| {
            let limit = start + x.ty(b).shape()[self.dimension];
            let part = x.is_linear().then(|| b.slice_axis(ct, self.dimension, start, limit));
            start = limit;
            part
        });
        Ok(parts.collect())
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let (ins, d) = align_ranks(b, batch);
        let prim = Concatenate { dimension: shifted(self.dimension, d) };
        Ok((b.bind(prim, &ins)?, smallvec![Some(d)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, dimension, shapes: &[&[usize]]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let args = shapes.iter().map(|s| (Type::of(dtype, s), domain)).collect();
            Sample::new(Concatenate { dimension }, args)
        };
        vec![
            sample(DType::F64, 0, &[&[3]]),
            sample(DType::F64, 0, &[&[3], &[2]]),
            sample(DType::F64, 0, &[&[1], &[0], &[2]]),
            sample(DType::F64, 0, &[&[2, 3], &[1, 3]]),
            sample(DType::F64, 1, &[&[2, 3], &[2, 1], &[2, 2]]),
            sample(DType::F64, 1, &[&[2, 1, 3], &[2, 2, 3]]),
            sample(DType::F64, 2, &[&[2, 1, 3], &[2, 1, 2]]),
            sample(DType::F64, 1, &[&[0, 1], &[0, 2]]),
            sample(DType::F32, 0, &[&[3], &[2]]),
            sample(DType::F16, 0, &[&[3], &[2]]),
            sample(DType::U64, 0, &[&[3], &[2]]),
            sample(DType::Bool, 0, &[&[3], &[2]]),
        ]
    }
}
