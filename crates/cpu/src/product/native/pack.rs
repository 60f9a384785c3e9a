//! Packing: panels of an operand, laid out in the order in which the micro-kernel reads them.
//!
//! A panel has `width` elements side by side for each step along the contracted axis. Both operands are
//! packed by the same function, since a panel of the right one is a panel of the left one of the
//! transposed product. Narrow floats become f32 on the way, exactly.

use pullback_ir::half::{bf16, f16};
use pullback_ir::scalar::NumScalar;
use std::arch::x86_64::*;

/// A strip of an operand and the panel that it becomes.
pub(super) struct Strip<E: NumScalar> {
    pub(super) from: *const E,
    /// Stride between the elements that lie side by side in the panel, and how many there are from `from`
    /// on; there may be more than the panel is wide.
    pub(super) along: isize,
    pub(super) count: usize,
    /// Stride along the contracted axis, and the steps along it.
    pub(super) deep: isize,
    pub(super) depth: usize,
    pub(super) to: *mut E::Acc,
    /// A multiple of 8. What the panel has beyond `count` is not written.
    pub(super) width: usize,
}

/// An element that panels are made of, as vectors of 256 bits of its accumulator.
///
/// # Safety
/// All functions need AVX2 and F16C.
pub(super) trait Source: NumScalar {
    /// Elements of a vector.
    const BLOCK: usize;

    /// Copies `BLOCK` neighbours.
    unsafe fn copy(from: *const Self, to: *mut Self::Acc);

    /// Copies `BLOCK` by `BLOCK` elements: row `i` of the result is column `i` of what is read. Rows are
    /// `step` apart in what is read and `width` in the result; beyond the first `rows` there are none, and what
    /// the result then holds does not matter.
    unsafe fn turn(from: *const Self, step: isize, rows: usize, to: *mut Self::Acc, width: usize);
}

/// Writes a panel.
///
/// # Safety
/// The processor has the features; the strip is within its buffer, and the panel has room.
#[target_feature(enable = "avx2,f16c")]
pub(super) unsafe fn pack<E: Source>(s: &Strip<E>) {
    let width = s.width.min(s.count);
    // SAFETY: the caller's promise; whole blocks are only read where their elements exist.
    unsafe {
        if s.along == 1 {
            let whole = if s.count >= s.width { s.width } else { width / E::BLOCK * E::BLOCK };
            for d in 0..s.depth {
                let from = s.from.offset(d as isize * s.deep);
                let to = s.to.add(d * s.width);
                for i in (0..s.width * size_of::<E>()).step_by(64) {
                    fetch(from.wrapping_add(s.width).cast::<u8>().wrapping_add(i));
                }
                for i in (0..whole).step_by(E::BLOCK) {
                    E::copy(from.add(i), to.add(i));
                }
                for i in whole..width {
                    to.add(i).write((*from.add(i)).widen());
                }
            }
            return;
        }
        let turned = if s.deep == 1 { s.depth / E::BLOCK * E::BLOCK } else { 0 };
        for i in (0..width).step_by(E::BLOCK) {
            let rows = E::BLOCK.min(s.count - i);
            let (from, to) = (s.from.offset(i as isize * s.along), s.to.add(i));
            for d in (0..turned).step_by(E::BLOCK) {
                if (d * size_of::<E>()).is_multiple_of(64) {
                    for j in 0..E::BLOCK {
                        let next = (s.width + j) as isize * s.along + d as isize;
                        fetch(from.wrapping_offset(next));
                    }
                }
                E::turn(from.add(d), s.along, rows, to.add(d * s.width), s.width);
            }
            for d in turned..s.depth {
                for j in 0..rows {
                    let e = *from.offset(j as isize * s.along + d as isize * s.deep);
                    to.add(d * s.width + j).write(e.widen());
                }
            }
        }
    }
}

/// Asks for a line of the strip beside this one, which is packed next. Rows of large matrices are a page or
/// more apart, so the processor does not foresee them.
///
/// # Safety
/// AVX2.
#[inline(always)]
pub(super) unsafe fn fetch<E>(at: *const E) {
    // SAFETY: the caller's promise; a prefetch does not access what it is given.
    unsafe { _mm_prefetch::<_MM_HINT_T1>(at.cast()) }
}

/// Eight neighbours as f32.
trait Eight {
    /// # Safety
    /// AVX2 and F16C; there are eight.
    unsafe fn eight(at: *const Self) -> __m256;
}

impl Eight for f32 {
    #[inline(always)]
    unsafe fn eight(at: *const f32) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_loadu_ps(at) }
    }
}

impl Eight for bf16 {
    #[inline(always)]
    unsafe fn eight(at: *const bf16) -> __m256 {
        // SAFETY: the caller's promise. A bf16 is the upper half of an f32.
        unsafe {
            let bits = _mm256_cvtepu16_epi32(_mm_loadu_si128(at.cast()));
            _mm256_castsi256_ps(_mm256_slli_epi32::<16>(bits))
        }
    }
}

