//! `gather`: reads windows of an array at computed positions.
//!
//! ```text
//! c:f64[2,3] = gather[
//!   dimension_numbers=GatherDimensionNumbers(offset_dims=(1,), collapsed_slice_dims=(0,), start_index_map=(0,), operand_batching_dims=(), start_indices_batching_dims=())
//!   fill_value=None
//!   mode=GatherScatterMode.CLIP
//!   slice_sizes=(1, 3)
//! ] a:f64[5,3] b:i32[2,1]
//! ```
//!
//! c[i, j] = a[b[i, 0], j] above. [`windows`] explains the axes. The map is linear
//! in the operand (the tangent of a filled window is 0, whatever it is filled with); its transpose
//! adds each window's cotangent to where the window was read: a scatter-add into zeros. The indices
//! have no derivative.

use super::scatter::{Scatter, ScatterDims, ScatterOp};
use super::structural::{check_one_an_axis, first_of, one};
use super::typing::operands;
use super::windows::{FieldNames, check_windows, inserted};
pub use super::windows::{GatherDims, IndexMode};
use super::*;
use crate::dtype::{DType, Element};
use crate::error::ensure;
use crate::jaxpr::Lit;
use crate::param::{Param, as_lit, wrong};
use crate::shape::Shape;
use smallvec::smallvec;

/// `gather[…] operand indices`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Gather {
    /// Which axis is which.
    pub dims: GatherDims,
    /// Size of a slice along each operand axis.
    pub slice_sizes: Shape,
    /// Indices out of bounds.
    pub mode: IndexMode,
    /// What `FillOrDrop` fills with, a `bool`, `i64` or `f64` literal that is converted to the
    /// operand's dtype; by default NaN, the lowest signed integer, the highest unsigned, true.
    pub fill_value: Option<Lit>,
}

const NAMES: FieldNames = FieldNames {
    structure: "GatherDimensionNumbers",
    window: "offset_dims",
    dropped: "collapsed_slice_dims",
    index_map: "start_index_map",
    indices_batching: "start_indices_batching_dims",
};

