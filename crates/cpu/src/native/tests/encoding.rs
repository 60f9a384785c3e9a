//! Each instruction, with low and high registers, memory and masks: what a disassembler reads must be what
//! was meant.

use super::super::asm::*;
use super::super::ops::*;
use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};

/// What a disassembler reads, without sizes of memory operands.
fn text(emit: impl FnOnce(&mut Asm)) -> String {
    let mut asm = Asm::default();
    emit(&mut asm);
    let size = asm.len();
    let code = asm.finish(640);
    let mut decoder = Decoder::with_ip(64, &code[..size], 0, DecoderOptions::NONE);
    let mut formatter = NasmFormatter::new();
    formatter.options_mut().set_use_pseudo_ops(false);
    formatter.options_mut().set_branch_leading_zeros(false);
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        assert!(!instruction.is_invalid(), "{:02x?}", &code[..size]);
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        for size in ["byte ", "dword ", "qword ", "oword ", "yword ", "zword ", "word "] {
            line = line.replace(size, "");
        }
        lines.push(line);
    }
    lines.join("; ")
}

/// Operands, in the order in which they are written.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Result, source, source that may be in memory.
    Three,
    /// Result, source that may be in memory.
    Two,
    /// Result that may be in memory, source.
    To,
}
use Form::{Three, To, Two};

/// How long an operand is beside the instruction's length, or another kind of register.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Size {
    Full,
    Half,
    Quarter,
    Eighth,
    X,
    K,
    R32,
}
use Size::{Eighth, Full, Half, K, Quarter, R32, X};

fn name(r: u8, size: Size, len: Len) -> String {
    let bits = 128 << len as u32;
    let bits = match size {
        Full => bits,
        Half => bits / 2,
        Quarter => bits / 4,
        Eighth => bits / 8,
        X => 128,
        K => return format!("k{}", r & 7),
        R32 => {
            let low = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi"];
            return low.get(r as usize).map_or(format!("r{r}d"), |s| (*s).to_owned());
        }
    };
    match bits {
        512 => format!("zmm{r}"),
        256 => format!("ymm{r}"),
        _ => format!("xmm{r}"),
    }
}

const BOTH: u8 = 3;
const VEX: u8 = 1;
const EVEX: u8 = 2;

