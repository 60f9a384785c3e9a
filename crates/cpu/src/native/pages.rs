//! Memory that holds machine code.

use memmap2::{Mmap, MmapMut};

/// Code in memory of its own. It is written first and made executable after that, so that no page is ever
/// both.
#[derive(Debug)]
pub(super) struct Pages(Mmap);

impl Pages {
    /// None where the system refuses.
    pub(super) fn new(code: &[u8]) -> Option<Pages> {
        let mut pages = MmapMut::map_anon(code.len()).ok()?;
        pages[..code.len()].copy_from_slice(code);
        pages.make_exec().ok().map(Pages)
    }

    /// The place of a byte of the code.
    pub(super) fn at(&self, offset: usize) -> *const u8 {
        self.0[offset..].as_ptr()
    }
}
