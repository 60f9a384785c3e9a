//! Machine code for lines, on x86-64 with AVX-512 or with AVX2 and FMA.
//!
//! ```text
//! line ── plan ──▶ steps, next uses ── gen ──▶ instructions ── asm ──▶ bytes ──▶ executable pages
//! ```
//!
//! One function is made for a line: a loop over rows, in it a loop over whole vectors, and the tail, in which
//! lanes that do not exist are masked. A vector has as many lanes as the widest kind of the line allows, for
//! all values of the line. Rows of few vectors have a loop of their own before, if they are known to come
//! (`short`). Registers are given out while the body is emitted (`gen`).
//!
//! The code does the same IEEE operations in the same order as the tile interpreter. Only which NaN comes
//! out of arithmetic on NaNs is left open: operands of commutative operations are exchanged where that
//! saves a move.
//!
//! ## Why it is safe to run
//!
//! The code reads and writes what the line says, for elements that exist: tails are masked, or copied by
//! elements where there are no masked moves. Beside that it uses its own stack frame. Functions that it calls
//! do not unwind into it. It runs only where the processor has its instructions, from pages that hold it and
//! are never written again. The tests run every instruction and random programs against plain evaluation,
//! on arrays at the end of mapped memory too, and read back every encoding with a disassembler.

mod asm;
mod calls;
mod fold;
mod r#gen;
mod general;
mod long;
mod memory;
mod operands;
mod ops;
mod pages;
mod plan;
mod registers;
mod scaled;
mod shape;
mod short;
#[cfg(test)]
mod tests;
mod truth;
mod values;

use crate::fused::code::Rows;
use crate::fused::line::{Instr, Line, RareFn, Step};
pub(crate) use crate::isa::Isa;
use crate::kernel::Kernel;
use r#gen::Gen;
use pages::Pages;
use plan::Plan;

/// Why the system gives no executable memory, if it does not.
pub(crate) fn refusal() -> Option<std::io::Error> {
    const RETURN: u8 = 0xC3;
    Pages::new(&[RETURN]).err()
}

/// The functions that are made: arguments' pointers and steps, the first element and the end of each row,
/// rows.
type Function = unsafe extern "C" fn(*const *mut u8, *const isize, usize, usize, usize);

/// Machine code of a line.
#[derive(Debug)]
pub(crate) struct Native {
    pages: Pages,
    /// Where the function whose stores bypass the cache begins.
    streaming: Option<Streaming>,
    // The code has pointers to these.
    _kernels: Box<[Kernel]>,
    _rares: Box<[RareFn]>,
}

#[derive(Debug)]
struct Streaming {
    offset: usize,
    /// Outputs that are written so, and the bytes of an element and of a vector.
    outputs: Vec<(usize, usize, usize)>,
    lanes: usize,
}

impl Native {
    /// None where the system refuses executable memory.
    pub(crate) fn new(line: &Line, isa: Isa, streams: bool, rows: Option<&Rows>) -> Option<Native> {
        let kernels: Box<[Kernel]> = line
            .instrs
            .iter()
            .filter_map(|i| if let Instr::Call { kernel, .. } = i { Some(*kernel) } else { None })
            .collect();
        let rares: Box<[RareFn]> = line
            .instrs
            .iter()
            .filter_map(|i| if let Instr::Rare { f, .. } = i { Some(*f) } else { None })
            .collect();
        let plan = Plan::new(line, isa == Isa::Avx512);
        let mut g = Gen::new(isa, line, rows, &plan, &kernels, &rares);
        g.place_fixed();
        g.function(false);
        let lanes = g.lanes;
        let outputs: Vec<_> = line
            .args
            .iter()
            .enumerate()
            .filter(|(_, a)| a.out && a.step == Step::Next && a.dtype.size() >= 4)
            .map(|(i, a)| (i, a.dtype.size(), a.dtype.size() * lanes))
            .collect();
        let plain = line.folds.is_empty() && kernels.is_empty();
        let streaming = (streams && plain && !outputs.is_empty()).then(|| {
            let offset = g.asm.len();
            g.function(true);
            Streaming { offset, outputs, lanes }
        });
        let size = g.frame_size();
        let pages = Pages::new(&g.asm.finish(size)).ok()?;
        Some(Native { pages, streaming, _kernels: kernels, _rares: rares })
    }

    fn function(&self, offset: usize) -> Function {
        // SAFETY: at both offsets a function begins that was made with this signature.
        unsafe { std::mem::transmute::<*const u8, Function>(self.pages.at(offset)) }
    }

    /// # Safety
    /// As [`crate::fused::code::Code::run`] says, for the line that this was made for.
    pub(crate) unsafe fn run(&self, ptrs: &[*mut u8], steps: &[isize], n: usize, rows: usize) {
        let plain = self.function(0);
        let Some(streaming) = &self.streaming else {
            // SAFETY: the caller's promise.
            return unsafe { plain(ptrs.as_ptr(), steps.as_ptr(), 0, n, rows) };
        };
        let streamed = self.function(streaming.offset);
        // Until the outputs are aligned, and where they are not alike, ordinary stores do it.
        let run = |ptrs: &[*mut u8], rows: usize| {
            let head = streaming.head(ptrs).unwrap_or(n).min(n);
            // SAFETY: the caller's promise; the ranges make up the rows.
            unsafe {
                plain(ptrs.as_ptr(), steps.as_ptr(), 0, head, rows);
                streamed(ptrs.as_ptr(), steps.as_ptr(), head, n, rows);
            }
        };
        let alike = |&(i, _, vector): &(usize, usize, usize)| steps[i] % vector as isize == 0;
        if rows == 1 || streaming.outputs.iter().all(alike) {
            return run(ptrs, rows);
        }
        let mut row: smallvec::SmallVec<[*mut u8; 16]> = ptrs.into();
        for _ in 0..rows {
            run(&row, 1);
            for (p, step) in row.iter_mut().zip(steps) {
                *p = p.wrapping_offset(*step);
            }
        }
    }
}

impl Streaming {
    /// The first element at which all streamed outputs are aligned to vectors.
    fn head(&self, row: &[*mut u8]) -> Option<usize> {
        (0..self.lanes).find(|head| {
            self.outputs
                .iter()
                .all(|&(i, size, vector)| (row[i] as usize + head * size).is_multiple_of(vector))
        })
    }
}
