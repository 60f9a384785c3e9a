//! A kernel: the loops around lines, blocks of rows, threads.

use super::build::LineBuilder;
use super::code::{Code, Executor};
use super::fold;
use super::line::{Fold, FoldOp, Kind, Step};
use crate::memory::{Room, raw, raw_mut};
use crate::operand::{Operand, Values};
use crate::threads::{Shared, for_ranges};
use pullback_ir::{DType, Type};
use smallvec::SmallVec;
use std::ops::Range;

/// Bytes of a result from which its stores bypass the caches.
pub(super) const STREAMED: usize = 8 << 20;

/// Elements of a line that are reduced at once. Longer ones are cut into pieces of this size, whose
/// results are reduced in their turn, so that the error grows slowly and threads have work.
pub(crate) const PIECE: usize = 4096;

/// Lines up to this length are not cut.
pub(crate) const UNCUT: usize = 4 * PIECE;

/// Elements after which the time that they took is looked at.
const PROBE: usize = 8192;

/// What an argument of a kernel is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Source {
    In(u32),
    Out(u32),
    /// An array of a block's rows that only the kernel sees.
    Scratch(u32),
}

/// An array that stages read or write.
#[derive(Debug)]
pub(super) struct KernelArg {
    pub(super) source: Source,
    pub(super) dtype: DType,
    /// Bytes before the first element.
    pub(super) offset: usize,
    /// Bytes between neighbours along the loops around the line.
    pub(super) steps: SmallVec<[isize; 4]>,
    /// Bytes between neighbours in the line.
    pub(super) inner: isize,
    /// The first and the last stage that use it, rows counted after lines of the same number.
    pub(super) stages: (u32, u32),
}

/// What the elements of a stage's line are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Over {
    /// Those of the kernel's line, for each row.
    Line,
    /// The rows of a block.
    Rows,
}

/// A line with the kernel's arguments that it uses.
#[derive(Debug)]
pub(super) struct Stage {
    pub(super) code: Code,
    /// The same with stores that bypass the caches.
    pub(super) streaming: Option<Code>,
    pub(super) over: Over,
    pub(super) args: Vec<u32>,
    /// Bytes from row to row for each.
    pub(super) row_steps: Vec<isize>,
    /// Results that columns are reduced to.
    pub(super) columns: Vec<(u32, FoldOp)>,
}

/// The loops of a kernel.
pub(super) struct Loops<'a> {
    /// Elements of a line.
    pub(super) n: usize,
    /// Sizes of the loops around it.
    pub(super) outer: &'a [usize],
    /// Rows of a block.
    pub(super) block: usize,
    /// For reductions along columns: what stays outside, what goes, what stays inside.
    pub(super) columns: Option<[usize; 3]>,
}

/// Fused equations, ready to run.
#[derive(Debug)]
pub(crate) struct Kernel {
    n: usize,
    outer: SmallVec<[usize; 4]>,
    args: Vec<KernelArg>,
    stages: Vec<Stage>,
    /// Where each scratch array begins, and how many bytes they take together.
    scratch: Vec<usize>,
    scratch_bytes: usize,
    /// Rows of a block.
    block: usize,
    columns: Option<Columns>,
    /// For each result an input in whose place it may be written.
    reuses: Vec<Option<u32>>,
    /// What joins the pieces of a long line, for each fold.
    joins: Vec<(FoldOp, Kind, Code)>,
    n_ins: usize,
    n_outs: usize,
}

/// Reductions along columns.
#[derive(Debug)]
struct Columns {
    /// What stays outside, what goes, what stays inside.
    parts: [usize; 3],
    /// Rows whose sums are added in order before those of other blocks.
    rows: usize,
    /// For each: the argument, its operation, the line that joins blocks.
    folds: Vec<(u32, FoldOp, Code)>,
}

/// Columns of a strip, whose accumulators stay in the first-level cache.
const STRIP: usize = 2048;

