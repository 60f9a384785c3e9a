//! The assembler against a disassembler.

use super::super::asm::*;
use super::super::ops::*;
use iced_x86::{Decoder, DecoderOptions, Formatter, NasmFormatter};

/// What a disassembler reads.
fn text(emit: impl FnOnce(&mut Asm)) -> String {
    let mut asm = Asm::default();
    emit(&mut asm);
    let size = asm.len();
    let code = asm.finish(640);
    let mut decoder = Decoder::with_ip(64, &code[..size], 0, DecoderOptions::NONE);
    let mut formatter = NasmFormatter::new();
    let mut lines = Vec::new();
    while decoder.can_decode() {
        let instruction = decoder.decode();
        assert!(!instruction.is_invalid(), "{:02x?}", &code[..size]);
        let mut line = String::new();
        formatter.format(&instruction, &mut line);
        lines.push(line);
    }
    lines.join("; ")
}

#[test]
fn show() {
    let m = Mem { base: R13, index: Some((RBX, 2)), disp: 0 };
    println!("{}", text(|a| a.evex(float(ADD, false), Len::Z, 31, 17, Rm::Reg(8), Lanes::Zero(3), None)));
    println!("{}", text(|a| a.evex(float(ADD, false), Len::Z, 31, 17, Rm::Mem(m), Lanes::Merge(3), None)));
    println!("{}", text(|a| a.evex(float(ADD, true), Len::Z, 31, 17, Rm::PoolBroadcast(8), Lanes::All, None)));
    println!("{}", text(|a| a.evex(PMOVDB, Len::Z, 31, 0, Rm::Mem(m), Lanes::Merge(1), None)));
    println!("{}", text(|a| a.vex(KAND[0], Len::Y, 1, 2, Rm::Reg(3), None)));
}
