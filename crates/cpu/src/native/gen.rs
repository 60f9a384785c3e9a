//! The state of the code generator: where values are, and how instructions get at them.
//!
//! The body of the loop is straight, so registers are given out while it is emitted. Where none is free,
//! the value goes whose next use is furthest; loads and constants are got again from where they came,
//! others from a slot on the stack.

use super::Isa;
use super::asm::{
    Asm, Gpr, Lanes, Len, Mem, Op, R8, R9, R10, R12, R13, R14, R15, RAX, RBX, RDI, RDX, RSI, RSP,
    Rm,
};
use super::calls::Rest;
use super::ops;
use super::plan::{NEVER, Plan, Step};
use crate::fused::line::RareFn;
use crate::fused::line::{Instr, Kind, Line, Reg, Step as Move};
use crate::kernel::Kernel;
use smallvec::SmallVec;

/// No register, slot or value.
pub(super) const NONE: u32 = u32::MAX;

/// Registers for pointers. RAX, RCX and R11 are for the moment, RBX is the place in the line, RBP its end.
const POINTERS: [Gpr; 10] = [RDX, RSI, RDI, R8, R9, R10, R12, R13, R14, R15];

/// Copies of a body whose steps may be interleaved.
pub(super) const MOST_WAYS: usize = 4;

/// The mask register that holds which lanes of the tail exist.
pub(super) const TAIL_MASK: u8 = 1;

/// The kinds of registers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Class {
    Vector = 0,
    /// AVX-512's mask registers; with AVX2, truth values are in vectors.
    Mask = 1,
}

/// Registers of one kind, as sets of bits.
#[derive(Clone)]
pub(super) struct Bank {
    /// The value in each.
    holder: [u32; 32],
    pub(super) free: u32,
    /// In use by the instruction at hand.
    locked: u32,
    /// Holds something for the whole loop.
    pinned: u32,
    /// All that there are.
    pub(super) all: u32,
}

impl Bank {
    fn new(all: u32) -> Bank {
        Bank { holder: [NONE; 32], free: all, locked: 0, pinned: 0, all }
    }
}

/// Where a value is.
#[derive(Clone, Copy)]
struct Place {
    reg: u32,
    slot: u32,
    /// The next step that reads it.
    next: u32,
}

const NOWHERE: Place = Place { reg: NONE, slot: NONE, next: NEVER };

/// Offsets in the stack frame.
#[derive(Clone, Copy)]
pub(super) struct Frame {
    pub(super) pointers: i32,
    pub(super) buffers: i32,
    pub(super) saved: i32,
    slots: i32,
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
    pub(super) plan: &'a Plan,
    pub(super) kernels: &'a [Kernel],
    pub(super) rares: &'a [RareFn],
    /// Elements at a time.
    pub(super) lanes: usize,
    pub(super) frame: Frame,
    pub(super) banks: [Bank; 2],
    places: Vec<Place>,
    /// Slots that are free, and how many there are beside them.
    slots: Vec<u32>,
    slot_count: u32,
    /// Slots of this number and above belong to the body.
    fixed_slots: u32,
    pub(super) most_slots: u32,
    /// Constants in the pool: bytes a lane, bits, place.
    constants: Vec<(usize, u64, u32)>,
    /// The registers of arguments' pointers.
    pub(super) pointers: Vec<Option<Gpr>>,
    /// Lanes of folds: the register or the slot of each.
    pub(super) lanes_of_folds: Vec<Vec<Lane>>,
    /// AVX-512: mask registers that remember where a fold has met a NaN.
    pub(super) nans_of_folds: Vec<Option<[u8; 2]>>,
    /// The step at hand, its operands, and whether those that die have been given up.
    at: usize,
    reads: SmallVec<[Reg; 4]>,
    retired: bool,
    /// The copy of the body that is emitted: which of the fold's vectors it uses, and its distance from RBX
    /// in vectors.
    pub(super) copy: usize,
    pub(super) ahead: usize,
    /// How many copies of the whole body are interleaved.
    pub(super) interleaved: usize,
    /// Which one it is among those whose steps are interleaved, and how many these are.
    way: usize,
    ways: usize,
    /// Whether only some lanes exist.
    pub(super) tail: bool,
    pub(super) streams: bool,
    /// Code that stands behind the loop.
    pub(super) rest: Vec<Rest>,
}

