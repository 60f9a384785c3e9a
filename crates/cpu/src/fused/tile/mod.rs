//! The tile interpreter: runs a line instruction by instruction on tiles of [`TILE`] elements.
//!
//! A register is a tile that stays in the first-level cache; an instruction is a plain loop over its
//! operands' tiles, vectorised by the compiler. This is the definition of what lines mean in practice:
//! other executors must give the same bits. (Only which NaN comes out of arithmetic on several NaNs is
//! left open, as Rust and processors leave it.)

mod fold;
mod loops;
mod memory;
mod ops;

use super::line::{Arg, FOLD_LANES, Fold, Instr, Kind, Line, RareFn, Reg, Step};
use crate::kernel::Kernel;
use std::cell::Cell;
use std::mem::MaybeUninit;

/// Elements of a tile.
pub(super) const TILE: usize = 512;
const _: () = assert!(TILE.is_multiple_of(FOLD_LANES));

/// A cache line. Tiles consist of them. Truth values are bytes, 0 or 1.
#[repr(align(64))]
#[derive(Clone, Copy)]
struct Room(#[allow(dead_code, reason = "used through pointers")] MaybeUninit<[u8; 64]>);

thread_local! {
    /// Room for the tiles of the run that is going on in this thread, kept for the next one.
    static ROOMS: Cell<Vec<Room>> = const { Cell::new(Vec::new()) };
}

/// Where a line's values are.
#[derive(Debug)]
pub(super) struct Tiles {
    /// The instructions to run on each tile. What is the same along the line is not among them.
    order: Vec<u32>,
    /// Those, which are run once a row.
    fixed: Vec<u32>,
    /// The tile of each value.
    slots: Vec<u32>,
    /// How many tiles the values need. Behind them come [`CALL`] tiles and one for each fold.
    count: usize,
}

/// Tiles for operands and result of a call.
const CALL: usize = 4;

impl Tiles {
    pub(super) fn new(line: &Line) -> Tiles {
        let is_fixed = line.fixed();
        let is_fixed = |&i: &u32| is_fixed[i as usize];
        let (fixed, order): (Vec<u32>, Vec<u32>) = line.order().into_iter().partition(is_fixed);
        let last = line.last_reads(&order);
        let mut slots = vec![0; line.instrs.len()];
        for (slot, &i) in fixed.iter().enumerate() {
            slots[i as usize] = slot as u32;
        }
        let (mut count, mut free) = (fixed.len() as u32, Vec::new());
        for (at, &i) in order.iter().enumerate() {
            // The result's tile is taken before those of operands become free: loops never overlap.
            if !matches!(line.instrs[i as usize], Instr::Store { .. }) {
                slots[i as usize] = free.pop().unwrap_or_else(|| {
                    count += 1;
                    count - 1
                });
                if last[i as usize] == at as u32 {
                    free.push(slots[i as usize]);
                }
            }
            let mut reads = line.instrs[i as usize].reads();
            reads.sort_unstable();
            reads.dedup();
            for r in reads {
                if last[r.index()] == at as u32 && !is_fixed(&r.0) {
                    free.push(slots[r.index()]);
                }
            }
        }
        Tiles { order, fixed, slots, count: count as usize }
    }

    /// # Safety
    /// As [`super::code::Code::run`] says, for the line that this was made for.
    pub(super) unsafe fn run(
        &self,
        line: &Line,
        ptrs: &[*mut u8],
        steps: &[isize],
        n: usize,
        rows: usize,
    ) {
        let mut rooms = ROOMS.take();
        // A line more than a tile needs: at multiples of 4 KiB tiles would be in each other's way in the cache.
        let wide = line.kinds.iter().any(|k| k.size() == 8);
        let stride = TILE * if wide { 8 } else { 4 } / size_of::<Room>() + 1;
        let needed = stride * (self.count + CALL + line.folds.len());
        if rooms.len() < needed {
            rooms.resize(needed, Room(MaybeUninit::uninit()));
        }
        let base = rooms.as_mut_ptr();
        let mut tile = Tile {
            line,
            slots: &self.slots,
            base,
            stride,
            count: self.count,
            ptrs,
            steps,
            row: 0,
            j: 0,
            m: 0,
        };
        for row in 0..rows {
            (tile.row, tile.j, tile.m) = (row as isize, 0, n.min(TILE));
            for &i in &self.fixed {
                // SAFETY: the rooms hold all slots; arguments are the caller's promise.
                unsafe { tile.step(i as usize) };
            }
            for i in 0..line.folds.len() {
                // SAFETY: as above.
                unsafe { tile.begin_fold(i) };
            }
            for j in (0..n).step_by(TILE) {
                (tile.j, tile.m) = (j, TILE.min(n - j));
                for &i in &self.order {
                    // SAFETY: as above; what an instruction reads came before it in the order.
                    unsafe { tile.step(i as usize) };
                }
                for i in 0..line.folds.len() {
                    // SAFETY: as above.
                    unsafe { tile.fold(i) };
                }
            }
            for i in 0..line.folds.len() {
                // SAFETY: as above.
                unsafe { tile.end_fold(i) };
            }
        }
        ROOMS.set(rooms);
    }
}

/// The tile at hand.
struct Tile<'a> {
    line: &'a Line,
    slots: &'a [u32],
    /// The first tile, and the distance from tile to tile.
    base: *mut Room,
    stride: usize,
    /// The first tile that belongs to no value.
    count: usize,
    ptrs: &'a [*mut u8],
    steps: &'a [isize],
    row: isize,
    /// The first element, and how many there are.
    j: usize,
    m: usize,
}

