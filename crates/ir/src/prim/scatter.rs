//! `scatter` and its kin: writes windows into an array at computed positions.
//!
//! ```text
//! d:f64[5,3] = scatter-add[
//!   dimension_numbers=ScatterDimensionNumbers(update_window_dims=(1,), inserted_window_dims=(0,), scatter_dims_to_operand_dims=(0,), operand_batching_dims=(), scatter_indices_batching_dims=())
//!   mode=GatherScatterMode.FILL_OR_DROP
//!   unique_indices=False
//! ] a:f64[5,3] b:i32[2,1] c:f64[2,3]
//! ```
//!
//! d = a, then d[b[i, 0], j] += c[i, j] for all i and j, above. [`windows`] explains
//! the axes; the updates are the windowed array. Updates are applied in their row-major order, so
//! the last one wins in a plain `scatter`. The derivatives, right also where updates meet, are in
//! [`scatter_rules`].

use super::scatter_rules as rules;
use super::structural::{one, repeat_along};
use super::typing::{Class, check_class, operands, same_dtype};
use super::windows::{FieldNames, GatherDims, IndexMode};
use super::*;
use crate::dtype::{DType, Element};
use crate::error::{ensure, fault};
use crate::param::Param;
use crate::scalar::{IntScalar, RealScalar};
use crate::shape::{Axes, Shape, show};
use smallvec::smallvec;

/// How a scatter combines.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum ScatterOp {
    /// `scatter`: the last update wins.
    Set,
    /// `scatter-add`
    Add,
    /// `scatter-sub`
    Sub,
    /// `scatter-mul`
    Mul,
    /// `scatter-min`
    Min,
    /// `scatter-max`
    Max,
}

const OPS: [(ScatterOp, &str); 6] = [
    (ScatterOp::Set, "scatter"),
    (ScatterOp::Add, "scatter-add"),
    (ScatterOp::Sub, "scatter-sub"),
    (ScatterOp::Mul, "scatter-mul"),
    (ScatterOp::Min, "scatter-min"),
    (ScatterOp::Max, "scatter-max"),
];

/// How updates, indices and operand axes relate, as in XLA.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct ScatterDims {
    /// Update axes that hold the window.
    pub update_window_dims: Axes,
    /// Operand axes of window size 1 that updates lack.
    pub inserted_window_dims: Axes,
    /// The operand axis of each component of an index vector.
    pub scatter_dims_to_operand_dims: Axes,
    /// Operand axes that pair up with batch axes of the indices.
    pub operand_batching_dims: Axes,
    /// Those axes of the indices.
    pub scatter_indices_batching_dims: Axes,
}

impl ScatterDims {
    /// The axes of the scatter that writes what a gather reads.
    pub fn from_gather(dims: &GatherDims) -> ScatterDims {
        ScatterDims {
            update_window_dims: dims.offset_dims.clone(),
            inserted_window_dims: dims.collapsed_slice_dims.clone(),
            scatter_dims_to_operand_dims: dims.start_index_map.clone(),
            operand_batching_dims: dims.operand_batching_dims.clone(),
            scatter_indices_batching_dims: dims.start_indices_batching_dims.clone(),
        }
    }

    /// The axes of the gather that reads what the scatter writes.
    pub fn to_gather(&self) -> GatherDims {
        GatherDims {
            offset_dims: self.update_window_dims.clone(),
            collapsed_slice_dims: self.inserted_window_dims.clone(),
            start_index_map: self.scatter_dims_to_operand_dims.clone(),
            operand_batching_dims: self.operand_batching_dims.clone(),
            start_indices_batching_dims: self.scatter_indices_batching_dims.clone(),
        }
    }
}

/// `scatter-add[…] operand indices updates` and its kin.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Scatter {
    /// How to combine.
    pub op: ScatterOp,
    /// Which axis is which.
    pub dims: ScatterDims,
    /// Indices out of bounds.
    pub mode: IndexMode,
    /// A promise that no two updates meet.
    pub unique_indices: bool,
}

const NAMES: FieldNames = FieldNames {
    structure: "ScatterDimensionNumbers",
    window: "update_window_dims",
    dropped: "inserted_window_dims",
    index_map: "scatter_dims_to_operand_dims",
    indices_batching: "scatter_indices_batching_dims",
};

