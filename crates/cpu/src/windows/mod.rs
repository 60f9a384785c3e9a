//! Gather, scatter, dynamic slices: windows at computed positions.
//!
//! For each index vector a window is one strided copy, which for rows is one `memcpy` and for single
//! elements one load. Where the windows are is computed for [`BLOCK`] index vectors at a time, right
//! before they are used.

mod dynamic;
mod gather;
mod indices;
mod scatter;

use crate::simd::{prefetch, wide};
use crate::strided::{Strides, row_major};
pub(crate) use dynamic::{dynamic_slice, dynamic_update_slice};
pub(crate) use gather::gather;
pub(crate) use indices::Indices;
use pullback_ir::prim::gather::GatherDims;
use pullback_ir::shape::numel;
use pullback_ir::{Element, Shape, Value, dispatch};
pub(crate) use scatter::scatter;
use smallvec::SmallVec;
use std::ops::Range;

/// Index vectors that are looked at together.
const BLOCK: usize = 512;

/// The start of a window out of bounds.
const OUTSIDE: usize = usize::MAX;

/// Windows that lie ahead of the one in hand when their lines are asked for, where the processor cannot
/// guess them. Measured in November 2026 on rows of 512 bytes: 1.4 times the speed of reading and of adding,
/// from 4 on about the same.
const AHEAD: usize = 8;

/// Bytes of a window that are asked for ahead; the rest of a long one follows by itself.
const NEAR: usize = 2048;

/// Asks for the lines of a contiguous window of so many bytes.
#[inline(always)]
fn approach(window: *const u8, bytes: usize) {
    const LINE: usize = 64;
    let first = window as usize % LINE;
    for at in (0..first + bytes.min(NEAR)).step_by(LINE) {
        prefetch(window.wrapping_sub(first).wrapping_add(at));
    }
}

/// An integer as an index. What is beyond `i64` is out of any bounds.
trait Index: Element {
    fn index(self) -> i64;

    /// The nearest index from 0 to the last one, which is not negative, in its own width: more of them fit a
    /// vector.
    fn clamped(self, last: i64) -> Self;
}

macro_rules! indices {
    ($($t:ident)*) => {$(
        impl Index for $t {
            #[inline(always)]
            fn index(self) -> i64 {
                i64::try_from(self).unwrap_or(i64::MAX)
            }

            #[inline(always)]
            fn clamped(self, last: i64) -> $t {
                // (`clamp` may panic, which keeps loops from vectors.)
                self.max(0).min(last.try_into().unwrap_or($t::MAX))
            }
        }
    )*};
}
indices!(u8 i8 i32 u32 i64 u64);

/// The only element of an integer array.
fn only_index(x: &Value) -> i64 {
    dispatch!(int x.dtype(), T => x.slice::<T>()[0].index(),
        else => unreachable!("indices are integers"))
}

/// One component of index vectors.
#[derive(Clone, Copy)]
struct Component {
    /// The last index at which a window is within the operand.
    last: i64,
    /// Elements of the operand between indices.
    step: usize,
}

/// An axis of the indices beside that of the index vectors.
struct Axis {
    size: usize,
    /// Elements of the operand between positions, if it is paired with a batching axis.
    paired: usize,
    /// Elements of the windowed array between positions.
    place: usize,
}

/// Where windows are, in the operand and in the windowed array.
struct Windows<'a> {
    indices: &'a Indices<'a>,
    components: SmallVec<[Component; 2]>,
    axes: SmallVec<[Axis; 2]>,
    /// Whether windows are moved inside.
    clip: bool,
    /// The number of windows.
    count: usize,
    /// Sizes of a window, its strides in the operand and in the windowed array.
    sizes: Shape,
    inside: Strides,
    outside: Strides,
    /// Elements of the operand and of the windowed array.
    lens: [usize; 2],
}

/// The first elements of some windows, in the operand, where it may be [`OUTSIDE`], and in the
/// windowed array.
struct Block {
    starts: [usize; BLOCK],
    places: [usize; BLOCK],
}

