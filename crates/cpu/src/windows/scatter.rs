//! Writing windows.
//!
//! Updates are applied in the order of their elements, as the definition has it; where that is not the
//! order of index vectors, the interpreter serves. Large windows are applied by several threads, each
//! of which goes through all of them and takes those that begin in its part of the operand: so every
//! element sees its updates in order.

use super::{AHEAD, Component, Indices, OUTSIDE, Windows, approach};
use crate::operand::Operand;
use crate::pools::{count, share};
use crate::shape_ops::copied;
use crate::simd::wide;
use crate::threads::{Shared, several};
use pullback_ir::prim::gather::IndexMode;
use pullback_ir::prim::scatter::{Scatter, ScatterOp};
use pullback_ir::scalar::{NumScalar, OrdScalar};
use pullback_ir::{DType, Element, Shape, Value, dispatch};
use std::ops::Range;

pub(crate) fn scatter(
    prim: &Scatter,
    x: &mut Operand<'_>,
    indices: &Indices<'_>,
    updates: &Value,
) -> Option<Value> {
    let operand = Shape::from_slice(x.value().shape());
    let sizes = prim.window_sizes(&operand, updates.shape());
    let dims = prim.dims.to_gather();
    let clip = prim.mode == IndexMode::Clip;
    let w = Windows::new(&dims, &operand, &sizes, indices, updates.shape(), clip);
    // Updates come in the order of index vectors if windows are the innermost axes, or if an element of
    // the operand has one place in all windows, because they span their axes.
    let innermost = dims.offset_dims.iter().rev().enumerate();
    let innermost = innermost.into_iter().all(|(k, &i)| i + k + 1 == updates.shape().len());
    let gone =
        |i: &usize| dims.collapsed_slice_dims.contains(i) || dims.operand_batching_dims.contains(i);
    let spanning = (0..operand.len()).filter(|i| !gone(i)).all(|i| sizes[i] == operand[i]);
    if !(innermost || spanning) || updates.dtype() != x.dtype() {
        return None;
    }
    let dtype = x.dtype();
    if matches!(dtype, DType::F16 | DType::BF16) && prim.op != ScatterOp::Set {
        // Many updates may meet, so these accumulate in f32 and round once.
        let mut y = x.value().converted(DType::F32);
        combine(prim.op, &mut y, &w, &updates.converted(DType::F32), spanning);
        return Some(y.converted(dtype));
    }
    let mut y = x.take();
    combine(prim.op, &mut y, &w, updates, spanning);
    Some(y)
}

/// Applies the updates by an operation.
fn combine(op: ScatterOp, y: &mut Value, w: &Windows<'_>, updates: &Value, spanning: bool) {
    use ScatterOp::{Add, Max, Min, Mul, Set, Sub};
    macro_rules! with {
        ($T:ty, $f:expr) => {
            scatter_with::<$T>(y, w, updates, spanning, $f)
        };
    }
    match (op, y.dtype()) {
        (Set, dtype) => dispatch!(dtype, T => with!(T, |_, u| u)),
        (Min, dtype) => dispatch!(dtype, T => with!(T, T::lesser)),
        (Max, dtype) => dispatch!(dtype, T => with!(T, T::greater)),
        (Sub, DType::F32) => with!(f32, |x, u| x - u),
        (Sub, DType::F64) => with!(f64, |x, u| x - u),
        (Sub, dtype) => dispatch!(int dtype, T => with!(T, T::wrapping_sub),
            else => unreachable!("bool has no difference, and narrow floats are widened")),
        (Add, dtype) => dispatch!(number dtype, T => with!(T, T::plus),
            else => unreachable!("bool has no sum")),
        (Mul, dtype) => dispatch!(number dtype, T => with!(T, T::times),
            else => unreachable!("bool has no product")),
    }
}

/// Elements of updates from which on several threads apply them.
const PARALLEL: usize = 1 << 16;

/// Elements of a window for which it is worth to look at all starts in every thread.
const LONG: usize = 32;

