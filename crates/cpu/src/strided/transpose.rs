//! Transpositions, a tile at a time.
//!
//! A tile of [`TILE`] by [`TILE`] elements is read along the rows of the source and written along the
//! rows of the target. Elements of 4 and 8 bytes are exchanged in registers, and each row of a tile is
//! then a whole cache line. Lines of a result that is larger than the cache are written past it: else each
//! would be read before it is written.

use super::Loop;
use crate::caches::may_overflow;
#[cfg(target_arch = "x86_64")]
use crate::isa::Isa;
use crate::simd::fence;

/// Side of a tile in elements: the cache lines of both sides fit the first-level cache.
pub(super) const TILE: usize = 16;

/// Bytes of a cache line.
const LINE: usize = 64;

/// Transposes: `rows` is contiguous in the source, `cols` in the target. They are a part of a
/// transposition of so many bytes.
///
/// # Safety
/// As [`super::copy`].
pub(super) unsafe fn transpose<E: Copy>(
    from: *const E,
    to: *mut E,
    rows: Loop,
    cols: Loop,
    bytes: usize,
) {
    // SAFETY: the caller's promise.
    unsafe {
        match Kernel::available(size_of::<E>()).last() {
            // On several threads as well: measured in November 2026 on two, results of 12 and 16 MiB take 0.43 and
            // 0.6 ms so, and 0.7 and 0.95 through the caches.
            Some(kernel) => lines(kernel, from, to, rows, cols, may_overflow(2 * bytes)),
            None => tiles(from, to, rows, cols),
        }
    }
}

/// Transposes tiles of whole cache lines, which are written past the cache if it is `large`.
///
/// # Safety
/// As [`super::copy`], with a kernel for elements of this size.
unsafe fn lines<E: Copy>(
    kernel: Kernel,
    from: *const E,
    to: *mut E,
    rows: Loop,
    cols: Loop,
    large: bool,
) {
    let size = size_of::<E>();
    // Columns of the target before its rows are on cache lines, if that is so for all of them.
    let aligned = large && rows.to * size as isize % LINE as isize == 0;
    let head = match to.align_offset(LINE) {
        head if aligned && head < cols.size => head,
        _ => 0,
    };
    let stream = aligned && to.wrapping_add(head).align_offset(LINE) == 0;
    let line = LINE / size;
    let (main_rows, main_cols) = (rows.size / line * line, (cols.size - head) / line * line);
    // SAFETY: all of these are parts of both loops.
    unsafe {
        let part = |first_row: usize, n_rows: usize, first_col: usize, n_cols: usize| {
            let (r, c) = (first_row as isize, first_col as isize);
            let from = from.offset(r + c * cols.from);
            let to = to.offset(r * rows.to + c);
            tiles(from, to, Loop { size: n_rows, ..rows }, Loop { size: n_cols, ..cols });
        };
        part(0, rows.size, 0, head);
        for c in (head..head + main_cols).step_by(line) {
            for r in (0..main_rows).step_by(line) {
                let from = from.offset(r as isize + c as isize * cols.from).cast();
                let to = to.offset(r as isize * rows.to + c as isize).cast();
                kernel.run(from, cols.from, to, rows.to, stream);
            }
            part(main_rows, rows.size - main_rows, c, line);
        }
        let end = head + main_cols;
        part(0, rows.size, end, cols.size - end);
    }
    if stream {
        fence();
    }
}

/// A way to transpose a tile whose rows are cache lines.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kernel {
    #[cfg(target_arch = "x86_64")]
    Avx512(usize),
    #[cfg(target_arch = "x86_64")]
    Avx2(usize),
}

impl Kernel {
    /// The ways for elements of this size that this processor has, the fastest last.
    fn available(size: usize) -> impl Iterator<Item = Kernel> {
        #[cfg(target_arch = "x86_64")]
        let all = [
            (Kernel::Avx2(size), Isa::best() >= Some(Isa::Avx2)),
            (Kernel::Avx512(size), Isa::best() >= Some(Isa::Avx512)),
        ];
        #[cfg(not(target_arch = "x86_64"))]
        let all: [(Kernel, bool); 0] = [];
        let fits = matches!(size, 4 | 8);
        all.into_iter().filter(move |(_, has)| *has && fits).map(|(kernel, _)| kernel)
    }

