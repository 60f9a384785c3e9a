//! From a group to a kernel: which values are computed in which stage, and the lines of the stages.
//!
//! A group without reductions is one stage. A reduction along lines ends a stage over full values;
//! values of rows are computed between two such stages, in lines over the rows of a block. Softmax has
//! the stages max – (rows: nothing) – exp and sum – (rows: reciprocal) – product.
//!
//! A full value that several stages need is computed again where that is cheap, otherwise kept: in the
//! result if it is one, else in a scratch array of the block's size, which stays in a cache.

use super::build::LineBuilder;
use super::code::{Code, Executor};
use super::kernel::{Kernel, KernelArg, Loops, Over, Source, Stage};
use super::layout::Layout;
use super::line::{FoldOp, Instr, Kind, Line, Reg, Step};
use super::plan::{Group, Level, Member, Operand};
use super::view::{View, contiguous};
use super::{emit, fold};
use pullback_ir::{Atom, DType, Eqn, Jaxpr, Prim, Value, Var};
use rustc_hash::FxHashMap;
use smallvec::SmallVec;

/// A kernel with what it reads and gives.
pub(crate) struct Built {
    pub(crate) kernel: Kernel,
    pub(crate) ins: Vec<Var>,
    pub(crate) outs: Vec<Var>,
}

/// The cost of a value, in instructions for a vector, up to which it is computed again rather than kept.
const CHEAP: u32 = 6;

/// Stages at most: they are counted in the bits of a number.
pub(super) const MOST_FOLDS: usize = 24;

/// Elements of a block's arrays, all together, that stay in the first-level cache: its stages pass over
/// them one after the other.
const BLOCK_ELEMENTS: usize = 1 << 13;

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
    executor: Executor,
) -> Built {
    let n_members = group.members.len();
    let mut s = Stages {
        jaxpr,
        group,
        constants,
        layout: Layout::new(group),
        member_of: FxHashMap::default(),
        n_stages: 1,
        stage: vec![0; n_members],
        computed: vec![0; n_members],
        home: vec![None; n_members],
        narrow: vec![None; n_members],
        args: Vec::new(),
        arg_of: FxHashMap::default(),
        ins: Vec::new(),
        outs: Vec::new(),
        scratch: Vec::new(),
    };
    s.n_stages = s.order();
    let n_stages = s.n_stages;
    let kept = s.needs(&escapes);
    s.homes(&escapes, &kept);
    let mut stages = Vec::new();
    for k in 0..n_stages {
        stages.extend(s.full_stage(k, executor));
        stages.extend(s.row_stage(k, executor));
    }
    s.kernel(stages, executor)
}

