//! The function around a line's body.
//!
//! ```text
//! rows of few vectors, if they are known to come (`short`)
//! for each row:
//!     load pointers; begin folds; load fixed values, compute those of others
//!     while a whole step is left:      body, once or several times; for short folds, first in long steps
//!     while elements are left:         body on the lanes that exist
//!     end folds; advance pointers
//! ```
//!
//! It takes (pointers, steps, first element, end, rows) as C functions do. With folds there are as many
//! copies of the body as a vector fits into the lanes of a fold, each with lanes of its own.

use super::Isa;
use super::asm::{
    Gpr, If, Label, Len, Mem, R8, R12, R13, R14, R15, RAX, RBP, RBX, RCX, RDI, RDX, RSI, RSP, Rm,
};
use super::r#gen::{Frame, Gen, MOST_WAYS, TAIL_MASK, frame};
use super::ops;
use super::plan::Step;
use super::registers::{Class, NONE};
use crate::fused::line::{Arg, FOLD_LANES, Instr};

/// Registers that belong to the caller.
const CALLERS: [Gpr; 6] = [RBX, RBP, R12, R13, R14, R15];

/// Bodies up to this many steps are there twice, so that the counting of the loop weighs less.
const SHORT: usize = 16;

/// Bodies up to this many steps that only fold wait for memory. The fewer other instructions there are, the
/// more loads the processor sees ahead: long steps take the lanes of a fold so many times.
const TINY: usize = 4;
const LONG_STEP: usize = 4;

/// Bodies from this many steps on are interleaved: two copies, or up to four.
const LONG: usize = 24;
const VERY_LONG: usize = 48;

/// Registers that an instruction may take for the moment, operands that are fixed among them.
pub(super) const TEMPS: usize = 7;

/// How many of these copies of the body need at least if constants come from memory.
const FEW_TEMPS: usize = 5;

