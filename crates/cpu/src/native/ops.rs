//! Opcodes of vector instructions. Names without a letter for the lanes' width are the 32-bit forms;
//! [`Op::wide`] gives the 64-bit one where that differs by the width bit alone.

use super::asm::Op;

const fn op(map: u8, prefix: u8, code: u8) -> Op {
    Op::new(map, prefix, false, code)
}

/// Instructions on floats: the f64 forms have the prefix 66.
pub(super) const fn float(code: u8, double: bool) -> Op {
    Op::new(1, double as u8, double, code)
}

pub(super) const ADD: u8 = 0x58;
pub(super) const MUL: u8 = 0x59;
pub(super) const SUB: u8 = 0x5c;
pub(super) const MIN: u8 = 0x5d;
pub(super) const DIV: u8 = 0x5e;
pub(super) const MAX: u8 = 0x5f;
pub(super) const SQRT: u8 = 0x51;
pub(super) const CMP: u8 = 0xc2;

/// Moves without alignment, from and to memory.
pub(super) const MOVU: Op = op(1, 0, 0x10);
pub(super) const MOVU_TO: Op = op(1, 0, 0x11);
pub(super) const MOVA: Op = op(1, 0, 0x28);
pub(super) const MOVNT: Op = op(1, 0, 0x2b);
/// EVEX moves of lanes of 32 or 64 bits, for masked access.
pub(super) const MOVDQU32: Op = op(1, 2, 0x6f);
pub(super) const MOVDQU32_TO: Op = op(1, 2, 0x7f);
/// EVEX moves of bytes.
pub(super) const MOVDQU8: Op = op(1, 3, 0x6f);
pub(super) const MOVDQU8_TO: Op = op(1, 3, 0x7f);
/// 32 (wide: 64) bits between a vector and memory or a general register.
pub(super) const MOVD: Op = op(1, 1, 0x6e);
pub(super) const MOVD_TO: Op = op(1, 1, 0x7e);
/// 64 bits of a vector from memory, zeros in front, and to memory.
pub(super) const MOVQ: Op = Op::new(1, 2, true, 0x7e);
pub(super) const MOVQ_TO: Op = Op::new(1, 1, true, 0xd6);
pub(super) const MASKMOV: Op = op(2, 1, 0x8c);
pub(super) const MASKMOV_TO: Op = op(2, 1, 0x8e);

/// All lanes from the first one or from memory; the f64 form's opcode is the next.
pub(super) const BROADCAST: Op = op(2, 1, 0x18);
pub(super) const BROADCAST64: Op = Op::new(2, 1, true, 0x19);
pub(super) const BROADCAST64_VEX: Op = op(2, 1, 0x19);
pub(super) const PBROADCASTD: Op = op(2, 1, 0x58);
pub(super) const PADDD: Op = op(1, 1, 0xfe);
pub(super) const PADDQ: Op = Op::new(1, 1, true, 0xd4);
pub(super) const PSUBD: Op = op(1, 1, 0xfa);
pub(super) const PSUBQ: Op = Op::new(1, 1, true, 0xfb);
pub(super) const PMULLD: Op = op(2, 1, 0x40);
pub(super) const PMULUDQ: Op = Op::new(1, 1, true, 0xf4);
pub(super) const PMAXSD: Op = op(2, 1, 0x3d);
pub(super) const PMINSD: Op = op(2, 1, 0x39);
pub(super) const PMAXUD: Op = op(2, 1, 0x3f);
pub(super) const PMINUD: Op = op(2, 1, 0x3b);
pub(super) const PAND: Op = op(1, 1, 0xdb);
pub(super) const POR: Op = op(1, 1, 0xeb);
pub(super) const PXOR: Op = op(1, 1, 0xef);
/// By lanes' counts.
pub(super) const PSLLV: Op = op(2, 1, 0x47);
pub(super) const PSRLV: Op = op(2, 1, 0x45);
pub(super) const PSRAV: Op = op(2, 1, 0x46);
/// By a constant; the first number is part of the opcode.
pub(super) const PSLLD_IMM: (u8, Op) = (6, op(1, 1, 0x72));
pub(super) const PSRLD_IMM: (u8, Op) = (2, op(1, 1, 0x72));
pub(super) const PSLLQ_IMM: (u8, Op) = (6, Op::new(1, 1, true, 0x73));
pub(super) const PSRLQ_IMM: (u8, Op) = (2, Op::new(1, 1, true, 0x73));
pub(super) const PCMPEQD: Op = op(1, 1, 0x76);
pub(super) const PCMPGTD: Op = op(1, 1, 0x66);
pub(super) const PCMPEQQ: Op = Op::new(2, 1, false, 0x29);
pub(super) const PCMPGTQ: Op = Op::new(2, 1, false, 0x37);
/// EVEX comparisons of integers into masks, signed and unsigned.
pub(super) const PCMP: Op = op(3, 1, 0x1f);
pub(super) const PCMPU: Op = op(3, 1, 0x1e);
pub(super) const PTESTMB: Op = op(2, 1, 0x26);
/// EVEX choice by a mask.
pub(super) const BLENDM: Op = op(2, 1, 0x65);
pub(super) const BLENDV: Op = op(3, 1, 0x4a);
pub(super) const BLENDVPD: Op = op(3, 1, 0x4b);
pub(super) const MOVMSKPS: Op = op(1, 0, 0x50);
pub(super) const MOVMSKPD: Op = op(1, 1, 0x50);