impl Stages<'_> {
    fn eqn(&self, m: usize) -> &Eqn {
        &self.jaxpr.eqns()[self.group.members[m].eqn]
    }

    fn out(&self, m: usize) -> Var {
        Var(self.eqn(m).first_out)
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

    /// Finds the stage of each member; gives the number of stages.
    fn order(&mut self) -> u32 {
        let mut n = 1;
        for m in 0..self.group.members.len() {
            let full = !matches!(self.level(m), Level::Row);
            let after = |&d: &usize| match self.level(d) {
                Level::Full | Level::ColFold => self.stage[d],
                Level::Row | Level::RowFold => self.stage[d] + u32::from(full),
            };
            self.stage[m] = self.inner(m).iter().map(after).max().unwrap_or(0);
            n = n.max(self.stage[m] + 1);
            self.member_of.insert(self.out(m), m);
        }
        n
    }

    /// Finds where full values are computed, and which are kept for later stages.
    fn needs(&mut self, escapes: &impl Fn(Var) -> bool) -> Vec<bool> {
        let n = self.group.members.len();
        let mut costs = vec![0u32; n];
        for m in 0..n {
            let inner: u32 = self
                .inner(m)
                .iter()
                .filter(|&&d| self.level(d) == Level::Full)
                .map(|&d| costs[d])
                .sum();
            costs[m] = (cost(self.eqn(m)) + inner).min(1000);
        }
        let mut needed = vec![0u64; n];
        let mut kept = vec![false; n];
        for m in (0..n).rev() {
            match self.level(m) {
                Level::Row => continue,
                Level::RowFold | Level::ColFold => needed[m] = 1 << self.stage[m],
                Level::Full => {
                    if escapes(self.out(m)) && needed[m] == 0 {
                        needed[m] = 1 << self.stage[m];
                    }
                    if needed[m].count_ones() > 1 && costs[m] > CHEAP {
                        kept[m] = true;
                        needed[m] = 1 << needed[m].trailing_zeros();
                    }
                }
            }
            self.computed[m] = needed[m];
            for d in self.inner(m) {
                if self.level(d) == Level::Full {
                    needed[d] |= needed[m];
                }
            }
        }
        kept
    }

    /// Gives values that are results, or that later stages read, their places.
    fn homes(&mut self, escapes: &impl Fn(Var) -> bool, kept: &[bool]) {
        let n = self.group.members.len();
        // Row values that a stage other than their own reads.
        let mut crosses = vec![false; n];
        for m in 0..n {
            for d in self.inner(m) {
                let row = matches!(self.level(d), Level::Row);
                crosses[d] |=
                    row && !(self.level(m) == Level::Row && self.stage[m] == self.stage[d]);
            }
        }
        for m in 0..n {
            let escapes = escapes(self.out(m));
            let level = self.level(m);
            let home = match level {
                Level::RowFold => {
                    let lanes = fold::lane_dtype(Kind::of(self.dtype(m)));
                    let same = lanes.size() == self.dtype(m).size();
                    if escapes && !same {
                        self.narrow[m] = Some(self.result(m));
                    }
                    match escapes && same {
                        true => Some(self.result(m)),
                        false => Some(self.keep(lanes, Level::Row)),
                    }
                }
                Level::ColFold => Some(self.result(m)),
                _ if escapes => Some(self.result(m)),
                Level::Row if crosses[m] => Some(self.keep(self.dtype(m), Level::Row)),
                Level::Full if kept[m] => Some(self.keep(self.dtype(m), Level::Full)),
                _ => None,
            };
            self.home[m] = home;
        }
    }

    /// A result.
    fn result(&mut self, m: usize) -> u32 {
        let (out, dtype) = (self.out(m), self.dtype(m));
        let size = dtype.size() as isize;
        let outer = self.layout.outer();
        let bytes =
            |steps: &[isize]| steps.iter().map(|s| s * size).collect::<SmallVec<[isize; 4]>>();
        let (steps, inner) = match self.level(m) {
            Level::Full => {
                let steps = contiguous(&self.layout.sizes);
                (bytes(&steps[..outer.len()]), size)
            }
            // The kernel places the accumulators itself; rows go into the same.
            Level::ColFold => (SmallVec::from_elem(0, outer.len()), size),
            Level::Row | Level::RowFold => (bytes(&contiguous(outer)), 0),
        };
        self.outs.push(out);
        self.args.push(KernelArg {
            source: Source::Out(self.outs.len() as u32 - 1),
            dtype,
            offset: 0,
            steps,
            inner,
            stages: (u32::MAX, 0),
        });
        self.args.len() as u32 - 1
    }

    /// A scratch array.
    fn keep(&mut self, dtype: DType, level: Level) -> u32 {
        let size = dtype.size() as isize;
        let n = if level == Level::Full { self.layout.n() } else { 1 };
        let mut steps: SmallVec<[isize; 4]> = SmallVec::from_elem(0, self.layout.outer().len());
        if let Some(last) = steps.last_mut() {
            *last = n as isize * size;
        }
        self.scratch.push((n, dtype.size()));
        let inner = if level == Level::Full { size } else { 0 };
        let source = Source::Scratch(self.scratch.len() as u32 - 1);
        self.args.push(KernelArg { source, dtype, offset: 0, steps, inner, stages: (u32::MAX, 0) });
        self.args.len() as u32 - 1
    }

    /// The argument that reads a view.
    fn reading(&mut self, view: &View, level: Level) -> u32 {
        let Atom::Var(base) = view.base else { unreachable!("literals are not read from memory") };
        let dtype = self.dtype_of(base);
        let size = dtype.size() as isize;
        let steps = self.layout.steps(view, level);
        let (outer, inner) = steps.split_at(steps.len() - 1);
        let outer: SmallVec<[isize; 4]> = outer.iter().map(|s| s * size).collect();
        let inner = if self.layout.n() == 1 { 0 } else { inner[0] * size };
        let source = match self.ins.iter().position(|&v| v == base) {
            Some(k) => Source::In(k as u32),
            None => {
                self.ins.push(base);
                Source::In(self.ins.len() as u32 - 1)
            }
        };
        let offset = view.offset * dtype.size();
        let mut key = outer.clone();
        key.push(inner);
        let next = self.args.len() as u32;
        let arg = *self.arg_of.entry((source, offset, key)).or_insert(next);
        if arg == next {
            self.args.push(KernelArg {
                source,
                dtype,
                offset,
                steps: outer,
                inner,
                stages: (u32::MAX, 0),
            });
        }
        arg
    }

    fn dtype_of(&self, v: Var) -> DType {
        match self.jaxpr.types().get(v.index()) {
            Some(ty) => ty.dtype(),
            None => self.constants[v.index() - self.jaxpr.n_vars()].dtype(),
        }
    }

    /// The stage over full values of this number, if anything is computed there.
    fn full_stage(&mut self, k: u32, executor: Executor) -> Option<Stage> {
        let mut line = StageLine::new(self.group.members.len(), k, Over::Line);
        let mut any = false;
        for m in 0..self.group.members.len() {
            if self.level(m) == Level::Row || self.computed[m] & (1 << k) == 0 {
                continue;
            }
            any = true;
            match self.level(m) {
                Level::Full => {
                    let x = self.compute(&mut line, m);
                    line.regs[m] = Some(x);
                    if let Some(home) = self.home[m]
                        && self.computed[m].trailing_zeros() == k
                    {
                        let arg = line.arg(self, home, true);
                        line.stores.push((arg, x));
                    }
                }
                Level::RowFold | Level::ColFold => self.fold(&mut line, m),
                Level::Row => {}
            }
        }
        any.then(|| line.finish(self, executor))
    }

    fn fold(&mut self, line: &mut StageLine, m: usize) {
        let Some(home) = self.home[m] else { return };
        let group = self.group;
        let Prim::Reduce(p) = &self.eqn(m).prim else { unreachable!("folds are reductions") };
        let (op, dtype) = (p.op, self.operand_dtype(m));
        let op = fold::fold_op(op, dtype);
        let x = self.operand(line, &group.members[m], 0);
        let x = fold::widened(&mut line.b, x);
        let arg = line.arg(self, home, true);
        if self.level(m) == Level::RowFold {
            line.b.fold(op, x, arg);
        } else {
            let acc = line.b.load(arg);
            let acc = fold::step(&mut line.b, op, acc, x);
            line.stores.push((arg, acc));
            line.columns.push((home, op));
        }
    }

    fn operand_dtype(&self, m: usize) -> DType {
        self.jaxpr.ty(self.eqn(m).inputs[0]).dtype()
    }

    /// The stage over rows of this number, if anything is computed there.
    fn row_stage(&mut self, k: u32, executor: Executor) -> Option<Stage> {
        let mut line = StageLine::new(self.group.members.len(), k, Over::Rows);
        for m in 0..self.group.members.len() {
            if self.stage[m] != k {
                continue;
            }
            match self.level(m) {
                Level::Row => {
                    let x = self.compute(&mut line, m);
                    line.regs[m] = Some(x);
                    if let Some(home) = self.home[m] {
                        let arg = line.arg(self, home, true);
                        line.stores.push((arg, x));
                    }
                }
                Level::RowFold => {
                    if let (Some(narrow), Some(home)) = (self.narrow[m], self.home[m]) {
                        let x = line.load_fold(self, home, self.dtype(m));
                        line.regs[m] = Some(x);
                        let arg = line.arg(self, narrow, true);
                        line.stores.push((arg, x));
                    }
                }
                Level::Full | Level::ColFold => {}
            }
        }
        (!line.stores.is_empty()).then(|| line.finish(self, executor))
    }

    /// The value of a member in a stage.
    fn compute(&mut self, line: &mut StageLine, m: usize) -> Reg {
        let group = self.group;
        let member = &group.members[m];
        let ins: SmallVec<[Reg; 3]> =
            (0..member.operands.len()).map(|k| self.operand(line, member, k)).collect();
        let eqn = self.eqn(m);
        let dtypes: SmallVec<[DType; 3]> =
            eqn.inputs.iter().map(|&a| self.jaxpr.ty(a).dtype()).collect();
        match emit::emit(&mut line.b, &eqn.prim, &dtypes, &ins, self.dtype(m)) {
            Some(r) => r,
            None => unreachable!("members can be emitted"),
        }
    }

    /// An operand in a stage: computed there, or loaded.
    fn operand(&mut self, line: &mut StageLine, member: &Member, k: usize) -> Reg {
        match &member.operands[k] {
            Operand::Lit(lit) => line.literal(lit.dtype(), lit.bits()),
            Operand::View(view) => {
                let arg = self.reading(view, member.level);
                let arg = line.arg(self, arg, false);
                line.b.load(arg)
            }
            Operand::Inner(v) => {
                let d = self.member_of[v];
                if let Some(r) = line.regs[d] {
                    return r;
                }
                let Some(home) = self.home[d] else { unreachable!("a value is computed or kept") };
                let r = match self.level(d) {
                    Level::RowFold => line.load_fold(self, home, self.dtype(d)),
                    _ => {
                        let arg = line.arg(self, home, false);
                        line.b.load(arg)
                    }
                };
                line.regs[d] = Some(r);
                r
            }
        }
    }

    /// Whether stores of a stage should bypass the caches: of the only one, where it does nothing but write
    /// results that are larger than the caches. (Behind other stages, whose rows are in a cache, it costs
    /// more than it saves: 4.9 against 4.2 ms for a layer norm of 10⁷ elements, 2026.)
    fn streams(&self, stage: &StageLine, line: &Line) -> bool {
        let places: usize = self.layout.sizes.iter().product();
        stage.over == Over::Line
            && self.n_stages == 1
            && line.folds.is_empty()
            && stage.columns.is_empty()
            && !line.instrs.iter().any(|i| matches!(i, Instr::Call { .. }))
            && line.args.iter().any(|a| a.out && places * a.dtype.size() >= super::kernel::STREAMED)
    }

    fn kernel(self, stages: Vec<Stage>, executor: Executor) -> Built {
        let n = self.layout.n();
        let outer = self.layout.outer();
        let rows = outer.last().copied().unwrap_or(1);
        let full = self.args.iter().filter(|a| a.inner != 0).count().max(1);
        let block = (BLOCK_ELEMENTS / (n * full)).clamp(1, rows);
        let loops = Loops { n, outer, block, columns: self.group.columns };
        let kernel = Kernel::new(loops, self.args, stages, self.scratch, executor);
        Built { kernel, ins: self.ins, outs: self.outs }
    }
}

