//! Which registers and slots values are in, and how instructions get at them.
//!
//! The body of the loop is straight, so registers are given out while it is emitted. Where none is free,
//! the value goes whose next use is furthest; loads and constants are got again from where they came,
//! others from a slot on the stack. Steps of several copies of the body may be interleaved; each copy then
//! has values of its own.

use super::asm::{Len, Mem, Rm};
use super::r#gen::{Gen, frame};
use super::ops;
use super::plan::NEVER;
use crate::fused::line::{Instr, Kind};

/// No register, slot or value.
pub(super) const NONE: u32 = u32::MAX;

/// The kinds of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Vector = 0,
    /// AVX-512's mask registers; with AVX2, truth values are in vectors.
    Mask = 1,
}

/// Registers of one kind, as sets of bits.
#[derive(Clone)]
pub(super) struct Bank {
    /// The value in each.
    pub(super) holder: [u32; 32],
    pub(super) free: u32,
    /// In use by the instruction at hand.
    pub(super) locked: u32,
    /// Holds something for the whole loop.
    pub(super) pinned: u32,
    /// All that there are.
    pub(super) all: u32,
}

impl Bank {
    pub(super) fn new(all: u32) -> Bank {
        Bank { holder: [NONE; 32], free: all, locked: 0, pinned: 0, all }
    }
}

/// Where a value is.
#[derive(Clone, Copy)]
pub(super) struct Place {
    pub(super) reg: u32,
    pub(super) slot: u32,
    /// The next step that reads it.
    pub(super) next: u32,
}

pub(super) const NOWHERE: Place = Place { reg: NONE, slot: NONE, next: NEVER };

/// Where lanes of a fold are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lane {
    Reg(u8),
    Slot(i32),
}