impl Primitive for Scatter {
    fn names() -> &'static [&'static str] {
        &["scatter", "scatter-add", "scatter-sub", "scatter-mul", "scatter-min", "scatter-max"]
    }

    fn name(&self) -> &str {
        OPS.iter().find(|(op, _)| *op == self.op).map_or("scatter", |(_, name)| name)
    }

    fn params(&self) -> Params {
        smallvec![
            ("dimension_numbers", self.dims.to_gather().param(&NAMES)),
            ("mode", self.mode.param()),
            ("unique_indices", Param::Bool(self.unique_indices)),
        ]
    }

    fn parse(name: &str, params: &mut ParamMap) -> Result<Self, Fault> {
        let op = OPS.iter().find(|(_, n)| *n == name).map(|(op, _)| *op);
        let op = op.ok_or_else(|| fault!("`{name}` is not a scatter"))?;
        // JAX also prints the function that combines. A plain scatter that has one applies it to the
        // operand's elements.
        if let (ScatterOp::Set, Some(Param::Jaxpr(_))) = (op, params.take("update_jaxpr")) {
            return Err(fault!(
                "a scatter that applies a function (`update_jaxpr`) is not supported: gather the \
                 elements, apply the function, and scatter the results"
            ));
        }
        params.ignore(&["indices_are_sorted", "update_jaxpr", "update_consts"]);
        Ok(Scatter {
            op,
            dims: ScatterDims::from_gather(&GatherDims::parse(params, &NAMES)?),
            mode: IndexMode::parse(params)?,
            unique_indices: params.bool_or("unique_indices", false)?,
        })
    }

    fn type_of(&self, ins: &[Type]) -> Result<Types, Fault> {
        let [x, indices, updates] = operands(ins)?;
        let dtype = same_dtype(&[x.clone(), updates.clone()])?;
        if matches!(self.op, ScatterOp::Add | ScatterOp::Sub | ScatterOp::Mul) {
            check_class(dtype, &[Class::Float, Class::Int])?;
        }
        let dims = self.dims.to_gather();
        dims.check(&NAMES, x, indices)?;
        let batch = &indices.shape()[..indices.rank() - 1];
        let rank = dims.offset_dims.len() + batch.len();
        ensure!(
            updates.rank() == rank,
            "updates for these indices have rank {rank} (one axis for each axis of the indices but \
             the last, and the window), not {}",
            updates.rank()
        );
        let axes = dims.index_axes(rank);
        ensure!(
            axes.iter().zip(batch).all(|(&i, &n)| updates.shape()[i] == n),
            "the axes {} of the updates must have the sizes {} of the indices",
            show(&axes),
            show(batch)
        );
        for (&i, &axis) in dims.offset_dims.iter().zip(&dims.kept(x.rank())) {
            let (size, n) = (updates.shape()[i], x.shape()[axis]);
            ensure!(
                size <= n,
                "a window of the updates is larger than the operand: {size} and {n} along axis {axis}"
            );
        }
        Ok(one(dtype, x.shape()))
    }

    fn effects(&self) -> Effects {
        Effects::NONE
    }

    fn eval(&self, ins: &[Value]) -> Result<Vec<Value>, Fault> {
        let [x, indices, updates] = ins else { return Err(fault!("it takes 3 operands")) };
        let sizes = self.window_sizes(x.shape(), updates.shape());
        let clip = self.mode == IndexMode::Clip;
        let positions = self.dims.to_gather().positions(x.shape(), &sizes, indices, clip);
        Ok(vec![self.combined(x, updates, &positions)])
    }

    fn jvp(&self, b: &Builder, primals: &[Atom], tangents: &[Tangent]) -> JvpOut {
        let y = b.bind(self.clone(), primals)?;
        let &[x, indices, updates] = primals else { return Ok((y, smallvec![None])) };
        let scatter = rules::Scattering { prim: self, b, x, indices, updates };
        let t = match self.op {
            ScatterOp::Add | ScatterOp::Sub => {
                let dx = b.instantiate(tangents[0], x);
                let du = b.instantiate(tangents[2], updates);
                Some(b.op(self.clone(), &[dx, indices, du]))
            }
            ScatterOp::Set => Some(scatter.tangent_of_set(tangents[0], tangents[2])),
            ScatterOp::Mul => scatter.tangent_of_product(tangents[0], tangents[2]),
            ScatterOp::Min | ScatterOp::Max => {
                Some(scatter.tangent_of_extremum(y[0], tangents[0], tangents[2]))
            }
        };
        Ok((y, smallvec![t]))
    }

    fn transpose(&self, b: &Builder, cts: &[Tangent], operands: &[Operand]) -> TransposeOut {
        let (Some(ct), Some(indices)) = (cts[0], operands[1].known()) else {
            return Ok(smallvec![None; 3]);
        };
        rules::transpose(self, b, ct, indices, operands)
    }

    fn batch(&self, b: &Builder, batch: Batch<'_>) -> BatchOut {
        let &[x, mut indices, updates] = batch.ins else {
            return Ok((b.bind(self.clone(), batch.ins)?, smallvec![None]));
        };
        let mut index_dim = batch.dims[1];
        // Index vectors must stay in the last axis.
        if index_dim == Some(b.ty(indices).rank() - 1) {
            indices = b.batch_to_front(indices, index_dim, batch.size);
            index_dim = Some(0);
        }
        // Each example writes into an operand of its own.
        let (x, at) = match batch.dims[0] {
            Some(d) => (x, d),
            None => (repeat_along(b, x, 0, batch.size), 0),
        };
        let dims = self.dims.to_gather();
        let rank = b.ty(updates).rank() - usize::from(batch.dims[2].is_some());
        let (from, to) = match index_dim {
            None => dims.window_slot(at, b.ty(x).rank() - 1, rank),
            Some(i) => dims.index_slot(i, rank),
        };
        let (updates, to) = match batch.dims[2] {
            Some(d) if (from..=to).contains(&d) => (updates, d),
            Some(d) => (b.move_axis(updates, d, from), from),
            None => (repeat_along(b, updates, from, batch.size), from),
        };
        let dims = match index_dim {
            None => dims.with_window_axis(at, to),
            Some(i) => dims.with_batching_axis(at, i, to),
        };
        let prim = Scatter { dims: ScatterDims::from_gather(&dims), ..self.clone() };
        Ok((b.bind(prim, &[x, indices, updates])?, smallvec![Some(at)]))
    }

    fn samples() -> Vec<Sample> {
        rules::samples()
    }
}

