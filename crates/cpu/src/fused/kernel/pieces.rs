//! The only result of a kernel in pieces, for somebody who needs them one after the other and no array.

use super::{Kernel, Pointers, Source};
use crate::memory::raw;
use crate::operand::Operand;
use crate::threads::Shared;
use pullback_ir::{DType, Element};
use std::mem::MaybeUninit;
use std::ops::Range;

/// A kernel of elementwise values that are one line, and its inputs.
pub(crate) struct Pieces<'a> {
    kernel: &'a Kernel,
    bases: Shared<Pointers>,
    dtype: DType,
}

impl Kernel {
    /// The result in pieces.
    pub(crate) fn pieces<'a>(&'a self, ins: &'a [Operand<'_>]) -> Pieces<'a> {
        assert!(ins.len() == self.n_ins && self.n_outs == 1 && self.outer.iter().all(|&n| n == 1));
        let out = self.args.iter().find(|arg| arg.source == Source::Out(0));
        let Some(dtype) = out.map(|arg| arg.dtype) else { unreachable!("a result is stored") };
        let mut bases = Pointers::new();
        bases.extend(ins.iter().map(|x| raw(x.value()).0.cast_mut()));
        Pieces { kernel: self, bases: Shared(bases), dtype }
    }
}

impl Pieces<'_> {
    /// The elements of the result.
    pub(crate) fn len(&self) -> usize {
        self.kernel.n
    }

    pub(crate) fn dtype(&self) -> DType {
        self.dtype
    }

    /// Computes some elements.
    pub(crate) fn fill<'r, T: Element>(
        &self,
        range: Range<usize>,
        room: &'r mut [MaybeUninit<T>],
    ) -> &'r [T] {
        let stage = self.kernel.only_stage();
        assert!(range.start <= range.end && range.end <= self.len() && T::DTYPE == self.dtype);
        let room = &mut room[..range.len()];
        // Places of the line count from its first element.
        let first = room.as_mut_ptr().cast::<u8>().wrapping_sub(range.start * size_of::<T>());
        let mut bases = Pointers::new();
        bases.extend(self.bases.0.iter().copied());
        bases.push(first);
        self.kernel.over_rows(&bases, 0..1, |at, count| {
            // SAFETY: the range is within the line, and the room has a place for each of its elements.
            unsafe { self.kernel.line(stage, &stage.code, at, range.clone(), count) };
        });
        // SAFETY: the stage stores the result at all places.
        unsafe { std::slice::from_raw_parts(room.as_ptr().cast(), room.len()) }
    }
}
