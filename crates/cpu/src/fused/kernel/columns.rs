//! Reductions along columns: rows are added to accumulators, strip by strip, in blocks of rows.

use super::{Kernel, KernelArg, PROBE, Pointers, Source, Stage};
use crate::fused::build::LineBuilder;
use crate::fused::code::{Code, Executor};
use crate::fused::fold;
use crate::fused::line::{Fold, FoldOp, Kind, Step};
use crate::threads::{Shared, for_ranges};
use pullback_ir::DType;
use smallvec::SmallVec;

/// Reductions along columns.
#[derive(Debug)]
pub(super) struct Columns {
    /// What stays outside, what goes, what stays inside.
    parts: [usize; 3],
    /// Rows whose sums are added in order before those of other blocks.
    rows: usize,
    /// For each: the argument, its operation, the line that joins blocks.
    folds: Vec<(u32, FoldOp, Code)>,
}

/// Columns of a strip, whose accumulators stay in the first-level cache.
const STRIP: usize = 2048;

/// The same of strips of several lines, which begin anew for each row: longer ones are fewer.
const LINES: usize = 4096;

impl Columns {
    pub(super) fn new(
        parts: [usize; 3],
        args: &[KernelArg],
        stages: &[Stage],
        executor: Executor,
    ) -> Columns {
        let folds = stages.iter().flat_map(|s| &s.columns);
        let join = |&(arg, op): &(u32, FoldOp)| {
            (arg, op, join_columns(op, args[arg as usize].dtype, executor))
        };
        Columns { parts, rows: (32768 / parts[2]).max(16), folds: folds.map(join).collect() }
    }
}

/// A line that takes a row of lanes into accumulators.
fn join_columns(op: FoldOp, dtype: DType, executor: Executor) -> Code {
    let mut b = LineBuilder::default();
    let (acc, x) = (b.arg(dtype, Step::Next, true), b.arg(dtype, Step::Next, false));
    let (a, x) = (b.load(acc), b.load(x));
    let sum = fold::step(&mut b, op, a, x);
    b.store(acc, sum);
    Code::new(b.finish(), executor, false)
}

impl Kernel {
    /// The result that an argument is.
    fn result(&self, bases: &[*mut u8], arg: u32) -> *mut u8 {
        let Source::Out(k) = self.args[arg as usize].source else {
            unreachable!("columns are reduced to results")
        };
        bases[self.n_ins + k as usize]
    }

    /// A kernel that reduces along columns.
    pub(super) fn run_columns(&self, columns: &Columns, bases: &[*mut u8]) {
        let [outside, goes, inside] = columns.parts;
        let [stage] = self.stages.as_slice() else { unreachable!("columns end the only stage") };
        let blocks = goes.div_ceil(columns.rows);
        // What stays inside is one line, or several where something is read that does not lie along one.
        let (lines, pieces) = (inside / self.n, self.n.div_ceil(STRIP));
        let together = (LINES / self.n).clamp(1, lines);
        let strips = lines.div_ceil(together) * pieces;
        // With several blocks each has accumulators of its own.
        let mut partials: Vec<Vec<u64>> = Vec::new();
        let mut accumulators: SmallVec<[(u32, *mut u8, usize); 4]> = SmallVec::new();
        for &(arg, ..) in &columns.folds {
            let a = &self.args[arg as usize];
            let mut at = self.result(bases, arg);
            if blocks > 1 {
                let bytes = outside * blocks * inside * a.dtype.size();
                let mut partial = vec![0u64; bytes.div_ceil(8)];
                at = partial.as_mut_ptr().cast();
                partials.push(partial);
            }
            accumulators.push((arg, at, a.dtype.size()));
        }
        let shared = Shared((bases, accumulators.as_slice()));
        let work = columns.rows.min(goes) * (self.n.min(STRIP) * together);
        for_ranges(outside * blocks * strips, PROBE.div_ceil(work), |range| {
            let (bases, accumulators) = shared.get();
            for unit in range {
                let (strip, rest) = (unit % strips, unit / strips);
                let (block, out) = (rest % blocks, rest / blocks);
                let (piece, first) = (strip % pieces, strip / pieces * together);
                let from = piece * STRIP;
                let (width, count) = (STRIP.min(self.n - from), together.min(lines - first));
                let rows = block * columns.rows..((block + 1) * columns.rows).min(goes);
                for (&(arg, acc, size), &(_, op, _)) in accumulators.iter().zip(&columns.folds) {
                    let kind = Kind::of(self.args[arg as usize].dtype);
                    let bits = Fold::identity(op, kind);
                    let first = (out * blocks + block) * inside + first * self.n + from;
                    // SAFETY: the unit's own part of the accumulators. A strip is a piece of a line, or whole
                    // lines.
                    unsafe { fill(acc.wrapping_add(first * size), size, bits, width * count) };
                }
                let run = |at: &Pointers, rows: usize| {
                    let mut at = at.clone();
                    for &(arg, acc, size) in accumulators {
                        // Where the line's accumulators are among those of all lines inside.
                        let line = at[arg as usize].addr() - self.result(bases, arg).addr();
                        at[arg as usize] =
                            acc.wrapping_add((out * blocks + block) * inside * size + line);
                    }
                    // SAFETY: the unit's rows and columns.
                    unsafe { self.line(stage, &stage.code, &at, from..from + width, rows) };
                };
                let rows = out * goes + rows.start..out * goes + rows.end;
                if lines == 1 {
                    self.over_rows(bases, rows, run);
                } else {
                    for row in rows {
                        let from = row * lines + first;
                        self.over_rows(bases, from..from + count, run);
                    }
                }
            }
        });
        if blocks == 1 {
            return;
        }
        for (&(arg, acc, size), (_, op, join)) in accumulators.iter().zip(&columns.folds) {
            let a = &self.args[arg as usize];
            let result = self.result(bases, arg);
            let bits = Fold::identity(*op, Kind::of(a.dtype));
            for out in 0..outside {
                let place = result.wrapping_add(out * inside * size);
                let from = acc.wrapping_add(out * blocks * inside * size);
                // SAFETY: the result has `inside` elements for each `out`, the partial ones `blocks` times
                // as many.
                unsafe {
                    fill(place, size, bits, inside);
                    join.run(&[place, from], &[0, (inside * size) as isize], inside, blocks);
                }
            }
        }
    }
}

/// Writes an element many times.
///
/// # Safety
/// `at` has room for `n` elements of `size` bytes and is aligned for them.
unsafe fn fill(at: *mut u8, size: usize, bits: u64, n: usize) {
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            4 => std::slice::from_raw_parts_mut(at.cast::<u32>(), n).fill(bits as u32),
            _ => std::slice::from_raw_parts_mut(at.cast::<u64>(), n).fill(bits),
        }
    }
}