/// Name, instruction, form, sizes of result and last source, encodings, whether a byte follows.
type Row = (&'static str, Op, Form, Size, Size, u8, bool);

#[rustfmt::skip]
fn rows() -> Vec<Row> {
    vec![
        ("vaddps", float(ADD, false), Three, Full, Full, BOTH, false),
        ("vaddpd", float(ADD, true), Three, Full, Full, BOTH, false),
        ("vmulps", float(MUL, false), Three, Full, Full, BOTH, false),
        ("vsubpd", float(SUB, true), Three, Full, Full, BOTH, false),
        ("vdivps", float(DIV, false), Three, Full, Full, BOTH, false),
        ("vminpd", float(MIN, true), Three, Full, Full, BOTH, false),
        ("vmaxps", float(MAX, false), Three, Full, Full, BOTH, false),
        ("vsqrtps", float(SQRT, false), Two, Full, Full, BOTH, false),
        ("vsqrtpd", float(SQRT, true), Two, Full, Full, BOTH, false),
        ("vcmpps", float(CMP, false), Three, Full, Full, VEX, true),
        ("vcmppd", float(CMP, true), Three, K, Full, EVEX, true),
        ("vmovups", MOVU, Two, Full, Full, BOTH, false),
        ("vmovups", MOVU_TO, To, Full, Full, BOTH, false),
        ("vmovaps", MOVA, Two, Full, Full, BOTH, false),
        ("vmovntps", MOVNT, To, Full, Full, BOTH, false),
        ("vmovdqu32", MOVDQU32, Two, Full, Full, EVEX, false),
        ("vmovdqu64", MOVDQU32.wide(), Two, Full, Full, EVEX, false),
        ("vmovdqu32", MOVDQU32_TO, To, Full, Full, EVEX, false),
        ("vmovdqu8", MOVDQU8, Two, Full, Full, EVEX, false),
        ("vmovdqu8", MOVDQU8_TO, To, Full, Full, EVEX, false),
        ("vpmaskmovd", MASKMOV, Three, Full, Full, VEX, false),
        ("vpmaskmovq", MASKMOV.wide(), Three, Full, Full, VEX, false),
        ("vbroadcastss", BROADCAST, Two, Full, X, BOTH, false),
        ("vbroadcastsd", BROADCAST64, Two, Full, X, EVEX, false),
        ("vbroadcastsd", BROADCAST64_VEX, Two, Full, X, VEX, false),
        ("vpbroadcastd", PBROADCASTD, Two, Full, X, BOTH, false),
        ("vpaddd", PADDD, Three, Full, Full, BOTH, false),
        ("vpaddq", PADDQ, Three, Full, Full, BOTH, false),
        ("vpsubd", PSUBD, Three, Full, Full, BOTH, false),
        ("vpsubq", PSUBQ, Three, Full, Full, BOTH, false),
        ("vpmulld", PMULLD, Three, Full, Full, BOTH, false),
        ("vpmullq", PMULLD.wide(), Three, Full, Full, EVEX, false),
        ("vpmuludq", PMULUDQ, Three, Full, Full, BOTH, false),
        ("vpmaxsd", PMAXSD, Three, Full, Full, BOTH, false),
        ("vpminsq", PMINSD.wide(), Three, Full, Full, EVEX, false),
        ("vpmaxuq", PMAXUD.wide(), Three, Full, Full, EVEX, false),
        ("vpminud", PMINUD, Three, Full, Full, BOTH, false),
        ("vpand", PAND, Three, Full, Full, VEX, false),
        ("vpandd", PAND, Three, Full, Full, EVEX, false),
        ("vporq", POR.wide(), Three, Full, Full, EVEX, false),
        ("vpxord", PXOR, Three, Full, Full, EVEX, false),
        ("vpsllvd", PSLLV, Three, Full, Full, BOTH, false),
        ("vpsrlvq", PSRLV.wide(), Three, Full, Full, BOTH, false),
        ("vpsravd", PSRAV, Three, Full, Full, BOTH, false),
        ("vpsravq", PSRAV.wide(), Three, Full, Full, EVEX, false),
        ("vpcmpeqd", PCMPEQD, Three, Full, Full, VEX, false),
        ("vpcmpgtd", PCMPGTD, Three, Full, Full, VEX, false),
        ("vpcmpeqq", PCMPEQQ, Three, Full, Full, VEX, false),
        ("vpcmpgtq", PCMPGTQ, Three, Full, Full, VEX, false),
        ("vpcmpd", PCMP, Three, K, Full, EVEX, true),
        ("vpcmpuq", PCMPU.wide(), Three, K, Full, EVEX, true),
        ("vptestmb", PTESTMB, Three, K, Full, EVEX, false),
        ("vblendmps", BLENDM, Three, Full, Full, EVEX, false),
        ("vblendmpd", BLENDM.wide(), Three, Full, Full, EVEX, false),
        ("vfmadd132ps", FMA132, Three, Full, Full, BOTH, false),
        ("vfmadd213pd", FMA213.wide(), Three, Full, Full, BOTH, false),
        ("vfmadd231ps", FMA231, Three, Full, Full, BOTH, false),
        ("vrndscaleps", ROUND, Two, Full, Full, EVEX, true),
        ("vroundps", ROUND, Two, Full, Full, VEX, true),
        ("vrndscalepd", ROUND64, Two, Full, Full, EVEX, true),
        ("vroundpd", ROUND64, Two, Full, Full, VEX, true),
        ("vscalefps", SCALEF, Three, Full, Full, EVEX, false),
        ("vscalefpd", SCALEF.wide(), Three, Full, Full, EVEX, false),
        ("vgetexpps", GETEXP, Two, Full, Full, EVEX, false),
        ("vgetmantps", GETMANT, Two, Full, Full, EVEX, true),
        ("vpermps", PERMPS, Three, Full, Full, VEX, false),
        ("vpermi2ps", PERMI2PS, Three, Full, Full, EVEX, false),
        ("vrangeps", RANGE, Three, Full, Full, EVEX, true),
        ("vrangepd", RANGE.wide(), Three, Full, Full, EVEX, true),
        ("vcvtps2pd", CVTPS2PD, Two, Full, Half, BOTH, false),
        ("vcvtpd2ps", CVTPD2PS, Two, Half, Full, BOTH, false),
        ("vcvtdq2ps", CVTDQ2PS, Two, Full, Full, BOTH, false),
        ("vcvtdq2pd", CVTDQ2PD, Two, Full, Half, BOTH, false),
        ("vcvttps2dq", CVTTPS2DQ, Two, Full, Full, BOTH, false),
        ("vcvtqq2pd", CVTQQ2PD, Two, Full, Full, EVEX, false),
        ("vcvttpd2qq", CVTTPD2QQ, Two, Full, Full, EVEX, false),
        ("vcvtph2ps", CVTPH2PS, Two, Full, Half, BOTH, false),
        ("vcvtps2ph", CVTPS2PH, To, Half, Full, BOTH, true),
        ("vpmovsxbd", PMOVSXBD, Two, Full, Quarter, BOTH, false),
        ("vpmovzxbd", PMOVZXBD, Two, Full, Quarter, BOTH, false),
        ("vpmovzxbq", PMOVZXBQ, Two, Full, Eighth, BOTH, false),
        ("vpmovzxwd", PMOVZXWD, Two, Full, Half, BOTH, false),
        ("vpmovsxdq", PMOVSXDQ, Two, Full, Half, BOTH, false),
        ("vpmovzxdq", PMOVZXDQ, Two, Full, Half, BOTH, false),
        ("vpmovdb", PMOVDB, To, Quarter, Full, EVEX, false),
        ("vpmovdw", PMOVDW, To, Half, Full, EVEX, false),
        ("vpmovqd", PMOVQD, To, Half, Full, EVEX, false),
        ("vpackssdw", PACKSSDW, Three, Full, Full, VEX, false),
        ("vpackusdw", PACKUSDW, Three, Full, Full, VEX, false),
        ("vpacksswb", PACKSSWB, Three, Full, Full, VEX, false),
        ("vpackuswb", PACKUSWB, Three, Full, Full, VEX, false),
        ("vpabsb", PABSB, Two, Full, Full, VEX, false),
        ("vshufps", SHUFPS, Three, Full, Full, VEX, true),
        ("vpshufd", PSHUFD, Two, Full, Full, BOTH, true),
    ]
}

/// Registers of result, first source, last source.
const LOW: [[u8; 3]; 3] = [[0, 1, 2], [7, 8, 15], [15, 14, 9]];
const HIGH: [[u8; 3]; 3] = [[16, 31, 24], [31, 7, 16], [8, 16, 31]];

const PLACES: [(Mem, &str); 7] = [
    (Mem { base: RAX, index: Some((RBX, 2)), disp: 0 }, "[rax+rbx*4]"),
    (Mem { base: R13, index: Some((RBX, 0)), disp: 0 }, "[r13+rbx]"),
    (Mem { base: RSP, index: None, disp: 64 }, "[rsp+40h]"),
    (Mem { base: R12, index: None, disp: 0 }, "[r12]"),
    (Mem { base: RBP, index: Some((RCX, 3)), disp: 128 }, "[rbp+rcx*8+80h]"),
    (Mem { base: R9, index: Some((R11, 1)), disp: -4 }, "[r9+r11*2-4]"),
    (Mem { base: RDI, index: None, disp: 70000 }, "[rdi+11170h]"),
];

fn expected(row: Row, len: Len, [d, s, r]: [u8; 3], memory: Option<&str>, mask: &str) -> String {
    let (op, _, form, dst, src, _, imm) = row;
    let last = memory.map_or_else(|| name(r, src, len), str::to_owned);
    let imm = if imm { ",9" } else { "" };
    match form {
        Three => format!("{op} {}{mask},{},{last}{imm}", name(d, dst, len), name(s, Full, len)),
        Two => format!("{op} {}{mask},{last}{imm}", name(d, dst, len)),
        To => {
            let to = memory.map_or_else(|| name(r, dst, len), str::to_owned);
            format!("{op} {to}{mask},{}{imm}", name(d, src, len))
        }
    }
}

#[test]
fn vectors() {
    for row @ (_, op, form, dst, src, encodings, imm) in rows() {
        let imm = imm.then_some(9);
        let memory_only = matches!(op, MOVNT | MASKMOV) || op == MASKMOV.wide();
        let register_only = src == R32;
        let lens = match op {
            BROADCAST64 | BROADCAST64_VEX | PERMPS => &[Len::Y, Len::Z][..],
            _ => &[Len::X, Len::Y, Len::Z],
        };
        let emit = |evex: bool, len, [d, s, _]: [u8; 3], rm, lanes| {
            text(|a| {
                let s = if form == Three { s } else { 0 };
                if evex {
                    a.evex(op, len, d, s, rm, lanes, imm);
                } else {
                    a.vex(op, len, d, s, rm, imm);
                }
            })
        };
        for (evex, &len) in [false, true].into_iter().flat_map(|e| lens.iter().map(move |l| (e, l)))
        {
            if encodings & (if evex { EVEX } else { VEX }) == 0 || !evex && len == Len::Z {
                continue;
            }
            for mut regs in LOW.into_iter().chain(if evex { HIGH } else { LOW }) {
                if dst == K {
                    regs[0] &= 7;
                }
                if src == R32 {
                    regs[2] &= 15;
                }
                if !memory_only {
                    let found = emit(evex, len, regs, Rm::Reg(regs[2]), Lanes::All);
                    assert_eq!(found, expected(row, len, regs, None, ""));
                }
                for (place, memory) in PLACES {
                    if register_only {
                        continue;
                    }
                    let found = emit(evex, len, regs, Rm::Mem(place), Lanes::All);
                    assert_eq!(found, expected(row, len, regs, Some(memory), ""));
                    if evex && op != MOVNT {
                        let found = emit(evex, len, regs, Rm::Mem(place), Lanes::Merge(3));
                        assert_eq!(found, expected(row, len, regs, Some(memory), "{k3}"));
                    }
                    if evex && form != To && dst != K {
                        let found = emit(evex, len, regs, Rm::Mem(place), Lanes::Zero(1));
                        assert_eq!(found, expected(row, len, regs, Some(memory), "{k1}{z}"));
                    }
                }
            }
        }
    }
}

/// Instructions whose operands have forms of their own.
#[test]
fn others() {
    let m = Rm::Mem(Mem::at(R10, 8));
    let vex = |op: Op, len: Len, d: u8, s: u8, rm: Rm, imm: Option<u8>| {
        text(|a| a.vex(op, len, d, s, rm, imm))
    };
    let evex = |op: Op, len: Len, d: u8, s: u8, rm: Rm, imm: Option<u8>| {
        text(|a| a.evex(op, len, d, s, rm, Lanes::All, imm))
    };
    let rows = [
        (vex(MASKMOV_TO, Len::Y, 9, 10, m, None), "vpmaskmovd [r10+8],ymm10,ymm9"),
        (vex(MASKMOV_TO.wide(), Len::Y, 9, 1, m, None), "vpmaskmovq [r10+8],ymm1,ymm9"),
        (vex(MOVD, Len::X, 9, 0, Rm::Reg(0), None), "vmovd xmm9,eax"),
        (evex(MOVD, Len::X, 19, 0, Rm::Reg(0), None), "vmovd xmm19,eax"),
        (vex(MOVD_TO, Len::X, 9, 0, m, None), "vmovd [r10+8],xmm9"),
        (evex(MOVD_TO, Len::X, 29, 0, m, None), "vmovd [r10+8],xmm29"),
        (vex(MOVQ, Len::X, 9, 0, m, None), "vmovq xmm9,[r10+8]"),
        (evex(MOVQ, Len::X, 19, 0, m, None), "vmovq xmm19,[r10+8]"),
        (vex(MOVQ_TO, Len::X, 9, 0, m, None), "vmovq [r10+8],xmm9"),
        (evex(MOVQ_TO, Len::X, 19, 0, m, None), "vmovq [r10+8],xmm19"),
        (vex(BLENDV, Len::Y, 9, 10, Rm::Reg(11), Some(0xc0)), "vblendvps ymm9,ymm10,ymm11,ymm12"),
        (vex(BLENDVPD, Len::Y, 9, 10, m, Some(0x30)), "vblendvpd ymm9,ymm10,[r10+8],ymm3"),
        (vex(MOVMSKPS, Len::Y, 0, 0, Rm::Reg(12), None), "vmovmskps eax,ymm12"),
        (vex(MOVMSKPD, Len::Y, 0, 0, Rm::Reg(12), None), "vmovmskpd eax,ymm12"),
        (vex(EXTRACT128, Len::Y, 9, 0, Rm::Reg(2), Some(1)), "vextracti128 xmm2,ymm9,1"),
        (evex(EXTRACT128, Len::Y, 19, 0, Rm::Reg(22), Some(1)), "vextracti32x4 xmm22,ymm19,1"),
        (evex(EXTRACT256, Len::Z, 19, 0, Rm::Reg(22), Some(1)), "vextracti64x4 ymm22,zmm19,1"),
        (vex(PSLLD_IMM.1, Len::Y, PSLLD_IMM.0, 9, Rm::Reg(2), Some(16)), "vpslld ymm9,ymm2,10h"),
        (evex(PSRLD_IMM.1, Len::Z, PSRLD_IMM.0, 19, Rm::Reg(2), Some(7)), "vpsrld zmm19,zmm2,7"),
        (vex(PSLLQ_IMM.1, Len::Y, PSLLQ_IMM.0, 9, Rm::Reg(2), Some(3)), "vpsllq ymm9,ymm2,3"),
        (evex(PSRLQ_IMM.1, Len::Z, PSRLQ_IMM.0, 9, Rm::Reg(28), Some(3)), "vpsrlq zmm9,zmm28,3"),
        (vex(KAND[0], Len::Y, 1, 2, Rm::Reg(3), None), "kandw k1,k2,k3"),
        (vex(KAND[1], Len::Y, 1, 2, Rm::Reg(3), None), "kandb k1,k2,k3"),
        (vex(KOR[0], Len::Y, 1, 2, Rm::Reg(3), None), "korw k1,k2,k3"),
        (vex(KXOR[1], Len::Y, 1, 2, Rm::Reg(3), None), "kxorb k1,k2,k3"),
        (vex(KNOT[0], Len::X, 1, 0, Rm::Reg(3), None), "knotw k1,k3"),
        (vex(KNOT[1], Len::X, 1, 0, Rm::Reg(3), None), "knotb k1,k3"),
        (vex(KORTEST[0], Len::X, 1, 0, Rm::Reg(3), None), "kortestw k1,k3"),
        (vex(KORTEST[1], Len::X, 1, 0, Rm::Reg(3), None), "kortestb k1,k3"),
        (vex(KMOV, Len::X, 1, 0, m, None), "kmovw k1,[r10+8]"),
        (vex(KMOV_TO, Len::X, 1, 0, m, None), "kmovw [r10+8],k1"),
        (vex(KMOV_GPR, Len::X, 1, 0, Rm::Reg(0), None), "kmovw k1,eax"),
        (vex(KMOV_TO_GPR, Len::X, 6, 0, Rm::Reg(1), None), "kmovw esi,k1"),
        (
            evex(float(ADD, false), Len::Z, 31, 17, Rm::PoolBroadcast(8), None),
            "vaddps zmm31,zmm17,[rel 48h]{1to16}",
        ),
        (
            evex(float(CMP, true), Len::Z, 3, 17, Rm::PoolBroadcast(8), Some(5)),
            "vcmppd k3,zmm17,[rel 48h]{1to8},5",
        ),
        (vex(float(ADD, false), Len::Y, 1, 12, Rm::Pool(32), None), "vaddps ymm1,ymm12,[rel 60h]"),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
    }
}

#[test]
fn general() {
    let m = Mem { base: R13, index: Some((RBX, 3)), disp: -8 };
    let rows = [
        (
            text(|a| (a.push(RBX), a.push(R12), a.pop(R15), a.ret()).3),
            "push rbx; push r12; pop r15; ret",
        ),
        (text(|a| (a.mov(RAX, RSP), a.mov(R11, RDX)).1), "mov rax,rsp; mov r11,rdx"),
        (
            text(|a| (a.load(R9, m), a.store(m, RCX)).1),
            "mov r9,[r13+rbx*8-8]; mov [r13+rbx*8-8],rcx",
        ),
        (text(|a| a.load_part(RAX, m, 1, true)), "movsx eax,[r13+rbx*8-8]"),
        (text(|a| a.load_part(RAX, m, 2, false)), "movzx eax,[r13+rbx*8-8]"),
        (text(|a| a.load_part(R8, m, 4, false)), "mov r8d,[r13+rbx*8-8]"),
        (
            text(|a| (a.store_part(m, RAX, 1), a.store_part(m, RCX, 2)).1),
            "mov [r13+rbx*8-8],al; mov [r13+rbx*8-8],cx",
        ),
        (text(|a| a.lea(R11, m)), "lea r11,[r13+rbx*8-8]"),
        (text(|a| a.lea_pool(RAX, Rm::Pool(4))), "lea rax,[rel 44h]"),
        (
            text(|a| (a.constant(RDX, 16), a.constant(R9, 1 << 40)).1),
            "mov edx,10h; mov r9,10000000000h",
        ),
        (
            text(|a| (a.add_imm(RBX, 16), a.and_imm(RSP, -64)).1),
            "add rbx,10h; and rsp,0FFFFFFFFFFFFFFC0h",
        ),
        (text(|a| (a.sub_frame(), a.cmp_imm(R10, 5)).1), "sub rsp,280h; cmp r10,5"),
        (
            text(|a| (a.add_to(m, RAX), a.add(R9, m), a.sub_from(m, 1)).2),
            "add [r13+rbx*8-8],rax; add r9,[r13+rbx*8-8]; sub [r13+rbx*8-8],1",
        ),
        (
            text(|a| (a.sub(RCX, RBX), a.cmp(RBX, Rm::Mem(m))).1),
            "sub rcx,rbx; cmp rbx,[r13+rbx*8-8]",
        ),
        (
            text(|a| (a.shl(RAX, 16), a.neg(R9), a.test(RAX, RAX)).2),
            "shl eax,10h; neg r9; test rax,rax",
        ),
        (
            text(|a| (a.bzhi(RAX, RAX, RCX), a.call(RAX), a.lower(RCX, RAX)).2),
            "bzhi eax,eax,ecx; call rax; cmp rax,rcx; cmovb rcx,rax",
        ),
        (text(|a| a.vzeroupper()), "vzeroupper"),
    ];
    for (found, expected) in rows {
        assert_eq!(found, expected);
    }
}

#[test]
fn jumps() {
    let found = text(|a| {
        let (back, on) = (a.label(), a.label());
        a.bind(back);
        a.jump_if(If::NotEqual, back);
        a.jump_if(If::Below, on);
        a.jump(back);
        a.bind(on);
        a.jump_if(If::BelowEqual, on);
        a.jump_if(If::Equal, on);
    });
    assert_eq!(found, "jne near 0; jb near 11h; jmp 0; jbe near 11h; je near 11h");
}
