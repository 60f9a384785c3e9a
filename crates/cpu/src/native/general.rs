//! General instructions of the assembler: pointers, counters, jumps.

use super::asm::{Asm, Gpr, If, Label, Len, Mem, Op, RSP, Rm};

impl Asm {
    /// A general instruction with 64-bit operands (32-bit ones if not `wide`).
    fn general(&mut self, wide: bool, code: &[u8], reg: u8, rm: Rm, trailing: u32) {
        let (x, b) = match rm {
            Rm::Reg(r) => (0, r >> 3),
            _ => Asm::high(rm),
        };
        let rex = 0x40 | u8::from(wide) << 3 | (reg >> 3) << 2 | x << 1 | b;
        if rex != 0x40 {
            self.byte(rex);
        }
        self.code.extend_from_slice(code);
        self.operands(reg, rm, trailing, 1);
    }

    pub(super) fn push(&mut self, r: Gpr) {
        self.with_register(0x50, r);
    }

    pub(super) fn pop(&mut self, r: Gpr) {
        self.with_register(0x58, r);
    }

    /// An instruction whose opcode has the register.
    fn with_register(&mut self, code: u8, r: Gpr) {
        if r.0 >= 8 {
            self.byte(0x41);
        }
        self.byte(code | r.0 & 7);
    }

    pub(super) fn ret(&mut self) {
        self.byte(0xc3);
    }

    pub(super) fn mov(&mut self, to: Gpr, from: Gpr) {
        self.general(true, &[0x8b], to.0, Rm::Reg(from.0), 0);
    }

    pub(super) fn load(&mut self, to: Gpr, from: Mem) {
        self.general(true, &[0x8b], to.0, Rm::Mem(from), 0);
    }

    pub(super) fn store(&mut self, to: Mem, from: Gpr) {
        self.general(true, &[0x89], from.0, Rm::Mem(to), 0);
    }

    /// Asks for the cache line of a place, which need not exist.
    pub(super) fn prefetch(&mut self, at: Mem) {
        self.general(false, &[0x0f, 0x18], 1, Rm::Mem(at), 0);
    }

    /// Loads 1, 2 or 4 bytes, with zeros or the sign in front, into 32 bits.
    pub(super) fn load_part(&mut self, to: Gpr, from: Mem, size: usize, signed: bool) {
        let code: &[u8] = match (size, signed) {
            (1, false) => &[0x0f, 0xb6],
            (1, true) => &[0x0f, 0xbe],
            (2, false) => &[0x0f, 0xb7],
            (2, true) => &[0x0f, 0xbf],
            _ => &[0x8b],
        };
        self.general(false, code, to.0, Rm::Mem(from), 0);
    }

    /// Stores the lower 1 or 2 bytes of RAX or RCX.
    pub(super) fn store_part(&mut self, to: Mem, from: Gpr, size: usize) {
        debug_assert!(from.0 < 4, "other registers' bytes need a prefix");
        if size == 2 {
            self.byte(0x66);
        }
        self.general(false, &[if size == 1 { 0x88 } else { 0x89 }], from.0, Rm::Mem(to), 0);
    }

    pub(super) fn lea(&mut self, to: Gpr, from: Mem) {
        self.general(true, &[0x8d], to.0, Rm::Mem(from), 0);
    }

    /// The address of a constant.
    pub(super) fn lea_pool(&mut self, to: Gpr, constant: Rm) {
        self.general(true, &[0x8d], to.0, constant, 0);
    }

    /// A constant of 64 bits.
    pub(super) fn constant(&mut self, to: Gpr, x: u64) {
        if let Ok(x) = u32::try_from(x) {
            self.general(false, &[0xc7], 0, Rm::Reg(to.0), 4);
            return self.dword(x);
        }
        self.byte(0x48 | to.0 >> 3);
        self.byte(0xb8 | to.0 & 7);
        self.code.extend_from_slice(&x.to_le_bytes());
    }

