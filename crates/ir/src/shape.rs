//! Shapes: sizes of the dimensions, row-major.

use crate::error::{Fault, fault};
use smallvec::SmallVec;

/// The sizes of an array's dimensions, outermost first. Rank 0 is a scalar.
pub type Shape = SmallVec<[usize; 4]>;

/// A list of axes (dimension numbers).
pub type Axes = SmallVec<[usize; 4]>;

/// A copy of a short list. `clone` and `from_slice` of a `SmallVec` go element by element or call
/// `memcpy`, which for four words takes longer than all else that a small array costs. As a call it writes where
/// the list is to be; inlined, the compiler makes the list elsewhere first.
#[inline(never)]
pub fn copied(sizes: &[usize]) -> Shape {
    let words = match *sizes {
        [] => [0; 4],
        [a] => [a, 0, 0, 0],
        [a, b] => [a, b, 0, 0],
        [a, b, c] => [a, b, c, 0],
        [a, b, c, d] => [a, b, c, d],
        _ => return Shape::from_slice(sizes),
    };
    Shape::from_buf_and_len(words, sizes.len())
}

/// The number of elements, refused when it, or its size in bytes for 8-byte elements, does not fit
/// the address space.
///
/// # Errors
/// The count overflows.
pub fn checked_numel(shape: &[usize]) -> Result<usize, Fault> {
    // A zero-sized dimension makes the array empty whatever the others are, but the product of the
    // others still has to be representable, because strides are computed from it.
    let mut n = 1usize;
    for &d in shape {
        n = n
            .checked_mul(d.max(1))
            .filter(|&n| n <= isize::MAX as usize / 16)
            .ok_or_else(|| fault!("the shape {} has too many elements", show(shape)))?;
    }
    Ok(if shape.contains(&0) { 0 } else { n })
}

/// The number of elements of a shape that has been checked before.
#[inline]
pub fn numel(shape: &[usize]) -> usize {
    shape.iter().product()
}

/// Row-major strides in elements.
pub fn strides(shape: &[usize]) -> Shape {
    let mut s: Shape = SmallVec::from_elem(1, shape.len());
    for i in (0..shape.len().saturating_sub(1)).rev() {
        s[i] = s[i + 1] * shape[i + 1];
    }
    s
}

/// `[2,3]`, as in types.
pub fn show(shape: &[usize]) -> String {
    let dims: Vec<String> = shape.iter().map(usize::to_string).collect();
    format!("[{}]", dims.join(","))
}

/// The shape without the given axes.
pub fn without_axes(shape: &[usize], axes: &[usize]) -> Shape {
    shape.iter().enumerate().filter(|(i, _)| !axes.contains(i)).map(|(_, &d)| d).collect()
}

/// The sizes before, at and after an axis: element (i, k, j) of these is at (i·n + k)·after + j. Those before and
/// after are 0 where there are no elements.
pub fn around_axis(shape: &[usize], axis: usize) -> (usize, usize, usize) {
    // An array without elements may have more lanes than one would count.
    if numel(shape) == 0 {
        return (0, shape[axis], 0);
    }
    (numel(&shape[..axis]), shape[axis], numel(&shape[axis + 1..]))
}

/// All multi-indices of a shape in row-major order.
///
/// Meant for the reference interpreter, where clarity counts more than speed. Rank 0 has one index.
pub fn indices(shape: &[usize]) -> Indices {
    Indices {
        shape: shape.into(),
        next: (numel(shape) > 0).then(|| SmallVec::from_elem(0, shape.len())),
    }
}

/// Iterator of [`indices`].
#[derive(Debug, Clone)]
pub struct Indices {
    shape: Shape,
    next: Option<Shape>,
}

impl Iterator for Indices {
    type Item = Shape;
    fn next(&mut self) -> Option<Shape> {
        let current = self.next.clone()?;
        let mut index = current.clone();
        let mut axis = index.len();
        self.next = loop {
            if axis == 0 {
                break None;
            }
            axis -= 1;
            index[axis] += 1;
            if index[axis] < self.shape[axis] {
                break Some(index);
            }
            index[axis] = 0;
        };
        Some(current)
    }
}

/// The position of a multi-index in row-major order.
#[inline]
pub fn ravel(index: &[usize], strides: &[usize]) -> usize {
    index.iter().zip(strides).map(|(i, s)| i * s).sum()
}
