//! Lines that are reduced and so long that they are cut: pieces run as rows of their own, in whatever
//! order, and what they give is reduced in the order of the line.

use super::{Kernel, KernelArg, PROBE, Pointers, Stage};
use crate::fused::build::LineBuilder;
use crate::fused::code::{Code, Executor};
use crate::fused::fold;
use crate::fused::line::{FoldOp, Kind, Step};
use crate::threads::{Shared, for_ranges};
use smallvec::SmallVec;

/// Elements of a line that are reduced at once. Longer ones are cut into pieces of this size, whose
/// results are reduced in their turn, so that the error grows slowly and threads have work.
pub(crate) const PIECE: usize = 4096;

/// Lines up to this length are not cut.
pub(crate) const UNCUT: usize = 4 * PIECE;

/// What joins the pieces of long lines, for each way of reducing.
pub(super) type Joins = Vec<(FoldOp, Kind, Code)>;

/// The lines that join what the pieces of a line of `n` elements give.
pub(super) fn joins(n: usize, stages: &[Stage], executor: Executor) -> Joins {
    let mut joins = Joins::new();
    if n <= UNCUT {
        return joins;
    }
    for line in stages.iter().map(|s| s.code.line()) {
        for fold in &line.folds {
            let kind = line.kinds[fold.x.index()];
            if !joins.iter().any(|(op, k, _)| (*op, *k) == (fold.op, kind)) {
                joins.push((fold.op, kind, join_line(fold.op, kind, executor)));
            }
        }
    }
    joins
}

/// A line that reduces an array of lanes.
fn join_line(op: FoldOp, kind: Kind, executor: Executor) -> Code {
    let dtype = fold::lane_dtype(kind);
    let mut b = LineBuilder::default();
    let (x, out) = (b.arg(dtype, Step::Next, false), b.arg(dtype, Step::Same, true));
    let x = b.load(x);
    b.fold(op, x, out);
    Code::new(b.finish(), executor, false)
}

impl Kernel {
    /// A stage over a row that is cut into pieces.
    pub(super) fn long(&self, stage: &Stage, at: &Pointers, row: usize) {
        let line = stage.code.line();
        let moved = |(arg, &p): (&KernelArg, &*mut u8)| {
            p.wrapping_offset(row as isize * arg.steps.last().copied().unwrap_or(0))
        };
        let at: Pointers = self.args.iter().zip(at).map(moved).collect();
        let shared = Shared(&at);
        if line.folds.is_empty() {
            return for_ranges(self.n, PROBE, |range| {
                // SAFETY: the range is within the row, and ranges do not meet.
                unsafe { self.line(stage, &stage.code, shared.get(), range, 1) };
            });
        }
        let place = |a: u32, from: usize| {
            let bytes = from as isize * self.args[a as usize].inner;
            shared.get()[a as usize].wrapping_offset(bytes)
        };
        let pieces = self.n.div_ceil(PIECE);
        let whole = self.n / PIECE;
        // Each fold has a result for each piece.
        let mut partial = vec![0u64; line.folds.len() * pieces];
        let partials = Shared(partial.as_mut_ptr());
        let fold_of = |k: usize| line.folds.iter().position(|f| f.arg as usize == k);
        let steps: SmallVec<[isize; 24]> = (0..stage.args.len())
            .map(|k| match fold_of(k) {
                Some(f) => line.kinds[line.folds[f].x.index()].size() as isize,
                None => PIECE as isize * self.args[stage.args[k] as usize].inner,
            })
            .collect();
        for_ranges(pieces, 2, |range| {
            let run = |from: usize, n: usize, rows: usize| {
                let mut pointers: Pointers = (0..stage.args.len())
                    .map(|k| match fold_of(k) {
                        // Each fold's results lie behind each other, in the room of the widest lanes.
                        Some(f) => partials
                            .get()
                            .wrapping_add(f * pieces)
                            .cast::<u8>()
                            .wrapping_add(from / PIECE * steps[k] as usize),
                        None => place(stage.args[k], from),
                    })
                    .collect();
                self.drawing(stage, shared.get(), &mut pointers, n * rows, |pointers| {
                    // SAFETY: pieces are within the row and do not meet; each has a place for its results.
                    unsafe { stage.code.run(pointers, &steps, n, rows) };
                });
            };
            let full = range.start..range.end.min(whole);
            // What is drawn is drawn for one piece.
            let together = if stage.draws { 1 } else { full.len().max(1) };
            for first in full.clone().step_by(together) {
                run(first * PIECE, PIECE, together.min(full.end - first));
            }
            if range.end > whole {
                run(whole * PIECE, self.n - whole * PIECE, 1);
            }
        });
        for (f, fold) in line.folds.iter().enumerate() {
            let kind = line.kinds[fold.x.index()];
            let join = self.joins.iter().find(|(op, k, _)| (*op, *k) == (fold.op, kind));
            let Some((_, _, code)) = join else { unreachable!("every fold has its join") };
            let out = place(stage.args[fold.arg as usize], 0);
            let pointers = [partials.get().wrapping_add(f * pieces).cast::<u8>(), out];
            // SAFETY: there is a result for each piece.
            unsafe { code.run(&pointers, &[0, 0], pieces, 1) };
        }
    }
}