    fn arithmetic(&mut self, wide: bool, code: u8, to: Gpr, x: i32) {
        self.general(wide, &[0x81], code, Rm::Reg(to.0), 4);
        self.dword(x as u32);
    }

    pub(super) fn add_imm(&mut self, to: Gpr, x: i32) {
        self.arithmetic(true, 0, to, x);
    }

    pub(super) fn and_imm(&mut self, to: Gpr, x: i32) {
        self.arithmetic(true, 4, to, x);
    }

    pub(super) fn sub_imm(&mut self, to: Gpr, x: i32) {
        self.arithmetic(true, 5, to, x);
    }

    /// Takes the stack frame, whose size is known at the end.
    pub(super) fn sub_frame(&mut self) {
        self.sub_imm(RSP, 0);
        self.frames.push(self.code.len() as u32 - 4);
    }

    pub(super) fn cmp_imm(&mut self, to: Gpr, x: i32) {
        self.arithmetic(true, 7, to, x);
    }

    /// `to += from`, where `to` is in memory.
    pub(super) fn add_to(&mut self, to: Mem, from: Gpr) {
        self.general(true, &[0x01], from.0, Rm::Mem(to), 0);
    }

    /// `to += from`, where `from` is in memory.
    pub(super) fn add(&mut self, to: Gpr, from: Mem) {
        self.general(true, &[0x03], to.0, Rm::Mem(from), 0);
    }

    /// `to -= x`, where `to` is in memory.
    pub(super) fn sub_from(&mut self, to: Mem, x: i32) {
        self.general(true, &[0x81], 5, Rm::Mem(to), 4);
        self.dword(x as u32);
    }

    pub(super) fn sub(&mut self, to: Gpr, from: Gpr) {
        self.general(true, &[0x2b], to.0, Rm::Reg(from.0), 0);
    }

    pub(super) fn cmp(&mut self, x: Gpr, y: Rm) {
        self.general(true, &[0x3b], x.0, y, 0);
    }

    /// `to >>= by` on 32 bits; `neg`, `shl` alike.
    pub(super) fn shl(&mut self, to: Gpr, by: u8) {
        self.general(false, &[0xc1], 4, Rm::Reg(to.0), 1);
        self.byte(by);
    }

    pub(super) fn neg(&mut self, to: Gpr) {
        self.general(true, &[0xf7], 3, Rm::Reg(to.0), 0);
    }

    pub(super) fn test(&mut self, x: Gpr, y: Gpr) {
        self.general(true, &[0x85], x.0, Rm::Reg(y.0), 0);
    }

    /// `to` with only its `count` lowest bits, on 32 bits.
    pub(super) fn bzhi(&mut self, to: Gpr, from: Gpr, count: Gpr) {
        self.vex(Op::new(2, 0, false, 0xf5), Len::X, to.0, count.0, Rm::Reg(from.0), None);
    }

    pub(super) fn call(&mut self, to: Gpr) {
        self.general(false, &[0xff], 2, Rm::Reg(to.0), 0);
    }

    pub(super) fn jump(&mut self, to: Label) {
        self.byte(0xe9);
        self.jumps.push((self.code.len() as u32, to));
        self.dword(0);
    }

    pub(super) fn jump_if(&mut self, condition: If, to: Label) {
        self.byte(0x0f);
        self.byte(0x80 | condition as u8);
        self.jumps.push((self.code.len() as u32, to));
        self.dword(0);
    }

    /// Moves the maximum of two counters: `to = min(to, from)`, unsigned.
    pub(super) fn lower(&mut self, to: Gpr, from: Gpr) {
        self.cmp(from, Rm::Reg(to.0));
        self.general(true, &[0x0f, 0x42], to.0, Rm::Reg(from.0), 0);
    }

    pub(super) fn vzeroupper(&mut self) {
        self.code.extend_from_slice(&[0xc5, 0xf8, 0x77]);
    }
}
