//! Primitives that move elements without computing: each is one strided copy or a few.

use crate::elementwise::spread;
use crate::memory::{build, raw, room};
use crate::operand::{Operand, Values};
use crate::reduce::fill_in;
use crate::simd::wide;
use crate::strided::{Strides, copy, row_major};
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::broadcast::BroadcastInDim;
use pullback_ir::prim::iota::Iota;
use pullback_ir::prim::pad::Pad;
use pullback_ir::prim::permute::Transpose;
use pullback_ir::prim::rev::Rev;
use pullback_ir::prim::slice::Slice;
use pullback_ir::prim::split::Split;
use pullback_ir::prim::tile::Tile;
use pullback_ir::scalar::convert;
use pullback_ir::{Element, Prim, Shape, Type, Value, dispatch, pool};
use smallvec::{SmallVec, smallvec};
use std::mem::MaybeUninit;

/// Checks that every index of a box leads to one of `len` elements.
pub(crate) fn assert_within(shape: &[usize], offset: isize, strides: &[isize], len: usize) {
    if shape.contains(&0) {
        return;
    }
    let (mut lowest, mut highest) = (offset, offset);
    for (&n, &s) in shape.iter().zip(strides) {
        let reach = (n as isize - 1) * s;
        lowest += reach.min(0);
        highest += reach.max(0);
    }
    assert!(lowest >= 0 && highest < len as isize, "a view lies within its array");
}

/// An array of the given type whose elements are read from `x` at an offset and with strides.
///
/// The view must be within `x`; that is checked.
pub(crate) fn view(x: &Value, out: &Type, offset: isize, strides: &[isize]) -> Value {
    let shape = out.shape();
    let (from, len) = raw(x);
    let size = x.dtype().size();
    assert!(x.dtype() == out.dtype() && shape.len() == strides.len());
    assert_within(shape, offset, strides, len);
    // SAFETY: the view is within the array, and the result is new and row-major.
    unsafe {
        build(out.dtype(), shape, |to| {
            // Without elements the offset leads anywhere: that of a reversed empty axis is negative.
            let offset = if shape.contains(&0) { 0 } else { offset };
            let from = from.offset(offset * size as isize);
            copy(size, shape, from, strides, to, &row_major(shape));
        })
    }
}

/// Whether a box of an array, with unit steps, shares the array's buffer instead of being copied: its
/// elements lie in a row, and it is not a small piece that would keep a large buffer alive.
fn shares(buffer_bytes: usize, whole: &[usize], part: &Type) -> bool {
    const MOST_KEPT: usize = 16;
    let in_a_row = match part.shape().iter().position(|&n| n != 1) {
        Some(first) => whole[first + 1..] == part.shape()[first + 1..],
        None => true,
    };
    in_a_row
        && (buffer_bytes < pool::SMALLEST
            // What is in front of the elements does not count.
            || buffer_bytes.saturating_sub(pool::LINE) / MOST_KEPT <= crate::explain::bytes(part))
}

/// [`shares`] for the results of a primitive with these operands, the first of which is in a buffer of so
/// many bytes.
pub(crate) fn shares_first(prim: &Prim, buffer_bytes: usize, ins: &[Type], out: &Type) -> bool {
    match prim {
        Prim::Reshape(_) | Prim::Identity(_) => true,
        Prim::Slice(p) => {
            p.strides.iter().all(|&k| k == 1) && shares(buffer_bytes, ins[0].shape(), out)
        }
        Prim::Split(_) => shares(buffer_bytes, ins[0].shape(), out),
        _ => false,
    }
}

/// A box of an array that begins at an offset, with unit steps.
fn part(x: &Value, out: &Type, offset: usize) -> Value {
    if !x.is_empty() && shares(x.buffer_bytes(), x.shape(), out) {
        return x.part(offset.min(x.len()), out.shape());
    }
    view(x, out, offset as isize, &row_major(x.shape()))
}

/// The same elements in a buffer of their own.
pub(crate) fn copied(x: &Value) -> Value {
    view(x, x.ty(), 0, &row_major(x.shape()))
}