impl Gen<'_> {
    // Slots.

    pub(super) fn slot(&mut self) -> u32 {
        self.slots.pop().unwrap_or_else(|| {
            self.slot_count += 1;
            self.most_slots = self.most_slots.max(self.slot_count);
            self.slot_count - 1
        })
    }

    pub(super) fn slot_at(&self, slot: u32) -> Mem {
        frame(self.frame.slots + 64 * slot as i32)
    }

    /// A slot for lanes of a fold.
    pub(super) fn lane_slot(&mut self) -> Lane {
        let slot = self.slot();
        Lane::Slot(self.slot_at(slot).disp)
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_size(&self) -> i32 {
        self.frame.slots + 64 * self.most_slots as i32
    }

    // Values that are fixed.

    /// A register for the whole loop.
    pub(super) fn pin(&mut self, class: Class) -> u8 {
        let bank = &mut self.banks[class as usize];
        let r = bank.free.trailing_zeros();
        bank.free &= !(1 << r);
        bank.pinned |= 1 << r;
        r as u8
    }

    /// Gives a fixed value a register.
    pub(super) fn pin_value(&mut self, v: usize) -> u8 {
        let r = self.pin(Class::Vector);
        self.places[v].reg = r.into();
        r
    }

    /// Gives a fixed value a slot.
    pub(super) fn fix_slot(&mut self, v: usize) -> Mem {
        let slot = self.slot();
        self.places[v].slot = slot;
        self.slot_at(slot)
    }

    pub(super) fn fixed_place(&self, v: usize) -> (u32, Option<Mem>) {
        let p = self.places[v];
        (p.reg, (p.slot != NONE).then(|| self.slot_at(p.slot)))
    }

    /// From here on, slots belong to the body.
    pub(super) fn end_of_fixed(&mut self) {
        self.fixed_slots = self.slot_count;
    }

    // Values of the body.

    /// A value of the copy at hand, among those of all copies. Fixed ones are the same in all.
    pub(super) fn id(&self, v: usize) -> usize {
        if self.plan.fixed[v] { v } else { self.way * self.line.instrs.len() + v }
    }

    /// Forgets all values of the body, of which copies will be interleaved.
    pub(super) fn begin_body(&mut self, ways: usize) {
        (self.way, self.ways) = (0, ways);
        for bank in &mut self.banks {
            bank.free = bank.all & !bank.pinned;
            bank.locked = 0;
        }
        self.slots.clear();
        self.slot_count = self.fixed_slots;
        let count = self.line.instrs.len();
        for v in 0..ways * count {
            if !self.plan.fixed[v % count] {
                self.places[v] = NOWHERE;
            } else if v < count && self.places[v].reg != NONE {
                let bank = &self.banks[self.class(self.line.kinds[v]) as usize];
                if bank.pinned & 1 << self.places[v].reg == 0 {
                    self.places[v].reg = NONE;
                }
            }
        }
        for &(v, regs) in &self.held {
            for (way, reg) in regs.into_iter().enumerate().take(ways) {
                let next = self.plan.first[v];
                self.places[way * count + v] = Place { reg: reg.into(), slot: NONE, next };
            }
        }
    }

    pub(super) fn begin_step(&mut self, at: usize, way: usize) {
        self.at = at;
        self.way = way;
        self.reads = self.plan.steps[at].reads(self.line);
        self.retired = false;
        for k in 0..self.reads.len() {
            let v = self.reads[k].index();
            let again = self.plan.fixed[v] && way + 1 < self.ways;
            let id = self.id(v);
            self.places[id].next = if again { at as u32 } else { self.plan.next[at][k] };
        }
    }

    /// Gives up operands that nothing reads any more, so that the result can have their registers.
    pub(super) fn retire(&mut self) {
        if std::mem::replace(&mut self.retired, true) {
            return;
        }
        for k in 0..self.reads.len() {
            let v = self.reads[k].index();
            let id = self.id(v);
            let Place { reg, next, .. } = self.places[id];
            let class = self.class(self.line.kinds[v]);
            let bank = &mut self.banks[class as usize];
            if next == NEVER && reg != NONE && bank.pinned & 1 << reg == 0 {
                bank.free |= 1 << reg;
                bank.locked &= !(1 << reg);
                self.places[id].reg = NONE;
            }
        }
    }

    pub(super) fn end_step(&mut self) {
        self.retire();
        if let Some(i) = self.plan.steps[self.at].result(self.line) {
            let Place { reg, next, .. } = self.places[self.id(i as usize)];
            debug_assert!(reg == NONE || next != NEVER);
        }
        // Slots become free only now: an operand may have been read from one after a spill for the result.
        for k in 0..self.reads.len() {
            let v = self.reads[k].index();
            let id = self.id(v);
            let Place { slot, next, .. } = self.places[id];
            if next == NEVER && slot != NONE && !self.plan.fixed[v] {
                self.slots.push(slot);
                self.places[id].slot = NONE;
            }
        }
        self.end_temps();
    }

    /// Frees registers that were taken for the moment.
    pub(super) fn end_temps(&mut self) {
        for bank in &mut self.banks {
            let mut locked = bank.locked & !bank.pinned;
            while locked != 0 {
                let r = locked.trailing_zeros();
                locked &= locked - 1;
                if bank.holder[r as usize] == NONE {
                    bank.free |= 1 << r;
                }
            }
            bank.locked = 0;
        }
    }

    /// The same for all vector registers but one.
    pub(super) fn end_temps_but(&mut self, r: u8) {
        self.end_temps();
        let bank = &mut self.banks[Class::Vector as usize];
        bank.free &= !(1 << r);
        bank.locked |= 1 << r;
    }

    /// A register, locked, that holds nothing.
    pub(super) fn take(&mut self, class: Class, near: u8) -> u8 {
        let bank = &self.banks[class as usize];
        let r = if near < 32 && bank.free & 1 << near != 0 {
            near
        } else if bank.free != 0 {
            bank.free.trailing_zeros() as u8
        } else {
            self.evict(class)
        };
        let bank = &mut self.banks[class as usize];
        bank.free &= !(1 << r);
        bank.locked |= 1 << r;
        bank.holder[r as usize] = NONE;
        r
    }

    /// Takes the register of the value that is needed last.
    fn evict(&mut self, class: Class) -> u8 {
        let bank = &self.banks[class as usize];
        let mut candidates = bank.all & !bank.pinned & !bank.locked;
        let (mut best, mut furthest) = (NONE, 0);
        while candidates != 0 {
            let r = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let v = bank.holder[r as usize] as usize;
            let next = self.places[v].next;
            if best == NONE || next > furthest {
                (best, furthest) = (r, next);
            }
        }
        assert_ne!(best, NONE, "an instruction has fewer operands than there are registers");
        let id = bank.holder[best as usize] as usize;
        let v = id % self.line.instrs.len();
        let can_reload = self.plan.late[v]
            || matches!(self.line.instrs[v], Instr::Const { .. })
            || self.places[id].slot != NONE;
        if !can_reload {
            let slot = self.slot();
            self.places[id].slot = slot;
            let to = self.slot_at(slot);
            self.spill(self.line.kinds[v], best as u8, to);
        }
        self.places[id].reg = NONE;
        best as u8
    }

    /// Writes a value's register to the stack.
    pub(super) fn spill(&mut self, kind: Kind, r: u8, to: Mem) {
        match self.class(kind) {
            Class::Mask => self.asm.vex(ops::KMOV_TO, Len::X, r, 0, Rm::Mem(to), None),
            Class::Vector => self.op(ops::MOVU_TO, self.len(kind), r, 0, Rm::Mem(to)),
        }
    }

    /// A register for the moment.
    pub(super) fn temp(&mut self) -> u8 {
        self.take(Class::Vector, 255)
    }

    pub(super) fn temp_mask(&mut self) -> u8 {
        self.take(Class::Mask, 255)
    }
}
