//! `broadcast_in_dim`: repeats an array along new axes and along axes of size 1.
//!
//! ```text
//! b:f64[2,3,4] = broadcast_in_dim[broadcast_dimensions=(0, 2) shape=(2, 3, 4)] a:f64[2,1]
//! ```
//!
//! Axis i of the operand becomes axis `broadcast_dimensions[i]` of the result; it has the size of
//! that axis, or size 1 and is repeated. The map is linear; its transpose sums over everything that
//! was repeated. A scalar operand has no `broadcast_dimensions`, which are then left out, as JAX
//! does. JAX leaves `shape` out too: the reader of the text takes it from the type of the result.

use super::structural::{first_of, one, only_dim, rearrange, shifted};
use super::typing::{ascending_axes, operands};
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::shape::{Axes, Shape, ravel, show, strides};
use smallvec::smallvec;

/// `broadcast_in_dim[broadcast_dimensions=… shape=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct BroadcastInDim {
    /// Shape of the result.
    pub shape: Shape,
    /// Where each dimension of the operand goes, ascending.
    pub broadcast_dimensions: Axes,
}

impl Primitive for BroadcastInDim {
    fn names() -> &'static [&'static str] {
        &["broadcast_in_dim"]
    }

    fn name(&self) -> &str {
        "broadcast_in_dim"
    }

    fn params(&self) -> Params {
        let mut params = Params::new();
        if !self.broadcast_dimensions.is_empty() {
            params.push(("broadcast_dimensions", Param::usizes(&self.broadcast_dimensions)));
        }
        params.push(("shape", Param::usizes(&self.shape)));
        params
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&["sharding"]);
        Ok(BroadcastInDim {
            shape: params.usizes("shape")?,
            broadcast_dimensions: params.usizes_opt("broadcast_dimensions")?.unwrap_or_default(),
        })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        let dims = &self.broadcast_dimensions;
        ensure!(
            dims.len() == x.rank(),
            "`broadcast_dimensions` has {} entries for an operand of rank {}: one an axis",
            dims.len(),
            x.rank()
        );
        ascending_axes("`broadcast_dimensions` axis", dims, self.shape.len())?;
        for (i, (&d, &n)) in dims.iter().zip(x.shape()).enumerate() {
            ensure!(
                n == 1 || n == self.shape[d],
                "axis {i} of size {n} cannot become axis {d} of {}: only axes of size 1 expand",
                show(&self.shape)
            );
        }
        Ok(one(x.dtype(), &self.shape))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        // A step of 0 along an axis reads the same element again.
        let mut steps: Shape = SmallVec::from_elem(0, self.shape.len());
        let own = strides(ins[0].shape());
        for ((&d, &n), &s) in self.broadcast_dimensions.iter().zip(ins[0].shape()).zip(&own) {
            steps[d] = if n == 1 { 0 } else { s };
        }
        Ok(vec![rearrange(&ins[0], &self.shape, |i| ravel(i, &steps))])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None]) };
        let x = operands[0].ty(b);
        let repeated: Axes = (0..self.shape.len())
            .filter(|d| match self.broadcast_dimensions.iter().position(|k| k == d) {
                Some(i) => x.shape()[i] != self.shape[*d],
                None => true,
            })
            .collect();
        let sum = b.reduce_sum(ct, &repeated);
        Ok(first_of(b.reshape(sum, x.shape()), 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        // The batch dimension goes right behind the axis that it followed in the operand.
        let d = only_dim(&batch);
        let dims = &self.broadcast_dimensions;
        let at = if d == 0 { 0 } else { dims[d - 1] + 1 };
        let mut shape = self.shape.clone();
        shape.insert(at, batch.size);
        let mut moved: Axes = dims.iter().map(|&k| shifted(k, at)).collect();
        moved.insert(d, at);
        let prim = BroadcastInDim { shape, broadcast_dimensions: moved };
        Ok((b.bind(prim, batch.ins)?, smallvec![Some(at)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], shape: &[usize], dims: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let prim = BroadcastInDim { shape: shape.into(), broadcast_dimensions: dims.into() };
            Sample::new(prim, vec![(Type::of(dtype, from), domain)])
        };
        vec![
            sample(DType::F64, &[], &[], &[]),
            sample(DType::F64, &[], &[2, 3], &[]),
            sample(DType::F64, &[3], &[3], &[0]),
            sample(DType::F64, &[3], &[2, 3], &[1]),
            sample(DType::F64, &[3], &[3, 2], &[0]),
            sample(DType::F64, &[1], &[4], &[0]),
            sample(DType::F64, &[1], &[1, 4], &[0]),
            sample(DType::F64, &[2, 1], &[2, 3, 4], &[0, 2]),
            sample(DType::F64, &[1, 3], &[2, 2, 3], &[1, 2]),
            sample(DType::F64, &[0, 2], &[0, 3, 2], &[0, 2]),
            sample(DType::F64, &[1, 2], &[0, 2], &[0, 1]),
            sample(DType::F32, &[2, 1, 3], &[2, 2, 3], &[0, 1, 2]),
            sample(DType::BF16, &[2], &[2, 2], &[0]),
            sample(DType::I32, &[2], &[3, 2], &[1]),
            sample(DType::U8, &[], &[3], &[]),
            sample(DType::Bool, &[2], &[2, 2], &[1]),
        ]
    }
}