/// `[before, n, after]` as `[before, after, n]`: what lies along an axis becomes contiguous.
pub(crate) fn swapped(x: &Value, [before, n, after]: [usize; 3]) -> Value {
    let strides = [(n * after) as isize, 1, after as isize];
    view(x, &Type::new(x.dtype(), Shape::from_slice(&[before, after, n])), 0, &strides)
}

pub(crate) fn broadcast(prim: &BroadcastInDim, x: &Value, out: &Type) -> Value {
    if x.len() == 1 {
        return full(x, out);
    }
    let own = row_major(x.shape());
    let mut strides: Strides = SmallVec::from_elem(0, out.rank());
    for ((&d, &n), &s) in prim.broadcast_dimensions.iter().zip(x.shape()).zip(&own) {
        strides[d] = if n == 1 { 0 } else { s };
    }
    view(x, out, 0, &strides)
}

/// An array of copies of one element.
fn full(x: &Value, out: &Type) -> Value {
    assert!(x.len() == 1 && x.dtype() == out.dtype());
    let ((from, _), size) = (raw(x), x.dtype().size());
    // SAFETY: ranges are within the result and do not meet; `from` points to one element.
    unsafe {
        build(out.dtype(), out.shape(), |to| {
            let ends = Shared((from, to));
            for_ranges(out.numel(), 1 << 16, |range| {
                let (from, to) = ends.get();
                spread(from, size, to.add(range.start * size), range.len());
            });
        })
    }
}

/// Elements that count along an axis.
pub(crate) fn iota(prim: &Iota, out: &Type) -> Value {
    let n = prim.shape[prim.dimension];
    let line = dispatch!(prim.dtype, T => {
        let all = fill_in(room(n), n, 1, 1 << 14, |range, out: &mut [MaybeUninit<T>]| {
            wide(|| {
                for (out, i) in out.iter_mut().zip(range) {
                    out.write(convert::<u64, T>(i as u64));
                }
            });
        });
        Value::of_last(&[n], T::wrap(all))
    });
    if out.numel() == n {
        return line.reshaped(out.shape());
    }
    let mut strides: Strides = SmallVec::from_elem(0, out.rank());
    strides[prim.dimension] = 1;
    view(&line, out, 0, &strides)
}

pub(crate) fn transpose(prim: &Transpose, x: &mut Operand<'_>, out: &Type) -> Value {
    let mut moved = prim.permutation.iter().filter(|&&p| x.value().shape()[p] != 1);
    let mut last = None;
    if moved.all(|&p| last.replace(p).is_none_or(|last| last < p)) {
        // Only axes of size 1 change their place.
        return x.take().reshaped(out.shape());
    }
    let own = row_major(x.value().shape());
    let strides: Strides = prim.permutation.iter().map(|&p| own[p]).collect();
    view(x.value(), out, 0, &strides)
}

pub(crate) fn slice(prim: &Slice, x: &mut Operand<'_>, out: &Type) -> Value {
    if x.value().shape() == out.shape() {
        return x.take();
    }
    let x = x.value();
    let offset = prim.start.iter().zip(x.shape()).fold(0, |at, (&i, &n)| at * n + i);
    if prim.strides.iter().all(|&k| k == 1) {
        return part(x, out, offset);
    }
    let mut strides = row_major(x.shape());
    strides.iter_mut().zip(&prim.strides).for_each(|(s, &k)| *s *= k as isize);
    view(x, out, offset as isize, &strides)
}

pub(crate) fn rev(prim: &Rev, x: &Value, out: &Type) -> Value {
    let mut strides = row_major(x.shape());
    let mut offset = 0;
    for &d in &prim.dimensions {
        offset += (x.shape()[d] as isize - 1) * strides[d];
        strides[d] = -strides[d];
    }
    view(x, out, offset, &strides)
}

pub(crate) fn split(prim: &Split, x: &Value, outs: &[Type]) -> Values {
    let after = pullback_ir::shape::numel(&x.shape()[prim.axis + 1..]);
    let mut start = 0;
    let pieces = outs.iter().map(|out| {
        let piece = part(x, out, start);
        start += out.shape()[prim.axis] * after;
        piece
    });
    pieces.collect()
}

