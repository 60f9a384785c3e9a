//! What a stage computes, written as a line.

use super::Stages;
use super::line::StageLine;
use crate::fused::code::Executor;
use crate::fused::kernel::{Over, Stage};
use crate::fused::line::Reg;
use crate::fused::plan::{Level, Member, Operand};
use crate::fused::{emit, fold};
use pullback_ir::{DType, Prim};
use smallvec::SmallVec;

impl Stages<'_> {
    /// The stage over full values of this number, if anything is computed there.
    pub(super) fn full_stage(&mut self, k: u32, executor: Executor) -> Option<Stage> {
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
    pub(super) fn row_stage(&mut self, k: u32, executor: Executor) -> Option<Stage> {
        let mut line = StageLine::new(self.group.members.len(), k, Over::Rows);
        for m in 0..self.group.members.len() {
            if self.stage[m] != k {
                continue;
            }
            match self.level(m) {
                // Who reads it computes it.
                Level::Row if self.inline[m] && self.home[m].is_none() => {}
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
                if self.inline[d] {
                    let x = self.compute(line, d);
                    line.regs[d] = Some(x);
                    return x;
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
}