impl Eight for f16 {
    #[inline(always)]
    unsafe fn eight(at: *const f16) -> __m256 {
        // SAFETY: the caller's promise.
        unsafe { _mm256_cvtph_ps(_mm_loadu_si128(at.cast())) }
    }
}

macro_rules! source_f32 {
    ($($t:ty)*) => {$(
        impl Source for $t {
            const BLOCK: usize = 8;

            #[inline(always)]
            unsafe fn copy(from: *const $t, to: *mut f32) {
                // SAFETY: the caller's promise.
                unsafe { _mm256_storeu_ps(to, <$t>::eight(from)) }
            }

            #[inline(always)]
            unsafe fn turn(from: *const $t, step: isize, rows: usize, to: *mut f32, width: usize) {
                // SAFETY: the caller's promise.
                unsafe {
                    let rows = load_rows(rows, |i| <$t>::eight(from.offset(i as isize * step)));
                    for (i, row) in turned_f32(rows).into_iter().enumerate() {
                        _mm256_storeu_ps(to.add(i * width), row);
                    }
                }
            }
        }
    )*};
}
source_f32!(f32 bf16 f16);

impl Source for f64 {
    const BLOCK: usize = 4;

    #[inline(always)]
    unsafe fn copy(from: *const f64, to: *mut f64) {
        // SAFETY: the caller's promise.
        unsafe { _mm256_storeu_pd(to, _mm256_loadu_pd(from)) }
    }

    #[inline(always)]
    unsafe fn turn(from: *const f64, step: isize, rows: usize, to: *mut f64, width: usize) {
        // SAFETY: the caller's promise.
        unsafe {
            let rows = load_rows(rows, |i| _mm256_loadu_pd(from.offset(i as isize * step)));
            for (i, row) in turned_f64(rows).into_iter().enumerate() {
                _mm256_storeu_pd(to.add(i * width), row);
            }
        }
    }
}

/// `N` rows, of which those that do not exist repeat the first.
#[inline(always)]
pub(super) fn load_rows<V: Copy, const N: usize>(rows: usize, load: impl Fn(usize) -> V) -> [V; N] {
    let mut all = [load(0); N];
    if rows == N {
        for (i, row) in all.iter_mut().enumerate().skip(1) {
            *row = load(i);
        }
    } else {
        for (i, row) in all.iter_mut().enumerate().take(rows).skip(1) {
            *row = load(i);
        }
    }
    all
}

/// The transpose of eight rows.
///
/// # Safety
/// AVX.
#[inline(always)]
pub(super) unsafe fn turned_f32(r: [__m256; 8]) -> [__m256; 8] {
    // SAFETY: the caller's promise.
    unsafe {
        // Pairs of rows, then fours: `q[i]` holds columns i and i + 4 of four rows.
        let four = |a, b, c, d| {
            let (ab, cd) = (_mm256_unpacklo_ps(a, b), _mm256_unpacklo_ps(c, d));
            let (ab_hi, cd_hi) = (_mm256_unpackhi_ps(a, b), _mm256_unpackhi_ps(c, d));
            [
                _mm256_shuffle_ps::<0x44>(ab, cd),
                _mm256_shuffle_ps::<0xee>(ab, cd),
                _mm256_shuffle_ps::<0x44>(ab_hi, cd_hi),
                _mm256_shuffle_ps::<0xee>(ab_hi, cd_hi),
            ]
        };
        let (p, q) = (four(r[0], r[1], r[2], r[3]), four(r[4], r[5], r[6], r[7]));
        let low = |i: usize| _mm256_permute2f128_ps::<0x20>(p[i], q[i]);
        let high = |i: usize| _mm256_permute2f128_ps::<0x31>(p[i], q[i]);
        [low(0), low(1), low(2), low(3), high(0), high(1), high(2), high(3)]
    }
}

/// The transpose of four rows.
///
/// # Safety
/// AVX.
#[inline(always)]
unsafe fn turned_f64(r: [__m256d; 4]) -> [__m256d; 4] {
    // SAFETY: the caller's promise.
    unsafe {
        let (p, q) = (_mm256_unpacklo_pd(r[0], r[1]), _mm256_unpacklo_pd(r[2], r[3]));
        let (s, t) = (_mm256_unpackhi_pd(r[0], r[1]), _mm256_unpackhi_pd(r[2], r[3]));
        [
            _mm256_permute2f128_pd::<0x20>(p, q),
            _mm256_permute2f128_pd::<0x20>(s, t),
            _mm256_permute2f128_pd::<0x31>(p, q),
            _mm256_permute2f128_pd::<0x31>(s, t),
        ]
    }
}
