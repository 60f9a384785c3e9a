//! Checks that the type rules of several families share.

use crate::error::{Fault, ensure, fault};
use crate::types::Type;

/// The operands, if there are `N`.
pub(crate) fn operands<const N: usize>(ins: &[Type]) -> Result<&[Type; N], Fault> {
    let plural = if N == 1 { "" } else { "s" };
    ins.try_into().map_err(|_| fault!("it takes {N} operand{plural}, not {}", ins.len()))
}

/// An axis must exist.
pub(crate) fn axis_in_range(what: &str, axis: usize, rank: usize) -> Result<(), Fault> {
    ensure!(axis < rank, "the {what} {axis} is out of range for rank {rank}");
    Ok(())
}

/// Axes must exist, each at most once.
pub(crate) fn distinct_axes(what: &str, axes: &[usize], rank: usize) -> Result<(), Fault> {
    for (i, &a) in axes.iter().enumerate() {
        axis_in_range(what, a, rank)?;
        ensure!(!axes[..i].contains(&a), "the {what} {a} is given twice");
    }
    Ok(())
}

/// Axes must exist, in strictly ascending order.
pub(crate) fn ascending_axes(what: &str, axes: &[usize], rank: usize) -> Result<(), Fault> {
    distinct_axes(what, axes, rank)?;
    ensure!(axes.is_sorted(), "the axes {axes:?} must be in ascending order");
    Ok(())
}

/// Two operands must have one dtype.
pub(crate) fn same_dtype(x: &Type, y: &Type) -> Result<(), Fault> {
    let (x, y) = (x.dtype(), y.dtype());
    ensure!(x == y, "the dtypes {x} and {y} differ: convert one with `.cast(..)`");
    Ok(())
}
