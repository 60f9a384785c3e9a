//! Random bits that are drawn for the lines that read them, a piece at a time, into memory that stays in the
//! first-level cache. Bits are a function of the key and the place, so where lines are cut does not show.

use super::scratch::with_scratch;
use super::{Kernel, KernelArg, PIECE, Pointers, Source, Stage, UNCUT};
use crate::fused::code::Code;
use crate::random::draw_at;
use pullback_ir::scalar::random::KeyWords;
use std::ops::Range;

/// Bytes that the cipher makes at a time, and of a cache line.
const BLOCK: usize = 64;

/// Bytes of what is drawn for one run of a line: of each argument whole blocks.
pub(super) fn bytes(n: usize, args: &[KernelArg]) -> usize {
    // Lines that are reduced run whole unless they are cut anyway.
    let elements = if n <= UNCUT { n.max(PIECE) } else { PIECE };
    let drawn = args.iter().filter(|a| matches!(a.source, Source::Drawn { .. }));
    drawn.map(|a| (elements * a.dtype.size()).next_multiple_of(BLOCK) + BLOCK).sum()
}

impl Kernel {
    /// Runs a line that reads what is drawn over a part of some rows: so many elements at a time as are drawn at
    /// once.
    ///
    /// # Safety
    /// As [`Kernel::line`].
    pub(super) unsafe fn drawn_line(
        &self,
        stage: &Stage,
        code: &Code,
        at: &Pointers,
        range: Range<usize>,
        rows: usize,
    ) {
        let width = range.len();
        let (piece, together) = match width {
            0 => return,
            _ if width > PIECE && code.line().folds.is_empty() => (PIECE, 1),
            // Whole rows lie behind each other.
            _ if width == self.n => (width, (PIECE / width).max(1)),
            _ => (width, 1),
        };
        for row in (0..rows).step_by(together) {
            let rows = together.min(rows - row);
            for from in range.clone().step_by(piece) {
                let n = piece.min(range.end - from);
                let mut pointers = self.places(stage, at, row, from);
                self.drawing(stage, at, &mut pointers, n * rows, |pointers| {
                    // SAFETY: the caller's promise, and the steps are the arguments' own.
                    unsafe { code.run(pointers, &stage.row_steps, n, rows) };
                });
            }
        }
    }

    /// Calls `run` with the places of a stage's arguments, after so many elements of each that is drawn have been
    /// drawn: those from its place on, which counts from 0.
    pub(super) fn drawing(
        &self,
        stage: &Stage,
        at: &Pointers,
        pointers: &mut Pointers,
        elements: usize,
        run: impl FnOnce(&Pointers),
    ) {
        if !stage.draws {
            return run(pointers);
        }
        with_scratch(self.drawn_bytes, |mut room| {
            let mut left = self.drawn_bytes;
            for (&a, place) in stage.args.iter().zip(pointers.iter_mut()) {
                let Source::Drawn { key, dtype } = self.args[a as usize].source else { continue };
                // From the beginning of a block of the cipher, so that no block is made aside and copied.
                let (size, before) = (dtype.size(), place.addr() % BLOCK);
                let bytes = (before + elements * size).next_multiple_of(BLOCK);
                assert!(bytes <= left);
                // SAFETY: the argument is a key, an array of eight words. The room has just been compared, and is
                // aligned to cache lines.
                unsafe {
                    let key = &*at[key as usize].cast::<KeyWords>();
                    let start = (place.addr() - before) / size;
                    draw_at(dtype, key, start, room, before / size + elements);
                }
                *place = room.wrapping_add(before);
                room = room.wrapping_add(bytes);
                left -= bytes;
            }
            run(pointers);
        });
    }
}