/// A line under construction, with the kernel's arguments that it uses.
struct StageLine {
    b: LineBuilder,
    k: u32,
    over: Over,
    args: Vec<u32>,
    regs: Vec<Option<Reg>>,
    stores: Vec<(u32, Reg)>,
    columns: Vec<(u32, FoldOp)>,
}

impl StageLine {
    fn new(n_members: usize, k: u32, over: Over) -> StageLine {
        StageLine {
            b: LineBuilder::default(),
            k,
            over,
            args: Vec::new(),
            regs: vec![None; n_members],
            stores: Vec::new(),
            columns: Vec::new(),
        }
    }

    /// The line's argument for one of the kernel's.
    fn arg(&mut self, s: &mut Stages<'_>, arg: u32, out: bool) -> u32 {
        let known = &mut s.args[arg as usize];
        // Rows come after the lines of the same number.
        let at = 2 * self.k + u32::from(self.over == Over::Rows);
        known.stages = (known.stages.0.min(at), known.stages.1.max(at));
        if let Some(i) = self.args.iter().position(|&a| a == arg) {
            self.b.mark(i as u32, out);
            return i as u32;
        }
        let size = known.dtype.size() as isize;
        let moves = match self.over {
            Over::Line => known.inner == size,
            Over::Rows => known.steps.last().is_none_or(|&s| s == size),
        };
        self.args.push(arg);
        self.b.arg(known.dtype, if moves { Step::Next } else { Step::Same }, out)
    }

