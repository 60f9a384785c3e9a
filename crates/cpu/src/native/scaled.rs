//! Exponents, mantissas and tables: single instructions of AVX-512, and the same from several of AVX2.

use super::Isa;
use super::asm::{Len, Op, Rm};
use super::r#gen::Gen;
use super::ops;
use super::values::sized;
use crate::fused::line::{Kind, Reg};

/// Conditions of comparisons, as in their byte.
const EQUAL: u8 = 0;
const LESS: u8 = 1;
const UNORDERED: u8 = 3;
const NOT_LESS: u8 = 5;

/// What `vgetmant` does: 1 ≤ m < 2, without the sign.
const MAGNITUDE: u8 = 4;

fn single(x: f32) -> u64 {
    x.to_bits().into()
}

impl Gen<'_> {
    /// AVX2: x·2ⁿ in two steps, of which only the second rounds.
    pub(super) fn scale(&mut self, x: Reg, n: Reg) {
        let kind = self.kind(x);
        let (len, double) = (self.len(kind), kind == Kind::F64);
        let (size, mantissa, magic, one) = match double {
            true => (8, 52, 6755399441055744f64.to_bits(), 1f64.to_bits()),
            false => (4, 23, single(12582912.0), single(1.0)),
        };
        let (right, left, add, sub) = match double {
            true => (ops::PSRLQ_IMM, ops::PSLLQ_IMM, ops::PADDQ, ops::PSUBQ),
            false => (ops::PSRLD_IMM, ops::PSLLD_IMM, ops::PADDD, ops::PSUBD),
        };
        let (a, n) = (self.reg(x), self.reg(n));
        let (half, rest) = (self.temp(), self.temp());
        let magic = self.bits(size, magic);
        self.op(ops::float(ops::ADD, double), len, rest, n, magic);
        self.shift(right, len, half, rest, 1);
        self.shift(left, len, half, half, mantissa);
        self.shift(left, len, rest, rest, mantissa);
        self.op(sub, len, rest, rest, Rm::Reg(half));
        let one = self.bits(size, one);
        self.op(add, len, half, half, one);
        self.op(add, len, rest, rest, one);
        let d = self.def();
        self.op(ops::float(ops::MUL, double), len, d, a, Rm::Reg(half));
        self.op(ops::float(ops::MUL, double), len, d, d, Rm::Reg(rest));
    }

    pub(super) fn exponent(&mut self, x: Reg) {
        let len = self.len(Kind::F32);
        if self.isa == Isa::Avx512 {
            let x = self.rm(x);
            let d = self.def();
            return self.op(ops::GETEXP, len, d, 0, x);
        }
        let [a, t, m] = self.normal(x);
        self.shift(ops::PSRLD_IMM, len, t, t, 23);
        self.with(ops::POR, t, 8388608.0);
        self.with(ops::float(ops::SUB, false), t, 8388608.0 + 127.0);
        self.with(ops::PAND, m, 24.0);
        self.op(ops::float(ops::SUB, false), len, t, t, Rm::Reg(m));
        let zero = self.zero(len);
        self.op_imm(ops::float(ops::CMP, false), len, m, a, Rm::Reg(zero), EQUAL);
        let pole = self.bits(4, single(f32::NEG_INFINITY));
        self.op_imm(ops::BLENDV, len, t, t, pole, m << 4);
        let infinity = self.bits(4, single(f32::INFINITY));
        self.op_imm(ops::float(ops::CMP, false), len, m, a, infinity, NOT_LESS);
        let d = self.def();
        self.op_imm(ops::BLENDV, len, d, t, Rm::Reg(a), m << 4);
    }

    pub(super) fn mantissa(&mut self, x: Reg) {
        let len = self.len(Kind::F32);
        if self.isa == Isa::Avx512 {
            let x = self.rm(x);
            let d = self.def();
            return self.op_imm(ops::GETMANT, len, d, 0, x, MAGNITUDE);
        }
        let [a, t, m] = self.normal(x);
        let fraction = self.bits(4, (1 << 23) - 1);
        self.op(ops::PAND, len, t, t, fraction);
        self.with(ops::POR, t, 1.0);
        self.op_imm(ops::float(ops::CMP, false), len, m, a, Rm::Reg(a), UNORDERED);
        let d = self.def();
        self.op_imm(ops::BLENDV, len, d, t, Rm::Reg(a), m << 4);
    }

    /// AVX2: |x|, the same times 2²⁴ where it is subnormal, and where it is.
    fn normal(&mut self, x: Reg) -> [u8; 3] {
        let (len, x) = (self.len(Kind::F32), self.reg(x));
        let [a, t, m] = [0; 3].map(|_| self.temp());
        let magnitude = self.bits(4, u64::from(u32::MAX >> 1));
        self.op(ops::PAND, len, a, x, magnitude);
        let least = self.bits(4, single(f32::MIN_POSITIVE));
        self.op_imm(ops::float(ops::CMP, false), len, m, a, least, LESS);
        let factor = self.bits(4, single(16777216.0));
        self.op(ops::float(ops::MUL, false), len, t, a, factor);
        self.op_imm(ops::BLENDV, len, t, a, Rm::Reg(t), m << 4);
        [a, t, m]
    }

    /// `r = op(r, x)`
    fn with(&mut self, op: Op, r: u8, x: f32) {
        let x = self.bits(4, single(x));
        self.op(op, self.len(Kind::F32), r, r, x);
    }

    /// Whole vectors, whatever the number of lanes: a table is as long as two of AVX-512, four of AVX2.
    pub(super) fn lookup(&mut self, table: &'static [f32; 32], x: Reg) {
        let (place, at) = (self.table(table), self.reg(x));
        if self.isa == Isa::Avx512 {
            let t = self.temp();
            self.op(ops::MOVU, Len::Z, t, 0, Rm::Pool(place));
            let d = self.def_near(at);
            self.copy_to(Len::Z, d, at);
            return self.op(sized(ops::PERMI2PS, 4), Len::Z, d, t, Rm::Pool(place + 64));
        }
        // The lowest three bits say which lane, the fourth and fifth, as signs, of which quarter.
        let [m, low, high, other] = [0; 4].map(|_| self.temp());
        self.shift(ops::PSLLD_IMM, Len::Y, m, at, 28);
        for (half, from) in [(low, place), (high, place + 64)] {
            self.op(ops::PERMPS, Len::Y, half, at, Rm::Pool(from));
            self.op(ops::PERMPS, Len::Y, other, at, Rm::Pool(from + 32));
            self.op_imm(ops::BLENDV, Len::Y, half, half, Rm::Reg(other), m << 4);
        }
        self.shift(ops::PSLLD_IMM, Len::Y, m, at, 27);
        let d = self.def();
        self.op_imm(ops::BLENDV, Len::Y, d, low, Rm::Reg(high), m << 4);
    }
}