/// Applies the updates, in place if nothing else holds the buffer.
fn scatter_with<T: Element>(
    y: &mut Value,
    w: &Windows<'_>,
    updates: &Value,
    spanning: bool,
    f: impl Fn(T, T) -> T + Copy + Sync,
) {
    if y.slice_mut::<T>().is_none() {
        *y = copied(y);
    }
    let Some(to) = y.slice_mut::<T>() else { unreachable!("the copy is unique") };
    let from = updates.slice::<T>();
    assert!(to.len() == w.lens[0] && from.len() == w.lens[1]);
    if w.len() == 0 {
        return;
    }
    if let ([component], 1, true, DType::I32) =
        (w.components.as_slice(), w.len(), w.in_sequence(), w.indices.dtype)
    {
        let mut updates = from;
        return w.indices.each(0..from.len(), |indices| {
            let (now, later) = updates.split_at(indices.len());
            updates = later;
            apply_elements(to, now, *component, w.clip, indices, f);
        });
    }
    // Windows that span their axes are equal or do not meet.
    if spanning && w.len() >= LONG && from.len() >= PARALLEL && several() {
        let pieces = count();
        let size = to.len().div_ceil(pieces);
        let len = to.len();
        let to = Shared(to.as_mut_ptr());
        share(pieces, &|piece| {
            // SAFETY: `to` has `len` elements. Each window belongs to one piece, and those of different
            // pieces do not meet.
            unsafe { apply_all(to.get(), len, from, w, piece * size..(piece + 1) * size, f) };
        });
    } else {
        // SAFETY: `to` is not shared.
        unsafe { apply_all(to.as_mut_ptr(), to.len(), from, w, 0..to.len(), f) };
    }
}

/// Applies an update for each index: the common scatter of single elements, without lists of places.
fn apply_elements<T: Copy>(
    to: &mut [T],
    from: &[T],
    Component { last, step }: Component,
    clip: bool,
    indices: &[i32],
    f: impl Fn(T, T) -> T,
) {
    for (&i, &u) in indices.iter().zip(from) {
        let i = if clip { i64::from(i).clamp(0, last.max(0)) } else { i64::from(i) };
        if i >= 0 && i <= last {
            let x = &mut to[i as usize * step];
            *x = f(*x, u);
        }
    }
}

/// Applies the windows that start in a range.
///
/// # Safety
/// The target has `len` elements, and nothing else uses those of these windows.
unsafe fn apply_all<T: Element>(
    to: *mut T,
    len: usize,
    from: &[T],
    w: &Windows<'_>,
    range: Range<usize>,
    f: impl Fn(T, T) -> T + Copy,
) {
    assert!(len == w.lens[0] && from.len() == w.lens[1]);
    let (window, contiguous) = (w.len(), w.contiguous());
    let block = |starts: &[usize], places: &[usize]| {
        for (k, (&start, &place)) in starts.iter().zip(places).enumerate() {
            // Those of other threads are theirs to ask for.
            if let Some(&next) = starts.get(k + AHEAD)
                && range.contains(&next)
                && contiguous
                && window > 1
            {
                let bytes = size_of::<T>() * window;
                approach(to.wrapping_add(next).cast(), bytes);
                // Where all windows are applied, the updates are read in order.
                if range.len() < len {
                    approach(from.as_ptr().wrapping_add(places[k + AHEAD]).cast(), bytes);
                }
            }
            if start == OUTSIDE || !range.contains(&start) {
                continue;
            }
            // SAFETY: `blocks` gives windows within both arrays, whose sizes are those that it knows; the
            // caller's promise.
            unsafe {
                let (to, from) = (to.add(start), from.as_ptr().add(place));
                match window {
                    1 => *to = f(*to, *from),
                    _ if contiguous => {
                        let to = std::slice::from_raw_parts_mut(to, window);
                        let from = std::slice::from_raw_parts(from, window);
                        to.iter_mut().zip(from).for_each(|(x, &u)| *x = f(*x, u));
                    }
                    _ => apply(to, from, &w.sizes, &w.inside, &w.outside, &f),
                }
            }
        }
    };
    w.blocks(0..w.count, |starts, places| wide(|| block(starts, places)));
}

/// Applies one window of updates, in row-major order.
///
/// # Safety
/// The window is within both arrays.
unsafe fn apply<T: Copy>(
    to: *mut T,
    from: *const T,
    sizes: &[usize],
    inside: &[isize],
    outside: &[isize],
    f: &impl Fn(T, T) -> T,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match sizes {
            [] => *to = f(*to, *from),
            [n] if inside[0] == 1 && outside[0] == 1 => {
                for i in 0..*n {
                    *to.add(i) = f(*to.add(i), *from.add(i));
                }
            }
            [n, rest @ ..] => {
                for i in 0..*n as isize {
                    let (to, from) = (to.offset(i * inside[0]), from.offset(i * outside[0]));
                    apply(to, from, rest, &inside[1..], &outside[1..], f);
                }
            }
        }
    }
}
