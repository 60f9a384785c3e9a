//! A kernel: the stages of a group, their arrays, and the loops around them.
//!
//! Here is what a kernel consists of. [`run`] gives its results memory ([`reuse`] says where an input's
//! will do) and runs blocks of rows, shared among threads; [`long`] cuts lines that are reduced and long,
//! [`columns`] reduces along columns, [`draw`] draws random bits for the lines that read them, [`epilogue`] runs
//! behind a product, [`pieces`] gives a result piece by piece, [`scratch`] has
//! memory for values that only the kernel sees.

mod columns;
mod draw;
mod epilogue;
mod long;
mod pieces;
mod reuse;
mod run;
mod scratch;

use super::code::{Code, Executor};
use super::line::FoldOp;
use crate::caches::overflows;
use columns::Columns;
use long::Joins;
pub(crate) use long::{PIECE, UNCUT};
pub(crate) use pieces::Pieces;
use pullback_ir::DType;
use smallvec::SmallVec;

/// Elements after which the time that they took is looked at.
const PROBE: usize = 8192;

/// What an argument of a kernel is.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub(super) enum Source {
    In(u32),
    Out(u32),
    /// An array of a block's rows that only the kernel sees.
    Scratch(u32),
    /// Random bits of a dtype, from the key that another argument is. There is no array: places count bytes from
    /// 0, and [`draw`] makes the bits for each run of a line.
    Drawn {
        key: u32,
        dtype: DType,
    },
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
    /// Whether one of them is drawn.
    pub(super) draws: bool,
    /// Results that columns are reduced to.
    pub(super) columns: Vec<(u32, FoldOp)>,
}

impl Stage {
    /// The code to run, whose stores bypass the caches if there is a choice and they are to.
    fn stores(&self, past: bool) -> &Code {
        self.streaming.as_ref().filter(|_| past).unwrap_or(&self.code)
    }
}

/// Bytes that arrays take along these loops, each once.
pub(super) fn array_bytes(args: &[KernelArg], sizes: &[usize]) -> usize {
    let of = |arg: &KernelArg| -> usize {
        let moves = arg.steps.iter().chain([&arg.inner]).zip(sizes);
        let elements: usize = moves.filter(|&(&step, _)| step != 0).map(|(_, &n)| n).product();
        match arg.source {
            Source::In(_) | Source::Out(_) => elements * arg.dtype.size(),
            Source::Scratch(_) | Source::Drawn { .. } => 0,
        }
    };
    args.iter().map(of).sum()
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
    /// Bytes of what is drawn for a run of a line.
    drawn_bytes: usize,
    /// Rows of a block.
    block: usize,
    /// Bytes that are read and written.
    array_bytes: usize,
    columns: Option<Columns>,
    /// For each result an input in whose place it may be written.
    reuses: Vec<Option<u32>>,
    joins: Joins,
    n_ins: usize,
    n_outs: usize,
}

/// Where the arguments of a kernel are. They are extended where they stay and not collected, which moves them: by
/// vectors, for which the processor first waits until all stores before have reached a cache.
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
        let columns = columns.map(|parts| Columns::new(parts, &args, &stages, executor));
        let drawn_bytes = draw::bytes(n, &args);
        let joins = long::joins(n, &stages, executor);
        let count = |f: fn(Source) -> Option<u32>| {
            args.iter().filter_map(|a| f(a.source)).map(|k| k as usize + 1).max().unwrap_or(0)
        };
        let n_ins = count(|s| if let Source::In(k) = s { Some(k) } else { None });
        let n_outs = count(|s| if let Source::Out(k) = s { Some(k) } else { None });
        let reuses = (0..n_outs).map(|k| reuse::reusable(&args, k as u32, n, outer)).collect();
        let mut sizes: SmallVec<[usize; 4]> = outer.into();
        sizes.push(n);
        let array_bytes = array_bytes(&args, &sizes);
        let outer = outer.into();
        Kernel {
            n,
            outer,
            args,
            stages,
            scratch,
            scratch_bytes: bytes,
            drawn_bytes,
            block,
            array_bytes,
            columns,
            reuses,
            joins,
            n_ins,
            n_outs,
        }
    }

    /// The stage of a kernel that has only elementwise values.
    fn only_stage(&self) -> &Stage {
        match self.stages.as_slice() {
            [stage] => stage,
            _ => unreachable!("elementwise values are one stage"),
        }
    }

    /// Whether stores bypass the caches where there is a choice. Those of kernels of several stages do on
    /// any number of threads: measured in November 2026 on two, a layer norm of 16 MB in and 16 out takes 0.49 ms
    /// so, and 0.6 through the caches.
    fn bypasses(&self) -> bool {
        self.stages.len() > 1 || overflows(self.array_bytes)
    }

    /// Bytes of scratch memory that a run takes on a thread.
    pub(crate) fn scratch_bytes(&self) -> usize {
        self.scratch_bytes + self.drawn_bytes
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
            let past = stage.streaming.is_some() && self.bypasses();
            let streams = if past { ", stores bypass the caches" } else { "" };
            let drawn = |&(_, &a): &(usize, &u32)| {
                matches!(self.args[a as usize].source, Source::Drawn { .. })
            };
            let drawn = stage.args.iter().enumerate().filter(drawn);
            let drawn: String = drawn.map(|(k, _)| format!(", a{k} is drawn")).collect();
            text += &format!("      {over}{streams}{drawn}:\n");
            text.extend(stage.code.line().to_string().lines().map(|l| format!("        {l}\n")));
        }
        text
    }
}
