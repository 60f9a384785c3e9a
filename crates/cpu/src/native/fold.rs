//! Reductions over the line: 32 lanes in as many vectors as they fill.

use super::Isa;
use super::asm::{Lanes, Len, Mem, Op, RAX, Rm};
use super::r#gen::{Gen, TAIL_MASK, frame};
use super::long::folds_long;
use super::ops;
use super::registers::{Class, Lane};
use super::values::sized;
use crate::fused::line::{FOLD_LANES, Fold, FoldOp, Kind};

impl Gen<'_> {
    /// Gives all folds' lanes registers, as far as there are some to spare, or slots.
    pub(super) fn place_folds(&mut self) {
        let copies = FOLD_LANES / self.lanes;
        let long = |f: &Fold| folds_long(f.op, self.kind(f.x));
        let mut spare = match self.isa {
            Isa::Avx512 => 16,
            // What is no single instruction needs registers of its own.
            Isa::Avx2 if self.line.folds.iter().any(long) => 0,
            Isa::Avx2 => 8,
        };
        // Instructions on masks need three registers.
        let mut masks = self.banks[Class::Mask as usize].free.count_ones() as usize;
        for f in 0..self.line.folds.len() {
            let in_regs = spare >= copies;
            let lanes = (0..copies)
                .map(
                    |_| if in_regs { Lane::Reg(self.pin(Class::Vector)) } else { self.lane_slot() },
                )
                .collect();
            spare -= if in_regs { copies } else { 0 };
            self.lanes_of_folds.push(lanes);
            let Fold { op, x, .. } = self.line.folds[f];
            let remember = is_extremum(op, self.kind(x)) && in_regs && copies == 2 && masks >= 5;
            masks -= if remember { 2 } else { 0 };
            let nans = remember.then(|| [0; 2].map(|_| self.pin(Class::Mask)));
            self.nans_of_folds.push(nans);
        }
    }

    pub(super) fn begin_folds(&mut self) {
        for f in 0..self.line.folds.len() {
            let Fold { op, x, .. } = self.line.folds[f];
            let kind = self.kind(x);
            let identity = Fold::identity(op, kind);
            for k in self.nans_of_folds[f].into_iter().flatten() {
                self.asm.vex(ops::KXOR[0], Len::Y, k, k, Rm::Reg(k), None);
            }
            for copy in 0..self.lanes_of_folds[f].len() {
                match self.lanes_of_folds[f][copy] {
                    Lane::Reg(r) => self.splat_bits(kind.size(), identity, r),
                    Lane::Slot(at) => {
                        let t = self.temp();
                        self.splat_bits(kind.size(), identity, t);
                        self.op(ops::MOVU_TO, self.len(kind), t, 0, Rm::Mem(frame(at)));
                        self.end_temps();
                    }
                }
            }
        }
    }

    fn lane_reg(&mut self, lane: Lane, len: Len) -> u8 {
        match lane {
            Lane::Reg(r) => r,
            Lane::Slot(at) => {
                let t = self.temp();
                self.op(ops::MOVU, len, t, 0, Rm::Mem(frame(at)));
                t
            }
        }
    }

    fn lane_back(&mut self, lane: Lane, len: Len, r: u8) {
        if let Lane::Slot(at) = lane {
            self.op(ops::MOVU_TO, len, r, 0, Rm::Mem(frame(at)));
        }
    }

    /// Takes the elements at hand into the lanes.
    pub(super) fn fold(&mut self, f: u32) {
        let Fold { op, x, .. } = self.line.folds[f as usize];
        let kind = self.kind(x);
        let (lane, len) = (self.lanes_of_folds[f as usize][self.copy], self.len(kind));
        let lanes = self.lane_reg(lane, len);
        let x = self.rm(x);
        match self.nans_of_folds[f as usize] {
            Some(nans) => self.combine_numbers(op, kind, lanes, x, nans[self.copy]),
            None => self.combine(op, kind, len, lanes, x, self.tail),
        }
        self.lane_back(lane, len, lanes);
    }

    /// AVX-512: the larger or the smaller number; that there was a NaN is remembered in a mask, which is not
    /// on the way from one element to the next.
    fn combine_numbers(&mut self, op: FoldOp, kind: Kind, acc: u8, x: Rm, nans: u8) {
        let (len, double, k) = (self.len(kind), kind.size() == 8, self.temp_mask());
        let some = if self.tail { Lanes::Merge(TAIL_MASK) } else { Lanes::All };
        // Lanes hold numbers, so that one of the two is NaN only if the element is.
        self.emit(ops::float(ops::CMP, double), len, k, acc, x, some, Some(UNORDERED));
        self.asm.vex(ops::KOR[0], Len::Y, nans, nans, Rm::Reg(k), None);
        self.emit(sized(ops::RANGE, kind.size()), len, acc, acc, x, some, Some(range(op)));
    }

    /// Combines all lanes of each fold and writes the results.
    pub(super) fn end_folds(&mut self) {
        self.begin_body(1);
        for f in 0..self.line.folds.len() {
            let Fold { op, x, arg } = self.line.folds[f];
            let kind = self.kind(x);
            let len = self.len(kind);
            let lanes = self.lanes_of_folds[f].clone();
            if let Some(nans) = self.nans_of_folds[f] {
                let Rm::PoolBroadcast(nan) = self.bits(4, f32::NAN.to_bits().into()) else {
                    unreachable!("AVX-512 has broadcasts")
                };
                for (lane, k) in lanes.iter().zip(nans) {
                    if let Lane::Reg(r) = *lane {
                        self.emit(ops::BROADCAST, len, r, 0, Rm::Pool(nan), Lanes::Merge(k), None);
                    }
                }
            }
            let mut count = lanes.len();
            while count > 1 {
                count /= 2;
                for i in 0..count {
                    let r = self.lane_reg(lanes[i], len);
                    let other = match lanes[i + count] {
                        Lane::Reg(r) => Rm::Reg(r),
                        Lane::Slot(at) => Rm::Mem(frame(at)),
                    };
                    self.combine(op, kind, len, r, other, false);
                    self.lane_back(lanes[i], len, r);
                    self.end_temps();
                }
            }
            let r = self.lane_reg(lanes[0], len);
            self.combine_within(op, kind, r);
            self.asm.load(RAX, frame(self.frame.pointers + 8 * arg as i32));
            let to = Rm::Mem(Mem::at(RAX, 0));
            match kind.size() {
                8 => self.op(ops::MOVQ_TO, Len::X, r, 0, to),
                _ => self.op(ops::MOVD_TO, Len::X, r, 0, to),
            }
            self.end_temps();
        }
    }

    /// Combines the lanes of one vector, its upper half into its lower one again and again.
    fn combine_within(&mut self, op: FoldOp, kind: Kind, r: u8) {
        let mut bytes = self.lanes * kind.size();
        while bytes > kind.size() {
            let t = self.temp();
            match bytes {
                64 => self.op_imm(ops::EXTRACT256, Len::Z, r, 0, Rm::Reg(t), 1),
                32 => self.op_imm(ops::EXTRACT128, Len::Y, r, 0, Rm::Reg(t), 1),
                16 => self.op_imm(ops::PSHUFD, Len::X, t, 0, Rm::Reg(r), 0b1110),
                _ => self.op_imm(ops::PSHUFD, Len::X, t, 0, Rm::Reg(r), 0b01),
            }
            bytes /= 2;
            let len = match bytes {
                32 => Len::Y,
                _ => Len::X,
            };
            self.combine(op, kind, len, r, Rm::Reg(t), false);
            self.end_temps_but(r);
        }
    }

    /// `acc = op(acc, x)`, where `part` only in lanes of the tail.
    fn combine(&mut self, op: FoldOp, kind: Kind, len: Len, acc: u8, x: Rm, part: bool) {
        match self.isa {
            Isa::Avx512 => self.combine_masked(op, kind, len, acc, x, part),
            Isa::Avx2 => {
                let several = is_extremum(op, kind) || folds_long(op, kind);
                let d = if part || several { self.temp() } else { acc };
                if is_extremum(op, kind) {
                    self.extremum(op, kind, len, d, acc, x);
                } else if folds_long(op, kind) {
                    self.fold_long(op, len, d, acc, x);
                } else {
                    self.op(fold_code(op, kind), len, d, acc, x);
                }
                if part {
                    let m = self.tail_lanes(kind.size());
                    self.op_imm(ops::BLENDV, len, acc, acc, Rm::Reg(d), m << 4);
                } else {
                    self.copy_to(len, acc, d);
                }
            }
        }
    }

    fn combine_masked(&mut self, op: FoldOp, kind: Kind, len: Len, acc: u8, x: Rm, part: bool) {
        let lanes = if part { Lanes::Merge(TAIL_MASK) } else { Lanes::All };
        if !is_extremum(op, kind) {
            return self.emit(fold_code(op, kind), len, acc, acc, x, lanes, None);
        }
        let (size, double) = (kind.size(), kind.size() == 8);
        // The instruction orders zeros, but prefers numbers to NaNs. Where there is one, the sum is it.
        let (sum, k) = (self.temp(), self.temp_mask());
        self.op(ops::float(ops::ADD, double), len, sum, acc, x);
        self.op_imm(ops::float(ops::CMP, double), len, k, acc, x, UNORDERED);
        if part {
            let form = self.masks();
            self.asm.vex(ops::KAND[form], Len::Y, k, k, Rm::Reg(TAIL_MASK), None);
        }
        self.emit(sized(ops::RANGE, size), len, acc, acc, x, lanes, Some(range(op)));
        self.emit(sized(ops::MOVDQU32, size), len, acc, 0, Rm::Reg(sum), Lanes::Merge(k), None);
    }

    /// AVX2: the IEEE maximum or minimum. Of equal numbers, which may be two zeros, the bits are joined.
    fn extremum(&mut self, op: FoldOp, kind: Kind, len: Len, d: u8, acc: u8, x: Rm) {
        let double = kind.size() == 8;
        let (code, join) = match op {
            FoldOp::Max => (ops::MAX, ops::PAND),
            _ => (ops::MIN, ops::POR),
        };
        let (m, t) = (self.temp(), self.temp());
        self.op(ops::float(code, double), len, d, acc, x);
        self.op_imm(ops::float(ops::CMP, double), len, m, acc, x, EQUAL);
        self.op(join, len, t, acc, x);
        self.op_imm(ops::BLENDV, len, d, d, Rm::Reg(t), m << 4);
        self.op_imm(ops::float(ops::CMP, double), len, m, acc, x, UNORDERED);
        self.op(ops::float(ops::ADD, double), len, t, acc, x);
        self.op_imm(ops::BLENDV, len, d, d, Rm::Reg(t), m << 4);
    }
}

