//! Windows at computed positions: what `gather` and `scatter` share.
//!
//! Both relate three arrays: the *operand*; the *indices*, whose last axis holds index vectors; and
//! the *windowed* array (a gather's result, a scatter's updates), which has one window of the
//! operand for each index vector. An axis of the windowed array is a window axis (`offset_dims`) or
//! one of the indices' other axes, in order. An axis of the operand is kept in the window, dropped
//! from it because the window has size 1 there (`collapsed_slice_dims`), or a batching axis, whose
//! position is that of the paired axis of the indices (`operand_batching_dims` and
//! `start_indices_batching_dims`). Component k of an index vector is where the window starts along
//! operand axis `start_index_map[k]`; along the other axes it starts at 0.
//!
//! Batching adds one axis to two or three of the arrays: a window axis where the indices have no
//! batch dimension, an axis of the indices, or a batching axis where operand and indices have it.

use super::structural::shifted_all;
use super::typing::{ascending_axes, distinct_axes};
use crate::error::{Fault, ensure, fault};
use crate::param::{Param, ParamMap, wrong};
use crate::shape::{Axes, Shape, indices, numel, show, strides};
use crate::types::Type;
use crate::value::Value;
use smallvec::SmallVec;

/// What a gather or scatter does with indices out of bounds.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum IndexMode {
    /// Move the window inside.
    Clip,
    /// gather: fill; scatter: drop. It is the whole window that is filled or dropped.
    FillOrDrop,
    /// The caller promises it does not happen; treated as `Clip` in a gather, `FillOrDrop` in a scatter.
    PromiseInBounds,
}

impl IndexMode {
    /// The mode as JAX prints it.
    pub(crate) fn param(self) -> Param {
        Param::word(match self {
            IndexMode::Clip => "GatherScatterMode.CLIP",
            IndexMode::FillOrDrop => "GatherScatterMode.FILL_OR_DROP",
            IndexMode::PromiseInBounds => "GatherScatterMode.PROMISE_IN_BOUNDS",
        })
    }

    /// Reads `mode=`, by JAX's names or by the numbers of JAX's enumeration.
    pub(crate) fn parse(params: &mut ParamMap) -> Result<IndexMode, Fault> {
        let one_hot = || {
            fault!("`mode=ONE_HOT` is not supported: write GatherScatterMode.CLIP or FILL_OR_DROP")
        };
        match params.take("mode") {
            // JAX's default.
            None | Some(Param::None) | Some(Param::Int(2)) => Ok(IndexMode::FillOrDrop),
            Some(Param::Int(1)) => Ok(IndexMode::Clip),
            Some(Param::Int(3)) => Ok(IndexMode::PromiseInBounds),
            Some(Param::Int(4)) => Err(one_hot()),
            Some(Param::Word(w)) => match w.strip_prefix("GatherScatterMode.").unwrap_or(&w) {
                "CLIP" => Ok(IndexMode::Clip),
                "FILL_OR_DROP" => Ok(IndexMode::FillOrDrop),
                "PROMISE_IN_BOUNDS" => Ok(IndexMode::PromiseInBounds),
                "ONE_HOT" => Err(one_hot()),
                _ => Err(wrong("mode", "a GatherScatterMode", &Param::Word(w))),
            },
            Some(other) => Err(wrong("mode", "a GatherScatterMode", &other)),
        }
    }
}

/// How indices and operand axes of a gather relate, as in XLA; the index vector is the last axis of
/// the indices.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct GatherDims {
    /// Result axes that hold the slice.
    pub offset_dims: Axes,
    /// Operand axes of slice size 1 that go away.
    pub collapsed_slice_dims: Axes,
    /// The operand axis of each component of an index vector.
    pub start_index_map: Axes,
    /// Operand axes that pair up with batch axes of the indices.
    pub operand_batching_dims: Axes,
    /// Those axes of the indices.
    pub start_indices_batching_dims: Axes,
}

