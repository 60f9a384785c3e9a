//! `tile`: repeats an array as a whole along its axes.
//!
//! ```text
//! b:f64[4,3] = tile[reps=(2, 1)] a:f64[2,3]
//! ```
//!
//! b[i, j] = a[i mod m, j mod n]. The map is linear. Its transpose sums the copies: the cotangent,
//! reshaped to (reps₀, m, reps₁, n, …), is summed over the axes of the repetitions.

use super::structural::{check_one_an_axis, first_of, one, only_dim, rearrange};
use super::typing::operands;
use super::*;
use crate::dtype::DType;
use crate::error::fault;
use crate::param::Param;
use crate::shape::{Axes, Shape, show, strides};
use smallvec::smallvec;

/// `tile[reps=…] x`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Tile {
    /// Repetitions, one an axis.
    pub reps: Axes,
}

impl Primitive for Tile {
    fn names() -> &'static [&'static str] {
        &["tile"]
    }

    fn name(&self) -> &str {
        "tile"
    }

    fn params(&self) -> Params {
        smallvec![("reps", Param::usizes(&self.reps))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(Tile { reps: params.usizes("reps")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x] = operands(ins)?;
        check_one_an_axis("reps", self.reps.len(), x.rank())?;
        let sizes = x.shape().iter().zip(&self.reps).map(|(&n, &r)| n.checked_mul(r));
        let shape: Shape = sizes.collect::<Option<_>>().ok_or_else(|| {
            fault!("{} repetitions of {} overflow", show(&self.reps), show(x.shape()))
        })?;
        Ok(one(x.dtype(), &shape))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let from = ins[0].shape();
        let steps = strides(from);
        let shape: Shape = from.iter().zip(&self.reps).map(|(n, r)| n * r).collect();
        Ok(vec![rearrange(&ins[0], &shape, |index| {
            let along = index.iter().enumerate().map(|(axis, i)| i % from[axis] * steps[axis]);
            along.sum()
        })])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None]) };
        let x = operands[0].ty(b);
        if b.ty(ct).numel() == 0 {
            // The shape of the copies may be out of bounds here: 10¹⁸ repetitions of nothing.
            return Ok(first_of(b.full(&x, 0.0), 1));
        }
        let copies: Shape = self.reps.iter().zip(x.shape()).flat_map(|(&r, &n)| [r, n]).collect();
        let axes: Axes = (0..x.rank()).map(|i| 2 * i).collect();
        Ok(first_of(b.reduce_sum(b.reshape(ct, &copies), &axes), 1))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let d = only_dim(&batch);
        let mut reps = self.reps.clone();
        reps.insert(d, 1);
        Ok((b.bind(Tile { reps }, batch.ins)?, smallvec![Some(d)]))
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, from: &[usize], reps: &[usize]| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            Sample::new(Tile { reps: reps.into() }, vec![(Type::of(dtype, from), domain)])
        };
        vec![
            sample(DType::F64, &[], &[]),
            sample(DType::F64, &[3], &[2]),
            sample(DType::F64, &[2, 3], &[2, 1]),
            sample(DType::F64, &[2, 3], &[1, 3]),
            sample(DType::F64, &[2, 1, 2], &[2, 3, 2]),
            sample(DType::F64, &[3], &[0]),
            sample(DType::F64, &[0, 2], &[3, 2]),
            sample(DType::F32, &[2], &[3]),
            sample(DType::F16, &[2], &[3]),
            sample(DType::U8, &[2], &[3]),
            sample(DType::Bool, &[2], &[3]),
        ]
    }
}
