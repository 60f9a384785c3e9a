//! Memory that holds machine code.

use memmap2::{Mmap, MmapMut};
use std::io;

/// Code in memory of its own. It is written first and made executable after that, so that no page is ever
/// both.
#[derive(Debug)]
pub(super) struct Pages(Mmap);

impl Pages {
    /// # Errors
    /// The system refuses.
    pub(super) fn new(code: &[u8]) -> io::Result<Pages> {
        let mut pages = MmapMut::map_anon(code.len())?;
        pages[..code.len()].copy_from_slice(code);
        pages.make_exec().map(Pages)
    }

    /// The place of a byte of the code.
    pub(super) fn at(&self, offset: usize) -> *const u8 {
        self.0[offset..].as_ptr()
    }
}