/// The names of the fields as they are printed: a scatter has its own for the first three.
pub(crate) struct FieldNames {
    pub(crate) structure: &'static str,
    pub(crate) window: &'static str,
    pub(crate) dropped: &'static str,
    pub(crate) index_map: &'static str,
    pub(crate) indices_batching: &'static str,
}

const BATCHING: &str = "operand_batching_dims";

impl GatherDims {
    /// The dimension numbers as JAX prints them.
    pub(crate) fn param(&self, names: &FieldNames) -> Param {
        let fields = [
            (names.window, &self.offset_dims),
            (names.dropped, &self.collapsed_slice_dims),
            (names.index_map, &self.start_index_map),
            (BATCHING, &self.operand_batching_dims),
            (names.indices_batching, &self.start_indices_batching_dims),
        ];
        let fields = fields.iter().map(|(n, axes)| ((*n).to_owned(), Param::usizes(axes)));
        Param::Struct(names.structure.to_owned(), fields.collect())
    }

    /// Reads `dimension_numbers=`. The batching axes may be missing, as in older versions of JAX.
    pub(crate) fn parse(params: &mut ParamMap, names: &FieldNames) -> Result<GatherDims, Fault> {
        let mut fields = match params.any("dimension_numbers")? {
            Param::Struct(name, fields) if name == names.structure => ParamMap::new(fields),
            other => return Err(wrong("dimension_numbers", names.structure, &other)),
        };
        let dims = GatherDims {
            offset_dims: fields.usizes(names.window)?,
            collapsed_slice_dims: fields.usizes(names.dropped)?,
            start_index_map: fields.usizes(names.index_map)?,
            operand_batching_dims: fields.usizes_opt(BATCHING)?.unwrap_or_default(),
            start_indices_batching_dims: fields
                .usizes_opt(names.indices_batching)?
                .unwrap_or_default(),
        };
        match fields.rest().next() {
            Some(field) => Err(fault!("`{}` has no field `{field}`", names.structure)),
            None => Ok(dims),
        }
    }

    /// Checks everything that does not depend on the sizes of windows.
    pub(crate) fn check(
        &self,
        names: &FieldNames,
        operand: &Type,
        indices: &Type,
    ) -> Result<(), Fault> {
        let axis_of = |field: &str| format!("`{field}` axis");
        ensure!(indices.dtype().is_int(), "the indices must be integers, not {indices}");
        let Some((&components, batch)) = indices.shape().split_last() else {
            return Err(fault!("the indices must have a last axis of index vectors"));
        };
        let rank = operand.rank();
        distinct_axes(&axis_of(names.index_map), &self.start_index_map, rank)?;
        ascending_axes(&axis_of(names.dropped), &self.collapsed_slice_dims, rank)?;
        ascending_axes(&axis_of(BATCHING), &self.operand_batching_dims, rank)?;
        ensure!(
            self.start_index_map.len() == components,
            "an index vector has {components} components, but `{}` has {} axes",
            names.index_map,
            self.start_index_map.len()
        );
        for axis in &self.operand_batching_dims {
            for (field, axes) in [
                (names.dropped, &self.collapsed_slice_dims),
                (names.index_map, &self.start_index_map),
            ] {
                ensure!(!axes.contains(axis), "axis {axis} is in `{BATCHING}` and in `{field}`");
            }
        }
        let kept = self.kept(rank).len();
        ensure!(
            self.offset_dims.len() == kept,
            "`{}` has {} axes, but {kept} of the operand's axes are kept in a window",
            names.window,
            self.offset_dims.len()
        );
        ascending_axes(&axis_of(names.window), &self.offset_dims, kept + batch.len())?;
        let paired = &self.start_indices_batching_dims;
        distinct_axes(&axis_of(names.indices_batching), paired, batch.len())?;
        ensure!(
            paired.len() == self.operand_batching_dims.len(),
            "`{BATCHING}` and `{}` have {} and {} axes",
            names.indices_batching,
            self.operand_batching_dims.len(),
            paired.len()
        );
        for (&o, &i) in self.operand_batching_dims.iter().zip(paired) {
            ensure!(
                operand.shape()[o] == batch[i],
                "operand axis {o} and indices axis {i} are batched together, but their sizes are \
                 {} and {}",
                operand.shape()[o],
                batch[i]
            );
        }
        Ok(())
    }

