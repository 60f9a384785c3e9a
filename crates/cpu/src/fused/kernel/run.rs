//! Running a kernel: memory for results, rows shared among threads, blocks of rows through all stages.

use super::scratch::with_scratch;
use super::{Kernel, KernelArg, Over, PROBE, Pointers, Source, Stage, UNCUT};
use crate::fused::code::Code;
use crate::memory::{Room, raw, raw_mut};
use crate::operand::{Operand, Values};
use crate::simd::fence;
use crate::threads::{Shared, for_ranges};
use pullback_ir::Type;
use smallvec::SmallVec;
use std::ops::Range;

/// Where a result is.
pub(super) enum Place {
    New(Room),
    /// In that of an operand.
    Input(usize),
}

pub(super) type Places = SmallVec<[Place; 2]>;

/// The results, when every one of them has been stored at all places.
pub(super) fn finished(places: Places, ins: &mut [Operand<'_>], out_types: &[Type]) -> Values {
    let values = places.into_iter().zip(out_types).map(|(place, ty)| match place {
        // SAFETY: every result is stored by a stage, at all places.
        Place::New(room) => unsafe { room.finish(ty.shape()) },
        Place::Input(i) => {
            let value = ins[i].take();
            if value.shape() == ty.shape() { value } else { value.reshaped(ty.shape()) }
        }
    });
    values.collect()
}

impl Kernel {
    /// Runs the kernel.
    pub(crate) fn run(&self, ins: &mut [Operand<'_>], out_types: &[Type]) -> Values {
        assert!(ins.len() == self.n_ins);
        // Inputs, then results.
        let mut bases: Pointers = SmallVec::new();
        bases.extend(ins.iter().map(|x| raw(x.value()).0.cast_mut()));
        let results = self.place_results(ins, out_types, &mut bases, None);
        let in_place = results.iter().any(|r| matches!(r, Place::Input(_)));
        self.execute(&bases, in_place);
        finished(results, ins, out_types)
    }

    /// Finds places for the results: those of operands that die, or new ones. `bases` has the operands' own, which
    /// are the last inputs. The result `fresh`, if there is one, gets a new place.
    pub(super) fn place_results(
        &self,
        ins: &mut [Operand<'_>],
        out_types: &[Type],
        bases: &mut Pointers,
        fresh: Option<usize>,
    ) -> Places {
        assert!(out_types.len() == self.n_outs && bases.len() == self.n_ins);
        let before = self.n_ins - ins.len();
        let mut taken: SmallVec<[usize; 2]> = SmallVec::new();
        let mut places = Places::new();
        for (k, ty) in out_types.iter().enumerate() {
            let operand = self.reuses[k].and_then(|i| (i as usize).checked_sub(before));
            // An input that is read in part is larger.
            let fits = |&i: &usize| {
                fresh != Some(k) && !taken.contains(&i) && raw(ins[i].value()).1 == ty.numel()
            };
            let place = operand.filter(fits).and_then(|i| raw_mut(&mut ins[i]).map(|p| (i, p)));
            places.push(match place {
                Some((i, p)) => {
                    bases.push(p);
                    // The pointer for reading comes from the same borrow.
                    bases[before + i] = p;
                    taken.push(i);
                    Place::Input(i)
                }
                None => {
                    let mut room = Room::new(ty.dtype(), ty.numel());
                    bases.push(room.ptr());
                    Place::New(room)
                }
            });
        }
        places
    }

    fn execute(&self, bases: &[*mut u8], in_place: bool) {
        let rows: usize = self.outer.iter().product();
        if let Some(columns) = &self.columns {
            return self.run_columns(columns, bases);
        }
        // Said once: threads that have a part share it with nobody, and would take it for all there is. A result in
        // the place of an input is in the caches already.
        let past = !in_place && self.bypasses();
        let single = match self.stages.as_slice() {
            [stage] if stage.code.line().folds.is_empty() && stage.over == Over::Line => {
                Some(stage)
            }
            _ => None,
        };
        if let Some(stage) = single {
            let code = stage.stores(past);
            if rows < 8 && self.n > rows {
                let shared = Shared(bases);
                for_ranges(self.n, PROBE.div_ceil(rows), |range| {
                    self.over_rows(shared.get(), 0..rows, |at, count| {
                        // SAFETY: places are within the arrays, and ranges do not meet.
                        unsafe { self.line(stage, code, at, range.clone(), count) };
                    });
                    self.settle();
                });
                return;
            }
            let shared = Shared(bases);
            return for_ranges(rows, PROBE.div_ceil(self.n), |range| {
                self.over_rows(shared.get(), range, |at, count| {
                    // SAFETY: as above.
                    unsafe { self.line(stage, code, at, 0..self.n, count) };
                });
                self.settle();
            });
        }
        let shared = Shared(bases);
        let probe = if self.n > UNCUT { 1 } else { PROBE.div_ceil(self.n).max(1) };
        let body = |range: Range<usize>| {
            with_scratch(self.scratch_bytes, |scratch| {
                self.over_rows(shared.get(), range, |at, count| {
                    let mut block = Pointers::new();
                    let mut from = 0;
                    while from < count {
                        let len = self.block.min(count - from);
                        self.place_block(&mut block, at, from, scratch);
                        from += len;
                        self.block(&block, len, past);
                    }
                });
                self.settle();
            });
        };
        // Long lines share the work among threads themselves.
        if self.n > UNCUT && rows < 8 { body(0..rows) } else { for_ranges(rows, probe, body) }
    }

    /// Ends the stores of a thread.
    fn settle(&self) {
        if self.stages.iter().any(|s| s.streaming.is_some()) {
            fence();
        }
    }

    /// Calls `body` with the arguments' places at the first of some rows that lie behind each other
    /// along the last loop, and their number.
    pub(super) fn over_rows(
        &self,
        bases: &[*mut u8],
        range: Range<usize>,
        mut body: impl FnMut(&Pointers, usize),
    ) {
        let last = self.outer.last().copied().unwrap_or(1);
        let mut row = range.start;
        while row < range.end {
            let count = (last - row % last).min(range.end - row);
            let mut at: Pointers = SmallVec::new();
            for arg in &self.args {
                let base = match arg.source {
                    Source::In(k) => bases[k as usize],
                    Source::Out(k) => bases[self.n_ins + k as usize],
                    Source::Scratch(_) | Source::Drawn { .. } => std::ptr::null_mut(),
                };
                let mut rest = row;
                let mut bytes = arg.offset as isize;
                for (&size, &step) in self.outer.iter().zip(&arg.steps).rev() {
                    bytes += (rest % size) as isize * step;
                    rest /= size;
                }
                at.push(base.wrapping_offset(bytes));
            }
            body(&at, count);
            row += count;
        }
    }

    /// Where the arguments are for the block that begins at a row.
    fn place_block(&self, block: &mut Pointers, at: &Pointers, row: usize, scratch: *mut u8) {
        let place = |(arg, &p): (&KernelArg, &*mut u8)| match arg.source {
            Source::Scratch(k) => scratch.wrapping_add(self.scratch[k as usize]),
            _ => p.wrapping_offset(row as isize * arg.steps.last().copied().unwrap_or(0)),
        };
        block.clear();
        block.extend(self.args.iter().zip(at).map(place));
    }

    /// The places of a stage's arguments, so many rows and elements from where they are.
    pub(super) fn places(&self, stage: &Stage, at: &Pointers, row: usize, from: usize) -> Pointers {
        let place = |&a: &u32| {
            let arg = &self.args[a as usize];
            let step = arg.steps.last().copied().unwrap_or(0);
            at[a as usize].wrapping_offset(row as isize * step + from as isize * arg.inner)
        };
        let mut pointers = Pointers::new();
        pointers.extend(stage.args.iter().map(place));
        pointers
    }

    /// Runs a line over a part of some rows.
    ///
    /// # Safety
    /// The places are those of the kernel's arguments at rows that exist; the range is within the line.
    pub(super) unsafe fn line(
        &self,
        stage: &Stage,
        code: &Code,
        at: &Pointers,
        range: Range<usize>,
        rows: usize,
    ) {
        if stage.draws {
            // SAFETY: the caller's promise.
            return unsafe { self.drawn_line(stage, code, at, range, rows) };
        }
        let pointers = self.places(stage, at, 0, range.start);
        // SAFETY: the caller's promise, and the steps are the arguments' own.
        unsafe { code.run(&pointers, &stage.row_steps, range.len(), rows) };
    }

    /// All stages over a block of rows.
    fn block(&self, at: &Pointers, rows: usize, past: bool) {
        for stage in &self.stages {
            match stage.over {
                Over::Rows => {
                    let mut pointers = Pointers::new();
                    pointers.extend(stage.args.iter().map(|&a| at[a as usize]));
                    // SAFETY: row values of a block lie behind each other, or are one for all.
                    unsafe { stage.code.run(&pointers, &stage.row_steps, rows, 1) };
                }
                Over::Line if self.n <= UNCUT => {
                    // SAFETY: the block's rows exist.
                    unsafe { self.line(stage, stage.stores(past), at, 0..self.n, rows) };
                }
                Over::Line => {
                    for row in 0..rows {
                        self.long(stage, at, row);
                    }
                }
            }
        }
    }
}
