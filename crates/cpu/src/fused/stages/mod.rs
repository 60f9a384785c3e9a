//! From a group to a kernel: which values are computed in which stage, and the lines of the stages.
//!
//! A group without reductions is one stage. A reduction along lines ends a stage over full values;
//! values of rows are computed between two such stages, in lines over the rows of a block, or if they are
//! cheap by the lines that read them, before their loops. Logsumexp has the stages max – (rows: nothing) –
//! exp and sum – (rows: log, sum).
//!
//! A full value that several stages need is computed again where that is cheap, otherwise kept: in the
//! result if it is one, else in a scratch array of the block's size, which stays in a cache.
//!
//! [`order`] finds the stages and where values are computed, [`homes`] gives those that outlive their
//! stage an array, [`bodies`] writes what a stage computes as a [`line`](mod@line).

mod bodies;
mod homes;
mod line;
mod order;

use super::code::Executor;
use super::kernel::{Kernel, KernelArg, Loops, Source, Stage};
use super::layout::Layout;
use super::plan::{Group, Level, Operand};
pub(super) use order::cost;
use pullback_ir::{DType, Eqn, Jaxpr, Value, Var};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// How kernels are made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct How {
    executor: Executor,
    /// Elements of a line from which on it computes cheap values of its row itself.
    long_line: usize,
}

impl From<Executor> for How {
    fn from(executor: Executor) -> How {
        How { executor, long_line: order::LONG_LINE }
    }
}

impl How {
    /// The same with another length of lines, for tests.
    pub(crate) fn with_long_line(self, long_line: usize) -> How {
        How { long_line, ..self }
    }
}

/// A kernel with what it reads and gives.
pub(crate) struct Built {
    pub(crate) kernel: Kernel,
    pub(crate) ins: Vec<Var>,
    pub(crate) outs: Vec<Var>,
}

/// Stages at most: they are counted in the bits of a number.
pub(super) const MOST_FOLDS: usize = 24;

/// Elements of a block's arrays, all together, that stay in the second-level cache: its stages pass over
/// them one after the other.
const BLOCK_ELEMENTS: usize = 1 << 15;

/// The same where the last stage stores past the caches, nothing is kept between stages, and it asks for the next
/// block meanwhile: two of them stay in the first-level cache. Measured in November 2026 on two threads whose
/// processors share their way to memory, a layer norm of 10⁷ elements takes 1.4 ms so, and 1.7 in large blocks
/// without asking.
const STREAMED_ELEMENTS: usize = 1 << 12;

struct Stages<'a> {
    jaxpr: &'a Jaxpr,
    group: &'a Group,
    /// Arrays behind variables beyond those of the jaxpr.
    constants: &'a [Value],
    layout: Layout,
    /// The member that gives a variable.
    member_of: FxHashMap<Var, usize>,
    /// How many stages over full values there are.
    n_stages: u32,
    /// The stage from which each member's value is there.
    stage: Vec<u32>,
    /// The stages over full values in which each member is computed, as bits.
    computed: Vec<u64>,
    /// Row values that lines which read them compute themselves.
    inline: Vec<bool>,
    /// Where a value is kept.
    home: Vec<Option<u32>>,
    /// The result that a fold becomes where its lanes have another width.
    narrow: Vec<Option<u32>>,
    args: Vec<KernelArg>,
    arg_of: FxHashMap<(Source, usize, SmallVec<[isize; 4]>), u32>,
    ins: Vec<Var>,
    outs: Vec<Var>,
    /// Scratch arrays so far: elements a row and bytes an element.
    scratch: Vec<(usize, usize)>,
}

/// The kernel of a group. `escapes` tells which of its values are read outside.
pub(crate) fn build(
    jaxpr: &Jaxpr,
    group: &Group,
    constants: &[Value],
    escapes: impl Fn(Var) -> bool,
    how: How,
) -> Built {
    let n_members = group.members.len();
    let again: Vec<Var> = group.members.iter().filter(|m| m.again).map(|m| m.out(jaxpr)).collect();
    let escapes = |v: Var| escapes(v) && !again.contains(&v);
    let mut s = Stages {
        jaxpr,
        group,
        constants,
        layout: Layout::new(group),
        member_of: FxHashMap::default(),
        n_stages: 1,
        stage: vec![0; n_members],
        computed: vec![0; n_members],
        inline: vec![false; n_members],
        home: vec![None; n_members],
        narrow: vec![None; n_members],
        args: Vec::new(),
        arg_of: FxHashMap::default(),
        // A kernel behind a product has it as its first input.
        ins: group.behind.iter().map(|b| b.value).collect(),
        outs: Vec::new(),
        scratch: Vec::new(),
    };
    s.n_stages = s.order();
    let n_stages = s.n_stages;
    s.inlined(how.long_line);
    let kept = s.needs(&escapes);
    s.homes(&escapes, &kept);
    let mut stages = Vec::new();
    for k in 0..n_stages {
        stages.extend(s.full_stage(k, how.executor));
        stages.extend(s.row_stage(k, how.executor));
    }
    s.kernel(stages, how.executor)
}

impl Stages<'_> {
    fn eqn(&self, m: usize) -> &Eqn {
        &self.jaxpr.eqns()[self.group.members[m].eqn]
    }

    fn out(&self, m: usize) -> Var {
        self.group.members[m].out(self.jaxpr)
    }

    fn dtype(&self, m: usize) -> DType {
        self.jaxpr.types()[self.out(m).index()].dtype()
    }

    fn level(&self, m: usize) -> Level {
        self.group.members[m].level
    }

    fn inner(&self, m: usize) -> SmallVec<[usize; 3]> {
        let operands = self.group.members[m].operands.iter();
        operands
            .filter_map(|o| if let Operand::Inner(v) = o { Some(self.member_of[v]) } else { None })
            .collect()
    }

    /// Whether full values are kept between stages.
    fn keeps(&self) -> bool {
        self.args.iter().any(|a| matches!(a.source, Source::Scratch(_)) && a.inner != 0)
    }

    /// Rows of a block, the last stage of which stores past the caches or does not.
    fn block(&self, streams: bool) -> usize {
        let rows = self.layout.outer().last().copied().unwrap_or(1);
        // What is the same for all rows is there once.
        let moves = |a: &&KernelArg| a.inner != 0 && a.steps.last().is_some_and(|&s| s != 0);
        let full = self.args.iter().filter(moves).count().max(1);
        let elements = if streams { STREAMED_ELEMENTS } else { BLOCK_ELEMENTS };
        (elements / (self.layout.n() * full)).clamp(1, rows)
    }

    fn kernel(self, stages: Vec<Stage>, executor: Executor) -> Built {
        let streams = stages.iter().any(|s| s.streaming.is_some());
        let block = self.block(streams && !self.keeps());
        let (n, outer) = (self.layout.n(), self.layout.outer());
        let loops = Loops { n, outer, block, columns: self.group.columns };
        let kernel = Kernel::new(loops, self.args, stages, self.scratch, executor);
        Built { kernel, ins: self.ins, outs: self.outs }
    }
}