    /// The operand axes that a window keeps.
    pub(crate) fn kept(&self, rank: usize) -> Axes {
        let gone = |i: &usize| {
            self.collapsed_slice_dims.contains(i) || self.operand_batching_dims.contains(i)
        };
        (0..rank).filter(|i| !gone(i)).collect()
    }

    /// The axes of the windowed array that are axes of the indices.
    pub(crate) fn index_axes(&self, rank: usize) -> Axes {
        (0..rank).filter(|i| !self.offset_dims.contains(i)).collect()
    }

    /// The shape of the windowed array.
    pub(crate) fn windowed_shape(&self, slice_sizes: &[usize], indices: &[usize]) -> Shape {
        let mut window = self.kept(slice_sizes.len()).into_iter().map(|axis| slice_sizes[axis]);
        let mut batch = indices[..indices.len() - 1].iter().copied();
        let rank = self.offset_dims.len() + indices.len() - 1;
        let sizes = (0..rank)
            .map(|i| if self.offset_dims.contains(&i) { window.next() } else { batch.next() });
        sizes.map(|n| n.unwrap_or(0)).collect()
    }

    /// For each element of the windowed array, in row-major order, its position in the operand;
    /// `None` where the window is out of bounds. `clip` moves windows inside that can be.
    pub(crate) fn positions(
        &self,
        operand: &[usize],
        slice_sizes: &[usize],
        index_vectors: &Value,
        clip: bool,
    ) -> Vec<Option<usize>> {
        let index_shape = index_vectors.shape();
        let (batch, components) =
            (&index_shape[..index_shape.len() - 1], self.start_index_map.len());
        let numbers = index_numbers(index_vectors);
        let steps = strides(operand);
        let start = |(nth, at): (usize, Shape)| -> Option<usize> {
            let paired = self.operand_batching_dims.iter().zip(&self.start_indices_batching_dims);
            let mut start: usize = paired.map(|(&o, &i)| at[i] * steps[o]).sum();
            for (k, &axis) in self.start_index_map.iter().enumerate() {
                let last = operand[axis].checked_sub(slice_sizes[axis])?;
                let i = numbers[nth * components + k];
                let i = if clip { i.clamp(0, last as i64) } else { i };
                start += usize::try_from(i).ok().filter(|&i| i <= last)? * steps[axis];
            }
            Some(start)
        };
        let starts: Vec<Option<usize>> = indices(batch).enumerate().map(start).collect();

        let shape = self.windowed_shape(slice_sizes, index_shape);
        let batch_steps = strides(batch);
        let kept = self.kept(operand.len());
        let index_axes = self.index_axes(shape.len());
        let mut positions = Vec::with_capacity(numel(&shape));
        for at in indices(&shape) {
            let nth: usize = index_axes.iter().zip(&batch_steps).map(|(&i, s)| at[i] * s).sum();
            let inside: usize =
                self.offset_dims.iter().zip(&kept).map(|(&i, &axis)| at[i] * steps[axis]).sum();
            positions.push(starts[nth].map(|start| start + inside));
        }
        positions
    }

    /// A new window axis: operand axis `operand`, axis `windowed` of the windowed array, which must
    /// lie in [`GatherDims::window_slot`].
    pub(crate) fn with_window_axis(&self, operand: usize, windowed: usize) -> GatherDims {
        let mut dims = self.with_operand_axis(operand);
        let before = self.offset_dims.iter().filter(|&&i| i < windowed).count();
        dims.offset_dims = shifted_all(&self.offset_dims, windowed);
        dims.offset_dims.insert(before, windowed);
        dims
    }