    /// The value of a dtype that a finished fold is.
    fn load_fold(&mut self, s: &mut Stages<'_>, home: u32, dtype: DType) -> Reg {
        let arg = self.arg(s, home, false);
        let x = self.b.load(arg);
        fold::narrowed(&mut self.b, dtype, x)
    }

    fn literal(&mut self, dtype: DType, bits: u64) -> Reg {
        match dtype {
            DType::Bool => {
                let (x, zero) = (self.b.int(Kind::I32, bits as i64), self.b.int(Kind::I32, 0));
                self.b.cmp(super::line::Cmp::Ne, x, zero)
            }
            DType::F16 => self.b.float(Kind::F32, half::f16::from_bits(bits as u16).to_f64()),
            DType::BF16 => self.b.float(Kind::F32, half::bf16::from_bits(bits as u16).to_f64()),
            DType::I8 => self.b.int(Kind::I32, i64::from(bits as u8 as i8)),
            _ => self.b.constant(Kind::of(dtype), bits),
        }
    }

    fn finish(mut self, s: &Stages<'_>, executor: Executor) -> Stage {
        for &(arg, x) in &self.stores {
            self.b.store(arg, x);
        }
        let line = std::mem::take(&mut self.b).finish();
        let streams = s.streams(&self, &line);
        let streaming = streams.then(|| Code::new(line.clone(), executor, true));
        let row_steps = self
            .args
            .iter()
            .map(|&a| s.args[a as usize].steps.last().copied().unwrap_or(0))
            .collect();
        Stage {
            code: Code::new(line, executor, false),
            streaming,
            over: self.over,
            args: self.args,
            row_steps,
            columns: self.columns,
        }
    }
}

/// What an equation costs, in instructions for a vector, roughly.
fn cost(eqn: &Eqn) -> u32 {
    use pullback_ir::prim::{binary::Binary, unary::Unary};
    match &eqn.prim {
        Prim::Unary(op) => match op {
            Unary::Neg | Unary::Abs | Unary::Not | Unary::Square | Unary::Floor | Unary::Ceil => 1,
            Unary::Sign | Unary::IsFinite | Unary::Round | Unary::RoundEven => 3,
            Unary::Sqrt => 8,
            _ => 20,
        },
        Prim::Binary(op) => match op {
            Binary::Div => 6,
            Binary::Pow | Binary::Rem | Binary::Atan2 | Binary::Nextafter => 40,
            Binary::Max | Binary::Min => 3,
            _ => 1,
        },
        Prim::Identity(_) => 0,
        Prim::IntegerPow(_) | Prim::Clamp(_) | Prim::Convert(_) => 3,
        _ => 1,
    }
}
