//! Panels of bf16 for processors that multiply pairs of them (AVX512-BF16, twice the speed of f32): each lane
//! holds two neighbours along the contracted axis, the earlier one in its lower half.

use super::pack::{Strip, fetch, load_rows, turned_f32};
use crate::product::Matrix;
use pullback_ir::half::bf16;
use std::arch::x86_64::*;

/// Lanes of a block: a vector of 256 bits.
const BLOCK: usize = 8;

/// [`pack`](super::pack::pack) in pairs; of an odd depth the last pair ends with a zero.
///
/// # Safety
/// As there.
#[target_feature(enable = "avx2")]
pub(super) unsafe fn pack_pairs(s: &Strip<bf16>) {
    let width = s.width.min(s.count);
    // SAFETY: the caller's promise; whole blocks are only read where their elements exist.
    unsafe {
        if s.along == 1 {
            let whole = if s.count >= s.width { s.width } else { width / BLOCK * BLOCK };
            for d in (0..s.depth).step_by(2) {
                let first = s.from.offset(d as isize * s.deep);
                let second = (d + 1 < s.depth).then(|| first.offset(s.deep));
                let to = s.to.add(d / 2 * s.width);
                for row in [Some(first), second].into_iter().flatten() {
                    for i in (0..s.width).step_by(32) {
                        fetch(row.wrapping_add(s.width + i));
                    }
                }
                for i in (0..whole).step_by(BLOCK) {
                    interleave(first.add(i), second.map(|at| at.add(i)), to.add(i));
                }
                for i in whole..width {
                    to.add(i).write(pair(*first.add(i), second.map(|at| *at.add(i))));
                }
            }
            return;
        }
        // Pairs lie together in memory then, and are turned as numbers of 32 bits are.
        let turned = if s.deep == 1 { s.depth / (2 * BLOCK) * (2 * BLOCK) } else { 0 };
        for i in (0..width).step_by(BLOCK) {
            let rows = BLOCK.min(s.count - i);
            let (from, to) = (s.from.offset(i as isize * s.along), s.to.add(i));
            for d in (0..turned).step_by(2 * BLOCK) {
                if d.is_multiple_of(32) {
                    for j in 0..BLOCK {
                        fetch(from.wrapping_offset((s.width + j) as isize * s.along + d as isize));
                    }
                }
                let row = |j| _mm256_loadu_ps(from.offset(j as isize * s.along).add(d).cast());
                for (j, lanes) in turned_f32(load_rows(rows, row)).into_iter().enumerate() {
                    _mm256_storeu_ps(to.add((d / 2 + j) * s.width), lanes);
                }
            }
            for d in (turned..s.depth).step_by(2) {
                for j in 0..rows {
                    let first = from.offset(j as isize * s.along + d as isize * s.deep);
                    let second = (d + 1 < s.depth).then(|| *first.offset(s.deep));
                    to.add(d / 2 * s.width + j).write(pair(*first, second));
                }
            }
        }
    }
}

/// A left operand of so many columns whose pairs lie together, as matrix of lanes.
pub(super) fn in_pairs(x: Matrix<bf16>, columns: usize) -> Option<Matrix<f32>> {
    let at: *const f32 = x.at.cast();
    let whole = x.col == 1 && x.row % 2 == 0 && columns.is_multiple_of(2) && at.is_aligned();
    whole.then_some(Matrix { at, row: x.row / 2, col: 1 })
}

/// A lane.
#[inline(always)]
fn pair(first: bf16, second: Option<bf16>) -> f32 {
    let high = second.map_or(0, bf16::to_bits);
    f32::from_bits(u32::from(first.to_bits()) | u32::from(high) << 16)
}

/// A block of lanes from two rows, the second of which may be missing.
///
/// # Safety
/// AVX2; both rows and the result have a block.
#[inline(always)]
unsafe fn interleave(first: *const bf16, second: Option<*const bf16>, to: *mut f32) {
    // SAFETY: the caller's promise.
    unsafe {
        let a = _mm_loadu_si128(first.cast());
        let b = match second {
            Some(at) => _mm_loadu_si128(at.cast()),
            None => _mm_setzero_si128(),
        };
        _mm_storeu_si128(to.cast(), _mm_unpacklo_epi16(a, b));
        _mm_storeu_si128(to.add(4).cast(), _mm_unpackhi_epi16(a, b));
    }
}
