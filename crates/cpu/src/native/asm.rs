//! An assembler for the x86-64 instructions that lines need.
//!
//! Vector instructions share one form, [`Op`], which is encoded as VEX or, for AVX-512, as EVEX. The few
//! general instructions are in [`general`](super::general).

/// A general register.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Gpr(pub(super) u8);

pub(super) const RAX: Gpr = Gpr(0);
pub(super) const RCX: Gpr = Gpr(1);
pub(super) const RDX: Gpr = Gpr(2);
pub(super) const RBX: Gpr = Gpr(3);
pub(super) const RSP: Gpr = Gpr(4);
pub(super) const RBP: Gpr = Gpr(5);
pub(super) const RSI: Gpr = Gpr(6);
pub(super) const RDI: Gpr = Gpr(7);
pub(super) const R8: Gpr = Gpr(8);
pub(super) const R9: Gpr = Gpr(9);
pub(super) const R10: Gpr = Gpr(10);
pub(super) const R11: Gpr = Gpr(11);
pub(super) const R12: Gpr = Gpr(12);
pub(super) const R13: Gpr = Gpr(13);
pub(super) const R14: Gpr = Gpr(14);
pub(super) const R15: Gpr = Gpr(15);

/// A place in memory: base, index times a power of two, displacement.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Mem {
    pub(super) base: Gpr,
    /// The index and the logarithm of its factor.
    pub(super) index: Option<(Gpr, u8)>,
    pub(super) disp: i32,
}

impl Mem {
    pub(super) fn at(base: Gpr, disp: i32) -> Mem {
        Mem { base, index: None, disp }
    }
}

/// The operand that may be in memory.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Rm {
    /// A vector, mask or general register.
    Reg(u8),
    Mem(Mem),
    /// A constant, by its place in the pool.
    Pool(u32),
    /// One element of the pool, for all lanes (EVEX only).
    PoolBroadcast(u32),
}

/// The length of vectors.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub(super) enum Len {
    X = 0,
    Y = 1,
    Z = 2,
}

/// A vector instruction.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Op {
    /// The opcode map: 1 for 0F, 2 for 0F 38, 3 for 0F 3A.
    map: u8,
    /// The prefix that is part of the opcode: 0 none, 1 for 66, 2 for F3, 3 for F2.
    prefix: u8,
    wide: bool,
    code: u8,
}

impl Op {
    pub(super) const fn new(map: u8, prefix: u8, wide: bool, code: u8) -> Op {
        Op { map, prefix, wide, code }
    }

    /// The same on 64-bit lanes.
    pub(super) const fn wide(self) -> Op {
        Op { wide: true, ..self }
    }

    /// Whether VEX instructions have a width bit that counts. Where it does not it is 0: that is shorter, and
    /// tools expect it. (EVEX instructions always have one.)
    const fn counts_width(self) -> bool {
        match self.map {
            // Moves from and to general registers, and all on mask registers.
            1 => {
                self.prefix == 1 && matches!(self.code, 0x6e | 0x7e)
                    || matches!(self.code, 0x41..=0x4b | 0x90..=0x99)
            }
            // Fused multiply-add, masked moves, shifts by lanes' counts.
            2 => true,
            _ => false,
        }
    }
}

/// Which lanes an instruction writes (EVEX only).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lanes {
    All,
    /// Those of a mask register; others keep what they have.
    Merge(u8),
    /// Those of a mask register; others become zero.
    Zero(u8),
}

/// A place in the code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Label(u32);

/// Conditions of jumps, as in their opcodes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum If {
    Below = 2,
    Equal = 4,
    NotEqual = 5,
    /// Unsigned.
    BelowEqual = 6,
}

const UNBOUND: u32 = u32::MAX;

/// Code that grows.
#[derive(Default)]
pub(super) struct Asm {
    pub(super) code: Vec<u8>,
    labels: Vec<u32>,
    /// Where displacements of jumps stand, and to where.
    pub(super) jumps: Vec<(u32, Label)>,
    pool: Vec<u8>,
    /// Where displacements to the pool stand, and the end of their instructions.
    pooled: Vec<(u32, u32)>,
    /// Where the size of the stack frame stands.
    pub(super) frames: Vec<u32>,
}

impl Asm {
    pub(super) fn label(&mut self) -> Label {
        self.labels.push(UNBOUND);
        Label(self.labels.len() as u32 - 1)
    }

    pub(super) fn bind(&mut self, label: Label) {
        self.labels[label.0 as usize] = self.code.len() as u32;
    }

    /// The place of bytes in the pool. Its users look for what is there already.
    pub(super) fn pool(&mut self, bytes: &[u8]) -> u32 {
        // Constants begin at multiples of their size, so that none lies across cache lines.
        while !self.pool.len().is_multiple_of(bytes.len().next_power_of_two()) {
            self.pool.push(0);
        }
        self.pool.extend_from_slice(bytes);
        (self.pool.len() - bytes.len()) as u32
    }

    /// The code with its pool behind it, for a place that is a multiple of 64. `frame` is the size of the
    /// stack frame.
    pub(super) fn finish(mut self, frame: i32) -> Vec<u8> {
        for at in self.frames {
            self.code[at as usize..at as usize + 4].copy_from_slice(&frame.to_le_bytes());
        }
        while !self.code.len().is_multiple_of(64) {
            self.code.push(0xcc);
        }
        let pool = self.code.len() as i32;
        for (at, end) in self.pooled {
            let field = &mut self.code[at as usize..at as usize + 4];
            let place = i32::from_le_bytes([field[0], field[1], field[2], field[3]]);
            field.copy_from_slice(&(pool + place - end as i32).to_le_bytes());
        }
        for (at, label) in self.jumps {
            let to = self.labels[label.0 as usize];
            debug_assert_ne!(to, UNBOUND);
            self.code[at as usize..at as usize + 4]
                .copy_from_slice(&(to.wrapping_sub(at + 4)).to_le_bytes());
        }
        self.code.extend_from_slice(&self.pool);
        self.code
    }

