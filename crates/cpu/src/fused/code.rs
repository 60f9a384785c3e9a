//! Lines, ready to run: the tile interpreter or machine code behind one call.

use super::line::Line;
use super::tile::Tiles;
#[cfg(all(target_arch = "x86_64", unix))]
use crate::native::{Isa, Native as Machine};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// A line, ready to run.
#[derive(Debug)]
pub(crate) struct Code {
    line: Line,
    streams: bool,
    rows: Option<Rows>,
    executor: Executor,
    /// Made when they are first needed; no machine code where there can be none.
    tiles: OnceLock<Tiles>,
    machine: OnceLock<Option<Machine>>,
    ran: AtomicBool,
}

/// What is known of the rows over which a line will run, mostly: it may run over others, more slowly.
#[derive(Clone, Debug)]
pub(crate) struct Rows {
    /// Elements of a row.
    pub(crate) n: usize,
    /// The arguments that are the same in all rows.
    pub(crate) still: Box<[bool]>,
}

/// What runs a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Executor {
    /// The portable interpreter.
    Tile,
    /// Machine code, where processor and system allow it; elsewhere the interpreter.
    Native,
    /// The interpreter for a first run over few elements, machine code for all others. Making machine
    /// code takes 10 µs and more, which a program that runs once on small arrays does not earn: a
    /// chain of 10,000 equations on 8 elements compiles in half the time. The bits are the same.
    Tiered,
}

/// Elements from which machine code pays in the first run.
const WORTH_IT: usize = 1 << 14;

impl Code {
    /// Prepares a line. `streams` makes stores to its outputs bypass the cache: for outputs that are larger
    /// than it. Before other threads read them, [`fence`](crate::simd::fence) must be called.
    pub(crate) fn new(line: Line, executor: Executor, streams: bool) -> Code {
        Code::for_rows(line, executor, streams, None)
    }

    /// The same for rows of which something is known.
    pub(crate) fn for_rows(
        line: Line,
        executor: Executor,
        streams: bool,
        rows: Option<Rows>,
    ) -> Code {
        debug_assert_eq!(line.check(), Ok(()));
        let (tiles, machine) = (OnceLock::new(), OnceLock::new());
        let ran = AtomicBool::new(false);
        let code = Code { line, streams, rows, executor, tiles, machine, ran };
        if executor == Executor::Native {
            code.make();
        }
        code
    }

    /// Machine code of certain instructions, if there can be any.
    #[cfg(all(test, target_arch = "x86_64", unix))]
    pub(crate) fn of_isa(line: Line, isa: Isa, streams: bool, rows: Option<Rows>) -> Option<Code> {
        let machine = Machine::new(&line, isa, streams, rows.as_ref())?;
        let code = Code::for_rows(line, Executor::Tiered, streams, rows);
        code.machine.get_or_init(|| Some(machine));
        Some(code)
    }

    /// Runs the line over `rows` rows of `n` elements. `ptrs` has each argument's place in the first row,
    /// `steps` the bytes from a row to the next.
    ///
    /// # Safety
    /// In each row, an argument that steps has `n` elements of its dtype there, one that does not has one,
    /// aligned as the dtype asks for;
    /// outputs may be written, by nothing else meanwhile. An output and an input that both step may be the
    /// same array at the same place; otherwise nothing that is written overlaps anything.
    pub(crate) unsafe fn run(&self, ptrs: &[*mut u8], steps: &[isize], n: usize, rows: usize) {
        assert_eq!((ptrs.len(), steps.len()), (self.line.args.len(), self.line.args.len()));
        match self.machine(n.saturating_mul(rows)) {
            // SAFETY: the caller's promise.
            Some(machine) => unsafe { machine.run(ptrs, steps, n, rows) },
            None => {
                let tiles = self.tiles.get_or_init(|| Tiles::new(&self.line));
                // SAFETY: as above.
                unsafe { tiles.run(&self.line, ptrs, steps, n, rows) }
            }
        }
    }

    /// The machine code for a run over so many places.
    #[inline]
    fn machine(&self, places: usize) -> Option<&Machine> {
        if let Some(machine) = self.machine.get() {
            return machine.as_ref();
        }
        let pays = || places >= WORTH_IT || self.ran.swap(true, Ordering::Relaxed);
        if self.executor != Executor::Tile && pays() { self.make() } else { None }
    }

    fn make(&self) -> Option<&Machine> {
        self.machine.get_or_init(|| machine(&self.line, self.streams, self.rows.as_ref())).as_ref()
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Whether machine code runs, in the end.
    pub(crate) fn is_native(&self) -> bool {
        self.executor != Executor::Tile && self.make().is_some()
    }
}

#[cfg(all(target_arch = "x86_64", unix))]
fn machine(line: &Line, streams: bool, rows: Option<&Rows>) -> Option<Machine> {
    Isa::available().find_map(|isa| Machine::new(line, isa, streams, rows))
}

#[cfg(not(all(target_arch = "x86_64", unix)))]
fn machine(_: &Line, _: bool, _: Option<&Rows>) -> Option<Machine> {
    None
}

/// There is no machine code for this processor or system.
#[cfg(not(all(target_arch = "x86_64", unix)))]
#[derive(Debug)]
enum Machine {}

#[cfg(not(all(target_arch = "x86_64", unix)))]
impl Machine {
    unsafe fn run(&self, _: &[*mut u8], _: &[isize], _: usize, _: usize) {
        match *self {}
    }
}
