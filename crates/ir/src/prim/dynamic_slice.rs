//! `dynamic_slice`: a box of fixed size at a computed place.
//!
//! ```text
//! d:f64[1,2] = dynamic_slice[slice_sizes=(1, 2)] a:f64[3,4] b:i32[] c:i32[]
//! ```
//!
//! One scalar integer for each axis says where the box starts. It is clamped so that the box lies
//! inside: to 0 … n − size. Negative numbers do not count from the end. The map is linear in the
//! operand; its transpose writes the cotangent into zeros. When the places differ within a batch it
//! is a gather.

use super::gather::{Gather, GatherDims, IndexMode};
use super::structural::{check_one_an_axis, first_of, one, only_dim, rearrange};
use super::windows::{check_windows, index_numbers, inserted};
use super::*;
use crate::dtype::DType;
use crate::error::ensure;
use crate::param::Param;
use crate::shape::{Axes, Shape, ravel, strides};
use smallvec::smallvec;

/// `dynamic_slice[slice_sizes=…] x i j …`: one scalar integer index an axis, clamped.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct DynamicSlice {
    /// Sizes of the result.
    pub slice_sizes: Shape,
}

impl Primitive for DynamicSlice {
    fn names() -> &'static [&'static str] {
        &["dynamic_slice"]
    }

    fn name(&self) -> &str {
        "dynamic_slice"
    }

    fn params(&self) -> Params {
        smallvec![("slice_sizes", Param::usizes(&self.slice_sizes))]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        Ok(DynamicSlice { slice_sizes: params.usizes("slice_sizes")? })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        ensure!(!ins.is_empty(), "it takes an operand and one index an axis");
        let (x, starts) = (&ins[0], &ins[1..]);
        check_starts(x, starts)?;
        check_one_an_axis("slice_sizes", self.slice_sizes.len(), x.rank())?;
        check_windows("the slice sizes", &self.slice_sizes, x)?;
        Ok(one(x.dtype(), &self.slice_sizes))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let steps = strides(ins[0].shape());
        let start = ravel(&clamped(ins[0].shape(), &self.slice_sizes, &ins[1..]), &steps);
        Ok(vec![rearrange(&ins[0], &self.slice_sizes, |i| start + ravel(i, &steps))])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        classes::linear_in_first(self.clone(), b, primals, tangents)
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let Some(ct) = cts[0] else { return Ok(smallvec![None; operands.len()]) };
        let mut ins: Atoms = smallvec![b.full(&operands[0].ty(b), 0.0), ct];
        ins.extend(operands[1..].iter().filter_map(Operand::known));
        let back = b.op(dynamic_update_slice::DynamicUpdateSlice, &ins);
        Ok(first_of(back, operands.len()))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let rank = batch.ins.len() - 1;
        let Some(vectors) = start_vectors(b, batch, rank) else {
            let d = only_dim(&batch);
            let ins = with_whole_axis(b, batch.ins, rank, d);
            let prim = DynamicSlice { slice_sizes: inserted(&self.slice_sizes, d, batch.size) };
            return Ok((b.bind(prim, &ins)?, smallvec![Some(d)]));
        };
        let gather = Gather {
            dims: one_window(rank),
            slice_sizes: self.slice_sizes.clone(),
            mode: IndexMode::Clip,
            fill_value: None,
        };
        let (ins, dims) = ([batch.ins[0], vectors], [batch.dims[0], Some(0)]);
        gather.batch(b, Batch { ins: &ins, dims: &dims, ..batch })
    }

    fn samples() -> Vec<Sample> {
        let sample = |dtype, shape: &[usize], sizes: &[usize], index| {
            let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
            let mut args = vec![(Type::of(dtype, shape), domain)];
            // Some starts are out of bounds.
            args.extend(shape.iter().map(|&n| {
                (Type::scalar(index), Domain::Range(-1.0, n as f64 + 1.0))
            }));
            Sample::new(DynamicSlice { slice_sizes: sizes.into() }, args)
        };
        let mixed = Sample::new(
            DynamicSlice { slice_sizes: smallvec![2, 1] },
            vec![
                (Type::of(DType::F64, &[3, 4]), Domain::Range(-3.0, 3.0)),
                (Type::scalar(DType::U64), Domain::AnyBits),
                (Type::scalar(DType::I8), Domain::Range(-2.0, 4.0)),
            ],
        );
        vec![
            sample(DType::F64, &[], &[], DType::I32),
            sample(DType::F64, &[5], &[2], DType::I32),
            sample(DType::F64, &[5], &[5], DType::I64),
            sample(DType::F64, &[5], &[0], DType::U8),
            sample(DType::F64, &[3, 4], &[1, 2], DType::I32),
            sample(DType::F64, &[3, 1, 4], &[2, 1, 3], DType::I8),
            sample(DType::F64, &[0, 3], &[0, 2], DType::I32),
            sample(DType::F32, &[4], &[2], DType::U32),
            sample(DType::F16, &[4], &[2], DType::I32),
            sample(DType::I32, &[4], &[2], DType::U64),
            sample(DType::Bool, &[4], &[2], DType::I32),
            mixed,
        ]
    }
}

