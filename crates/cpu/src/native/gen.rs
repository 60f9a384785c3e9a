//! The state of the code generator, vector instructions and constants.

use super::Isa;
use super::asm::{
    Asm, Gpr, Lanes, Len, Mem, Op, R8, R9, R10, R12, R13, R14, R15, RDI, RDX, RSI, RSP, Rm,
};
use super::calls::Rest;
use super::ops;
use super::plan::Plan;
use super::registers::{Bank, Class, Lane, NONE, NOWHERE, Place};
use crate::fused::code::Rows;
use crate::fused::line::RareFn;
use crate::fused::line::{Instr, Kind, Line, Reg, Step as Move};
use crate::kernel::Kernel;
use smallvec::SmallVec;

/// Registers for pointers. RAX, RCX and R11 are for the moment, RBX is the place in the line, RBP its end.
const POINTERS: [Gpr; 10] = [RDX, RSI, RDI, R8, R9, R10, R12, R13, R14, R15];

/// Copies of a body whose steps may be interleaved.
pub(super) const MOST_WAYS: usize = 4;

/// The mask register that holds which lanes of the tail exist.
pub(super) const TAIL_MASK: u8 = 1;

/// Offsets in the stack frame.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) pointers: i32,
    pub(super) buffers: i32,
    pub(super) saved: i32,
    pub(super) slots: i32,
}

impl Frame {
    pub(super) const OLD: i32 = 0;
    pub(super) const END: i32 = 8;
    pub(super) const ROWS: i32 = 16;
    pub(super) const STEPS: i32 = 24;
    pub(super) const LIMIT: i32 = 32;
    pub(super) const TAIL: i32 = 40;
    pub(super) const START: i32 = 48;
    /// AVX2: which lanes of the tail exist, for 32-bit and for 64-bit lanes.
    pub(super) const MASK32: i32 = 64;
    pub(super) const MASK64: i32 = 96;
    /// AVX2: narrow elements of the tail.
    pub(super) const COPY: i32 = 128;

    fn new(line: &Line) -> Frame {
        let calls =
            line.instrs.iter().any(|i| matches!(i, Instr::Call { .. } | Instr::Rare { .. }));
        let pointers = 192;
        let buffers = pointers + (8 * line.args.len() as i32 + 63) / 64 * 64;
        let saved = buffers + if calls { 256 } else { 0 };
        let slots = saved + if calls { 32 * 64 + 64 } else { 0 };
        Frame { pointers, buffers, saved, slots }
    }
}

/// A place in the frame.
pub(super) fn frame(offset: i32) -> Mem {
    Mem::at(RSP, offset)
}

pub(super) struct Gen<'a> {
    pub(super) asm: Asm,
    pub(super) isa: Isa,
    pub(super) line: &'a Line,
    pub(super) rows: Option<&'a Rows>,
    pub(super) plan: &'a Plan,
    pub(super) kernels: &'a [Kernel],
    pub(super) rares: &'a [RareFn],
    /// Elements at a time.
    pub(super) lanes: usize,
    pub(super) frame: Frame,
    pub(super) banks: [Bank; 2],
    pub(super) places: Vec<Place>,
    /// Slots that are free, and how many there are beside them.
    pub(super) slots: Vec<u32>,
    pub(super) slot_count: u32,
    /// Slots of this number and above belong to the body.
    pub(super) fixed_slots: u32,
    pub(super) most_slots: u32,
    /// The places of values that are constants in the pool.
    pooled_values: Vec<u32>,
    /// Other constants in the pool: bytes a lane, bits, place.
    constants: Vec<(usize, u64, u32)>,
    /// The registers of arguments' pointers.
    pub(super) pointers: Vec<Option<Gpr>>,
    /// Lanes of folds: the register or the slot of each.
    pub(super) lanes_of_folds: Vec<Vec<Lane>>,
    /// AVX-512: mask registers that remember in which lanes a fold has met a NaN.
    pub(super) nans_of_folds: Vec<Option<u8>>,
    /// The step at hand, its operands, and whether those that die have been given up.
    pub(super) at: usize,
    pub(super) reads: SmallVec<[Reg; 4]>,
    pub(super) retired: bool,
    /// The copy of the body that is emitted: which of the fold's vectors it uses, and its distance from RBX
    /// in vectors.
    pub(super) copy: usize,
    pub(super) ahead: usize,
    /// How many copies of the whole body are interleaved.
    pub(super) interleaved: usize,
    /// Which one it is among those whose steps are interleaved, and how many these are.
    pub(super) way: usize,
    pub(super) ways: usize,
    /// Loads that have been done before the rows, with the register of each copy.
    pub(super) held: Vec<(usize, [u8; MOST_WAYS])>,
    /// Whether only some lanes exist.
    pub(super) tail: bool,
    pub(super) streams: bool,
    /// Code that stands behind the loop.
    pub(super) rest: Vec<Rest>,
}

