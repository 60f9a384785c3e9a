//! Truth values: comparisons, logic, choice.
//!
//! AVX-512 has registers for them. With AVX2 they are vectors of lanes whose bits are all equal, as wide
//! as a whole vector: 32 bits a lane if there are 8 lanes, 64 if there are 4.

use super::Isa;
use super::asm::{Lanes, Len, Rm};
use super::r#gen::Gen;
use super::ops;
use super::values::sized;
use crate::fused::line::{Bin, Cmp, Kind, Reg};

impl Gen<'_> {
    /// Which of the two forms of instructions on mask registers to use.
    pub(super) fn masks(&self) -> usize {
        usize::from(self.lanes == 8)
    }

    pub(super) fn mask_not(&mut self, x: Reg) {
        let a = self.reg(x);
        match self.isa {
            Isa::Avx512 => {
                let (d, form) = (self.def(), self.masks());
                self.asm.vex(ops::KNOT[form], Len::X, d, 0, Rm::Reg(a), None);
            }
            Isa::Avx2 => {
                let ones = self.bits(4, u32::MAX.into());
                let ones = if self.lanes == 4 { self.bits(8, u64::MAX) } else { ones };
                let d = self.def();
                self.op(ops::PXOR, Len::Y, d, a, ones);
            }
        }
    }

    pub(super) fn mask_bin(&mut self, op: Bin, x: Reg, y: Reg) {
        let a = self.reg(x);
        match self.isa {
            Isa::Avx512 => {
                let b = self.reg(y);
                let ops = match op {
                    Bin::And => ops::KAND,
                    Bin::Or => ops::KOR,
                    _ => ops::KXOR,
                };
                let (d, form) = (self.def(), self.masks());
                // The form with two sources is the one of "256 bits".
                self.asm.vex(ops[form], Len::Y, d, a, Rm::Reg(b), None);
            }
            Isa::Avx2 => {
                let b = self.rm(y);
                let op = match op {
                    Bin::And => ops::PAND,
                    Bin::Or => ops::POR,
                    _ => ops::PXOR,
                };
                let d = self.def();
                self.op(op, Len::Y, d, a, b);
            }
        }
    }

    pub(super) fn cmp(&mut self, op: Cmp, x: Reg, y: Reg) {
        match self.isa {
            Isa::Avx512 => self.cmp_to_mask(op, x, y, None),
            Isa::Avx2 => self.cmp_to_vector(op, x, y),
        }
    }

    /// A comparison in the lanes of `mask`; false in others.
    pub(super) fn cmp_to_mask(&mut self, op: Cmp, x: Reg, y: Reg, mask: Option<Reg>) {
        let kind = self.kind(x);
        let (size, len) = (kind.size(), self.len(kind));
        let lanes = mask.map_or(Lanes::All, |m| Lanes::Merge(self.reg(m)));
        let a = self.reg(x);
        let b = self.rm(y);
        let d = self.def();
        if kind.is_float() {
            let code = ops::float(ops::CMP, size == 8);
            return self.emit(code, len, d, a, b, lanes, Some(float_condition(op)));
        }
        let (code, condition) = match op {
            Cmp::Eq => (ops::PCMP, 0),
            Cmp::Ne => (ops::PCMP, 4),
            Cmp::Lt => (ops::PCMP, 1),
            Cmp::Le => (ops::PCMP, 2),
            Cmp::LtU => (ops::PCMPU, 1),
            Cmp::LeU => (ops::PCMPU, 2),
        };
        self.emit(sized(code, size), len, d, a, b, lanes, Some(condition));
    }

    fn cmp_to_vector(&mut self, op: Cmp, x: Reg, y: Reg) {
        let kind = self.kind(x);
        let (double, len) = (kind.size() == 8, self.len(kind));
        let (mut a, mut b, t) = (self.reg(x), self.reg(y), self.temp());
        if kind.is_float() {
            let code = ops::float(ops::CMP, double);
            self.op_imm(code, len, t, a, Rm::Reg(b), float_condition(op));
            return self.whole_mask(kind, t);
        }
        if matches!(op, Cmp::LtU | Cmp::LeU) {
            // Unsigned numbers compare as signed ones with the other sign.
            let (s, sign) = (self.temp(), self.sign(kind.size()));
            self.op(ops::PXOR, len, s, a, sign);
            self.op(ops::PXOR, len, t, b, sign);
            (a, b) = (s, t);
        }
        let (equal, greater) = match double {
            true => (ops::PCMPEQQ, ops::PCMPGTQ),
            false => (ops::PCMPEQD, ops::PCMPGTD),
        };
        match op {
            Cmp::Eq | Cmp::Ne => self.op(equal, len, t, a, Rm::Reg(b)),
            Cmp::Lt | Cmp::LtU => self.op(greater, len, t, b, Rm::Reg(a)),
            Cmp::Le | Cmp::LeU => self.op(greater, len, t, a, Rm::Reg(b)),
        }
        if matches!(op, Cmp::Ne | Cmp::Le | Cmp::LeU) {
            let ones = self.bits(kind.size(), u64::MAX >> (64 - 8 * kind.size()));
            self.op(ops::PXOR, len, t, t, ones);
        }
        self.whole_mask(kind, t);
    }

    /// Defines the result: the lanes of a comparison of this kind, as wide as masks are.
    fn whole_mask(&mut self, kind: Kind, t: u8) {
        let d = self.def();
        if self.len(kind) == Len::Y {
            self.copy_to(Len::Y, d, t);
        } else {
            self.op(ops::PMOVSXDQ, Len::Y, d, 0, Rm::Reg(t));
        }
    }

    /// AVX2: a mask with lanes as wide as the kind's; it may be in a register for the moment.
    pub(super) fn mask_for(&mut self, kind: Kind, m: u8) -> u8 {
        if self.len(kind) == Len::Y {
            return m;
        }
        let t = self.temp();
        self.op_imm(ops::EXTRACT128, Len::Y, m, 0, Rm::Reg(t), 1);
        self.op_imm(ops::SHUFPS, Len::X, t, m, Rm::Reg(t), 0x88);
        t
    }

    pub(super) fn select(&mut self, m: Reg, x: Reg, y: Reg) {
        let kind = self.kind(x);
        let (size, len) = (kind.size(), self.len(kind));
        let (m, no) = (self.reg(m), self.reg(y));
        match self.isa {
            Isa::Avx512 => {
                let yes = self.rm(x);
                let d = self.def();
                self.emit(sized(ops::BLENDM, size), len, d, no, yes, Lanes::Merge(m), None);
            }
            Isa::Avx2 => {
                let m = self.mask_for(kind, m);
                let yes = self.rm(x);
                let d = self.def();
                self.op_imm(ops::BLENDV, len, d, no, yes, m << 4);
            }
        }
    }
}

/// Quiet comparisons.
fn float_condition(op: Cmp) -> u8 {
    match op {
        Cmp::Eq => 0,
        Cmp::Ne => 4,
        Cmp::Le => 0x12,
        _ => 0x11,
    }
}
