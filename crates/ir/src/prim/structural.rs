//! What the structural families share: the copy loop, and renumbering of axes when
//! a batch dimension comes in.

use super::{Batch, Tangent, Types};
use crate::builder::Builder;
use crate::dtype::DType;
use crate::error::{Fault, ensure};
use crate::jaxpr::{Atom, Atoms};
use crate::shape::{Axes, indices, numel};
use crate::types::Type;
use crate::value::Value;
use smallvec::SmallVec;

/// One result of a dtype and shape.
pub(crate) fn one(dtype: DType, shape: &[usize]) -> Types {
    let mut types = Types::new();
    types.push(Type::of(dtype, shape));
    types
}

/// Checks that a parameter has one entry an axis.
pub(crate) fn check_one_an_axis(what: &str, len: usize, rank: usize) -> Result<(), Fault> {
    ensure!(len == rank, "`{what}` has {len} entries for an operand of rank {rank}");
    Ok(())
}

/// The array of a shape whose element at an index is the operand's element at `source(index)`, a
/// position in row-major order.
pub(crate) fn rearrange(
    x: &Value,
    shape: &[usize],
    mut source: impl FnMut(&[usize]) -> usize,
) -> Value {
    crate::dispatch!(x.dtype(), T => {
        let from = x.slice::<T>();
        let mut to: Vec<T> = Vec::with_capacity(numel(shape));
        to.extend(indices(shape).map(|i| from[source(&i)]));
        Value::new(shape, to)
    })
}

/// The number of an axis after a new one was inserted at `at`.
pub(crate) fn shifted(axis: usize, at: usize) -> usize {
    axis + usize::from(axis >= at)
}

/// The numbers of axes after a new one was inserted at `at`.
pub(crate) fn shifted_all(axes: &[usize], at: usize) -> Axes {
    axes.iter().map(|&a| shifted(a, at)).collect()
}

/// Repeats an array along a new axis.
pub(crate) fn repeat_along(b: &Builder, x: Atom, axis: usize, size: usize) -> Atom {
    let ty = b.ty(x).with_axis(axis, size);
    let kept: Axes = (0..ty.rank()).filter(|&i| i != axis).collect();
    b.broadcast_in_dim(x, ty.shape(), &kept)
}

/// Brings all operands to the batch dimension of the first batched one, which is given back too.
/// Unbatched operands are repeated along it. All operands must have the same rank.
pub(crate) fn align_ranks(b: &Builder, batch: Batch<'_>) -> (Atoms, usize) {
    let at = batch.dims.iter().flatten().next().copied().unwrap_or(0);
    let ins = batch
        .ins
        .iter()
        .zip(batch.dims)
        .map(|(&x, &d)| match d {
            Some(d) => b.move_axis(x, d, at),
            None => repeat_along(b, x, at, batch.size),
        })
        .collect();
    (ins, at)
}

/// The batch dimension of the only operand.
pub(crate) fn only_dim(batch: &Batch<'_>) -> usize {
    batch.dims[0].unwrap_or(0)
}

/// One symbolic zero or cotangent for each operand of a primitive with one linear operand.
pub(crate) fn first_of(ct: Atom, operands: usize) -> SmallVec<[Tangent; 4]> {
    let mut cts: SmallVec<[Tangent; 4]> = SmallVec::from_elem(None, operands);
    cts[0] = Some(ct);
    cts
}