impl<'a> Windows<'a> {
    /// Windows of `slice_sizes`, or `None` if an axis has no room for any.
    fn new(
        dims: &GatherDims,
        operand: &[usize],
        slice_sizes: &[usize],
        indices: &'a Indices<'a>,
        windowed: &[usize],
        clip: bool,
    ) -> Windows<'a> {
        let index_shape = indices.shape;
        let batch = &index_shape[..index_shape.len() - 1];
        let (steps, out_steps) = (row_major(operand), row_major(windowed));
        let index_axes = (0..windowed.len()).filter(|i| !dims.offset_dims.contains(i));
        let paired = |axis: usize| {
            let mut pairs =
                dims.operand_batching_dims.iter().zip(&dims.start_indices_batching_dims);
            pairs.find(|(_, i)| **i == axis).map_or(0, |(&o, _)| steps[o] as usize)
        };
        let gone = |i: &usize| {
            dims.collapsed_slice_dims.contains(i) || dims.operand_batching_dims.contains(i)
        };
        let kept: Shape = (0..operand.len()).filter(|i| !gone(i)).collect();
        let component = |&axis: &usize| Component {
            last: operand[axis] as i64 - slice_sizes[axis] as i64,
            step: steps[axis] as usize,
        };
        let axis = |((axis, &size), place): ((usize, &usize), usize)| Axis {
            size,
            paired: paired(axis),
            place: out_steps[place] as usize,
        };
        Windows {
            indices,
            components: dims.start_index_map.iter().map(component).collect(),
            axes: batch
                .iter()
                .enumerate()
                .zip(index_axes)
                .map(|((i, n), p)| axis(((i, n), p)))
                .collect(),
            clip,
            count: numel(batch),
            sizes: kept.iter().map(|&i| slice_sizes[i]).collect(),
            inside: kept.iter().map(|&i| steps[i]).collect(),
            outside: dims.offset_dims.iter().map(|&i| out_steps[i]).collect(),
            lens: [numel(operand), numel(windowed)],
        }
    }

    /// The elements of a window.
    fn len(&self) -> usize {
        numel(&self.sizes)
    }

    /// Whether the elements of a window are contiguous in both arrays.
    fn contiguous(&self) -> bool {
        let own = row_major(&self.sizes);
        let fits = |strides: &[isize]| {
            let mut axes = self.sizes.iter().zip(&own).zip(strides);
            axes.all(|((&n, own), step)| n == 1 || own == step)
        };
        fits(&self.inside) && fits(&self.outside)
    }

    /// The offset of the last element of a window.
    fn reach(&self, strides: &[isize]) -> usize {
        let each = self.sizes.iter().zip(strides).map(|(&n, &s)| n.saturating_sub(1) * s as usize);
        each.sum()
    }

    /// Whether windows follow each other in the windowed array, and no axis of the indices is paired.
    fn in_sequence(&self) -> bool {
        let mut step = self.len();
        let mut axes = self.axes.iter().rev();
        axes.all(|axis| {
            let fits = axis.paired == 0 && (axis.place == step || axis.size == 1);
            step *= axis.size;
            fits
        })
    }

    /// Calls `body` with the starts and places of the windows of a range, a block at a time. All of
    /// them are within both arrays, or [`OUTSIDE`].
    fn blocks(&self, range: Range<usize>, mut body: impl FnMut(&[usize], &[usize])) {
        self.assert_within();
        let in_sequence = self.in_sequence();
        let mut block = Block { starts: [0; BLOCK], places: [0; BLOCK] };
        let components = self.components.len();
        let together = BLOCK.min(indices::PIECE / components.max(1));
        for first in range.clone().step_by(together) {
            let n = together.min(range.end - first);
            let (starts, places) = (&mut block.starts[..n], &mut block.places[..n]);
            if in_sequence {
                starts.fill(0);
                let all = (first..first + n).map(|i| i * self.len());
                places.iter_mut().zip(all).for_each(|(place, at)| *place = at);
            } else {
                self.locate(first, starts, places);
            }
            let range = first * components..(first + n) * components;
            dispatch!(int self.indices.dtype, T => self.indices.each::<T>(range, |vectors| {
                wide(|| self.move_by(vectors, starts));
            }), else => unreachable!("indices are integers"));
            body(starts, places);
        }
    }

    /// Checks that the windows which lie farthest are within both arrays.
    fn assert_within(&self) {
        if self.len() == 0 || self.count == 0 || self.components.iter().any(|c| c.last < 0) {
            return;
        }
        let farthest = |of: fn(&Axis) -> usize| {
            self.axes.iter().map(|axis| (axis.size - 1) * of(axis)).sum::<usize>()
        };
        let indexed: usize = self.components.iter().map(|c| c.last as usize * c.step).sum();
        let start = indexed + farthest(|axis| axis.paired);
        assert!(start + self.reach(&self.inside) < self.lens[0], "windows are in the operand");
        let place = farthest(|axis| axis.place);
        assert!(place + self.reach(&self.outside) < self.lens[1], "windows have their places");
    }

    /// Where windows `first`, … are, but for what the indices add.
    fn locate(&self, first: usize, starts: &mut [usize], places: &mut [usize]) {
        match self.axes.as_slice() {
            [] => (starts[0], places[0]) = (0, 0),
            axes => {
                let mut at: SmallVec<[usize; 4]> = SmallVec::from_elem(0, axes.len());
                let mut rest = first;
                for (at, axis) in at.iter_mut().zip(axes).rev() {
                    (*at, rest) = (rest % axis.size, rest / axis.size);
                }
                for (start, place) in starts.iter_mut().zip(places) {
                    let sum = |of: fn(&Axis) -> usize| {
                        at.iter().zip(axes).map(|(at, axis)| at * of(axis)).sum::<usize>()
                    };
                    (*start, *place) = (sum(|axis| axis.paired), sum(|axis| axis.place));
                    for (at, axis) in at.iter_mut().zip(axes).rev() {
                        *at += 1;
                        if *at < axis.size {
                            break;
                        }
                        *at = 0;
                    }
                }
            }
        }
    }

    /// Moves starts by index vectors.
    #[inline(always)]
    fn move_by<T: Index>(&self, vectors: &[T], starts: &mut [usize]) {
        if self.components.iter().any(|c| c.last < 0) {
            return starts.fill(OUTSIDE);
        }
        match self.components.as_slice() {
            // Which of the two it is stands outside of the loops that count.
            [Component { last, step }] if self.clip => {
                for (start, &i) in starts.iter_mut().zip(vectors) {
                    *start += i.index().clamp(0, *last) as usize * step;
                }
            }
            [Component { last, step }] => {
                for (start, &i) in starts.iter_mut().zip(vectors) {
                    let (i, last) = (i.index() as u64, *last as u64);
                    // Negative ones are beyond all others.
                    *start = if i <= last { *start + i as usize * step } else { OUTSIDE };
                }
            }
            components => {
                for (k, start) in starts.iter_mut().enumerate() {
                    let vector = &vectors[k * components.len()..][..components.len()];
                    for (Component { last, step }, &i) in components.iter().zip(vector) {
                        let i = if self.clip { i.index().clamp(0, *last) } else { i.index() };
                        *start = match *start {
                            OUTSIDE => OUTSIDE,
                            _ if i < 0 || i > *last => OUTSIDE,
                            start => start + i as usize * step,
                        };
                    }
                }
            }
        }
    }
}