    /// A new axis `index` of the indices, axis `windowed` of the windowed array, which must lie in
    /// [`GatherDims::index_slot`].
    pub(crate) fn with_index_axis(&self, index: usize, windowed: usize) -> GatherDims {
        GatherDims {
            offset_dims: shifted_all(&self.offset_dims, windowed),
            start_indices_batching_dims: shifted_all(&self.start_indices_batching_dims, index),
            ..self.clone()
        }
    }

    /// A new batching axis: of the operand, of the indices, and of the windowed array, where it must
    /// lie in [`GatherDims::index_slot`].
    pub(crate) fn with_batching_axis(
        &self,
        operand: usize,
        index: usize,
        windowed: usize,
    ) -> GatherDims {
        let mut dims = self.with_operand_axis(operand).with_index_axis(index, windowed);
        let before = dims.operand_batching_dims.iter().filter(|&&i| i < operand).count();
        dims.operand_batching_dims.insert(before, operand);
        dims.start_indices_batching_dims.insert(before, index);
        dims
    }

    fn with_operand_axis(&self, operand: usize) -> GatherDims {
        GatherDims {
            collapsed_slice_dims: shifted_all(&self.collapsed_slice_dims, operand),
            start_index_map: shifted_all(&self.start_index_map, operand),
            operand_batching_dims: shifted_all(&self.operand_batching_dims, operand),
            ..self.clone()
        }
    }

    /// Where a new window axis for a new operand axis may stand in the windowed array: from and to,
    /// inclusive. `operand_rank` and `windowed_rank` do not count the new axis.
    pub(crate) fn window_slot(
        &self,
        operand: usize,
        operand_rank: usize,
        windowed_rank: usize,
    ) -> (usize, usize) {
        let before = self.kept(operand_rank).iter().filter(|&&i| i < operand).count();
        slot(&self.offset_dims, before, windowed_rank)
    }

    /// Where a new axis of the indices may stand in the windowed array: from and to, inclusive.
    pub(crate) fn index_slot(&self, index: usize, windowed_rank: usize) -> (usize, usize) {
        slot(&self.index_axes(windowed_rank), index, windowed_rank)
    }
}

/// The positions at which an axis can be inserted to stand behind `before` of these axes.
fn slot(axes: &[usize], before: usize, rank: usize) -> (usize, usize) {
    let from = if before == 0 { 0 } else { axes[before - 1] + 1 };
    (from, axes.get(before).copied().unwrap_or(rank))
}

/// Elements of an integer array; those beyond `i64` are out of any bounds and become its maximum.
pub(crate) fn index_numbers(indices: &Value) -> Vec<i64> {
    fn wide<T: Copy + TryInto<i64>>(xs: &[T]) -> Vec<i64> {
        xs.iter().map(|&i| i.try_into().unwrap_or(i64::MAX)).collect()
    }
    crate::dispatch!(int indices.dtype(), T => wide(indices.slice::<T>()), else => Vec::new())
}

/// Checks that windows fit the operand.
pub(crate) fn check_windows(what: &str, sizes: &[usize], operand: &Type) -> Result<(), Fault> {
    for (axis, (&size, &n)) in sizes.iter().zip(operand.shape()).enumerate() {
        ensure!(
            size <= n,
            "{what} {} do not fit {operand}: {size} is more than {n} along axis {axis}",
            show(sizes)
        );
    }
    Ok(())
}

/// The parameter of a list with one entry inserted.
pub(crate) fn inserted(sizes: &[usize], axis: usize, size: usize) -> Shape {
    let mut sizes: Shape = SmallVec::from_slice(sizes);
    sizes.insert(axis, size);
    sizes
}
