//! Calls out of machine code: rare lanes, and functions without a form for lanes.
//!
//! The functions that are called may use all vector registers, so what is in them is saved around the
//! call. Arguments and results go through buffers in the frame.

use super::Isa;
use super::asm::{If, Label, Len, RAX, RDI, RDX, RSI, Rm};
use super::r#gen::{Frame, Gen, TAIL_MASK, frame};
use super::ops;
use super::registers::Class;
use crate::fused::line::{Kind, RareFn, Reg};
use crate::kernel::Kernel;

/// Bytes of a buffer.
const BUFFER: i32 = 64;

/// Registers to save.
#[derive(Clone, Copy)]
struct Saved {
    vectors: u32,
    masks: u32,
}

/// The code of rare lanes, which stands behind the loop.
pub(super) struct Rest {
    here: Label,
    back: Label,
    /// Which of the functions.
    rare: usize,
    kind: Kind,
    operands: [u8; 2],
    result: u8,
    /// The mask (AVX-512); with AVX2 its bits are in RAX.
    mask: u8,
    saved: Saved,
}

impl Gen<'_> {
    fn buffer(&self, i: i32) -> i32 {
        self.frame.buffers + BUFFER * i
    }

    /// All registers that hold something but one.
    fn live(&self, but: Option<u8>) -> Saved {
        let vectors = self.busy(Class::Vector) & !but.map_or(0, |r| 1 << r);
        let mut masks = self.busy(Class::Mask);
        if self.isa == Isa::Avx512 && self.tail {
            masks |= 1 << TAIL_MASK;
        }
        Saved { vectors, masks }
    }

    fn save(&mut self, saved: Saved, restore: bool) {
        let len = if self.isa == Isa::Avx512 { Len::Z } else { Len::Y };
        for r in (0..32u8).filter(|r| saved.vectors & 1 << r != 0) {
            let place = Rm::Mem(frame(self.frame.saved + 64 * i32::from(r)));
            self.op(if restore { ops::MOVU } else { ops::MOVU_TO }, len, r, 0, place);
        }
        for k in (0..8u8).filter(|k| saved.masks & 1 << k != 0) {
            let place = Rm::Mem(frame(self.frame.saved + 32 * 64 + 8 * i32::from(k)));
            let op = if restore { ops::KMOV } else { ops::KMOV_TO };
            self.asm.vex(op, Len::X, k, 0, place, None);
        }
    }

    /// Calls a function and brings back what it may have overwritten.
    fn call_saved(&mut self, function: *const (), saved: Saved) {
        self.asm.constant(RAX, function as u64);
        self.asm.vzeroupper();
        self.asm.call(RAX);
        self.load_pointers();
        self.save(saved, true);
    }

    /// Loads the pointers that have registers.
    pub(super) fn load_pointers(&mut self) {
        for arg in 0..self.pointers.len() {
            if let Some(r) = self.pointers[arg] {
                self.asm.load(r, frame(self.frame.pointers + 8 * arg as i32));
            }
        }
    }

    pub(super) fn rare(&mut self, rare: usize, m: Reg, ins: [Reg; 2], y: Reg) {
        let kind = self.kind(y);
        let (m, operands, y) = (self.reg(m), ins.map(|r| self.reg(r)), self.reg(y));
        let result = self.def_apart(255);
        self.copy_to(self.len(kind), result, y);
        let (here, back) = (self.asm.label(), self.asm.label());
        let mask = match self.isa {
            Isa::Avx512 => {
                let form = self.masks();
                let k = if self.tail {
                    let k = self.temp_mask();
                    self.asm.vex(ops::KAND[form], Len::Y, k, m, Rm::Reg(TAIL_MASK), None);
                    k
                } else {
                    m
                };
                self.asm.vex(ops::KORTEST[form], Len::X, k, 0, Rm::Reg(k), None);
                k
            }
            Isa::Avx2 => {
                let (op, size) = match self.lanes {
                    8 => (ops::MOVMSKPS, 4),
                    _ => (ops::MOVMSKPD, 8),
                };
                let m = if self.tail {
                    let t = self.tail_lanes(size);
                    self.op(ops::PAND, Len::Y, t, t, Rm::Reg(m));
                    t
                } else {
                    m
                };
                self.op(op, Len::Y, RAX.0, 0, Rm::Reg(m));
                self.asm.test(RAX, RAX);
                0
            }
        };
        self.asm.jump_if(If::NotEqual, here);
        self.asm.bind(back);
        let saved = self.live(Some(result));
        self.rest.push(Rest { here, back, rare, kind, operands, result, mask, saved });
    }

    /// Emits the code of all rare lanes.
    pub(super) fn end_rares(&mut self) {
        for rest in std::mem::take(&mut self.rest) {
            let len = self.len(rest.kind);
            self.asm.bind(rest.here);
            for (i, r) in [rest.operands[0], rest.operands[1], rest.result].into_iter().enumerate()
            {
                self.op(ops::MOVU_TO, len, r, 0, Rm::Mem(frame(self.buffer(i as i32))));
            }
            self.save(rest.saved, false);
            match self.isa {
                Isa::Avx512 => {
                    let mask = Rm::Reg(rest.mask);
                    self.asm.vex(ops::KMOV_TO_GPR, Len::X, RSI.0, 0, mask, None);
                }
                Isa::Avx2 => self.asm.mov(RSI, RAX),
            }
            self.asm.constant(RDI, &raw const self.rares[rest.rare] as u64);
            self.asm.lea(RDX, frame(self.buffer(0)));
            let function = match rest.kind.size() {
                8 => rare_lanes::<u64> as *const (),
                _ => rare_lanes::<u32> as *const (),
            };
            self.call_saved(function, rest.saved);
            self.op(ops::MOVU, len, rest.result, 0, Rm::Mem(frame(self.buffer(2))));
            self.asm.jump(rest.back);
        }
    }

    pub(super) fn call(&mut self, which: usize, ins: [Reg; 3]) {
        let kernel = &self.kernels[which];
        for (i, &r) in ins[..kernel.arity].iter().enumerate() {
            let r = self.reg(r);
            let to = frame(self.buffer(i as i32));
            self.store_lanes(kernel.ins[i], r, to, false, false);
            self.end_temps();
        }
        let saved = self.live(None);
        self.save(saved, false);
        self.asm.constant(RDI, &raw const self.kernels[which] as u64);
        self.asm.lea(RSI, frame(self.buffer(0)));
        if self.tail {
            self.asm.load(RDX, frame(Frame::TAIL));
        } else {
            self.asm.constant(RDX, self.lanes as u64);
        }
        self.call_saved(run_kernel as *const (), saved);
        let d = self.def_apart(255);
        self.load_lanes(kernel.out, d, frame(self.buffer(3)), false);
    }
}

