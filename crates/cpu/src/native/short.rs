//! A loop over rows of few vectors: the whole row is one body, and what is the same in all rows stays in
//! registers. Else each row would load its pointers, count a loop that ends at once, and read again what the row
//! before has read: bias and scale of a layer, or a factor that is repeated along an axis in between.

use super::asm::{If, Label, Mem, RAX, RBP, RBX, RCX};
use super::r#gen::{Frame, Gen, MOST_WAYS, frame};
use super::registers::Class;
use super::shape::TEMPS;
use crate::fused::line::{Instr, Step};

impl Gen<'_> {
    /// The vectors of a row, if rows are known to be short and the body fits into registers so many times.
    fn row_vectors(&self, pressure: usize) -> Option<usize> {
        let vectors = self.rows?.n / self.lanes;
        let whole = vectors * self.lanes == self.rows?.n && (1..=MOST_WAYS).contains(&vectors);
        let plain = !self.folds() && !self.calls() && self.rares.is_empty();
        (whole && plain && vectors * pressure + TEMPS <= self.unused()).then_some(vectors)
    }

    /// Emits the loop over short rows. It goes on behind it where rows are others than expected.
    pub(super) fn short_rows(&mut self, exit: Label) {
        let pressure = self.plan.pressure(self.line, |kind| self.class(kind) == Class::Vector);
        let (Some(rows), Some(vectors)) = (self.rows, self.row_vectors(pressure)) else { return };
        let (other, row) = (self.asm.label(), self.asm.label());
        self.asm.load(RBX, frame(Frame::START));
        self.asm.load(RBP, frame(Frame::END));
        self.asm.mov(RAX, RBP);
        self.asm.sub(RAX, RBX);
        self.asm.cmp_imm(RAX, rows.n as i32);
        self.asm.jump_if(If::NotEqual, other);
        let args = self.line.args.iter().zip(&rows.still);
        let still: Vec<bool> = args.map(|(arg, &still)| still && !arg.out).collect();
        self.asm.load(RCX, frame(Frame::STEPS));
        for arg in (0..still.len()).filter(|&arg| still[arg]) {
            self.asm.load(RAX, Mem::at(RCX, 8 * arg as i32));
            self.asm.test(RAX, RAX);
            self.asm.jump_if(If::NotEqual, other);
        }
        self.load_pointers();
        let pinned = self.banks[Class::Vector as usize].pinned;
        self.hold_loads(vectors, (self.unused() - TEMPS) / vectors - pressure, &still);
        let once =
            |arg: u32| still[arg as usize] || self.line.args[arg as usize].step == Step::Next;
        let fixed_once = (0..still.len() as u32).all(once);
        if fixed_once {
            self.load_fixed();
        }
        self.asm.bind(row);
        if !fixed_once {
            self.load_fixed();
        }
        self.body(0, 0, vectors);
        self.asm.load(RCX, frame(Frame::STEPS));
        for arg in (0..still.len()).filter(|&arg| !still[arg]) {
            match self.pointers[arg] {
                Some(r) => self.asm.add(r, Mem::at(RCX, 8 * arg as i32)),
                None => self.advance(arg as i32),
            }
        }
        self.asm.sub_from(frame(Frame::ROWS), 1);
        self.asm.jump_if(If::NotEqual, row);
        self.asm.jump(exit);
        self.asm.bind(other);
        self.held.clear();
        self.banks[Class::Vector as usize].pinned = pinned;
        self.begin_body(1);
    }

    /// Loads what is the same in all rows, as much as `spare` registers for each vector hold: first what is read
    /// most often.
    fn hold_loads(&mut self, vectors: usize, spare: usize, still: &[bool]) {
        self.begin_body(1);
        self.tail = false;
        let line = self.line;
        let load = |v: usize| match line.instrs[v] {
            Instr::Load { arg } if still[arg as usize] => Some((v, arg)),
            _ => None,
        };
        let mut loads: Vec<(usize, u32)> = (0..line.instrs.len())
            .filter_map(load)
            .filter(|&(v, _)| !self.plan.fixed[v] && self.plan.uses[v] > 0)
            .filter(|&(v, _)| self.class(line.kinds[v]) == Class::Vector)
            .collect();
        loads.sort_by_key(|&(v, _)| std::cmp::Reverse(self.plan.uses[v]));
        for (v, arg) in loads.into_iter().take(spare) {
            let mut regs = [0; MOST_WAYS];
            for (way, reg) in regs[..vectors].iter_mut().enumerate() {
                *reg = self.pin(Class::Vector);
                self.ahead = way;
                self.load_arg(arg, *reg);
                self.end_temps();
            }
            self.held.push((v, regs));
        }
    }
}
