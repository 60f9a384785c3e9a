//! Checks that the type rules of several families share.

use crate::dtype::DType;
use crate::error::{Fault, ensure, fault};
use crate::shape::show;
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

/// The element type of operands that must share one.
pub(crate) fn same_dtype(ins: &[Type]) -> Result<DType, Fault> {
    let first = ins[0].dtype();
    for other in ins.iter().map(Type::dtype) {
        ensure!(
            other == first,
            "the dtypes {first} and {other} differ: convert one with `.cast(..)`"
        );
    }
    Ok(first)
}

/// The shape of an elementwise result: that of the operands, of which some may be scalars.
///
/// # Errors
/// Two operands of rank 1 or more have different shapes.
pub(crate) fn elementwise_shape(ins: &[Type]) -> Result<&[usize], Fault> {
    let mut full: &[usize] = &[];
    for shape in ins.iter().map(Type::shape).filter(|s| !s.is_empty()) {
        ensure!(
            full.is_empty() || full == shape,
            "the shapes {} and {} differ: operands have equal shapes or rank 0, \
             broadcast one with `.broadcast_to(..)`",
            show(full),
            show(shape)
        );
        full = shape;
    }
    Ok(full)
}

/// A set of dtypes for which an elementwise primitive has one scalar function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Class {
    /// f16, bf16, f32, f64.
    Float,
    /// The integers, signed or not.
    Int,
    /// Truth values.
    Bool,
}

impl Class {
    /// The class of a dtype.
    pub(crate) fn of(dtype: DType) -> Class {
        match dtype {
            DType::Bool => Class::Bool,
            d if d.is_float() => Class::Float,
            _ => Class::Int,
        }
    }

    fn plural(self) -> &'static str {
        match self {
            Class::Float => "floats",
            Class::Int => "integers",
            Class::Bool => "bool",
        }
    }
}

/// Refuses a dtype outside of the classes that a primitive takes.
///
/// # Errors
/// The dtype is in none of them.
pub(crate) fn check_class(dtype: DType, accepted: &[Class]) -> Result<(), Fault> {
    if accepted.contains(&Class::of(dtype)) {
        return Ok(());
    }
    let names: Vec<&str> = accepted.iter().map(|c| c.plural()).collect();
    Err(fault!("it takes {}, not {dtype}: convert with `.cast(..)`", names.join(" and ")))
}