/// Checks the indices that say where a box starts.
pub(crate) fn check_starts(x: &Type, starts: &[Type]) -> Result<(), Fault> {
    ensure!(
        starts.len() == x.rank(),
        "an operand of rank {} takes one index an axis, not {}",
        x.rank(),
        starts.len()
    );
    if let Some(bad) = starts.iter().find(|t| t.rank() != 0 || !t.dtype().is_int()) {
        return Err(crate::fault!("the indices must be integer scalars, not {bad}"));
    }
    Ok(())
}

/// Where a box of some sizes starts, moved inside.
pub(crate) fn clamped(shape: &[usize], sizes: &[usize], starts: &[Value]) -> Shape {
    let axes = shape.iter().zip(sizes).zip(starts);
    axes.map(|((n, size), start)| {
        let start = index_numbers(start).first().map_or(0, |&i| i.max(0) as usize);
        start.min(n - size)
    })
    .collect()
}

/// The operands, of which the last `rank` are starts, with one more start: that of axis `d`, which is
/// taken as a whole.
pub(crate) fn with_whole_axis(b: &Builder, ins: &[Atom], rank: usize, d: usize) -> Atoms {
    let first = ins.len() - rank;
    let dtype = ins[first..].first().map_or(DType::I32, |&i| b.ty(i).dtype());
    let mut ins = Atoms::from_slice(ins);
    ins.insert(first + d, b.lit(dtype, 0.0));
    ins
}

/// The gather of one window, at the only index vector.
pub(crate) fn one_window(rank: usize) -> GatherDims {
    let all: Axes = (0..rank).collect();
    GatherDims { offset_dims: all.clone(), start_index_map: all, ..GatherDims::default() }
}

/// The last `rank` operands, one start for each axis, as batched index vectors of shape (size, rank);
/// `None` if the examples share them.
pub(crate) fn start_vectors(b: &Builder, batch: Batch<'_>, rank: usize) -> Option<Atom> {
    let first = batch.ins.len() - rank;
    let (starts, dims) = (&batch.ins[first..], &batch.dims[first..]);
    if dims.iter().all(Option::is_none) {
        return None;
    }
    let dtypes: Vec<DType> = starts.iter().map(|&i| b.ty(i).dtype()).collect();
    let alike = dtypes.windows(2).all(|w| w[0] == w[1]);
    let columns: Atoms = starts
        .iter()
        .zip(dims)
        .map(|(&start, dim)| {
            let start = match b.ty(start).dtype() {
                _ if alike => start,
                // What does not fit i64 is beyond the end all the same.
                DType::U64 => b.min(start, b.lit(DType::U64, 2f64.powi(62))),
                _ => start,
            };
            let start = if alike { start } else { b.convert(start, DType::I64) };
            let column: &[usize] = if dim.is_some() { &[0] } else { &[] };
            b.broadcast_in_dim(start, &[batch.size, 1], column)
        })
        .collect();
    Some(b.concatenate(&columns, 1))
}
