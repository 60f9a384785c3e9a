//! How views lie along the lines of a group.

use crate::fused::view::{Dims, View, contiguous, refine};
use pullback_ir::shape::numel;
use smallvec::SmallVec;

/// A view as an operand of an equation over this shape: a scalar serves all places.
pub(super) fn spread(view: &View, shape: &[usize]) -> View {
    if view.shape.as_slice() == shape || !view.shape.is_empty() {
        return view.clone();
    }
    View { shape: shape.into(), steps: SmallVec::from_elem(0, shape.len()), ..view.clone() }
}

/// The shape of full values whose rows have this shape.
pub(in crate::fused) fn with_line(rows: &[usize], line: usize) -> Dims {
    let mut shape: Dims = rows.into();
    shape.push(line);
    shape
}

/// True if a view can be read along lines: of `line` elements, or of the last dimension's.
pub(super) fn readable(view: &View, shape: &[usize], line: Option<usize>) -> bool {
    let steps = match line {
        None => Some(view.steps.clone()),
        Some(line) => line_shape(shape, line).and_then(|shape| view.steps_under(&shape)),
    };
    let Some(steps) = steps else { return false };
    let shape = line.and_then(|line| line_shape(shape, line)).unwrap_or_else(|| shape.into());
    let last = shape.iter().zip(&steps).rev().find(|&(&n, _)| n != 1);
    last.is_none_or(|(_, &s)| s == 0 || s == 1)
}

/// Elements of a line from which on it is better to run many of them than to write an array for longer ones.
const SHORT: usize = 16;

/// True if a view can be read along the lines of a group that reduces, or may reduce, so: lines of `line`
/// elements, or parts of what stays inside of `columns`.
pub(super) fn readable_by(
    view: &View,
    shape: &[usize],
    line: Option<usize>,
    columns: Option<[usize; 3]>,
) -> bool {
    match (line, columns) {
        (None, Some([.., inner])) => {
            let last = shape.iter().rev().find(|&&n| n != 1);
            readable(view, shape, Some(inner))
                || (last.is_some_and(|&n| n >= SHORT) && readable(view, shape, None))
        }
        _ => readable(view, shape, line),
    }
}

/// A shape of the same elements that ends in a dimension of `line`.
fn line_shape(shape: &[usize], line: usize) -> Option<Dims> {
    let n = numel(shape);
    let mut dims = refine(shape, &[n / line, line])?;
    let mut product = 1;
    while product < line {
        product *= dims.pop()?;
    }
    dims.push(line);
    Some(dims)
}

/// True if a view repeats each row value along its line.
pub(super) fn spreads_rows(view: &View, dims: &[usize], line: usize) -> bool {
    let Some(shape) = line_shape(dims, line) else { return false };
    let Some(steps) = view.steps_under(&shape) else { return false };
    let (inner, outer) = (steps[steps.len() - 1], &shape[..shape.len() - 1]);
    let natural = contiguous(outer);
    view.offset == 0
        && (line == 1 || inner == 0)
        && outer.iter().zip(&steps).zip(&natural).all(|((&n, s), t)| n == 1 || s == t)
}