/// Where lanes of a fold are.
#[derive(Clone, Copy, Debug)]
pub(super) enum Lane {
    Reg(u8),
    Slot(i32),
}

impl<'a> Gen<'a> {
    pub(super) fn new(
        isa: Isa,
        line: &'a Line,
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

    fn pooled(&mut self, size: usize, bits: u64) -> u32 {
        if let Some(c) = self.constants.iter().find(|c| (c.0, c.1) == (size, bits)) {
            return c.2;
        }
        let bytes = bits.to_le_bytes();
        let place = match self.isa {
            Isa::Avx512 => self.asm.pool(&bytes[..size]),
            Isa::Avx2 => self.asm.pool(&bytes[..size].repeat(self.lanes)),
        };
        self.constants.push((size, bits, place));
        place
    }

    /// The same bits in all lanes, as an operand.
    pub(super) fn bits(&mut self, size: usize, bits: u64) -> Rm {
        let place = self.pooled(size, bits);
        match self.isa {
            Isa::Avx512 => Rm::PoolBroadcast(place),
            Isa::Avx2 => Rm::Pool(place),
        }
    }

    /// The same bits in all lanes of a register.
    pub(super) fn splat_bits(&mut self, size: usize, bits: u64, dst: u8) {
        let (place, len) = (self.pooled(size, bits), self.len_of(size));
        let op = match (self.isa, size) {
            (Isa::Avx2, _) => ops::MOVU,
            (Isa::Avx512, 8) => ops::BROADCAST64,
            (Isa::Avx512, _) => ops::BROADCAST,
        };
        self.op(op, len, dst, 0, Rm::Pool(place));
    }

    /// Bytes in the pool, by a key that no size of lanes is.
    fn pooled_bytes(&mut self, key: (usize, u64), bytes: impl FnOnce() -> Vec<u8>) -> Rm {
        if let Some(c) = self.constants.iter().find(|c| (c.0, c.1) == key) {
            return Rm::Pool(c.2);
        }
        let place = self.asm.pool(&bytes());
        self.constants.push((key.0, key.1, place));
        Rm::Pool(place)
    }

    /// Sixteen bytes of 1.
    pub(super) fn byte_ones(&mut self) -> Rm {
        self.pooled_bytes((1, 0), || vec![1; 16])
    }

    /// `first`, `first + 1` and so on in 32-bit lanes.
    pub(super) fn counting(&mut self, first: u32) -> Rm {
        let lanes = self.lanes as u32;
        self.pooled_bytes((0, first.into()), || {
            (first..first + lanes).flat_map(u32::to_le_bytes).collect()
        })
    }

    /// AVX2: as many lanes of ones as a vector has, as many of zeros. A vector loaded from the middle has ones
    /// in its first lanes.
    pub(super) fn steps_of_ones(&mut self, size: usize) -> Rm {
        let bytes = self.lanes * size;
        self.pooled_bytes((2, size as u64), || [vec![0xff; bytes], vec![0; bytes]].concat())
    }

    // Slots.

    fn slot(&mut self) -> u32 {
        self.slots.pop().unwrap_or_else(|| {
            self.slot_count += 1;
            self.most_slots = self.most_slots.max(self.slot_count);
            self.slot_count - 1
        })
    }

    pub(super) fn slot_at(&self, slot: u32) -> Mem {
        frame(self.frame.slots + 64 * slot as i32)
    }

    /// A slot for lanes of a fold.
    pub(super) fn lane_slot(&mut self) -> Lane {
        let slot = self.slot();
        Lane::Slot(self.slot_at(slot).disp)
    }

    /// Bytes of the whole frame.
    pub(super) fn frame_size(&self) -> i32 {
        self.frame.slots + 64 * self.most_slots as i32
    }

    // Values that are fixed.

    /// A register for the whole loop.
    pub(super) fn pin(&mut self, class: Class) -> u8 {
        let bank = &mut self.banks[class as usize];
        let r = bank.free.trailing_zeros();
        bank.free &= !(1 << r);
        bank.pinned |= 1 << r;
        r as u8
    }

    /// Gives a fixed value a register.
    pub(super) fn pin_value(&mut self, v: usize) -> u8 {
        let r = self.pin(Class::Vector);
        self.places[v].reg = r.into();
        r
    }

    /// Gives a fixed value a slot.
    pub(super) fn fix_slot(&mut self, v: usize) -> Mem {
        let slot = self.slot();
        self.places[v].slot = slot;
        self.slot_at(slot)
    }

    pub(super) fn fixed_place(&self, v: usize) -> (u32, Option<Mem>) {
        let p = self.places[v];
        (p.reg, (p.slot != NONE).then(|| self.slot_at(p.slot)))
    }

    /// From here on, slots belong to the body.
    pub(super) fn end_of_fixed(&mut self) {
        self.fixed_slots = self.slot_count;
    }

    // Values of the body.

    /// A value of the copy at hand, among those of all copies. Fixed ones are the same in all.
    fn id(&self, v: usize) -> usize {
        if self.plan.fixed[v] { v } else { self.way * self.line.instrs.len() + v }
    }

    /// Forgets all values of the body, of which copies will be interleaved.
    pub(super) fn begin_body(&mut self, ways: usize) {
        (self.way, self.ways) = (0, ways);
        for bank in &mut self.banks {
            bank.free = bank.all & !bank.pinned;
            bank.locked = 0;
        }
        self.slots.clear();
        self.slot_count = self.fixed_slots;
        let count = self.line.instrs.len();
        for v in 0..ways * count {
            if !self.plan.fixed[v % count] {
                self.places[v] = NOWHERE;
            } else if v < count && self.places[v].reg != NONE {
                let bank = &self.banks[self.class(self.line.kinds[v]) as usize];
                if bank.pinned & 1 << self.places[v].reg == 0 {
                    self.places[v].reg = NONE;
                }
            }
        }
    }

    pub(super) fn begin_step(&mut self, at: usize, way: usize) {
        self.at = at;
        self.way = way;
        self.reads = self.plan.steps[at].reads(self.line);
        self.retired = false;
        for k in 0..self.reads.len() {
            let v = self.reads[k].index();
            let again = self.plan.fixed[v] && way + 1 < self.ways;
            let id = self.id(v);
            self.places[id].next = if again { at as u32 } else { self.plan.next[at][k] };
        }
    }

    /// Gives up operands that nothing reads any more, so that the result can have their registers.
    fn retire(&mut self) {
        if std::mem::replace(&mut self.retired, true) {
            return;
        }
        for k in 0..self.reads.len() {
            let v = self.reads[k].index();
            let id = self.id(v);
            let Place { reg, next, .. } = self.places[id];
            let class = self.class(self.line.kinds[v]);
            let bank = &mut self.banks[class as usize];
            if next == NEVER && reg != NONE && bank.pinned & 1 << reg == 0 {
                bank.free |= 1 << reg;
                bank.locked &= !(1 << reg);
                self.places[id].reg = NONE;
            }
        }
    }

    pub(super) fn end_step(&mut self) {
        self.retire();
        if let Step::Instr(i) = self.plan.steps[self.at] {
            let Place { reg, next, .. } = self.places[self.id(i as usize)];
            debug_assert!(reg == NONE || next != NEVER);
        }
        // Slots become free only now: an operand may have been read from one after a spill for the result.
        for k in 0..self.reads.len() {
            let v = self.reads[k].index();
            let id = self.id(v);
            let Place { slot, next, .. } = self.places[id];
            if next == NEVER && slot != NONE && !self.plan.fixed[v] {
                self.slots.push(slot);
                self.places[id].slot = NONE;
            }
        }
        self.end_temps();
    }

    /// Frees registers that were taken for the moment.
    pub(super) fn end_temps(&mut self) {
        for bank in &mut self.banks {
            let mut locked = bank.locked & !bank.pinned;
            while locked != 0 {
                let r = locked.trailing_zeros();
                locked &= locked - 1;
                if bank.holder[r as usize] == NONE {
                    bank.free |= 1 << r;
                }
            }
            bank.locked = 0;
        }
    }

    /// The same for all vector registers but one.
    pub(super) fn end_temps_but(&mut self, r: u8) {
        self.end_temps();
        let bank = &mut self.banks[Class::Vector as usize];
        bank.free &= !(1 << r);
        bank.locked |= 1 << r;
    }

    /// A register, locked, that holds nothing.
    fn take(&mut self, class: Class, near: u8) -> u8 {
        let bank = &self.banks[class as usize];
        let r = if near < 32 && bank.free & 1 << near != 0 {
            near
        } else if bank.free != 0 {
            bank.free.trailing_zeros() as u8
        } else {
            self.evict(class)
        };
        let bank = &mut self.banks[class as usize];
        bank.free &= !(1 << r);
        bank.locked |= 1 << r;
        bank.holder[r as usize] = NONE;
        r
    }

    /// Takes the register of the value that is needed last.
    fn evict(&mut self, class: Class) -> u8 {
        let bank = &self.banks[class as usize];
        let mut candidates = bank.all & !bank.pinned & !bank.locked;
        let (mut best, mut furthest) = (NONE, 0);
        while candidates != 0 {
            let r = candidates.trailing_zeros();
            candidates &= candidates - 1;
            let v = bank.holder[r as usize] as usize;
            let next = self.places[v].next;
            if best == NONE || next > furthest {
                (best, furthest) = (r, next);
            }
        }
        assert_ne!(best, NONE, "an instruction has fewer operands than there are registers");
        let id = bank.holder[best as usize] as usize;
        let v = id % self.line.instrs.len();
        let can_reload = self.plan.late[v]
            || matches!(self.line.instrs[v], Instr::Const { .. })
            || self.places[id].slot != NONE;
        if !can_reload {
            let slot = self.slot();
            self.places[id].slot = slot;
            let to = self.slot_at(slot);
            self.spill(self.line.kinds[v], best as u8, to);
        }
        self.places[id].reg = NONE;
        best as u8
    }

    /// Writes a value's register to the stack.
    pub(super) fn spill(&mut self, kind: Kind, r: u8, to: Mem) {
        match self.class(kind) {
            Class::Mask => self.asm.vex(ops::KMOV_TO, Len::X, r, 0, Rm::Mem(to), None),
            Class::Vector => self.op(ops::MOVU_TO, self.len(kind), r, 0, Rm::Mem(to)),
        }
    }

    /// A register for the moment.
    pub(super) fn temp(&mut self) -> u8 {
        self.take(Class::Vector, 255)
    }

    pub(super) fn temp_mask(&mut self) -> u8 {
        self.take(Class::Mask, 255)
    }

    fn lock(&mut self, class: Class, r: u32) -> u8 {
        self.banks[class as usize].locked |= 1 << r;
        r as u8
    }

    fn hold(&mut self, class: Class, v: usize, r: u8) {
        let id = self.id(v);
        self.banks[class as usize].holder[r as usize] = id as u32;
        self.places[id].reg = r.into();
    }

    /// The register of a value, to which it is brought if need be.
    pub(super) fn reg(&mut self, v: Reg) -> u8 {
        let (i, kind) = (v.index(), self.kind(v));
        let class = self.class(kind);
        let Place { reg, slot, .. } = self.places[self.id(i)];
        if reg != NONE {
            return self.lock(class, reg);
        }
        let r = self.take(class, 255);
        if slot != NONE {
            let from = Rm::Mem(self.slot_at(slot));
            match class {
                Class::Mask => self.asm.vex(ops::KMOV, Len::X, r, 0, from, None),
                Class::Vector => self.op(ops::MOVU, self.len(kind), r, 0, from),
            }
        } else {
            match self.line.instrs[i] {
                Instr::Const { kind, bits } => self.splat_bits(kind.size(), bits, r),
                Instr::Load { arg } => self.load_arg(arg, r),
                _ => unreachable!("a value is in a register, in a slot, or can be computed again"),
            }
        }
        self.hold(class, i, r);
        r
    }

    /// Whether a value is in a register.
    pub(super) fn in_reg(&self, v: Reg) -> bool {
        self.places[self.id(v.index())].reg != NONE
    }

    /// A value as an operand that may be in memory. At most one of an instruction; the address may be in
    /// RAX.
    pub(super) fn rm(&mut self, v: Reg) -> Rm {
        let i = v.index();
        let Place { reg, slot, next } = self.places[self.id(i)];
        if reg != NONE {
            return Rm::Reg(self.reg(v));
        }
        if slot != NONE {
            return Rm::Mem(self.slot_at(slot));
        }
        match self.line.instrs[i] {
            Instr::Const { kind, bits } => self.bits(kind.size(), bits),
            Instr::Load { arg } if !self.tail && next == NEVER => Rm::Mem(self.address(arg)),
            _ => Rm::Reg(self.reg(v)),
        }
    }

    /// The elements of an argument at hand. May use RAX.
    pub(super) fn address(&mut self, arg: u32) -> Mem {
        let base = self.pointers[arg as usize].unwrap_or_else(|| {
            self.asm.load(RAX, frame(self.frame.pointers + 8 * arg as i32));
            RAX
        });
        let size = self.line.args[arg as usize].dtype.size();
        let disp = (self.ahead * self.lanes * size) as i32;
        Mem { base, index: Some((RBX, size.trailing_zeros() as u8)), disp }
    }

    /// Leaves a load to whoever reads it first.
    pub(super) fn postpone(&mut self, i: u32) {
        let id = self.id(i as usize);
        self.places[id].next = self.plan.first[i as usize];
    }

    /// The register for the result of the step at hand. All operands have been read when it is written.
    pub(super) fn def(&mut self) -> u8 {
        self.def_near(255)
    }

    /// The same, in a certain register if it is free.
    pub(super) fn def_near(&mut self, near: u8) -> u8 {
        self.retire();
        self.def_apart(near)
    }

    /// The same, in a register that is no operand's.
    pub(super) fn def_apart(&mut self, near: u8) -> u8 {
        let Step::Instr(i) = self.plan.steps[self.at] else { unreachable!("folds define nothing") };
        let class = self.class(self.line.kinds[i as usize]);
        let id = self.id(i as usize);
        self.places[id].next = self.plan.first[i as usize];
        let r = self.take(class, near);
        self.hold(class, i as usize, r);
        r
    }

    /// Whether the result may take the operand's register.
    pub(super) fn dies(&self, v: Reg) -> bool {
        let Place { reg, next, .. } = self.places[self.id(v.index())];
        reg != NONE && next == NEVER && self.banks[Class::Vector as usize].pinned & 1 << reg == 0
    }

    /// All registers of a class that hold something.
    pub(super) fn busy(&self, class: Class) -> u32 {
        let bank = &self.banks[class as usize];
        bank.all & !bank.free
    }
}
