//! AVX2: 64-bit integers, for which it has additions, one comparison and logical shifts alone.
//!
//! Each is made of those, and of f64 arithmetic whose results are exact but for the last one.

use super::asm::{Len, Rm};
use super::r#gen::Gen;
use super::ops;
use super::values::HIGH64;
use crate::fused::line::{Bin, FoldOp, Kind, Reg};

/// Opcode bits that choose how a rounding goes, and what a comparison asks.
const TOWARDS_ZERO: u8 = 11;
const DOWN: u8 = 9;
const LESS: u8 = 0x11;

impl Gen<'_> {
    /// A product: of the lower halves, and in the upper half the mixed ones.
    pub(super) fn multiply_long(&mut self, len: Len, d: u8, a: u8, b: u8) {
        let (s, t) = (self.temp(), self.temp());
        for (t, a, b) in [(s, a, b), (t, b, a)] {
            self.shift(ops::PSRLQ_IMM, len, t, a, 32);
            self.op(ops::PMULUDQ, len, t, t, Rm::Reg(b));
        }
        self.op(ops::PADDQ, len, t, t, Rm::Reg(s));
        self.shift(ops::PSLLQ_IMM, len, t, t, 32);
        self.op(ops::PMULUDQ, len, d, a, Rm::Reg(b));
        self.op(ops::PADDQ, len, d, d, Rm::Reg(t));
    }

    /// The larger or the smaller of two numbers.
    pub(super) fn choose_long(&mut self, which: FoldOp, len: Len, d: u8, a: u8, b: u8) {
        let m = self.temp();
        if matches!(which, FoldOp::MaxU | FoldOp::MinU) {
            // Unsigned numbers compare as signed ones with the other sign.
            let (t, sign) = (self.temp(), self.sign(8));
            self.op(ops::PXOR, len, m, a, sign);
            self.op(ops::PXOR, len, t, b, sign);
            self.op(ops::PCMPGTQ, len, m, m, Rm::Reg(t));
        } else {
            self.op(ops::PCMPGTQ, len, m, a, Rm::Reg(b));
        }
        let larger = matches!(which, FoldOp::Max | FoldOp::MaxU);
        let (no, yes) = if larger { (b, a) } else { (a, b) };
        self.op_imm(ops::BLENDVPD, len, d, no, Rm::Reg(yes), m << 4);
    }

    /// What is not a single instruction.
    pub(super) fn bin_long(&mut self, op: Bin, x: Reg, y: Reg) {
        let (a, b) = (self.reg(x), self.reg(y));
        // The result is written last, so it may take an operand's register.
        let t = self.temp();
        match op {
            Bin::Max => self.choose_long(FoldOp::Max, Len::Y, t, a, b),
            Bin::Min => self.choose_long(FoldOp::Min, Len::Y, t, a, b),
            Bin::MaxU => self.choose_long(FoldOp::MaxU, Len::Y, t, a, b),
            Bin::MinU => self.choose_long(FoldOp::MinU, Len::Y, t, a, b),
            _ => self.multiply_long(Len::Y, t, a, b),
        }
        let d = self.def();
        self.copy_to(Len::Y, d, t);
    }

    /// A shift to the right that fills with the sign: a logical one of a number that is not negative.
    pub(super) fn sar_long(&mut self, x: Reg, y: Reg) {
        let (a, b, m, t) = (self.reg(x), self.reg(y), self.temp(), self.temp());
        self.op(ops::PXOR, Len::Y, m, m, Rm::Reg(m));
        self.op(ops::PCMPGTQ, Len::Y, m, m, Rm::Reg(a));
        self.op(ops::PXOR, Len::Y, t, a, Rm::Reg(m));
        self.op(ops::PSRLV.wide(), Len::Y, t, t, Rm::Reg(b));
        let d = self.def();
        self.op(ops::PXOR, Len::Y, d, t, Rm::Reg(m));
    }

    /// A signed number as f64. Its halves become the last bits of numbers from 2⁸⁴ + 2⁶³ and from 2⁵² on;
    /// what is too much is subtracted from the upper one, exactly, and their sum is rounded once.
    pub(super) fn long_to_double(&mut self, x: Reg) {
        const UPPER: u64 = 0x4530_0000_8000_0000;
        const LOWER: u64 = 0x4330_0000_0000_0000;
        const BOTH: u64 = 0x4530_0000_8010_0000;
        let (a, high, low) = (self.reg(x), self.temp(), self.temp());
        self.shift(ops::PSRLQ_IMM, Len::Y, high, a, 32);
        let (upper, half, lower, both) = (
            self.bits(8, UPPER),
            self.bits(8, u32::MAX.into()),
            self.bits(8, LOWER),
            self.bits(8, BOTH),
        );
        self.op(ops::PXOR, Len::Y, high, high, upper);
        self.op(ops::PAND, Len::Y, low, a, half);
        self.op(ops::POR, Len::Y, low, low, lower);
        self.op(ops::float(ops::SUB, true), Len::Y, high, high, both);
        let d = self.def();
        self.op(ops::float(ops::ADD, true), Len::Y, d, high, Rm::Reg(low));
    }

    /// An f64 as a signed number, towards zero; the lowest one for what does not fit. The number is cut into
    /// a signed upper half and a lower one, which are exact, and each is read off the last bits of a sum.
    pub(super) fn double_to_long(&mut self, x: Reg) {
        let (a, t, high, low) = (self.reg(x), self.temp(), self.temp(), self.temp());
        let mut power = |n: i32| self.bits(8, 2f64.powi(n).to_bits());
        let (up, down, first, limit) = (power(32), power(-32), power(52), power(63));
        let middle = self.bits(8, (1.5 * 2f64.powi(52)).to_bits());
        let (magnitude, sign) = (self.bits(8, HIGH64 - 1), self.sign(8));
        let [add, sub, mul, cmp] =
            [ops::ADD, ops::SUB, ops::MUL, ops::CMP].map(|op| ops::float(op, true));
        self.op_imm(ops::ROUND64, Len::Y, t, 0, Rm::Reg(a), TOWARDS_ZERO);
        self.op(mul, Len::Y, high, t, down);
        self.op_imm(ops::ROUND64, Len::Y, high, 0, Rm::Reg(high), DOWN);
        self.op(mul, Len::Y, low, high, up);
        self.op(sub, Len::Y, low, t, Rm::Reg(low));
        self.op(add, Len::Y, low, low, first);
        self.op(ops::PXOR, Len::Y, low, low, first);
        self.op(add, Len::Y, high, high, middle);
        self.shift(ops::PSLLQ_IMM, Len::Y, high, high, 32);
        self.op(ops::POR, Len::Y, high, high, Rm::Reg(low));
        // The lowest number where the magnitude is not below 2⁶³.
        self.op(ops::PAND, Len::Y, t, t, magnitude);
        self.op_imm(cmp, Len::Y, t, t, limit, LESS);
        self.op(ops::PXOR, Len::Y, high, high, sign);
        self.op(ops::PAND, Len::Y, high, high, Rm::Reg(t));
        let d = self.def();
        self.op(ops::PXOR, Len::Y, d, high, sign);
    }

    /// `d = op(acc, x)` for a fold that there is no instruction for.
    pub(super) fn fold_long(&mut self, op: FoldOp, len: Len, d: u8, acc: u8, x: Rm) {
        let b = match x {
            Rm::Reg(r) => r,
            _ => {
                let t = self.temp();
                self.op(ops::MOVU, len, t, 0, x);
                t
            }
        };
        match op {
            FoldOp::Prod => self.multiply_long(len, d, acc, b),
            _ => self.choose_long(op, len, d, acc, b),
        }
    }
}

/// Whether a fold takes more than an instruction.
pub(super) fn folds_long(op: FoldOp, kind: Kind) -> bool {
    let simple = matches!(op, FoldOp::Sum | FoldOp::And | FoldOp::Or | FoldOp::Xor);
    kind == Kind::I64 && !simple
}