/// Fused multiply-add: where the operands are (`132`, `213`, `231`).
pub(super) const FMA132: Op = op(2, 1, 0x98);
pub(super) const FMA213: Op = op(2, 1, 0xa8);
pub(super) const FMA231: Op = op(2, 1, 0xb8);

pub(super) const ROUND: Op = op(3, 1, 0x08);
pub(super) const ROUND64: Op = Op::new(3, 1, true, 0x09);
/// EVEX: smaller or larger of two, zeros ordered.
pub(super) const RANGE: Op = op(3, 1, 0x50);

/// EVEX: times a power of two; exponents; mantissas.
pub(super) const SCALEF: Op = op(2, 1, 0x2c);
pub(super) const GETEXP: Op = op(2, 1, 0x42);
pub(super) const GETMANT: Op = op(3, 1, 0x26);
/// Lanes of a vector by their places; EVEX: of two vectors, whose places are overwritten.
pub(super) const PERMPS: Op = op(2, 1, 0x16);
pub(super) const PERMI2PS: Op = op(2, 1, 0x77);

pub(super) const CVTPS2PD: Op = op(1, 0, 0x5a);
pub(super) const CVTPD2PS: Op = Op::new(1, 1, true, 0x5a);
pub(super) const CVTDQ2PS: Op = op(1, 0, 0x5b);
pub(super) const CVTDQ2PD: Op = op(1, 2, 0xe6);
pub(super) const CVTTPS2DQ: Op = op(1, 2, 0x5b);
/// EVEX conversions of 64-bit integers.
pub(super) const CVTQQ2PD: Op = Op::new(1, 2, true, 0xe6);
pub(super) const CVTTPD2QQ: Op = Op::new(1, 1, true, 0x7a);
pub(super) const CVTPH2PS: Op = op(2, 1, 0x13);
pub(super) const CVTPS2PH: Op = op(3, 1, 0x1d);

pub(super) const PMOVSXBD: Op = op(2, 1, 0x21);
pub(super) const PMOVZXBD: Op = op(2, 1, 0x31);
pub(super) const PMOVZXBQ: Op = op(2, 1, 0x32);
pub(super) const PMOVZXWD: Op = op(2, 1, 0x33);
pub(super) const PMOVSXDQ: Op = op(2, 1, 0x25);
pub(super) const PMOVZXDQ: Op = op(2, 1, 0x35);
/// EVEX truncations; the vector is the register operand.
pub(super) const PMOVDB: Op = op(2, 2, 0x31);
pub(super) const PMOVDW: Op = op(2, 2, 0x33);
pub(super) const PMOVQD: Op = op(2, 2, 0x35);
pub(super) const PACKSSDW: Op = op(1, 1, 0x6b);
pub(super) const PACKUSDW: Op = op(2, 1, 0x2b);
pub(super) const PACKSSWB: Op = op(1, 1, 0x63);
pub(super) const PACKUSWB: Op = op(1, 1, 0x67);
pub(super) const PABSB: Op = op(2, 1, 0x1c);
pub(super) const SHUFPS: Op = op(1, 0, 0xc6);
/// The upper or lower half of a vector: of 256 bits, and (EVEX) 256 bits of 512.
pub(super) const EXTRACT128: Op = op(3, 1, 0x39);
pub(super) const EXTRACT256: Op = Op::new(3, 1, true, 0x3b);
pub(super) const PSHUFD: Op = op(1, 1, 0x70);

/// Mask registers. The first of each pair is for 16 lanes, the second for 8.
pub(super) const KAND: [Op; 2] = [op(1, 0, 0x41), op(1, 1, 0x41)];
pub(super) const KOR: [Op; 2] = [op(1, 0, 0x45), op(1, 1, 0x45)];
pub(super) const KXOR: [Op; 2] = [op(1, 0, 0x47), op(1, 1, 0x47)];
pub(super) const KNOT: [Op; 2] = [op(1, 0, 0x44), op(1, 1, 0x44)];
pub(super) const KORTEST: [Op; 2] = [op(1, 0, 0x98), op(1, 1, 0x98)];
/// A copy or a load, and a store, of 16 bits.
pub(super) const KMOV: Op = op(1, 0, 0x90);
pub(super) const KMOV_TO: Op = op(1, 0, 0x91);
/// From and to a general register.
pub(super) const KMOV_GPR: Op = op(1, 0, 0x92);
pub(super) const KMOV_TO_GPR: Op = op(1, 0, 0x93);
