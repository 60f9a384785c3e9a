//! Index vectors: an array, or what a kernel computes a piece at a time.

use crate::fused::kernel::Pieces;
use pullback_ir::{DType, Element, Shape, Value};
use std::mem::MaybeUninit;
use std::ops::Range;

/// Most components of index vectors that are computed at a time. They stay in the first-level cache, and a call of
/// the kernel takes some 40 ns.
pub(super) const PIECE: usize = 2048;

pub(crate) struct Indices<'a> {
    pub(super) shape: &'a [usize],
    pub(super) dtype: DType,
    from: From<'a>,
}

enum From<'a> {
    Array(&'a Value),
    Kernel(&'a Pieces<'a>),
}

impl<'a> Indices<'a> {
    pub(crate) fn of(array: &'a Value) -> Indices<'a> {
        Indices { shape: array.shape(), dtype: array.dtype(), from: From::Array(array) }
    }

    /// Those that a kernel computes, in this shape.
    pub(crate) fn computed(shape: &'a Shape, pieces: &'a Pieces<'a>) -> Indices<'a> {
        assert!(pullback_ir::shape::numel(shape) == pieces.len());
        Indices { shape, dtype: pieces.dtype(), from: From::Kernel(pieces) }
    }

    /// Calls `body` with some components, in order, all of them at once if there are no more than [`PIECE`].
    #[inline]
    pub(super) fn each<T: Element>(&self, range: Range<usize>, mut body: impl FnMut(&[T])) {
        match self.from {
            From::Array(array) => body(&array.slice::<T>()[range]),
            From::Kernel(pieces) => {
                let mut room = [MaybeUninit::<T>::uninit(); PIECE];
                for from in range.clone().step_by(PIECE) {
                    body(pieces.fill(from..range.end.min(from + PIECE), &mut room));
                }
            }
        }
    }
}
