//! The line of a stage under construction, with the kernel's arguments that it uses.

use super::Stages;
use crate::caches::may_overflow;
use crate::fused::build::LineBuilder;
use crate::fused::code::{Code, Executor, Rows};
use crate::fused::fold;
use crate::fused::kernel::{KernelArg, Over, Source, Stage, UNCUT, array_bytes};
use crate::fused::line::{Cmp, FoldOp, Kind, Reg, Step};
use crate::simd::AHEAD;
use pullback_ir::DType;

/// Elements of a line from which on its ends, which are stored as usual, do not count. (Where a kernel
/// has one stage, rows may be one line to it.)
const LONG: usize = 1024;

/// Bytes of an input from which on it will not be in the caches near to the processor.
const FAR: usize = 1 << 20;

pub(super) struct StageLine {
    pub(super) b: LineBuilder,
    /// The number of the stage.
    k: u32,
    over: Over,
    /// The kernel's argument behind each of the line's.
    args: Vec<u32>,
    /// The members that are computed or loaded so far.
    pub(super) regs: Vec<Option<Reg>>,
    /// What is stored, behind everything that is loaded.
    pub(super) stores: Vec<(u32, Reg)>,
    /// Results that columns are reduced to.
    pub(super) columns: Vec<(u32, FoldOp)>,
}

impl StageLine {
    pub(super) fn new(n_members: usize, k: u32, over: Over) -> StageLine {
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
    pub(super) fn arg(&mut self, s: &mut Stages<'_>, arg: u32, out: bool) -> u32 {
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
    pub(super) fn load_fold(&mut self, s: &mut Stages<'_>, home: u32, dtype: DType) -> Reg {
        let arg = self.arg(s, home, false);
        let x = self.b.load(arg);
        fold::narrowed(&mut self.b, dtype, x)
    }

    /// A literal as lanes have it.
    pub(super) fn literal(&mut self, dtype: DType, bits: u64) -> Reg {
        match dtype {
            DType::Bool => {
                let (x, zero) = (self.b.int(Kind::I32, bits as i64), self.b.int(Kind::I32, 0));
                self.b.cmp(Cmp::Ne, x, zero)
            }
            DType::F16 => self.b.float(Kind::F32, half::f16::from_bits(bits as u16).to_f64()),
            DType::BF16 => self.b.float(Kind::F32, half::bf16::from_bits(bits as u16).to_f64()),
            DType::I8 => self.b.int(Kind::I32, i64::from(bits as u8 as i8)),
            _ => self.b.constant(Kind::of(dtype), bits),
        }
    }

    /// Whether the stores should bypass the caches if the kernel reads and writes more than they hold: of the
    /// last stage, where it does nothing but write results that no other stage has touched.
    fn streams(&self, s: &Stages<'_>) -> bool {
        let mut outs = self.b.line().args.iter().zip(&self.args).filter(|(a, _)| a.out);
        self.over == Over::Line
            && self.k + 1 == s.n_stages
            && (s.n_stages == 1 || s.layout.n() >= LONG)
            && self.columns.is_empty()
            && !self.b.calls()
            && self.b.line().folds.is_empty()
            && may_overflow(array_bytes(&s.args, &s.layout.sizes))
            && outs.all(|(_, &arg)| {
                let arg = &s.args[arg as usize];
                matches!(arg.source, Source::Out(_)) && arg.stages.0 == 2 * self.k
            })
    }

    /// How many bytes ahead an argument is to be asked for: one that is an input, comes from memory and is read
    /// from its first element to its last. The first stage that reads it asks for what it reads next. (A kernel
    /// behind a product finds it in a cache.) Stores past the caches ask for the block after this, or memory would
    /// be read and written in turns.
    fn ahead(&self, s: &Stages<'_>, arg: &KernelArg, streams: bool) -> Option<usize> {
        let (n, size) = (s.layout.n(), arg.dtype.size());
        let places: usize = s.layout.sizes.iter().product();
        let from_memory = self.over == Over::Line
            && s.group.behind.is_none()
            && matches!(arg.source, Source::In(_))
            && arg.inner == size as isize
            && arg.steps.last().is_none_or(|&step| step == (n * size) as isize)
            && places * size >= FAR;
        if !from_memory {
            None
        } else if arg.stages.0 == 2 * self.k {
            Some(AHEAD)
        } else {
            (streams && n <= UNCUT && !s.keeps()).then(|| s.block(true) * n * size)
        }
    }

    /// The stage: stores come last.
    pub(super) fn finish(mut self, s: &Stages<'_>, executor: Executor) -> Stage {
        for &(arg, x) in &self.stores {
            self.b.store(arg, x);
        }
        let streams = self.streams(s);
        for (k, &arg) in self.args.iter().enumerate() {
            if let Some(bytes) = self.ahead(s, &s.args[arg as usize], streams) {
                self.b.ask_ahead(k, bytes);
            }
        }
        let line = self.b.finish();
        let row_steps: Vec<isize> = self
            .args
            .iter()
            .map(|&a| s.args[a as usize].steps.last().copied().unwrap_or(0))
            .collect();
        let rows = (self.over == Over::Line && !s.layout.outer().is_empty()).then(|| Rows {
            n: s.layout.n(),
            still: row_steps.iter().map(|&step| step == 0).collect(),
        });
        let streaming = streams.then(|| Code::for_rows(line.clone(), executor, true, rows.clone()));
        let drawn = |&a: &u32| matches!(s.args[a as usize].source, Source::Drawn { .. });
        Stage {
            draws: self.args.iter().any(drawn),
            code: Code::for_rows(line, executor, false, rows),
            streaming,
            over: self.over,
            args: self.args,
            row_steps,
            columns: self.columns,
        }
    }
}