/// Overwrites the lanes of the third buffer for which the mask holds with the function of those of the
/// first two. (A panic here ends the process: it may not pass through machine code.)
///
/// # Safety
/// `f` lives as long as the code that calls, `buffers` has three buffers of lanes.
unsafe extern "C" fn rare_lanes<T: Copy + Into<u64> + Truncated>(
    f: *const RareFn,
    mask: u64,
    buffers: *mut T,
) {
    let stride = BUFFER as usize / size_of::<T>();
    let mut mask = mask;
    while mask != 0 {
        let i = mask.trailing_zeros() as usize;
        mask &= mask - 1;
        // SAFETY: the caller's promise; a mask has no more bits than a buffer has lanes.
        unsafe {
            let (x, y) = (buffers.add(i), buffers.add(stride + i));
            let z = (*f).call([(*x).into(), (*y).into()]);
            buffers.add(2 * stride + i).write(T::truncated(z));
        }
    }
}

/// The lower bits of a word.
trait Truncated {
    fn truncated(x: u64) -> Self;
}

impl Truncated for u32 {
    fn truncated(x: u64) -> u32 {
        x as u32
    }
}

impl Truncated for u64 {
    fn truncated(x: u64) -> u64 {
        x
    }
}

/// Runs a kernel from the first buffers to the fourth.
///
/// # Safety
/// `kernel` lives as long as the code that calls; `buffers` has four buffers, of which the first hold `n`
/// elements of the kernel's dtypes.
unsafe extern "C" fn run_kernel(kernel: *const Kernel, buffers: *mut u8, n: usize) {
    let at = |i: usize| buffers.wrapping_add(BUFFER as usize * i);
    // SAFETY: the caller's promise.
    unsafe { (*kernel).run([at(0), at(1), at(2)].map(<*mut u8>::cast_const), at(3), n) }
}