const EQUAL: u8 = 0;
const UNORDERED: u8 = 3;

/// What `vrange` does: the larger or the smaller number, with its own sign.
fn range(op: FoldOp) -> u8 {
    if op == FoldOp::Max { 5 } else { 4 }
}

/// Whether a fold has rules for zeros and NaNs.
fn is_extremum(op: FoldOp, kind: Kind) -> bool {
    kind.is_float() && matches!(op, FoldOp::Max | FoldOp::Min)
}

fn fold_code(op: FoldOp, kind: Kind) -> Op {
    let (size, double) = (kind.size(), kind.size() == 8);
    match op {
        FoldOp::Sum if kind.is_float() => ops::float(ops::ADD, double),
        FoldOp::Prod if kind.is_float() => ops::float(ops::MUL, double),
        FoldOp::Sum if double => ops::PADDQ,
        FoldOp::Sum => ops::PADDD,
        FoldOp::Prod => sized(ops::PMULLD, size),
        FoldOp::Max => sized(ops::PMAXSD, size),
        FoldOp::Min => sized(ops::PMINSD, size),
        FoldOp::MaxU => sized(ops::PMAXUD, size),
        FoldOp::MinU => sized(ops::PMINUD, size),
        FoldOp::And => sized(ops::PAND, size),
        FoldOp::Or => sized(ops::POR, size),
        FoldOp::Xor => sized(ops::PXOR, size),
    }
}
