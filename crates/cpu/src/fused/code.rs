//! Lines, ready to run: the tile interpreter or machine code behind one call.

use super::line::Line;
use super::tile::Tiles;
#[cfg(all(target_arch = "x86_64", unix))]
use crate::native::{Isa, Native};

/// A line, ready to run.
#[derive(Debug)]
pub(crate) struct Code {
    line: Line,
    body: Body,
}

/// What runs a line.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Executor {
    /// The portable interpreter.
    Tile,
    /// Machine code, where processor and system allow it; elsewhere the interpreter.
    Native,
}

#[derive(Debug)]
enum Body {
    Tile(Tiles),
    #[cfg(all(target_arch = "x86_64", unix))]
    Native(Native),
}

impl Code {
    /// Prepares a line. `streams` makes stores to its outputs bypass the cache: for outputs that are larger
    /// than it.
    pub(crate) fn new(line: Line, executor: Executor, streams: bool) -> Code {
        debug_assert_eq!(line.check(), Ok(()));
        let native = match executor {
            Executor::Tile => None,
            Executor::Native => Body::native(&line, streams),
        };
        let body = native.unwrap_or_else(|| Body::Tile(Tiles::new(&line)));
        Code { line, body }
    }

    /// Machine code of certain instructions, if there can be any.
    #[cfg(all(test, target_arch = "x86_64", unix))]
    pub(crate) fn of_isa(line: Line, isa: Isa, streams: bool) -> Option<Code> {
        let body = Body::Native(Native::new(&line, isa, streams)?);
        Some(Code { line, body })
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
        match &self.body {
            // SAFETY: the caller's promise.
            Body::Tile(tiles) => unsafe { tiles.run(&self.line, ptrs, steps, n, rows) },
            #[cfg(all(target_arch = "x86_64", unix))]
            // SAFETY: as above.
            Body::Native(native) => unsafe { native.run(ptrs, steps, n, rows) },
        }
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Whether machine code runs.
    pub(crate) fn is_native(&self) -> bool {
        !matches!(self.body, Body::Tile(_))
    }
}

impl Body {
    #[cfg(all(target_arch = "x86_64", unix))]
    fn native(line: &Line, streams: bool) -> Option<Body> {
        Isa::available().find_map(|isa| Native::new(line, isa, streams)).map(Body::Native)
    }

    #[cfg(not(all(target_arch = "x86_64", unix)))]
    fn native(_: &Line, _: bool) -> Option<Body> {
        None
    }
}