    /// Transposes a tile. Strides are in elements; `stream` writes past the cache.
    ///
    /// # Safety
    /// The tile is within both arrays; with `stream` its rows begin on cache lines.
    #[inline(always)]
    unsafe fn run(self, from: *const u8, step: isize, to: *mut u8, to_step: isize, stream: bool) {
        let _ = (from, step, to, to_step, stream);
        // SAFETY: the caller's promise; the processor has the instructions.
        unsafe {
            match self {
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx512(4) => x86::tile_4(from, 4 * step, to, 4 * to_step, stream),
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx512(_) => x86::tile_8(from, 8 * step, to, 8 * to_step, stream),
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx2(4) => x86::halves_4(from, 4 * step, to, 4 * to_step, stream),
                #[cfg(target_arch = "x86_64")]
                Kernel::Avx2(_) => x86::halves_8(from, 8 * step, to, 8 * to_step, stream),
            }
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use crate::vectors::{avx2, avx512};
    use std::arch::x86_64::*;

    /// A tile of elements of 4 bytes.
    ///
    /// # Safety
    /// Sixteen rows of 64 bytes are at both ends, with these bytes between them; if `stream`, on lines.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn tile_4(
        from: *const u8,
        step: isize,
        to: *mut u8,
        to_step: isize,
        stream: bool,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut rows = [_mm512_setzero_si512(); 16];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm512_loadu_si512(from.offset(i as isize * step).cast());
            }
            let columns = avx512::transpose_16x16(rows);
            for (i, column) in columns.into_iter().enumerate() {
                let to = to.offset(i as isize * to_step).cast();
                match stream {
                    true => _mm512_stream_si512(to, column),
                    false => _mm512_storeu_si512(to, column),
                }
            }
        }
    }

    /// A tile of elements of 8 bytes.
    ///
    /// # Safety
    /// As [`tile_4`], with eight rows.
    #[target_feature(enable = "avx512f")]
    pub(super) unsafe fn tile_8(
        from: *const u8,
        step: isize,
        to: *mut u8,
        to_step: isize,
        stream: bool,
    ) {
        // SAFETY: the caller's promise.
        unsafe {
            let mut rows = [_mm512_setzero_si512(); 8];
            for (i, row) in rows.iter_mut().enumerate() {
                *row = _mm512_loadu_si512(from.offset(i as isize * step).cast());
            }
            let columns = avx512::transpose_8x8(rows);
            for (i, column) in columns.into_iter().enumerate() {
                let to = to.offset(i as isize * to_step).cast();
                match stream {
                    true => _mm512_stream_si512(to, column),
                    false => _mm512_storeu_si512(to, column),
                }
            }
        }
    }

    /// # Safety
    /// As [`tile_4`].
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn halves_4(
        from: *const u8,
        step: isize,
        to: *mut u8,
        to_step: isize,
        stream: bool,
    ) {
        for half in 0..2 {
            // SAFETY: the caller's promise.
            unsafe {
                let row = |i: usize| {
                    _mm256_loadu_si256(from.offset(i as isize * step + 32 * half).cast())
                };
                let [mut left, mut right] = [[_mm256_setzero_si256(); 8]; 2];
                for i in 0..8 {
                    (left[i], right[i]) = (row(i), row(8 + i));
                }
                let (left, right) = (avx2::transpose_8x8(left), avx2::transpose_8x8(right));
                for (i, (left, right)) in left.into_iter().zip(right).enumerate() {
                    let to = to.offset((8 * half + i as isize) * to_step).cast();
                    write_line(to, left, right, stream);
                }
            }
        }
    }

    /// # Safety
    /// As [`tile_8`].
    #[target_feature(enable = "avx2")]
    pub(super) unsafe fn halves_8(
        from: *const u8,
        step: isize,
        to: *mut u8,
        to_step: isize,
        stream: bool,
    ) {
        for half in 0..2 {
            // SAFETY: the caller's promise.
            unsafe {
                let row = |i: usize| {
                    _mm256_loadu_si256(from.offset(i as isize * step + 32 * half).cast())
                };
                let [mut left, mut right] = [[_mm256_setzero_si256(); 4]; 2];
                for i in 0..4 {
                    (left[i], right[i]) = (row(i), row(4 + i));
                }
                let (left, right) = (avx2::transpose_4x4(left), avx2::transpose_4x4(right));
                for (i, (left, right)) in left.into_iter().zip(right).enumerate() {
                    let to = to.offset((4 * half + i as isize) * to_step).cast();
                    write_line(to, left, right, stream);
                }
            }
        }
    }

    /// Writes a row of a tile.
    ///
    /// # Safety
    /// There is room; if `stream`, on a line.
    #[inline]
    #[target_feature(enable = "avx2")]
    unsafe fn write_line(to: *mut __m256i, left: __m256i, right: __m256i, stream: bool) {
        // SAFETY: the caller's promise.
        unsafe {
            if stream {
                _mm256_stream_si256(to, left);
                _mm256_stream_si256(to.add(1), right);
            } else {
                _mm256_storeu_si256(to, left);
                _mm256_storeu_si256(to.add(1), right);
            }
        }
    }
}

