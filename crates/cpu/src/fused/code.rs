use super::line::Line;
#[derive(Clone, Copy, Debug)]
pub(crate) enum Executor { Tile, Native }
#[derive(Debug)]
pub(crate) struct Code { line: Line }
impl Code {
    pub(crate) fn new(line: Line, _: Executor, _: bool) -> Code { Code { line } }
    pub(crate) unsafe fn run(&self, _: &[*mut u8], _: &[isize], _: usize, _: usize) { todo!() }
    pub(crate) fn line(&self) -> &Line { &self.line }
    pub(crate) fn is_native(&self) -> bool { false }
}