impl Gen<'_> {
    /// Gives fixed values registers or slots. The body keeps what it needs at once and some for the moment.
    pub(super) fn place_fixed(&mut self) {
        self.place_folds();
        let pressure = self.plan.pressure(self.line, |kind| self.class(kind) == Class::Vector);
        self.interleaved = self.ways(pressure);
        // What is in a register is saved around calls; operands in memory cost less then.
        let spare = match self.calls() {
            true => 0,
            false => self.unused().saturating_sub(self.interleaved * pressure + TEMPS),
        };
        let mut fixed: Vec<usize> = (0..self.plan.fixed.len())
            .filter(|&v| self.plan.fixed[v] && self.plan.uses[v] > 0)
            .collect();
        fixed.sort_by_key(|&v| std::cmp::Reverse(self.plan.uses[v]));
        let mut pinned = 0;
        for v in fixed {
            let vector = self.class(self.line.kinds[v]) == Class::Vector;
            if vector && pinned < spare {
                self.pin_value(v);
                pinned += 1;
            } else if !matches!(self.line.instrs[v], Instr::Const { .. }) {
                self.fix_slot(v);
            }
        }
        self.end_of_fixed();
    }

    /// How many copies of the body to interleave. A long body is a long chain of dependent steps, of which
    /// the processor sees too few at once to be busy; several chains side by side help, as long as their
    /// values fit into registers.
    fn ways(&self, pressure: usize) -> usize {
        let fits = |ways: usize| ways * pressure + FEW_TEMPS <= self.unused() && !self.calls();
        let most = match self.plan.len() {
            0..LONG => 1,
            LONG..VERY_LONG => 2,
            _ => 4,
        };
        match most {
            4 if fits(4) => 4.min(self.most_copies()),
            4 if fits(3) && !self.folds() => 3,
            2 | 4 if fits(2) => 2,
            _ => 1,
        }
    }

    pub(super) fn calls(&self) -> bool {
        !self.kernels.is_empty()
    }

    fn most_copies(&self) -> usize {
        if self.folds() { FOLD_LANES / self.lanes } else { MOST_WAYS }
    }

    /// Vector registers that nothing is pinned to.
    pub(super) fn unused(&self) -> usize {
        self.banks[Class::Vector as usize].free.count_ones() as usize
    }

    /// Emits the function.
    pub(super) fn function(&mut self, streams: bool) {
        self.streams = streams;
        let (exit, row) = (self.asm.label(), self.asm.label());
        self.prologue();
        self.asm.load(RAX, frame(Frame::ROWS));
        self.asm.test(RAX, RAX);
        self.asm.jump_if(If::Equal, exit);
        self.begin_body(1);
        self.constants();
        self.short_rows(exit);
        self.asm.bind(row);
        self.row();
        self.asm.load(RCX, frame(Frame::STEPS));
        for arg in 0..self.line.args.len() as i32 {
            self.advance(arg);
        }
        self.asm.sub_from(frame(Frame::ROWS), 1);
        self.asm.jump_if(If::NotEqual, row);
        self.asm.bind(exit);
        self.asm.vzeroupper();
        self.asm.load(RSP, frame(Frame::OLD));
        for r in CALLERS.into_iter().rev() {
            self.asm.pop(r);
        }
        self.asm.ret();
        self.end_rares();
    }

    /// Moves an argument's pointer in the frame to the next row. RCX has the steps.
    pub(super) fn advance(&mut self, arg: i32) {
        self.asm.load(RAX, Mem::at(RCX, 8 * arg));
        self.asm.add_to(frame(self.frame.pointers + 8 * arg), RAX);
    }

    fn prologue(&mut self) {
        for r in CALLERS {
            self.asm.push(r);
        }
        self.asm.mov(RAX, RSP);
        self.asm.sub_frame();
        self.asm.and_imm(RSP, -64);
        let words = [
            (Frame::OLD, RAX),
            (Frame::STEPS, RSI),
            (Frame::START, RDX),
            (Frame::END, RCX),
            (Frame::ROWS, R8),
        ];
        for (at, r) in words {
            self.asm.store(frame(at), r);
        }
        for arg in 0..self.line.args.len() as i32 {
            self.asm.load(RAX, Mem::at(RDI, 8 * arg));
            self.asm.store(frame(self.frame.pointers + 8 * arg), RAX);
        }
    }

    /// Loads constants that have registers.
    fn constants(&mut self) {
        for v in 0..self.line.instrs.len() {
            if let Instr::Const { .. } = self.line.instrs[v]
                && let (r @ 0..32, None) = self.fixed_place(v)
            {
                self.splat_constant(v, r as u8);
            }
        }
    }

    fn row(&mut self) {
        self.load_pointers();
        self.asm.load(RBX, frame(Frame::START));
        self.asm.load(RBP, frame(Frame::END));
        self.begin_body(1);
        self.begin_folds();
        let done = self.asm.label();
        self.asm.cmp(RBX, Rm::Reg(RBP.0));
        self.asm.jump_if(If::Equal, done);
        self.load_fixed();
        if self.folds() && self.plan.len() <= TINY {
            self.whole_steps(LONG_STEP);
        }
        self.whole_steps(1);
        self.tail_steps(done);
        self.asm.bind(done);
        self.end_folds();
    }

    /// Loads what is fixed, and computes what depends on that alone.
    pub(super) fn load_fixed(&mut self) {
        for v in 0..self.line.instrs.len() {
            if let Instr::Load { arg } = self.line.instrs[v]
                && self.plan.fixed[v]
                && self.plan.uses[v] > 0
            {
                self.load_same(arg, v);
            }
        }
        self.compute_fixed();
    }

    /// Computes fixed values of others.
    fn compute_fixed(&mut self) {
        self.tail = false;
        self.begin_body(1);
        for at in 0..self.plan.body {
            let Some(i) = self.plan.steps[at].result(self.line) else {
                unreachable!("folds are in the body")
            };
            let (v, kind) = (i as usize, self.line.kinds[i as usize]);
            let (pinned, slot) = self.fixed_place(v);
            self.places[v].reg = NONE;
            self.begin_step(at, 0);
            self.step(at);
            let r = self.places[v].reg as u8;
            match slot {
                // It may stay in the register, too, until another value takes it.
                Some(slot) => self.spill(kind, r, slot),
                None => self.copy_to(self.len(kind), pinned as u8, r),
            }
            self.end_step();
            if slot.is_none() {
                self.banks[Class::Vector as usize].free |= 1 << r;
                self.places[v].reg = pinned;
            }
        }
    }

    pub(super) fn folds(&self) -> bool {
        !self.line.folds.is_empty()
    }

    /// The loop over whole steps, as long as so many ordinary ones.
    fn whole_steps(&mut self, times: usize) {
        let ways = self.interleaved;
        let copies = match self.folds() {
            true => FOLD_LANES / self.lanes,
            false if self.plan.len() <= SHORT => 2,
            false => ways,
        };
        let step = (times * copies * self.lanes) as i32;
        let (end, again) = (self.asm.label(), self.asm.label());
        // The last place where a whole step begins. There may be none: then it is below zero.
        self.asm.mov(RAX, RBP);
        self.asm.sub(RAX, RBX);
        self.asm.cmp_imm(RAX, step);
        self.asm.jump_if(If::Below, end);
        self.asm.mov(RAX, RBP);
        self.asm.sub_imm(RAX, step);
        self.asm.store(frame(Frame::LIMIT), RAX);
        self.asm.bind(again);
        self.tail = false;
        for ahead in (0..times * copies).step_by(ways) {
            self.body(ahead % copies, ahead, ways);
        }
        self.asm.add_imm(RBX, step);
        self.asm.cmp(RBX, Rm::Mem(frame(Frame::LIMIT)));
        self.asm.jump_if(If::BelowEqual, again);
        self.asm.bind(end);
    }

    /// The rest of the elements. It is more than one vector if a step is.
    fn tail_steps(&mut self, done: Label) {
        self.tail = true;
        let copies = if self.folds() { FOLD_LANES / self.lanes } else { 1 };
        let again = self.asm.label();
        self.asm.bind(again);
        for copy in 0..copies {
            self.asm.mov(RCX, RBP);
            self.asm.sub(RCX, RBX);
            self.asm.jump_if(If::BelowEqual, done);
            self.asm.constant(RAX, self.lanes as u64);
            self.asm.lower(RCX, RAX);
            self.tail_mask();
            self.body(copy, 0, 1);
            self.asm.add_imm(RBX, self.lanes as i32);
        }
        if !self.folds() {
            self.asm.cmp(RBX, Rm::Reg(RBP.0));
            self.asm.jump_if(If::Below, again);
        }
    }

    /// Which lanes exist: as many as RCX says.
    fn tail_mask(&mut self) {
        self.asm.store(frame(Frame::TAIL), RCX);
        match self.isa {
            Isa::Avx512 => {
                self.asm.constant(RAX, u32::MAX.into());
                self.asm.bzhi(RAX, RAX, RCX);
                self.asm.vex(ops::KMOV_GPR, Len::X, TAIL_MASK, 0, Rm::Reg(RAX.0), None);
            }
            Isa::Avx2 => {
                self.begin_body(1);
                self.asm.neg(RCX);
                for (size, at) in [(4, Frame::MASK32), (8, Frame::MASK64)] {
                    if self.lanes * size > 32 {
                        continue;
                    }
                    let table = self.steps_of_ones(size);
                    self.asm.lea_pool(RAX, table);
                    let middle = (self.lanes * size) as i32;
                    let from = Mem {
                        base: RAX,
                        index: Some((RCX, size.trailing_zeros() as u8)),
                        disp: middle,
                    };
                    let (t, len) = (self.temp(), self.len_of(size));
                    self.op(ops::MOVU, len, t, 0, Rm::Mem(from));
                    self.op(ops::MOVU_TO, len, t, 0, Rm::Mem(frame(at)));
                    self.end_temps();
                }
            }
        }
    }

    /// Copies of the body, the first of which uses the fold's vector `copy` and the elements `ahead` vectors
    /// before RBX; step after step.
    pub(super) fn body(&mut self, copy: usize, ahead: usize, ways: usize) {
        self.begin_body(ways);
        for way in 0..ways {
            self.ahead = ahead + way;
            self.ask_for_far();
        }
        for at in self.plan.body..self.plan.steps.len() {
            for way in 0..ways {
                (self.copy, self.ahead) = (copy + way, ahead + way);
                self.begin_step(at, way);
                self.step(at);
                self.end_step();
            }
        }
    }

    /// Asks for elements that later steps read, of arguments that come from memory.
    fn ask_for_far(&mut self) {
        for arg in 0..self.line.args.len() {
            let Arg { dtype, ahead, .. } = self.line.args[arg];
            // Of narrow elements a cache line is more than one vector.
            let vectors = 64 / (self.lanes * dtype.size()).min(64);
            if ahead > 0 && !self.tail && self.ahead.is_multiple_of(vectors) {
                let at = self.address(arg as u32);
                self.asm.prefetch(Mem { disp: at.disp + ahead as i32, ..at });
            }
        }
    }

    fn step(&mut self, at: usize) {
        match self.plan.steps[at] {
            Step::Fold(f) => self.fold(f),
            Step::Instr(i) => self.instr(i),
            Step::Masked { cmp, mask, .. } => match self.line.instrs[cmp as usize] {
                Instr::Cmp { op, x, y } => self.cmp_to_mask(op, x, y, Some(mask)),
                _ => unreachable!("comparisons are masked"),
            },
        }
    }

    fn instr(&mut self, i: u32) {
        match self.line.instrs[i as usize] {
            Instr::Const { .. } => unreachable!("constants are no steps"),
            Instr::Load { .. } if self.held.iter().any(|h| h.0 == i as usize) => {}
            Instr::Load { .. } if self.plan.late[i as usize] => self.postpone(i),
            Instr::Load { arg } => {
                let d = self.def();
                self.load_arg(arg, d);
            }
            Instr::Un { op, x } => self.un(op, x),
            Instr::Bin { op, x, y } => self.bin(op, x, y),
            Instr::Fma { x, y, z } => self.fma(x, y, z),
            Instr::Cmp { op, x, y } => self.cmp(op, x, y),
            Instr::Select { m, x, y } => self.select(m, x, y),
            Instr::Lookup { table, x } => self.lookup(table, x),
            Instr::Rare { m, ins, y, .. } => {
                let which = self.number(i, |i| matches!(i, Instr::Rare { .. }));
                self.rare(which, m, ins, y);
            }
            Instr::Call { ins, .. } => {
                let which = self.number(i, |i| matches!(i, Instr::Call { .. }));
                self.call(which, ins);
            }
            Instr::Store { arg, x } => self.store(arg, x),
        }
    }

    /// Which of such instructions one is.
    fn number(&self, i: u32, such: impl Fn(&Instr) -> bool) -> usize {
        self.line.instrs[..i as usize].iter().filter(|i| such(i)).count()
    }
}