    /// Bytes of code so far.
    pub(super) fn len(&self) -> usize {
        self.code.len()
    }

    pub(super) fn byte(&mut self, b: u8) {
        self.code.push(b);
    }

    pub(super) fn dword(&mut self, x: u32) {
        self.code.extend_from_slice(&x.to_le_bytes());
    }

    /// The bytes that say which operands: ModRM, SIB, displacement. `trailing` bytes follow. `unit` is what
    /// a displacement of one byte counts in.
    pub(super) fn operands(&mut self, reg: u8, rm: Rm, trailing: u32, unit: i32) {
        let reg = (reg & 7) << 3;
        match rm {
            Rm::Reg(r) => self.byte(0xc0 | reg | r & 7),
            Rm::Pool(place) | Rm::PoolBroadcast(place) => {
                self.byte(reg | 5);
                let at = self.code.len() as u32;
                self.pooled.push((at, at + 4 + trailing));
                self.dword(place);
            }
            Rm::Mem(m) => {
                let base = m.base.0 & 7;
                // RBP and R13 as bases have no form without a displacement.
                let short = m.disp % unit == 0 && i8::try_from(m.disp / unit).is_ok();
                let mode = match m.disp {
                    0 if base != 5 => 0,
                    _ if short => 0x40,
                    _ => 0x80,
                };
                match m.index {
                    Some((index, shift)) => {
                        debug_assert_ne!(index, RSP);
                        self.byte(mode | reg | 4);
                        self.byte(shift << 6 | (index.0 & 7) << 3 | base);
                    }
                    None if base == 4 => {
                        self.byte(mode | reg | 4);
                        self.byte(0x24);
                    }
                    None => self.byte(mode | reg | base),
                }
                match mode {
                    0 => {}
                    0x40 => self.byte((m.disp / unit) as u8),
                    _ => self.dword(m.disp as u32),
                }
            }
        }
    }

    /// The fourth bits of an operand's registers: index (or none), base.
    pub(super) fn high(rm: Rm) -> (u8, u8) {
        match rm {
            Rm::Reg(r) => (r >> 4 & 1, r >> 3 & 1),
            Rm::Mem(m) => (m.index.map_or(0, |(i, _)| i.0 >> 3 & 1), m.base.0 >> 3 & 1),
            Rm::Pool(_) | Rm::PoolBroadcast(_) => (0, 0),
        }
    }

    /// A VEX instruction: `reg`, `src` (0 where it has none) and `rm`, and a byte behind.
    pub(super) fn vex(&mut self, op: Op, len: Len, reg: u8, src: u8, rm: Rm, imm: Option<u8>) {
        debug_assert!(reg < 16 && src < 16 && len != Len::Z);
        let (x, b) = match rm {
            // A register's fourth bit is where a base's is.
            Rm::Reg(r) => (0, r >> 3 & 1),
            _ => Asm::high(rm),
        };
        let wide = u8::from(op.wide && op.counts_width());
        let (high, rest) =
            ((!(reg >> 3) & 1) << 7, (!src & 15) << 3 | (len as u8) << 2 | op.prefix);
        if op.map == 1 && wide == 0 && x == 0 && b == 0 {
            self.byte(0xc5);
            self.byte(high | rest);
        } else {
            self.byte(0xc4);
            self.byte(high | (x ^ 1) << 6 | (b ^ 1) << 5 | op.map);
            self.byte(wide << 7 | rest);
        }
        self.byte(op.code);
        self.operands(reg, rm, u32::from(imm.is_some()), 1);
        if let Some(imm) = imm {
            self.byte(imm);
        }
    }

    /// An EVEX instruction.
    #[allow(clippy::too_many_arguments, reason = "the fields of the encoding")]
    pub(super) fn evex(
        &mut self,
        op: Op,
        len: Len,
        reg: u8,
        src: u8,
        rm: Rm,
        lanes: Lanes,
        imm: Option<u8>,
    ) {
        let (x, b) = Asm::high(rm);
        let broadcast = matches!(rm, Rm::PoolBroadcast(_));
        let (mask, zero) = match lanes {
            Lanes::All => (0, false),
            Lanes::Merge(k) => (k, false),
            Lanes::Zero(k) => (k, true),
        };
        self.byte(0x62);
        let high = (!(reg >> 3) & 1) << 7 | (x ^ 1) << 6 | (b ^ 1) << 5 | (!(reg >> 4) & 1) << 4;
        self.byte(high | op.map);
        self.byte(u8::from(op.wide) << 7 | (!src & 15) << 3 | 4 | op.prefix);
        self.byte(
            u8::from(zero) << 7
                | (len as u8) << 5
                | u8::from(broadcast) << 4
                | (!(src >> 4) & 1) << 3
                | mask,
        );
        self.byte(op.code);
        // Displacements of one byte count in units that depend on the instruction; none are used.
        self.operands(reg, rm, u32::from(imm.is_some()), i32::MAX);
        if let Some(imm) = imm {
            self.byte(imm);
        }
    }
}