impl Primitive for Gather {
    fn names() -> &'static [&'static str] {
        &["gather"]
    }

    fn name(&self) -> &str {
        "gather"
    }

    fn params(&self) -> Params {
        smallvec![
            ("dimension_numbers", self.dims.param(&NAMES)),
            ("fill_value", self.fill_value.map_or(Param::None, fill_param)),
            ("mode", self.mode.param()),
            ("slice_sizes", Param::usizes(&self.slice_sizes)),
        ]
    }

    fn parse(_: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        params.ignore(&["indices_are_sorted", "unique_indices"]);
        let fill_value = match params.take("fill_value") {
            None | Some(Param::None) => None,
            Some(Param::Bool(x)) => Some(Lit::new(x)),
            Some(Param::Int(x)) => Some(Lit::new(x)),
            Some(Param::Float(x)) => Some(Lit::new(x)),
            Some(other) => return Err(wrong("fill_value", "a number or None", &other)),
        };
        Ok(Gather {
            dims: GatherDims::parse(params, &NAMES)?,
            slice_sizes: params.usizes("slice_sizes")?,
            mode: IndexMode::parse(params)?,
            fill_value,
        })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x, indices] = operands(ins)?;
        self.dims.check(&NAMES, x, indices)?;
        check_one_an_axis("slice_sizes", self.slice_sizes.len(), x.rank())?;
        check_windows("the slice sizes", &self.slice_sizes, x)?;
        for &axis in &self.dims.collapsed_slice_dims {
            let size = self.slice_sizes[axis];
            ensure!(size == 1, "the collapsed axis {axis} has slice size {size}; it must be 1");
        }
        for &axis in &self.dims.operand_batching_dims {
            let (size, n) = (self.slice_sizes[axis], x.shape()[axis]);
            ensure!(
                size == n.min(1),
                "the batching axis {axis} has slice size {size}; it must be 1 (0 for an empty axis)"
            );
        }
        if let Some(fill) = self.fill_value {
            ensure!(
                matches!(fill.dtype(), DType::Bool | DType::I64 | DType::F64),
                "the fill value must be a bool, i64 or f64 literal, not {}",
                fill.dtype()
            );
        }
        Ok(one(x.dtype(), &self.dims.windowed_shape(&self.slice_sizes, indices.shape())))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let (x, indices) = (&ins[0], &ins[1]);
        let clip = self.mode != IndexMode::FillOrDrop;
        let positions = self.dims.positions(x.shape(), &self.slice_sizes, indices, clip);
        let fill = self.fill(x.dtype())?;
        crate::dispatch!(x.dtype(), T => {
            let from = x.slice::<T>();
            let fill = <T as Element>::from_bits(fill.bits());
            let picked = positions.into_iter().map(|p| p.map_or(fill, |p| from[p])).collect();
            let shape = self.dims.windowed_shape(&self.slice_sizes, indices.shape());
            Ok(vec![Value::new::<T>(shape, picked)])
        })
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let y = b.bind(self.clone(), primals)?;
        let t = tangents[0].map(|t| b.op(self.filling_zeros(), &[t, primals[1]]));
        Ok((y, smallvec![t]))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let (Some(ct), Some(indices)) = (cts[0], operands[1].known()) else {
            return Ok(smallvec![None, None]);
        };
        let add = Scatter {
            op: ScatterOp::Add,
            dims: ScatterDims::from_gather(&self.dims),
            mode: self.mode,
            unique_indices: false,
        };
        let zeros = b.full(&operands[0].ty(b), 0.0);
        Ok(first_of(b.op(add, &[zeros, indices, ct]), 2))
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let (x, mut indices) = (batch.ins[0], batch.ins[1]);
        let mut index_dim = batch.dims[1];
        // Index vectors must stay in the last axis.
        if index_dim == Some(b.ty(indices).rank() - 1) {
            indices = b.batch_to_front(indices, index_dim, batch.size);
            index_dim = Some(0);
        }
        let index_rank = b.ty(indices).rank() - usize::from(index_dim.is_some());
        let rank = self.dims.offset_dims.len() + index_rank - 1;
        let mut prim = self.clone();
        let at = match (batch.dims[0], index_dim) {
            (Some(d), None) => {
                let (at, _) = self.dims.window_slot(d, b.ty(x).rank() - 1, rank);
                prim.dims = self.dims.with_window_axis(d, at);
                prim.slice_sizes = inserted(&self.slice_sizes, d, batch.size);
                at
            }
            (None, Some(i)) => {
                let (at, _) = self.dims.index_slot(i, rank);
                prim.dims = self.dims.with_index_axis(i, at);
                at
            }
            (Some(d), Some(i)) => {
                let (at, _) = self.dims.index_slot(i, rank);
                prim.dims = self.dims.with_batching_axis(d, i, at);
                prim.slice_sizes = inserted(&self.slice_sizes, d, batch.size.min(1));
                at
            }
            (None, None) => return Ok((b.bind(prim, &[x, indices])?, smallvec![None])),
        };
        Ok((b.bind(prim, &[x, indices])?, smallvec![Some(at)]))
    }

    fn samples() -> Vec<Sample> {
        samples()
    }
}

impl Gather {
    /// The literal that fills windows out of bounds, for an operand of a dtype.
    ///
    /// # Errors
    /// `fill_value` is no number of that dtype.
    pub fn fill(&self, dtype: DType) -> Result<Lit, Fault> {
        match self.fill_value {
            Some(x) => as_lit("fill_value", &fill_param(x), dtype),
            None if dtype.is_float() => Ok(Lit::from_f64(dtype, f64::NAN)),
            None if dtype.is_signed_int() => {
                Ok(Lit::from_bits(dtype, 1 << (8 * dtype.size() - 1)))
            }
            None => Ok(Lit::from_bits(dtype, u64::MAX)),
        }
    }

    /// The same for tangents: nothing comes from outside.
    pub(crate) fn filling_zeros(&self) -> Gather {
        let fills = self.mode == IndexMode::FillOrDrop;
        Gather { fill_value: fills.then(|| Lit::new(0.0f64)), ..self.clone() }
    }
}

/// The text form of a fill value.
fn fill_param(x: Lit) -> Param {
    match x.dtype() {
        DType::Bool => Param::Bool(x.bits() != 0),
        DType::F64 => Param::Float(x.to_f64()),
        _ => Param::Int(x.bits() as i64),
    }
}

