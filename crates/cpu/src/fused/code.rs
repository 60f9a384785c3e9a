//! Lines, ready to run: the tile interpreter or machine code behind one call.

use super::line::Line;
use super::tile::Tiles;

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
}

impl Code {
    /// Prepares a line. `streams` makes stores to its outputs bypass the cache: for outputs that are larger
    /// than it.
    pub(crate) fn new(line: Line, executor: Executor, streams: bool) -> Code {
        debug_assert_eq!(line.check(), Ok(()));
        let _ = (executor, streams);
        let body = Body::Tile(Tiles::new(&line));
        Code { line, body }
    }

    /// Runs the line over `rows` rows of `n` elements. `ptrs` has each argument's place in the first row,
    /// `steps` the bytes from a row to the next.
    ///
    /// # Safety
    /// In each row, an argument that steps has `n` elements of its dtype there, one that does not has one;
    /// outputs may be written, by nothing else meanwhile. An output and an input that both step may be the
    /// same array at the same place; otherwise nothing that is written overlaps anything.
    pub(crate) unsafe fn run(&self, ptrs: &[*mut u8], steps: &[isize], n: usize, rows: usize) {
        assert_eq!((ptrs.len(), steps.len()), (self.line.args.len(), self.line.args.len()));
        match &self.body {
            // SAFETY: the caller's promise.
            Body::Tile(tiles) => unsafe { tiles.run(&self.line, ptrs, steps, n, rows) },
        }
    }

    pub(crate) fn line(&self) -> &Line {
        &self.line
    }

    /// Whether machine code runs.
    pub(crate) fn is_native(&self) -> bool {
        false
    }
}