/// Tiles by plain loops: `rows` is contiguous in the source, `cols` in the target.
///
/// # Safety
/// As [`super::copy`].
unsafe fn tiles<E: Copy>(from: *const E, to: *mut E, rows: Loop, cols: Loop) {
    for c in (0..cols.size).step_by(TILE) {
        let width = TILE.min(cols.size - c);
        for r in (0..rows.size).step_by(TILE) {
            let height = TILE.min(rows.size - r);
            // SAFETY: the tile is within both loops.
            unsafe {
                let from = from.offset(r as isize + c as isize * cols.from);
                let to = to.offset(r as isize * rows.to + c as isize);
                if width == TILE && height == TILE {
                    tile::<E>(from, to, TILE, TILE, cols.from, rows.to);
                } else {
                    tile::<E>(from, to, height, width, cols.from, rows.to);
                }
            }
        }
    }
}

/// # Safety
/// As [`super::copy`].
#[inline(always)]
unsafe fn tile<E: Copy>(
    from: *const E,
    to: *mut E,
    height: usize,
    width: usize,
    from_step: isize,
    to_step: isize,
) {
    for i in 0..height as isize {
        for j in 0..width as isize {
            // SAFETY: the caller's promise.
            unsafe { *to.offset(i * to_step + j) = *from.offset(i + j * from_step) };
        }
    }
}

/// For tests: the transposition of an `m` by `n` matrix by every way there is, the first row at `shift`.
#[cfg(test)]
pub(super) fn every_way<E: Copy>(
    from: &[E],
    [m, n]: [usize; 2],
    stride: usize,
    shift: usize,
    check: impl Fn(&str, &[E]),
) {
    let rows = Loop { size: n, from: 1, to: stride as isize };
    let cols = Loop { size: m, from: n as isize, to: 1 };
    assert!(from.len() == m * n && stride >= m);
    let mut to = vec![from[0]; shift + n * stride];
    let (source, target) = (from.as_ptr(), to[shift..].as_mut_ptr());
    // SAFETY: both loops are within the arrays.
    unsafe { tiles(source, target, rows, cols) };
    check("plain loops", &to);
    for kernel in Kernel::available(size_of::<E>()) {
        for large in [false, true] {
            to.fill(from[0]);
            let target = to[shift..].as_mut_ptr();
            // SAFETY: as above.
            unsafe { lines(kernel, source, target, rows, cols, large) };
            check(&format!("{kernel:?}, large: {large}"), &to);
        }
    }
}