/// Rows, columns, elements, windows, batching axes; every mode; positions in and out of bounds.
fn samples() -> Vec<Sample> {
    use IndexMode::{Clip, FillOrDrop, PromiseInBounds};
    struct Case<'a> {
        x: &'a [usize],
        indices: &'a [usize],
        dims: [&'a [usize]; 5],
        sizes: &'a [usize],
    }
    let rows = Case {
        x: &[4, 3],
        indices: &[2, 1],
        dims: [&[1], &[0], &[0], &[], &[]],
        sizes: &[1, 3],
    };
    let columns = Case {
        x: &[2, 5],
        indices: &[3, 1],
        dims: [&[0], &[1], &[1], &[], &[]],
        sizes: &[2, 1],
    };
    let elements = Case {
        x: &[3, 4],
        indices: &[2, 3, 2],
        dims: [&[], &[0, 1], &[1, 0], &[], &[]],
        sizes: &[1, 1],
    };
    let windows = Case {
        x: &[4, 3, 2],
        indices: &[3, 2],
        dims: [&[0, 2], &[2], &[0, 2], &[], &[]],
        sizes: &[2, 3, 1],
    };
    let batched = Case {
        x: &[3, 2, 4],
        indices: &[2, 5, 3, 1],
        dims: [&[], &[2], &[2], &[0, 1], &[2, 0]],
        sizes: &[1, 1, 1],
    };
    let single = Case { x: &[5], indices: &[1], dims: [&[0], &[], &[0], &[], &[]], sizes: &[3] };
    let nothing = Case { x: &[3], indices: &[0, 1], dims: [&[], &[0], &[0], &[], &[]], sizes: &[1] };
    let no_index =
        Case { x: &[2, 3], indices: &[2, 0], dims: [&[0, 2], &[], &[], &[], &[]], sizes: &[1, 2] };
    let make = |dtype, case: &Case<'_>, mode, index, fill_value, range: (f64, f64)| {
        let [offset, collapsed, map, batching, paired] = case.dims.map(SmallVec::from_slice);
        let dims = GatherDims {
            offset_dims: offset,
            collapsed_slice_dims: collapsed,
            start_index_map: map,
            operand_batching_dims: batching,
            start_indices_batching_dims: paired,
        };
        let prim = Gather { dims, slice_sizes: case.sizes.into(), mode, fill_value };
        let domain = if dtype == DType::Bool { Domain::Bits } else { Domain::Range(-3.0, 3.0) };
        let args = vec![
            (Type::of(dtype, case.x), domain),
            (Type::of(index, case.indices), Domain::Range(range.0, range.1)),
        ];
        Sample::new(prim, args)
    };
    let (f64, i32) = (DType::F64, DType::I32);
    let (zero, half) = (Some(Lit::new(0i64)), Some(Lit::new(0.5f64)));
    vec![
        make(f64, &rows, Clip, i32, None, (-2.0, 5.0)),
        make(f64, &rows, PromiseInBounds, DType::I64, None, (0.0, 3.0)),
        make(f64, &rows, FillOrDrop, i32, half, (-2.0, 5.0)),
        make(f64, &columns, FillOrDrop, i32, zero, (-2.0, 6.0)),
        make(f64, &columns, Clip, DType::U8, None, (0.0, 9.0)),
        make(f64, &elements, Clip, i32, None, (-1.0, 4.0)),
        make(f64, &elements, FillOrDrop, DType::I8, half, (-1.0, 4.0)),
        make(f64, &windows, Clip, i32, None, (-1.0, 4.0)),
        make(f64, &windows, FillOrDrop, i32, half, (-1.0, 4.0)),
        make(f64, &batched, Clip, i32, None, (-1.0, 5.0)),
        make(f64, &batched, FillOrDrop, i32, half, (-1.0, 5.0)),
        make(f64, &single, Clip, DType::U32, None, (0.0, 5.0)),
        make(f64, &nothing, Clip, i32, None, (0.0, 2.0)),
        make(f64, &no_index, FillOrDrop, i32, None, (0.0, 2.0)),
        make(DType::F32, &rows, FillOrDrop, i32, None, (-2.0, 5.0)),
        make(DType::BF16, &rows, Clip, i32, None, (0.0, 3.0)),
        make(DType::I64, &rows, FillOrDrop, i32, None, (-2.0, 5.0)),
        make(DType::U32, &rows, FillOrDrop, i32, None, (-2.0, 5.0)),
        make(DType::I8, &rows, FillOrDrop, i32, Some(Lit::new(-1i64)), (-2.0, 5.0)),
        make(DType::Bool, &rows, FillOrDrop, i32, Some(Lit::new(false)), (-2.0, 5.0)),
    ]
}
