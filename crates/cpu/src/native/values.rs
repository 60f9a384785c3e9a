//! Arithmetic.

use super::Isa;
use super::asm::{Len, Op, Rm};
use super::r#gen::Gen;
use super::ops;
use crate::fused::line::{Bin, Kind, Reg, Un};

const HIGH32: u64 = 1 << 31;
pub(super) const HIGH64: u64 = 1 << 63;

/// The form of an instruction for lanes of so many bytes.
pub(super) fn sized(op: Op, size: usize) -> Op {
    if size == 8 { op.wide() } else { op }
}

impl Gen<'_> {
    /// All bits of a lane, or all but the highest one, or that one.
    fn ones(&mut self, size: usize) -> Rm {
        self.bits(size, u64::MAX >> (64 - 8 * size))
    }

    pub(super) fn sign(&mut self, size: usize) -> Rm {
        self.bits(size, if size == 8 { HIGH64 } else { HIGH32 })
    }

    pub(super) fn zero(&mut self, len: Len) -> u8 {
        let t = self.temp();
        self.op(ops::PXOR, len, t, t, Rm::Reg(t));
        t
    }

    pub(super) fn un(&mut self, op: Un, x: Reg) {
        let from = self.kind(x);
        let (size, len) = (from.size(), self.len(from));
        let double = size == 8;
        match op {
            Un::Neg if from.is_float() => {
                let (a, sign) = (self.reg(x), self.sign(size));
                let d = self.def();
                self.op(sized(ops::PXOR, size), len, d, a, sign);
            }
            Un::Neg => {
                let (t, x) = (self.zero(len), self.rm(x));
                let d = self.def();
                self.op(if double { ops::PSUBQ } else { ops::PSUBD }, len, d, t, x);
            }
            Un::Abs => {
                let a = self.reg(x);
                let rest = self.bits(size, if double { HIGH64 - 1 } else { HIGH32 - 1 });
                let d = self.def();
                self.op(sized(ops::PAND, size), len, d, a, rest);
            }
            Un::Not if from == Kind::Mask => self.mask_not(x),
            Un::Not => {
                let (a, ones) = (self.reg(x), self.ones(size));
                let d = self.def();
                self.op(sized(ops::PXOR, size), len, d, a, ones);
            }
            Un::Sqrt => {
                let x = self.rm(x);
                let d = self.def();
                self.op(ops::float(ops::SQRT, double), len, d, 0, x);
            }
            Un::Floor | Un::Ceil | Un::Trunc | Un::RoundEven => {
                // Without the exception for inexact results.
                let how = match op {
                    Un::Floor => 9,
                    Un::Ceil => 10,
                    Un::Trunc => 11,
                    _ => 8,
                };
                let x = self.rm(x);
                let d = self.def();
                self.op_imm(if double { ops::ROUND64 } else { ops::ROUND }, len, d, 0, x, how);
            }
            Un::RoundF16 => {
                let (a, t) = (self.reg(x), self.temp());
                self.op_imm(ops::CVTPS2PH, len, a, 0, Rm::Reg(t), 0);
                let d = self.def();
                self.op(ops::CVTPH2PS, len, d, 0, Rm::Reg(t));
            }
            Un::Bits | Un::Float => {
                let a = self.reg(x);
                let d = self.def_near(a);
                self.copy_to(len, d, a);
            }
            Un::Truncate => self.truncate(x),
            Un::Widen | Un::Narrow | Un::SignExtend | Un::ZeroExtend => {
                // The longer of the two lengths counts.
                let wide = self.len_of(8);
                self.convert(
                    x,
                    wide,
                    match op {
                        Un::Widen => ops::CVTPS2PD,
                        Un::Narrow => ops::CVTPD2PS,
                        Un::SignExtend => ops::PMOVSXDQ,
                        _ => ops::PMOVZXDQ,
                    },
                );
            }
            Un::ToFloat if double && self.isa == Isa::Avx2 => self.long_to_double(x),
            Un::ToInt if double && self.isa == Isa::Avx2 => self.double_to_long(x),
            Un::ToFloat if double => self.convert(x, len, ops::CVTQQ2PD),
            Un::ToFloat => self.convert(x, len, ops::CVTDQ2PS),
            Un::ToDouble => {
                let wide = self.len_of(8);
                self.convert(x, wide, ops::CVTDQ2PD);
            }
            Un::ToInt if double => self.convert(x, len, ops::CVTTPD2QQ),
            Un::ToInt => self.convert(x, len, ops::CVTTPS2DQ),
        }
    }

    fn convert(&mut self, x: Reg, len: Len, op: Op) {
        let a = self.reg(x);
        let d = self.def();
        self.op(op, len, d, 0, Rm::Reg(a));
    }

    fn truncate(&mut self, x: Reg) {
        let a = self.reg(x);
        match self.isa {
            Isa::Avx512 => {
                let (d, len) = (self.def(), self.len_of(8));
                self.op(ops::PMOVQD, len, a, 0, Rm::Reg(d));
            }
            Isa::Avx2 => {
                let t = self.temp();
                self.op_imm(ops::EXTRACT128, Len::Y, a, 0, Rm::Reg(t), 1);
                let d = self.def();
                self.op_imm(ops::SHUFPS, Len::X, d, a, Rm::Reg(t), 0x88);
            }
        }
    }

    pub(super) fn bin(&mut self, op: Bin, x: Reg, y: Reg) {
        let kind = self.kind(x);
        if kind == Kind::Mask {
            return self.mask_bin(op, x, y);
        }
        let (size, len) = (kind.size(), self.len(kind));
        let double = size == 8;
        let code = match op {
            Bin::Add if kind.is_float() => ops::float(ops::ADD, double),
            Bin::Sub if kind.is_float() => ops::float(ops::SUB, double),
            Bin::Mul if kind.is_float() => ops::float(ops::MUL, double),
            Bin::Max if kind.is_float() => ops::float(ops::MAX, double),
            Bin::Min if kind.is_float() => ops::float(ops::MIN, double),
            Bin::Div => ops::float(ops::DIV, double),
            Bin::Add => {
                if double {
                    ops::PADDQ
                } else {
                    ops::PADDD
                }
            }
            Bin::Sub => {
                if double {
                    ops::PSUBQ
                } else {
                    ops::PSUBD
                }
            }
            Bin::Sar if double && self.isa == Isa::Avx2 => return self.sar_long(x, y),
            Bin::Mul | Bin::Max | Bin::Min | Bin::MaxU | Bin::MinU
                if double && self.isa == Isa::Avx2 =>
            {
                return self.bin_long(op, x, y);
            }
            Bin::Mul => sized(ops::PMULLD, size),
            Bin::Max => sized(ops::PMAXSD, size),
            Bin::Min => sized(ops::PMINSD, size),
            Bin::MaxU => sized(ops::PMAXUD, size),
            Bin::MinU => sized(ops::PMINUD, size),
            Bin::And => sized(ops::PAND, size),
            Bin::Or => sized(ops::POR, size),
            Bin::Xor => sized(ops::PXOR, size),
            Bin::Shl => sized(ops::PSLLV, size),
            Bin::Shr => sized(ops::PSRLV, size),
            Bin::Sar => sized(ops::PSRAV, size),
        };
        let commutes = match op {
            Bin::Add | Bin::Mul | Bin::MaxU | Bin::MinU | Bin::And | Bin::Or | Bin::Xor => true,
            Bin::Max | Bin::Min => !kind.is_float(),
            _ => false,
        };
        // What is in memory should come second.
        let (x, y) = if commutes && !self.in_reg(x) && self.in_reg(y) { (y, x) } else { (x, y) };
        let a = self.reg(x);
        let b = self.rm(y);
        let d = self.def();
        self.op(code, len, d, a, b);
    }

    /// A shift of all lanes by a constant.
    pub(super) fn shift(&mut self, op: (u8, Op), len: Len, dst: u8, src: u8, by: u8) {
        self.op_imm(op.1, len, op.0, dst, Rm::Reg(src), by);
    }

    pub(super) fn fma(&mut self, x: Reg, y: Reg, z: Reg) {
        let kind = self.kind(z);
        let (size, len) = (kind.size(), self.len(kind));
        // The result overwrites an operand: z, or one of the factors.
        let (factor, other) = if self.dies(y) && !self.dies(x) { (y, x) } else { (x, y) };
        if self.dies(z) {
            let (c, a) = (self.reg(z), self.reg(x));
            let b = self.rm(y);
            let d = self.def_near(c);
            debug_assert_eq!(d, c);
            return self.op(sized(ops::FMA231, size), len, d, a, b);
        }
        let a = self.reg(factor);
        let dies = self.dies(factor);
        // z or the other factor may come from memory.
        let (code, src, last) = if self.in_reg(other) || !self.in_reg(z) {
            let b = self.reg(other);
            (ops::FMA213, b, self.rm(z))
        } else {
            let c = self.reg(z);
            (ops::FMA132, c, self.rm(other))
        };
        // The operand that is overwritten is copied first if it is needed later.
        let d = if dies { self.def_near(a) } else { self.def_apart(255) };
        self.copy_to(len, d, a);
        self.op(sized(code, size), len, d, src, last);
    }
}
