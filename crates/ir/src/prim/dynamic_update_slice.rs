//! `dynamic_update_slice`: writes a box into an array at a computed place.
//!
//! ```text
//! e:f64[3,4] = dynamic_update_slice a:f64[3,4] b:f64[1,2] c:i32[] d:i32[]
//! ```
//!
//! One scalar integer for each axis says where the box starts, clamped so that the box lies inside.
//! The map is linear in operand and update together: the operand's cotangent is the result's with
//! zeros written into the box, the update's is the box. When the places differ within a batch it is
//! a scatter.

use super::dynamic_slice::{
    DynamicSlice, check_starts, clamped, one_window, start_vectors, with_whole_axis,
};
use super::gather::IndexMode;
use super::scatter::{Scatter, ScatterDims, ScatterOp};
use super::structural::{align_ranks, one};
use super::typing::same_dtype;
use super::windows::check_windows;
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::shape::{Shape, indices, ravel, strides};
use smallvec::smallvec;

/// `dynamic_update_slice x update i j …`: indices clamped.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct DynamicUpdateSlice;

impl Primitive for DynamicUpdateSlice {
    fn names() -> &'static [&'static str] {
        &["dynamic_update_slice"]
    }

    fn name(&self) -> &str {
        "dynamic_update_slice"
    }

    fn params(&self) -> Params {
        Params::new()
    }

    fn parse(_: &str, _: &mut ParamMap) -> Result<Self, Fault> {
        Ok(DynamicUpdateSlice)
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        ensure!(ins.len() >= 2, "it takes an operand, an update, and one index an axis");
        let (x, update) = (&ins[0], &ins[1]);
        same_dtype(&ins[..2])?;
        ensure!(
            x.rank() == update.rank(),
            "operand and update have the ranks {} and {}; they must be equal",
            x.rank(),
            update.rank()
        );
        check_windows("the sizes of the update", update.shape(), x)?;
        check_starts(x, &ins[2..])?;
        Ok(one(x.dtype(), x.shape()))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (x, update) = (&ins[0], &ins[1]);
        let steps = strides(x.shape());
        let start = ravel(&clamped(x.shape(), update.shape(), &ins[2..]), &steps);
        crate::dispatch!(x.dtype(), T => {
            let mut out = x.slice::<T>().to_vec();
            for (i, &u) in indices(update.shape()).zip(update.slice::<T>()) {
                out[start + ravel(&i, &steps)] = u;
            }
            Ok(vec![Value::new(x.shape(), out)])
        })
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let y = b.bind(*self, primals)?;
        if tangents[..2].iter().all(Option::is_none) {
            return Ok((y, smallvec![None]));
        }
        let mut ins = Atoms::from_slice(primals);
        ins[0] = b.instantiate(tangents[0], primals[0]);
        ins[1] = b.instantiate(tangents[1], primals[1]);
        Ok((y, smallvec![Some(b.op(*self, &ins))]))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None; operands.len()]) };
        let update = operands[1].ty(b);
        let starts: Atoms = operands[2..].iter().filter_map(Operand::known).collect();
        classes::each_linear(operands, |i, _| {
            let mut ins: Atoms = smallvec![ct];
            if i == 0 {
                ins.push(b.full(&update, 0.0));
                ins.extend_from_slice(&starts);
                Some(b.op(*self, &ins))
            } else {
                ins.extend_from_slice(&starts);
                let slice_sizes = Shape::from_slice(update.shape());
                Some(b.op(DynamicSlice { slice_sizes }, &ins))
            }
        })
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let rank = batch.ins.len() - 2;
        let Some(vectors) = start_vectors(b, batch, rank) else {
            let pair = Batch { ins: &batch.ins[..2], dims: &batch.dims[..2], ..batch };
            let (mut ins, d) = align_ranks(b, pair);
            ins.extend_from_slice(&batch.ins[2..]);
            return Ok((b.bind(*self, &with_whole_axis(b, &ins, rank, d))?, smallvec![Some(d)]));
        };
        let scatter = Scatter {
            op: ScatterOp::Set,
            dims: ScatterDims::from_gather(&one_window(rank)),
            mode: IndexMode::Clip,
            // Within one box nothing meets.
            unique_indices: true,
        };
        let ins = [batch.ins[0], vectors, batch.ins[1]];
        let dims = [batch.dims[0], Some(0), batch.dims[1]];
        scatter.batch(b, Batch { ins: &ins, dims: &dims, ..batch })
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, shape: &[usize], update: &[usize], index| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let mut args = vec![(Type::of(dtype, shape), domain), (Type::of(dtype, update), domain)];
            // Some starts are out of bounds.
            args.extend(shape.iter().map(|&n| {
                (Type::scalar(index), Domain::Range(-1.0, n as f64 + 1.0))
            }));
            Sample::new(DynamicUpdateSlice, args)
        };
        vec![
            sample(DType::F64, &[], &[], DType::I32),
            sample(DType::F64, &[5], &[2], DType::I32),
            sample(DType::F64, &[5], &[5], DType::I64),
            sample(DType::F64, &[5], &[0], DType::U8),
            sample(DType::F64, &[3, 4], &[1, 2], DType::I32),
            sample(DType::F64, &[3, 1, 4], &[2, 1, 3], DType::I8),
            sample(DType::F64, &[0, 3], &[0, 2], DType::I32),
            sample(DType::F32, &[4], &[2], DType::U32),
            sample(DType::BF16, &[4], &[2], DType::I32),
            sample(DType::U8, &[4], &[2], DType::U64),
            sample(DType::Bool, &[4], &[2], DType::I32),
        ]
    }
}