// All functions here are called for lines that were checked, with rooms for all slots and with arguments
// as `Code::run` demands; that is what their "as above" means.
impl Tile<'_> {
    fn slot(&self, slot: usize) -> *mut Room {
        self.base.wrapping_add(slot * self.stride)
    }

    /// # Safety
    /// The value has been computed, and `T` is the type of its kind.
    #[inline]
    unsafe fn get<T>(&self, r: Reg) -> &[T] {
        let p = self.slot(self.slots[r.index()] as usize);
        // SAFETY: the slot is one of the rooms, of which the instruction that gave the value has written
        // `m` elements.
        unsafe { std::slice::from_raw_parts(p.cast(), self.m) }
    }

    /// # Safety
    /// Nothing else uses the slot of instruction `i` while the slice lives.
    #[inline]
    #[allow(clippy::mut_from_ref, reason = "slots are disjoint")]
    unsafe fn room<T>(&self, i: usize) -> &mut [MaybeUninit<T>] {
        // SAFETY: the slot is one of the rooms; the rest is the caller's promise.
        unsafe { std::slice::from_raw_parts_mut(self.slot(self.slots[i] as usize).cast(), self.m) }
    }

    /// Where the tile's elements of an argument begin.
    fn at(&self, arg: u32) -> *mut u8 {
        let (i, Arg { dtype, step, .. }) = (arg as usize, self.line.args[arg as usize]);
        let row = self.ptrs[i].wrapping_offset(self.row * self.steps[i]);
        match step {
            Step::Same => row,
            Step::Next => row.wrapping_add(self.j * dtype.size()),
        }
    }

    /// Runs instruction `i`.
    ///
    /// # Safety
    /// As above.
    unsafe fn step(&self, i: usize) {
        // SAFETY: the operands have been computed and have the kinds that the checker asks for; the result's
        // slot is none of theirs.
        unsafe {
            match self.line.instrs[i] {
                Instr::Const { kind, bits } => self.splat(i, kind, bits),
                Instr::Load { arg } => {
                    let Arg { dtype, step, .. } = self.line.args[arg as usize];
                    let out = self.slot(self.slots[i] as usize).cast();
                    match step {
                        Step::Next => memory::load(dtype, self.at(arg), out, self.m),
                        Step::Same if self.m > 0 => {
                            memory::load(dtype, self.at(arg), out, 1);
                            self.splat(
                                i,
                                self.line.kinds[i],
                                memory::bits(self.line.kinds[i], out),
                            );
                        }
                        Step::Same => {}
                    }
                }
                Instr::Un { op, x } => self.un(op, self.line.kinds[x.index()], x, i),
                Instr::Bin { op, x, y } => self.bin(op, self.line.kinds[i], x, y, i),
                Instr::Fma { x, y, z } => self.fma(self.line.kinds[i], x, y, z, i),
                Instr::Cmp { op, x, y } => self.cmp(op, self.line.kinds[x.index()], x, y, i),
                Instr::Select { m, x, y } => self.select(self.line.kinds[i].size(), m, x, y, i),
                Instr::Lookup { table, x } => self.lookup(table, x, i),
                Instr::Rare { m, f, ins, y } => self.rare(m, f, ins, y, i),
                Instr::Call { kernel, ins } => self.call(&kernel, ins, i),
                Instr::Store { arg, x } => {
                    let from = self.slot(self.slots[x.index()] as usize).cast();
                    memory::store(self.line.args[arg as usize].dtype, from, self.at(arg), self.m);
                }
            }
        }
    }

    /// # Safety
    /// As above; the kind is that of instruction `i`.
    unsafe fn splat(&self, i: usize, kind: Kind, bits: u64) {
        // SAFETY: the slot is the instruction's own.
        unsafe {
            match kind.size() {
                8 => self.room(i).fill(MaybeUninit::new(bits)),
                4 => self.room(i).fill(MaybeUninit::new(bits as u32)),
                _ => self.room(i).fill(MaybeUninit::new(bits as u8)),
            }
        }
    }

    /// # Safety
    /// As above.
    unsafe fn rare(&self, m: Reg, f: RareFn, ins: [Reg; 2], y: Reg, i: usize) {
        // SAFETY: as in `step`; both types have the size of the value's kind.
        unsafe {
            match self.line.kinds[i].size() {
                8 => {
                    let (a, b) = (self.get::<u64>(ins[0]), self.get::<u64>(ins[1]));
                    rare(self.get(m), self.get(y), self.room::<u64>(i), |k| f.call([a[k], b[k]]));
                }
                _ => {
                    let (a, b) = (self.get::<u32>(ins[0]), self.get::<u32>(ins[1]));
                    let f = |k: usize| f.call([a[k].into(), b[k].into()]) as u32;
                    rare(self.get(m), self.get(y), self.room(i), f);
                }
            }
        }
    }

    /// # Safety
    /// As above.
    unsafe fn call(&self, kernel: &Kernel, ins: [Reg; 3], i: usize) {
        let mut operands = [std::ptr::null(); 3];
        for (k, r) in ins.iter().enumerate().take(kernel.arity) {
            let room = self.slot(self.count + k).cast();
            // SAFETY: as in `step`; the room is for this operand alone.
            unsafe {
                memory::store(
                    kernel.ins[k],
                    self.slot(self.slots[r.index()] as usize).cast(),
                    room,
                    self.m,
                );
            }
            operands[k] = room.cast_const();
        }
        let out = self.slot(self.count + CALL - 1).cast();
        // SAFETY: operands have been written as the kernel's dtypes, and results are read as its own.
        unsafe {
            kernel.run(operands, out, self.m);
            memory::load(kernel.out, out, self.slot(self.slots[i] as usize).cast(), self.m);
        }
    }

    fn fold_room(&self, fold: usize) -> *mut u8 {
        self.slot(self.count + CALL + fold).cast()
    }

    /// # Safety
    /// As above.
    unsafe fn begin_fold(&self, i: usize) {
        let Fold { op, x, .. } = self.line.folds[i];
        let kind = self.line.kinds[x.index()];
        // SAFETY: the room is for this fold alone.
        unsafe { fold::begin(kind.size(), Fold::identity(op, kind), self.fold_room(i)) };
    }

    /// # Safety
    /// As above.
    unsafe fn fold(&self, i: usize) {
        let Fold { op, x, .. } = self.line.folds[i];
        let from = self.slot(self.slots[x.index()] as usize).cast();
        // SAFETY: `begin_fold` has filled the room; the value has been computed.
        unsafe { fold::take(op, self.line.kinds[x.index()], self.fold_room(i), from, self.m) };
    }

    /// # Safety
    /// As above.
    unsafe fn end_fold(&self, i: usize) {
        let Fold { op, x, arg } = self.line.folds[i];
        let out = self.ptrs[arg as usize].wrapping_offset(self.row * self.steps[arg as usize]);
        // SAFETY: the argument is an output of the value's kind.
        unsafe { fold::end(op, self.line.kinds[x.index()], self.fold_room(i), out) };
    }
}

/// Copies `y`, and `f` of the places where a mask holds.
fn rare<T: Copy>(m: &[u8], y: &[T], z: &mut [MaybeUninit<T>], f: impl Fn(usize) -> T) {
    for (z, &y) in z.iter_mut().zip(y) {
        z.write(y);
    }
    if m.iter().fold(0, |any, m| any | m) == 0 {
        return;
    }
    for (k, z) in z.iter_mut().enumerate() {
        if m[k] != 0 {
            z.write(f(k));
        }
    }
}
