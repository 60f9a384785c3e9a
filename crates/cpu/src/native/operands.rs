//! How instructions get at their operands, and where their results go.
//!
//! The order in an emitter: operands in registers, then at most one that may be in memory, registers for
//! the moment, the result's register; then the instructions. From [`Gen::def`] on, registers of operands
//! that die may be the result's, so an operand may be read only by the instruction that writes the result
//! first.

use super::asm::{Len, Mem, RAX, RBX, Rm};
use super::r#gen::{Gen, frame};
use super::ops;
use super::plan::NEVER;
use super::registers::{Class, NONE, Place};
use crate::fused::line::{Instr, Reg};

impl Gen<'_> {
    fn lock(&mut self, class: Class, r: u32) -> u8 {
        self.banks[class as usize].locked |= 1 << r;
        r as u8
    }

    fn hold(&mut self, class: Class, v: usize, r: u8) {
        let id = self.id(v);
        self.banks[class as usize].holder[r as usize] = id as u32;
        self.places[id].reg = r.into();
    }

    /// The register of a value, to which it is brought if need be.
    pub(super) fn reg(&mut self, v: Reg) -> u8 {
        let (i, kind) = (v.index(), self.kind(v));
        let class = self.class(kind);
        let Place { reg, slot, .. } = self.places[self.id(i)];
        if reg != NONE {
            return self.lock(class, reg);
        }
        let r = self.take(class, 255);
        if slot != NONE {
            let from = Rm::Mem(self.slot_at(slot));
            match class {
                Class::Mask => self.asm.vex(ops::KMOV, Len::X, r, 0, from, None),
                Class::Vector => self.op(ops::MOVU, self.len(kind), r, 0, from),
            }
        } else {
            match self.line.instrs[i] {
                Instr::Const { .. } => self.splat_constant(i, r),
                Instr::Load { arg } => self.load_arg(arg, r),
                _ => unreachable!("a value is in a register, in a slot, or can be computed again"),
            }
        }
        self.hold(class, i, r);
        r
    }

    /// Whether a value is in a register.
    pub(super) fn in_reg(&self, v: Reg) -> bool {
        self.places[self.id(v.index())].reg != NONE
    }

    /// A value as an operand that may be in memory. At most one of an instruction; the address may be in
    /// RAX.
    pub(super) fn rm(&mut self, v: Reg) -> Rm {
        let i = v.index();
        let Place { reg, slot, next } = self.places[self.id(i)];
        if reg != NONE {
            return Rm::Reg(self.reg(v));
        }
        if slot != NONE {
            return Rm::Mem(self.slot_at(slot));
        }
        match self.line.instrs[i] {
            Instr::Const { .. } => self.constant_operand(i),
            Instr::Load { arg } if !self.tail && next == NEVER => Rm::Mem(self.address(arg)),
            _ => Rm::Reg(self.reg(v)),
        }
    }

    /// The elements of an argument at hand. May use RAX.
    pub(super) fn address(&mut self, arg: u32) -> Mem {
        let base = self.pointers[arg as usize].unwrap_or_else(|| {
            self.asm.load(RAX, frame(self.frame.pointers + 8 * arg as i32));
            RAX
        });
        let size = self.line.args[arg as usize].dtype.size();
        let disp = (self.ahead * self.lanes * size) as i32;
        Mem { base, index: Some((RBX, size.trailing_zeros() as u8)), disp }
    }

    /// Leaves a load to whoever reads it first.
    pub(super) fn postpone(&mut self, i: u32) {
        let id = self.id(i as usize);
        self.places[id].next = self.plan.first[i as usize];
    }

    /// The register for the result of the step at hand. All operands have been read when it is written.
    pub(super) fn def(&mut self) -> u8 {
        self.def_near(255)
    }

    /// The same, in a certain register if it is free.
    pub(super) fn def_near(&mut self, near: u8) -> u8 {
        self.retire();
        self.def_apart(near)
    }

    /// The same, in a register that is no operand's.
    pub(super) fn def_apart(&mut self, near: u8) -> u8 {
        let Some(i) = self.plan.steps[self.at].result(self.line) else {
            unreachable!("folds and stores define nothing")
        };
        let class = self.class(self.line.kinds[i as usize]);
        let id = self.id(i as usize);
        self.places[id].next = self.plan.first[i as usize];
        let r = self.take(class, near);
        self.hold(class, i as usize, r);
        r
    }

    /// Whether the result may take the operand's register.
    pub(super) fn dies(&self, v: Reg) -> bool {
        let Place { reg, next, .. } = self.places[self.id(v.index())];
        reg != NONE && next == NEVER && self.banks[Class::Vector as usize].pinned & 1 << reg == 0
    }

    /// All registers of a class that hold something.
    pub(super) fn busy(&self, class: Class) -> u32 {
        let bank = &self.banks[class as usize];
        bank.all & !bank.free
    }
}
