//! Loads and stores of every dtype.

use super::Isa;
use super::asm::{Gpr, If, Lanes, Len, Mem, R11, RAX, RCX, RSP, Rm};
use super::r#gen::{Frame, Gen, TAIL_MASK, frame};
use super::ops;
use super::values::sized;
use crate::fused::line::{Kind, Reg};
use pullback_ir::DType;

impl Gen<'_> {
    /// Loads the elements at hand of an argument that steps.
    pub(super) fn load_arg(&mut self, arg: u32, dst: u8) {
        let dtype = self.line.args[arg as usize].dtype;
        let from = self.address(arg);
        self.load_lanes(dtype, dst, from, self.tail);
    }

    /// Loads the lanes of a vector; where `part`, only those of the tail.
    pub(super) fn load_lanes(&mut self, dtype: DType, dst: u8, from: Mem, part: bool) {
        match self.isa {
            Isa::Avx512 => self.load_masked(dtype, dst, from, part),
            Isa::Avx2 => {
                let mut from = from;
                if part && dtype.size() >= 4 {
                    let (len, m) = (self.len_of(dtype.size()), self.tail_lanes(dtype.size()));
                    return self.op(sized(ops::MASKMOV, dtype.size()), len, dst, m, Rm::Mem(from));
                }
                if part {
                    self.copy_narrow(dtype.size(), from, true);
                    from = frame(Frame::COPY);
                }
                self.load_whole(dtype, dst, from);
            }
        }
    }

    fn load_masked(&mut self, dtype: DType, dst: u8, from: Mem, part: bool) {
        let lanes = if part { Lanes::Zero(TAIL_MASK) } else { Lanes::All };
        let (rm, len32) = (Rm::Mem(from), self.len_of(4));
        match dtype {
            DType::F32 | DType::I32 | DType::U32 => {
                self.emit(ops::MOVDQU32, len32, dst, 0, rm, lanes, None);
            }
            DType::F64 | DType::I64 | DType::U64 => {
                self.emit(ops::MOVDQU32.wide(), self.len_of(8), dst, 0, rm, lanes, None);
            }
            DType::U8 => self.emit(ops::PMOVZXBD, len32, dst, 0, rm, lanes, None),
            DType::I8 => self.emit(ops::PMOVSXBD, len32, dst, 0, rm, lanes, None),
            DType::F16 => self.emit(ops::CVTPH2PS, len32, dst, 0, rm, lanes, None),
            DType::BF16 => {
                self.emit(ops::PMOVZXWD, len32, dst, 0, rm, lanes, None);
                self.shift(ops::PSLLD_IMM, len32, dst, dst, 16);
            }
            DType::Bool => {
                let t = self.temp();
                if !part && self.lanes == 8 {
                    self.op(ops::MOVQ, Len::X, t, 0, rm);
                } else {
                    self.emit(ops::MOVDQU8, Len::X, t, 0, rm, lanes, None);
                }
                self.op(ops::PTESTMB, Len::X, dst, t, Rm::Reg(t));
            }
        }
    }

    /// AVX2: loads all lanes.
    fn load_whole(&mut self, dtype: DType, dst: u8, from: Mem) {
        let (rm, len) = (Rm::Mem(from), self.len_of(4));
        match dtype {
            DType::F32 | DType::I32 | DType::U32 => self.op(ops::MOVU, len, dst, 0, rm),
            DType::F64 | DType::I64 | DType::U64 => self.op(ops::MOVU, Len::Y, dst, 0, rm),
            DType::U8 => self.op(ops::PMOVZXBD, len, dst, 0, rm),
            DType::I8 => self.op(ops::PMOVSXBD, len, dst, 0, rm),
            DType::F16 => self.op(ops::CVTPH2PS, len, dst, 0, rm),
            DType::BF16 => {
                self.op(ops::PMOVZXWD, len, dst, 0, rm);
                self.shift(ops::PSLLD_IMM, len, dst, dst, 16);
            }
            DType::Bool => {
                // 1 becomes −1, which has all bits.
                let zero = self.zero(Len::Y);
                let (widen, sub) = match self.lanes {
                    8 => (ops::PMOVZXBD, ops::PSUBD),
                    _ => (ops::PMOVZXBQ, ops::PSUBQ),
                };
                self.op(widen, Len::Y, dst, 0, rm);
                self.op(sub, Len::Y, dst, zero, Rm::Reg(dst));
            }
        }
    }

    /// AVX2: which lanes of the tail exist, in a register for the moment.
    pub(super) fn tail_lanes(&mut self, size: usize) -> u8 {
        let t = self.temp();
        let at = if size == 8 { Frame::MASK64 } else { Frame::MASK32 };
        self.op(ops::MOVU, self.len_of(size), t, 0, Rm::Mem(frame(at)));
        t
    }

    /// AVX2: copies the narrow elements of the tail from their place to the stack, or back. There are no
    /// masked moves for them.
    fn copy_narrow(&mut self, size: usize, place: Mem, load: bool) {
        let index = |base: Gpr, disp: i32| Mem {
            base,
            index: Some((RCX, size.trailing_zeros() as u8)),
            disp: disp - size as i32,
        };
        let (there, here) = (index(R11, 0), index(RSP, Frame::COPY));
        let (from, to) = if load { (there, here) } else { (here, there) };
        self.asm.lea(R11, place);
        self.asm.load(RCX, frame(Frame::TAIL));
        let again = self.asm.label();
        self.asm.bind(again);
        self.asm.load_part(RAX, from, size, false);
        self.asm.store_part(to, RAX, size);
        self.asm.sub_imm(RCX, 1);
        self.asm.jump_if(If::NotEqual, again);
    }

    pub(super) fn store(&mut self, arg: u32, x: Reg) {
        let r = self.reg(x);
        let dtype = self.line.args[arg as usize].dtype;
        let to = self.address(arg);
        self.store_lanes(dtype, r, to, self.tail, self.streams);
    }

    pub(super) fn store_lanes(&mut self, dtype: DType, r: u8, to: Mem, part: bool, stream: bool) {
        match dtype.size() {
            4 | 8 if !part => {
                let op = if stream { ops::MOVNT } else { ops::MOVU_TO };
                self.op(op, self.len_of(dtype.size()), r, 0, Rm::Mem(to));
            }
            size => match self.isa {
                Isa::Avx512 => self.store_masked(dtype, r, to, part),
                Isa::Avx2 if size >= 4 => {
                    let m = self.tail_lanes(size);
                    let len = self.len_of(size);
                    self.op(sized(ops::MASKMOV_TO, size), len, r, m, Rm::Mem(to));
                }
                Isa::Avx2 => {
                    let t = self.pack(dtype, r);
                    let place = if part { frame(Frame::COPY) } else { to };
                    let (op, len) = match self.lanes * size {
                        16 => (ops::MOVU_TO, Len::X),
                        8 => (ops::MOVQ_TO, Len::X),
                        _ => (ops::MOVD_TO, Len::X),
                    };
                    self.op(op, len, t, 0, Rm::Mem(place));
                    if part {
                        self.copy_narrow(size, to, false);
                    }
                }
            },
        }
    }

    fn store_masked(&mut self, dtype: DType, r: u8, to: Mem, part: bool) {
        let lanes = if part { Lanes::Merge(TAIL_MASK) } else { Lanes::All };
        let (rm, len32) = (Rm::Mem(to), self.len_of(4));
        match dtype {
            DType::F32 | DType::I32 | DType::U32 => {
                self.emit(ops::MOVDQU32_TO, len32, r, 0, rm, lanes, None);
            }
            DType::F64 | DType::I64 | DType::U64 => {
                self.emit(ops::MOVDQU32_TO.wide(), self.len_of(8), r, 0, rm, lanes, None);
            }
            DType::U8 | DType::I8 => self.emit(ops::PMOVDB, len32, r, 0, rm, lanes, None),
            DType::F16 => self.emit(ops::CVTPS2PH, len32, r, 0, rm, lanes, Some(0)),
            DType::BF16 => {
                let t = self.round_bf16(r);
                self.emit(ops::PMOVDW, len32, t, 0, rm, lanes, None);
            }
            DType::Bool => {
                let (t, ones) = (self.temp(), self.byte_ones());
                self.emit(ops::MOVDQU8, Len::X, t, 0, ones, Lanes::Zero(r), None);
                if !part && self.lanes == 8 {
                    self.op(ops::MOVQ_TO, Len::X, t, 0, rm);
                } else {
                    self.emit(ops::MOVDQU8_TO, Len::X, t, 0, rm, lanes, None);
                }
            }
        }
    }

    /// The upper halves of floats in the lower halves of lanes, rounded to nearest even; of a NaN the upper
    /// half, made quiet. In a register for the moment.
    fn round_bf16(&mut self, x: u8) -> u8 {
        let len = self.len_of(4);
        let (half, t) = (self.temp(), self.temp());
        let [one, most, quiet] = [1, 0x7fff, 0x40].map(|bits| self.bits(4, bits));
        self.shift(ops::PSRLD_IMM, len, half, x, 16);
        self.op(ops::PAND, len, t, half, one);
        self.op(ops::PADDD, len, t, t, Rm::Reg(x));
        self.op(ops::PADDD, len, t, t, most);
        self.shift(ops::PSRLD_IMM, len, t, t, 16);
        self.op(ops::POR, len, half, half, quiet);
        let unordered = 3;
        match self.isa {
            Isa::Avx512 => {
                let k = self.temp_mask();
                self.op_imm(ops::float(ops::CMP, false), len, k, x, Rm::Reg(x), unordered);
                self.emit(ops::MOVDQU32, len, t, 0, Rm::Reg(half), Lanes::Merge(k), None);
            }
            Isa::Avx2 => {
                let m = self.temp();
                self.op_imm(ops::float(ops::CMP, false), len, m, x, Rm::Reg(x), unordered);
                self.op_imm(ops::BLENDV, len, t, t, Rm::Reg(half), m << 4);
            }
        }
        t
    }

    /// AVX2: the lanes as narrow elements, at the beginning of a register for the moment.
    fn pack(&mut self, dtype: DType, r: u8) -> u8 {
        let len = self.len_of(4);
        if dtype == DType::F16 {
            let t = self.temp();
            self.op_imm(ops::CVTPS2PH, len, r, 0, Rm::Reg(t), 0);
            return t;
        }
        // Lanes of 32 bits that hold small numbers, in two halves.
        let (low, high) = match dtype {
            DType::Bool => {
                let (t, whole) = (self.temp(), self.lanes == 8);
                self.op_imm(ops::EXTRACT128, Len::Y, r, 0, Rm::Reg(t), 1);
                if whole {
                    (r, t)
                } else {
                    self.op_imm(ops::SHUFPS, Len::X, t, r, Rm::Reg(t), 0x88);
                    (t, t)
                }
            }
            _ => {
                let t = if dtype == DType::BF16 {
                    self.round_bf16(r)
                } else {
                    let (t, byte) = (self.temp(), self.bits(4, 0xff));
                    self.op(ops::PAND, len, t, r, byte);
                    t
                };
                if len == Len::Y {
                    let high = self.temp();
                    self.op_imm(ops::EXTRACT128, Len::Y, t, 0, Rm::Reg(high), 1);
                    (t, high)
                } else {
                    (t, t)
                }
            }
        };
        let (t, bool) = (self.temp(), dtype == DType::Bool);
        let words = if bool { ops::PACKSSDW } else { ops::PACKUSDW };
        self.op(words, Len::X, t, low, Rm::Reg(high));
        if dtype != DType::BF16 {
            let bytes = if bool { ops::PACKSSWB } else { ops::PACKUSWB };
            self.op(bytes, Len::X, t, t, Rm::Reg(t));
        }
        if bool {
            self.op(ops::PABSB, Len::X, t, 0, Rm::Reg(t));
        }
        t
    }

    /// Computes a load that does not step: into its register, or into its slot.
    pub(super) fn load_same(&mut self, arg: u32, v: usize) {
        let (dtype, kind) = (self.line.args[arg as usize].dtype, self.line.kinds[v]);
        self.asm.load(RAX, frame(self.frame.pointers + 8 * arg as i32));
        let from = Mem::at(RAX, 0);
        let (reg, slot) = self.fixed_place(v);
        if kind == Kind::Mask && self.isa == Isa::Avx512 {
            self.asm.load_part(RAX, from, 1, false);
            self.asm.neg(RAX);
            self.asm.and_imm(RAX, (1 << self.lanes) - 1);
            if let Some(slot) = slot {
                self.asm.store(slot, RAX);
            }
            return;
        }
        let d = if slot.is_some() { self.temp() } else { reg as u8 };
        let len = self.len(kind);
        match dtype {
            DType::F32 | DType::I32 | DType::U32 => {
                self.op(ops::BROADCAST, len, d, 0, Rm::Mem(from))
            }
            DType::F64 | DType::I64 | DType::U64 => {
                // The width bit of this instruction is fixed, differently in the two encodings.
                let op = match self.isa {
                    Isa::Avx512 => ops::BROADCAST64,
                    Isa::Avx2 => ops::BROADCAST64_VEX,
                };
                self.op(op, len, d, 0, Rm::Mem(from));
            }
            DType::F16 | DType::BF16 | DType::U8 | DType::I8 | DType::Bool => {
                self.asm.load_part(RAX, from, dtype.size(), dtype == DType::I8);
                match dtype {
                    DType::BF16 => self.asm.shl(RAX, 16),
                    DType::Bool => self.asm.neg(RAX),
                    _ => {}
                }
                self.op(ops::MOVD, Len::X, d, 0, Rm::Reg(RAX.0));
                if dtype == DType::F16 {
                    self.op(ops::CVTPH2PS, Len::X, d, 0, Rm::Reg(d));
                }
                self.op(ops::PBROADCASTD, len, d, 0, Rm::Reg(d));
            }
        }
        if let Some(slot) = slot {
            self.spill(kind, d, slot);
            self.end_temps();
        }
    }
}