/// A line that reduces an array of lanes.
fn join_line(op: FoldOp, kind: Kind, executor: Executor) -> Code {
    let dtype = fold::lane_dtype(kind);
    let mut b = LineBuilder::default();
    let (x, out) = (b.arg(dtype, Step::Next, false), b.arg(dtype, Step::Same, true));
    let x = b.load(x);
    b.fold(op, x, out);
    Code::new(b.finish(), executor, false)
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

type Pointers = SmallVec<[*mut u8; 24]>;

impl Kernel {
    /// A kernel of stages. `scratch` has elements a row and bytes an element of each scratch array.
    pub(super) fn new(
        loops: Loops<'_>,
        args: Vec<KernelArg>,
        stages: Vec<Stage>,
        scratch: Vec<(usize, usize)>,
        executor: Executor,
    ) -> Kernel {
        let Loops { n, outer, block, columns } = loops;
        let mut bytes = 0;
        let scratch = scratch.into_iter().map(|(elements, size)| {
            let at = bytes;
            bytes += (elements * block * size).next_multiple_of(64);
            at
        });
        let scratch: Vec<usize> = scratch.collect();
        let columns = columns.map(|parts| Columns {
            parts,
            rows: (32768 / parts[2]).max(16),
            folds: stages
                .iter()
                .flat_map(|s| &s.columns)
                .map(|&(arg, op)| (arg, op, join_columns(op, args[arg as usize].dtype, executor)))
                .collect(),
        });
        let mut joins: Vec<(FoldOp, Kind, Code)> = Vec::new();
        if n > UNCUT {
            for s in &stages {
                let line = s.code.line();
                for f in &line.folds {
                    let kind = line.kinds[f.x.index()];
                    if !joins.iter().any(|(op, k, _)| (*op, *k) == (f.op, kind)) {
                        joins.push((f.op, kind, join_line(f.op, kind, executor)));
                    }
                }
            }
        }
        let count = |f: fn(Source) -> Option<u32>| {
            args.iter().filter_map(|a| f(a.source)).map(|k| k as usize + 1).max().unwrap_or(0)
        };
        let n_ins = count(|s| if let Source::In(k) = s { Some(k) } else { None });
        let n_outs = count(|s| if let Source::Out(k) = s { Some(k) } else { None });
        let reuses = (0..n_outs).map(|k| reusable(&args, k as u32, n, outer)).collect();
        let outer = outer.into();
        Kernel {
            n,
            outer,
            args,
            stages,
            scratch,
            scratch_bytes: bytes,
            block,
            columns,
            reuses,
            joins,
            n_ins,
            n_outs,
        }
    }

    /// Bytes of scratch memory that a run takes on a thread.
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.scratch_bytes
    }

    /// What the kernel is, in some words.
    pub(crate) fn title(&self) -> String {
        let native = self.stages.iter().filter(|s| s.code.is_native()).count();
        let by = match native {
            0 => "tile",
            n if n == self.stages.len() => "native",
            _ => "native, tile",
        };
        let loops: Vec<String> = self.outer.iter().chain([&self.n]).map(usize::to_string).collect();
        format!("kernel<{by}; {}>", loops.join(" x "))
    }

    /// The lines of the stages.
    pub(crate) fn body(&self) -> String {
        let mut text = String::new();
        for stage in &self.stages {
            let over = match (stage.over, &self.columns) {
                (Over::Rows, _) => format!("over {} rows at a time", self.block),
                (Over::Line, Some(_)) => "for each row, into columns".to_owned(),
                (Over::Line, None) => "for each row".to_owned(),
            };
            let streams = if stage.streaming.is_some() { ", stores bypass the caches" } else { "" };
            text += &format!("      {over}{streams}:\n");
            text.extend(stage.code.line().to_string().lines().map(|l| format!("        {l}\n")));
        }
        text
    }

    /// Runs the kernel.
    pub(crate) fn run(&self, ins: &mut [Operand<'_>], out_types: &[Type]) -> Values {
        assert!(ins.len() == self.n_ins && out_types.len() == self.n_outs);
        // Inputs, then results.
        let mut bases: Pointers = SmallVec::new();
        bases.extend(ins.iter().map(|x| raw(x.value()).0.cast_mut()));
        let mut rooms: SmallVec<[Option<Room>; 2]> = SmallVec::new();
        let mut taken: SmallVec<[Option<u32>; 2]> = SmallVec::new();
        for (k, ty) in out_types.iter().enumerate() {
            // An input that is read in part is larger.
            let fits = |&i: &u32| {
                !taken.contains(&Some(i)) && raw(ins[i as usize].value()).1 == ty.numel()
            };
            let place = self.reuses[k]
                .filter(fits)
                .and_then(|i| raw_mut(&mut ins[i as usize]).map(|p| (i, p)));
            match place {
                Some((i, p)) => {
                    bases.push(p);
                    // The pointer for reading comes from the same borrow.
                    bases[i as usize] = p;
                    taken.push(Some(i));
                    rooms.push(None);
                }
                None => {
                    let mut room = Room::new(ty.dtype(), ty.numel());
                    bases.push(room.ptr());
                    taken.push(None);
                    rooms.push(Some(room));
                }
            }
        }
        let in_place = taken.iter().any(Option::is_some);
        self.execute(&bases, in_place);
        let values = rooms.into_iter().zip(out_types).zip(taken).map(|((room, ty), taken)| {
            match (room, taken) {
                // SAFETY: every result is stored by a stage, at all places.
                (Some(room), _) => unsafe { room.finish(ty.shape()) },
                (None, taken) => {
                    let value = ins[taken.unwrap_or(0) as usize].take();
                    if value.shape() == ty.shape() { value } else { value.reshaped(ty.shape()) }
                }
            }
        });
        values.collect()
    }

    fn execute(&self, bases: &[*mut u8], in_place: bool) {
        let rows: usize = self.outer.iter().product();
        if let Some(columns) = &self.columns {
            return self.run_columns(columns, bases);
        }
        let single = match self.stages.as_slice() {
            [stage] if stage.code.line().folds.is_empty() && stage.over == Over::Line => {
                Some(stage)
            }
            _ => None,
        };
        if let Some(stage) = single {
            let code = stage.streaming.as_ref().filter(|_| !in_place).unwrap_or(&stage.code);
            if rows < 8 && self.n > rows {
                let shared = Shared(bases);
                for_ranges(self.n, PROBE.div_ceil(rows), |range| {
                    self.over_rows(shared.get(), 0..rows, |at, count| {
                        // SAFETY: places are within the arrays, and ranges do not meet.
                        unsafe { self.line(stage, code, at, range.clone(), count) };
                    });
                });
                return;
            }
            let shared = Shared(bases);
            return for_ranges(rows, PROBE.div_ceil(self.n), |range| {
                self.over_rows(shared.get(), range, |at, count| {
                    // SAFETY: as above.
                    unsafe { self.line(stage, code, at, 0..self.n, count) };
                });
            });
        }
        let shared = Shared(bases);
        let probe = if self.n > UNCUT { 1 } else { PROBE.div_ceil(self.n).max(1) };
        let body = |range: Range<usize>| {
            with_scratch(self.scratch_bytes, |scratch| {
                self.over_rows(shared.get(), range, |at, count| {
                    let mut from = 0;
                    while from < count {
                        let len = self.block.min(count - from);
                        let at = self.block_pointers(at, from, scratch);
                        self.block(&at, len);
                        from += len;
                    }
                });
            });
        };
        // Long lines share the work among threads themselves.
        if self.n > UNCUT && rows < 8 { body(0..rows) } else { for_ranges(rows, probe, body) }
    }

    /// Calls `body` with the arguments' places at the first of some rows that lie behind each other
    /// along the last loop, and their number.
    fn over_rows(
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
                    Source::Scratch(_) => std::ptr::null_mut(),
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

    fn block_pointers(&self, at: &Pointers, row: usize, scratch: *mut u8) -> Pointers {
        let place = |(arg, &p): (&KernelArg, &*mut u8)| match arg.source {
            Source::Scratch(k) => scratch.wrapping_add(self.scratch[k as usize]),
            _ => p.wrapping_offset(row as isize * arg.steps.last().copied().unwrap_or(0)),
        };
        self.args.iter().zip(at).map(place).collect()
    }

    /// Runs a line over a part of some rows.
    ///
    /// # Safety
    /// The places are those of the kernel's arguments at rows that exist; the range is within the line.
    unsafe fn line(
        &self,
        stage: &Stage,
        code: &Code,
        at: &Pointers,
        range: Range<usize>,
        rows: usize,
    ) {
        let place = |&a: &u32| {
            let arg = &self.args[a as usize];
            at[a as usize].wrapping_offset(range.start as isize * arg.inner)
        };
        let pointers: Pointers = stage.args.iter().map(place).collect();
        // SAFETY: the caller's promise, and the steps are the arguments' own.
        unsafe { code.run(&pointers, &stage.row_steps, range.len(), rows) };
    }

    /// All stages over a block of rows.
    fn block(&self, at: &Pointers, rows: usize) {
        for stage in &self.stages {
            match stage.over {
                Over::Rows => {
                    let pointers: Pointers = stage.args.iter().map(|&a| at[a as usize]).collect();
                    // SAFETY: row values of a block lie behind each other, or are one for all.
                    unsafe { stage.code.run(&pointers, &stage.row_steps, rows, 1) };
                }
                Over::Line if self.n <= UNCUT => {
                    // SAFETY: the block's rows exist.
                    unsafe { self.line(stage, &stage.code, at, 0..self.n, rows) };
                }
                Over::Line => {
                    for row in 0..rows {
                        self.long(stage, at, row);
                    }
                }
            }
        }
    }

    /// A stage over a row that is cut into pieces.
    fn long(&self, stage: &Stage, at: &Pointers, row: usize) {
        let line = stage.code.line();
        let shared = Shared((at, row));
        let place = |a: u32, from: usize| {
            let (at, row) = shared.get();
            let arg = &self.args[a as usize];
            let bytes =
                row as isize * arg.steps.last().copied().unwrap_or(0) + from as isize * arg.inner;
            at[a as usize].wrapping_offset(bytes)
        };
        if line.folds.is_empty() {
            return for_ranges(self.n, PROBE, |range| {
                let pointers: Pointers =
                    stage.args.iter().map(|&a| place(a, range.start)).collect();
                // SAFETY: the range is within the row, and ranges do not meet.
                unsafe { stage.code.run(&pointers, &stage.row_steps, range.len(), 1) };
            });
        }
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
                let pointers: Pointers = (0..stage.args.len())
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
                // SAFETY: pieces are within the row and do not meet; each has a place for its results.
                unsafe { stage.code.run(&pointers, &steps, n, rows) };
            };
            let full = range.start..range.end.min(whole);
            if !full.is_empty() {
                run(full.start * PIECE, PIECE, full.len());
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

    /// A kernel that reduces along columns.
    fn run_columns(&self, columns: &Columns, bases: &[*mut u8]) {
        let [outside, goes, inside] = columns.parts;
        let [stage] = self.stages.as_slice() else { unreachable!("columns end the only stage") };
        let blocks = goes.div_ceil(columns.rows);
        let strips = inside.div_ceil(STRIP);
        // With several blocks each has accumulators of its own.
        let mut partials: Vec<Vec<u64>> = Vec::new();
        let mut accumulators: SmallVec<[(u32, *mut u8, usize); 4]> = SmallVec::new();
        for &(arg, ..) in &columns.folds {
            let a = &self.args[arg as usize];
            let Source::Out(k) = a.source else { unreachable!("columns are reduced to results") };
            let mut at = bases[self.n_ins + k as usize];
            if blocks > 1 {
                let bytes = outside * blocks * inside * a.dtype.size();
                let mut partial = vec![0u64; bytes.div_ceil(8)];
                at = partial.as_mut_ptr().cast();
                partials.push(partial);
            }
            accumulators.push((arg, at, a.dtype.size()));
        }
        let shared = Shared((bases, accumulators.as_slice()));
        let work = (columns.rows.min(goes) * STRIP.min(inside)).max(1);
        for_ranges(outside * blocks * strips, PROBE.div_ceil(work), |range| {
            let (bases, accumulators) = shared.get();
            for unit in range {
                let (strip, rest) = (unit % strips, unit / strips);
                let (block, out) = (rest % blocks, rest / blocks);
                let from = strip * STRIP;
                let width = STRIP.min(inside - from);
                let rows = block * columns.rows..((block + 1) * columns.rows).min(goes);
                for (&(arg, acc, size), &(_, op, _)) in accumulators.iter().zip(&columns.folds) {
                    let kind = Kind::of(self.args[arg as usize].dtype);
                    let bits = Fold::identity(op, kind);
                    let place = acc.wrapping_add(((out * blocks + block) * inside + from) * size);
                    // SAFETY: the unit's own part of the accumulators.
                    unsafe { fill(place, size, bits, width) };
                }
                self.over_rows(
                    bases,
                    out * goes + rows.start..out * goes + rows.end,
                    |at, count| {
                        let mut at = at.clone();
                        for &(arg, acc, size) in accumulators {
                            at[arg as usize] =
                                acc.wrapping_add((out * blocks + block) * inside * size);
                        }
                        // SAFETY: the unit's rows and columns.
                        unsafe { self.line(stage, &stage.code, &at, from..from + width, count) };
                    },
                );
            }
        });
        if blocks == 1 {
            return;
        }
        for (&(arg, acc, size), (_, op, join)) in accumulators.iter().zip(&columns.folds) {
            let a = &self.args[arg as usize];
            let Source::Out(k) = a.source else { unreachable!("columns are reduced to results") };
            let result = bases[self.n_ins + k as usize];
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

/// The input in whose place a result may be written: of its dtype, read where the result is written,
/// and never after that.
fn reusable(args: &[KernelArg], k: u32, n: usize, outer: &[usize]) -> Option<u32> {
    let out = args.iter().find(|a| a.source == Source::Out(k))?;
    let whole = |a: &KernelArg| {
        let mut step = a.dtype.size() as isize;
        let inner = n == 1 || a.inner == step;
        step *= n as isize;
        a.offset == 0
            && inner
            && outer.iter().zip(&a.steps).rev().all(|(&size, &s)| {
                let natural = s == step;
                step *= size as isize;
                natural
            })
    };
    if !whole(out) || (n > 1 && out.inner == 0) {
        return None;
    }
    args.iter().find_map(|a| {
        let Source::In(i) = a.source else { return None };
        let alone = args.iter().filter(|b| b.source == a.source).count() == 1;
        // Stages of lines have even numbers; the result is written in its first.
        (alone && a.dtype == out.dtype && whole(a) && a.stages.1 <= out.stages.0).then_some(i)
    })
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

#[repr(align(64))]
#[derive(Clone, Copy)]
struct CacheLine(#[allow(dead_code)] [std::mem::MaybeUninit<u8>; 64]);

/// Calls `body` with scratch memory, aligned to cache lines. The memory stays with the thread.
fn with_scratch(bytes: usize, body: impl FnOnce(*mut u8)) {
    use std::cell::Cell;
    thread_local! {
        static SCRATCH: Cell<Vec<CacheLine>> = const { Cell::new(Vec::new()) };
    }
    const ON_STACK: usize = 1024;
    if bytes <= ON_STACK {
        let mut memory = [CacheLine([std::mem::MaybeUninit::uninit(); 64]); ON_STACK / 64];
        return body(memory.as_mut_ptr().cast());
    }
    // A nested call finds nothing and makes its own.
    let mut memory = SCRATCH.take();
    memory.reserve(bytes.div_ceil(64));
    body(memory.as_mut_ptr().cast());
    SCRATCH.set(memory);
}