pub(crate) fn tile(prim: &Tile, x: &Value, out: &Type) -> Value {
    // Copies and elements as separate axes.
    let own = row_major(x.shape());
    let axes = prim.reps.iter().zip(x.shape()).zip(&own);
    let (mut shape, mut strides) = (Shape::new(), Strides::new());
    for ((&reps, &n), &s) in axes {
        shape.extend([reps, n]);
        strides.extend([0, s]);
    }
    view(x, &Type::new(out.dtype(), shape), 0, &strides).reshaped(out.shape())
}

/// Copies arrays into boxes of the result that lie one after the other along an axis.
pub(crate) fn concatenate(ins: &[Operand<'_>], axis: usize, out: &Type) -> Value {
    let size = out.dtype().size();
    let strides = row_major(out.shape());
    let total: usize = ins.iter().map(|x| x.value().shape()[axis]).sum();
    let fits = |x: &Value| {
        x.dtype() == out.dtype()
            && x.shape().len() == out.rank()
            && (0..out.rank()).all(|d| d == axis || x.shape()[d] == out.shape()[d])
    };
    assert!(total == out.shape()[axis] && ins.iter().all(|x| fits(x.value())));
    // SAFETY: the boxes are within the result, do not meet and make up the whole.
    unsafe {
        build(out.dtype(), out.shape(), |to| {
            let mut start = 0;
            for x in ins {
                let x = x.value();
                let (from, _) = raw(x);
                let to = to.add(start * strides[axis] as usize * size);
                copy(size, x.shape(), from, &row_major(x.shape()), to, &strides);
                start += x.shape()[axis];
            }
        })
    }
}

pub(crate) fn stack(ins: &[Operand<'_>], axis: usize, out: &Type) -> Value {
    let raised: SmallVec<[Value; 4]> = ins
        .iter()
        .map(|x| {
            let mut shape = Shape::from_slice(x.value().shape());
            shape.insert(axis, 1);
            x.value().reshaped(shape)
        })
        .collect();
    let raised: SmallVec<[Operand<'_>; 4]> = raised.iter().map(Operand::Shared).collect();
    concatenate(&raised, axis, out)
}

pub(crate) fn pad(prim: &Pad, x: &Value, value: &Value, out: &Type) -> Value {
    let size = out.dtype().size();
    let (own, target) = (row_major(x.shape()), row_major(out.shape()));
    let mut offset_from = 0;
    let mut offset_to = 0;
    let mut shape: Shape = smallvec![];
    let mut strides = Strides::new();
    for (d, (&n, &(lo, _, gaps))) in x.shape().iter().zip(&prim.config).enumerate() {
        // The indices i with 0 ≤ lo + i·step < size.
        let step = gaps as i128 + 1;
        let first = (-(lo as i128)).max(0).div_euclid(step)
            + i128::from((-(lo as i128)).max(0).rem_euclid(step) > 0);
        let room = out.shape()[d] as i128 - lo as i128;
        let end = if room <= 0 { 0 } else { ((room - 1) / step + 1).min(n as i128) };
        shape.push((end - first).max(0) as usize);
        offset_from += first as isize * own[d];
        offset_to += (lo as i128 + first * step) as isize * target[d];
        strides.push((step as isize).wrapping_mul(target[d]));
    }
    assert!(x.dtype() == out.dtype() && value.dtype() == out.dtype() && value.len() == 1);
    assert_within(&shape, offset_from, &own, x.len());
    assert_within(&shape, offset_to, &strides, out.numel());
    let (from, _) = raw(x);
    let (fill, _) = raw(value);
    // SAFETY: all of the result is filled, then the part of the operand whose indices land inside it is
    // copied there.
    unsafe {
        build(out.dtype(), out.shape(), |to| {
            spread(fill, size, to, out.numel());
            if !shape.contains(&0) {
                let from = from.offset(offset_from * size as isize);
                copy(size, &shape, from, &own, to.offset(offset_to * size as isize), &strides);
            }
        })
    }
}
