//! Reading windows.

use super::{AHEAD, BLOCK, Component, Index, Indices, OUTSIDE, Windows, approach};
use crate::memory::{build, raw};
use crate::simd::wide;
use crate::strided::{Strides, copy};
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::gather::{Gather, IndexMode};
use pullback_ir::{Type, Value, dispatch};
use std::mem::MaybeUninit;
use std::ops::Range;

pub(crate) fn gather(prim: &Gather, x: &Value, indices: &Indices<'_>, out: &Type) -> Option<Value> {
    let clip = prim.mode != IndexMode::FillOrDrop;
    let fill = prim.fill(x.dtype()).ok()?.value();
    let shape = out.shape();
    let w = Windows::new(&prim.dims, x.shape(), &prim.slice_sizes, indices, shape, clip);
    assert!(w.count * w.len() == out.numel() && x.dtype() == out.dtype());
    let size = x.dtype().size();
    let ((from, _), (fill, _)) = (raw(x), raw(&fill));
    let probe = (1usize << 14).div_ceil(w.len().max(1));
    let contiguous = w.contiguous();
    let elements = w.len() == 1 && w.components.len() == 1 && w.in_sequence();
    let zeros = Strides::from_elem(0, w.sizes.len());
    // SAFETY: windows are within the arrays, which `blocks` checks, and those of the result do not
    // meet: they are the boxes that fixing its index axes leaves. Together they make up the result.
    unsafe {
        Some(build(out.dtype(), shape, |to| {
            let ends = Shared((from, fill, to));
            for_ranges(w.count, probe, |range| {
                let (from, fill, to) = ends.get();
                if elements {
                    return take(&w, range, size, from, fill, to);
                }
                w.blocks(range, |starts, places| match (w.len(), size) {
                    (0, _) => {}
                    (1, 1) => singles::<u8>(starts, places, from, fill, to),
                    (1, 2) => singles::<u16>(starts, places, from, fill, to),
                    (1, 4) => singles::<u32>(starts, places, from, fill, to),
                    (1, _) => singles::<u64>(starts, places, from, fill, to),
                    (len, _) => {
                        for (k, (&start, &place)) in starts.iter().zip(places).enumerate() {
                            if let Some(&next) = starts.get(k + AHEAD)
                                && contiguous
                            {
                                approach(from.wrapping_add(next.wrapping_mul(size)), len * size);
                            }
                            let to = to.add(place * size);
                            match start {
                                OUTSIDE => copy(size, &w.sizes, fill, &zeros, to, &w.outside),
                                _ if contiguous => {
                                    let from = from.add(start * size);
                                    std::ptr::copy_nonoverlapping(from, to, len * size);
                                }
                                _ => {
                                    let from = from.add(start * size);
                                    copy(size, &w.sizes, from, &w.inside, to, &w.outside);
                                }
                            }
                        }
                    }
                });
            });
        }))
    }
}

/// Reads an element for each index, one after the other.
///
/// # Safety
/// The windows are single elements in sequence with one index each; all pointers lead to elements of this
/// size, `from` and `to` to those of the operand and of the result.
unsafe fn take(
    w: &Windows<'_>,
    range: Range<usize>,
    size: usize,
    from: *const u8,
    fill: *const u8,
    to: *mut u8,
) {
    w.assert_within();
    let mut at = range.start;
    dispatch!(int w.indices.dtype, T => w.indices.each::<T>(range, |indices| {
        // SAFETY: the caller's promise, and the range is one of the result.
        unsafe {
            let to = to.add(at * size);
            at += indices.len();
            match size {
                1 => take_each::<u8, T>(w, indices, from.cast(), *fill.cast(), to.cast()),
                2 => take_each::<u16, T>(w, indices, from.cast(), *fill.cast(), to.cast()),
                4 => take_each::<u32, T>(w, indices, from.cast(), *fill.cast(), to.cast()),
                _ => take_each::<u64, T>(w, indices, from.cast(), *fill.cast(), to.cast()),
            }
        }
    }), else => unreachable!("indices are integers"));
}

/// # Safety
/// As [`take`].
unsafe fn take_each<E: Copy, T: Index>(
    w: &Windows<'_>,
    indices: &[T],
    from: *const E,
    fill: E,
    to: *mut E,
) {
    let Component { last, step } = w.components[0];
    // SAFETY: there is a place for each index.
    let to = unsafe { std::slice::from_raw_parts_mut(to.cast::<MaybeUninit<E>>(), indices.len()) };
    if last < 0 {
        return to.fill(MaybeUninit::new(fill));
    }
    // Indices are looked at by vectors, so that no load waits for a comparison.
    let mut near = [T::default(); BLOCK];
    for (indices, to) in indices.chunks(BLOCK).zip(to.chunks_mut(BLOCK)) {
        let near = &mut near[..indices.len()];
        // The closure owns its numbers: borrowed, they could be what it writes to.
        let outside = {
            let near = &mut *near;
            wide(move || {
                let mut outside = false;
                for (near, &i) in near.iter_mut().zip(indices) {
                    *near = i.clamped(last);
                    outside |= *near != i;
                }
                outside
            })
        };
        for (to, near) in to.iter_mut().zip(&*near) {
            // SAFETY: indices up to the last are within the operand.
            to.write(unsafe { *from.add(near.index() as usize * step) });
        }
        if outside && !w.clip {
            let all = to.iter_mut().zip(indices).zip(&*near);
            all.filter(|((_, i), near)| i != near).for_each(|((to, _), _)| _ = to.write(fill));
        }
    }
}

/// Copies windows of one element.
///
/// # Safety
/// Starts, but for those outside, and places are within the arrays, and `fill` is an element.
#[inline(always)]
unsafe fn singles<E: Copy>(
    starts: &[usize],
    places: &[usize],
    from: *const u8,
    fill: *const u8,
    to: *mut u8,
) {
    let (from, fill, to) = (from.cast::<E>(), fill.cast::<E>(), to.cast::<E>());
    for (&start, &place) in starts.iter().zip(places) {
        // SAFETY: the caller's promise.
        unsafe {
            let from = if start == OUTSIDE { fill } else { from.add(start) };
            *to.add(place) = *from;
        }
    }
}