impl Scatter {
    /// The same scatter with another way to combine.
    pub(crate) fn with_op(&self, op: ScatterOp) -> Scatter {
        Scatter { op, ..self.clone() }
    }

    /// The size of a window along each operand axis.
    pub fn window_sizes(&self, operand: &[usize], updates: &[usize]) -> Shape {
        let kept = self.dims.to_gather().kept(operand.len());
        let mut sizes: Shape = SmallVec::from_elem(1, operand.len());
        for (&axis, &i) in kept.iter().zip(&self.dims.update_window_dims) {
            sizes[axis] = updates[i];
        }
        for &axis in &self.dims.operand_batching_dims {
            sizes[axis] = operand[axis].min(1);
        }
        sizes
    }

    /// Applies the updates in their order.
    fn combined(&self, x: &Value, updates: &Value, positions: &[Option<usize>]) -> Value {
        use ScatterOp::{Add, Max, Min, Mul, Set, Sub};
        let dtype = x.dtype();
        if matches!(dtype, DType::F16 | DType::BF16) && self.op != Set {
            // Many updates may meet, so these accumulate in f32 and round once.
            let wide = |v: &Value| Value::from_f64s(DType::F32, v.shape(), &v.to_f64s());
            let y = self.combined(&wide(x), &wide(updates), positions);
            return Value::from_f64s(dtype, y.shape(), &y.to_f64s());
        }
        if dtype == DType::Bool {
            return combine(x, updates, positions, match self.op {
                Set => |_, u| u,
                Add | Max => |x: bool, u: bool| x | u,
                Sub => |x, u| x ^ u,
                Mul | Min => |x, u| x & u,
            });
        }
        crate::dispatch!(float dtype, T => combine::<T>(x, updates, positions, match self.op {
            Set => |_, u| u,
            Add => |x, u| x + u,
            Sub => |x, u| x - u,
            Mul => |x, u| x * u,
            Min => RealScalar::smaller,
            Max => RealScalar::larger,
        }), else => crate::dispatch!(int dtype, T => combine::<T>(x, updates, positions, match self.op {
            Set => |_, u| u,
            Add => IntScalar::wrapping_add,
            Sub => IntScalar::wrapping_sub,
            Mul => IntScalar::wrapping_mul,
            Min => IntScalar::smaller,
            Max => IntScalar::larger,
        }), else => x.clone()))
    }
}

/// The loop of a scatter.
fn combine<T: Element>(
    x: &Value,
    updates: &Value,
    positions: &[Option<usize>],
    f: fn(T, T) -> T,
) -> Value {
    let mut y = x.slice::<T>().to_vec();
    for (&u, position) in updates.slice::<T>().iter().zip(positions) {
        if let Some(p) = *position {
            y[p] = f(y[p], u);
        }
    }
    Value::new(x.shape(), y)
}