impl<'a> Gen<'a> {
    pub(super) fn new(
        isa: Isa,
        line: &'a Line,
        rows: Option<&'a Rows>,
        plan: &'a Plan,
        kernels: &'a [Kernel],
        rares: &'a [RareFn],
    ) -> Gen<'a> {
        let wide = line.kinds.iter().any(|k| k.size() == 8);
        let lanes = match isa {
            Isa::Avx512 => 16 >> u32::from(wide),
            Isa::Avx2 => 8 >> u32::from(wide),
        };
        let (vectors, masks) = match isa {
            Isa::Avx512 => (u32::MAX, 0xfc),
            Isa::Avx2 => (0xffff, 0),
        };
        let mut free = POINTERS.into_iter();
        let pointers = line
            .args
            .iter()
            .map(|a| if a.step == Move::Next { free.next() } else { None })
            .collect();
        Gen {
            asm: Asm::default(),
            isa,
            line,
            rows,
            plan,
            kernels,
            rares,
            lanes,
            frame: Frame::new(line),
            banks: [Bank::new(vectors), Bank::new(masks)],
            places: vec![NOWHERE; MOST_WAYS * line.instrs.len()],
            slots: Vec::new(),
            slot_count: 0,
            fixed_slots: 0,
            most_slots: 0,
            pooled_values: vec![NONE; line.instrs.len()],
            constants: Vec::new(),
            pointers,
            lanes_of_folds: Vec::new(),
            nans_of_folds: Vec::new(),
            at: 0,
            reads: SmallVec::new(),
            retired: false,
            copy: 0,
            ahead: 0,
            way: 0,
            ways: 1,
            interleaved: 1,
            held: Vec::new(),
            tail: false,
            streams: false,
            rest: Vec::new(),
        }
    }

    pub(super) fn kind(&self, r: Reg) -> Kind {
        self.line.kinds[r.index()]
    }

    pub(super) fn class(&self, kind: Kind) -> Class {
        match (kind, self.isa) {
            (Kind::Mask, Isa::Avx512) => Class::Mask,
            _ => Class::Vector,
        }
    }

    /// The length of a vector with lanes of so many bytes.
    pub(super) fn len_of(&self, size: usize) -> Len {
        match self.lanes * size {
            64 => Len::Z,
            32 => Len::Y,
            _ => Len::X,
        }
    }

    /// The length of a kind's vectors. (Truth values in vectors fill them.)
    pub(super) fn len(&self, kind: Kind) -> Len {
        match kind {
            Kind::Mask => Len::Y,
            _ => self.len_of(kind.size()),
        }
    }

    // Instructions.

    #[allow(clippy::too_many_arguments, reason = "the fields of the encoding")]
    pub(super) fn emit(
        &mut self,
        op: Op,
        len: Len,
        dst: u8,
        src: u8,
        rm: Rm,
        lanes: Lanes,
        imm: Option<u8>,
    ) {
        match self.isa {
            Isa::Avx512 => self.asm.evex(op, len, dst, src, rm, lanes, imm),
            Isa::Avx2 => {
                debug_assert_eq!(lanes, Lanes::All);
                self.asm.vex(op, len, dst, src, rm, imm);
            }
        }
    }

    pub(super) fn op(&mut self, op: Op, len: Len, dst: u8, src: u8, rm: Rm) {
        self.emit(op, len, dst, src, rm, Lanes::All, None);
    }

    pub(super) fn op_imm(&mut self, op: Op, len: Len, dst: u8, src: u8, rm: Rm, imm: u8) {
        self.emit(op, len, dst, src, rm, Lanes::All, Some(imm));
    }

    /// A copy between registers.
    pub(super) fn copy_to(&mut self, len: Len, dst: u8, from: u8) {
        if dst != from {
            self.op(ops::MOVA, len, dst, 0, Rm::Reg(from));
        }
    }

    // Constants.

    /// Puts an element into the pool: once for EVEX, which can broadcast operands, else for all lanes.
    fn pool(&mut self, size: usize, bits: u64) -> u32 {
        let bytes = bits.to_le_bytes();
        match self.isa {
            Isa::Avx512 => self.asm.pool(&bytes[..size]),
            Isa::Avx2 => self.asm.pool(&bytes[..size].repeat(self.lanes)),
        }
    }

    /// The place of a constant that instructions need beside the line's own.
    fn pooled(&mut self, size: usize, bits: u64) -> u32 {
        if let Some(c) = self.constants.iter().find(|c| (c.0, c.1) == (size, bits)) {
            return c.2;
        }
        let place = self.pool(size, bits);
        self.constants.push((size, bits, place));
        place
    }

    /// The place of a value that is a constant.
    fn pooled_value(&mut self, v: usize) -> u32 {
        let Instr::Const { kind, bits } = self.line.instrs[v] else {
            unreachable!("the value is a constant")
        };
        if self.pooled_values[v] == NONE {
            self.pooled_values[v] = self.pool(kind.size(), bits);
        }
        self.pooled_values[v]
    }

    fn pool_operand(&self, place: u32) -> Rm {
        match self.isa {
            Isa::Avx512 => Rm::PoolBroadcast(place),
            Isa::Avx2 => Rm::Pool(place),
        }
    }

    /// The same bits in all lanes, as an operand.
    pub(super) fn bits(&mut self, size: usize, bits: u64) -> Rm {
        let place = self.pooled(size, bits);
        self.pool_operand(place)
    }

    /// A constant as an operand.
    pub(super) fn constant_operand(&mut self, v: usize) -> Rm {
        let place = self.pooled_value(v);
        self.pool_operand(place)
    }

    fn splat(&mut self, size: usize, place: u32, dst: u8) {
        let op = match (self.isa, size) {
            (Isa::Avx2, _) => ops::MOVU,
            (Isa::Avx512, 8) => ops::BROADCAST64,
            (Isa::Avx512, _) => ops::BROADCAST,
        };
        self.op(op, self.len_of(size), dst, 0, Rm::Pool(place));
    }

    /// The same bits in all lanes of a register.
    pub(super) fn splat_bits(&mut self, size: usize, bits: u64, dst: u8) {
        let place = self.pooled(size, bits);
        self.splat(size, place, dst);
    }

    /// A constant in all lanes of a register.
    pub(super) fn splat_constant(&mut self, v: usize, dst: u8) {
        let place = self.pooled_value(v);
        self.splat(self.line.kinds[v].size(), place, dst);
    }

    /// Bytes in the pool, by a key that no size of lanes is.
    fn pooled_bytes(&mut self, key: (usize, u64), bytes: impl FnOnce() -> Vec<u8>) -> Rm {
        Rm::Pool(self.place_of_bytes(key, bytes))
    }

    fn place_of_bytes(&mut self, key: (usize, u64), bytes: impl FnOnce() -> Vec<u8>) -> u32 {
        if let Some(c) = self.constants.iter().find(|c| (c.0, c.1) == key) {
            return c.2;
        }
        let place = self.asm.pool(&bytes());
        self.constants.push((key.0, key.1, place));
        place
    }

    /// The place of a table in the pool.
    pub(super) fn table(&mut self, table: &'static [f32; 32]) -> u32 {
        let key = (3, table.as_ptr() as u64);
        self.place_of_bytes(key, || table.iter().flat_map(|x| x.to_le_bytes()).collect())
    }

    /// Sixteen bytes of 1.
    pub(super) fn byte_ones(&mut self) -> Rm {
        self.pooled_bytes((1, 0), || vec![1; 16])
    }

    /// AVX2: as many lanes of ones as a vector has, as many of zeros. A vector loaded from the middle has ones
    /// in its first lanes.
    pub(super) fn steps_of_ones(&mut self, size: usize) -> Rm {
        let bytes = self.lanes * size;
        self.pooled_bytes((2, size as u64), || [vec![0xff; bytes], vec![0; bytes]].concat())
    }
}
