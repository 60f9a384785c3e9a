//! Running sums of f32 by the instructions of AVX-512: what [`super::row`] defines, to the bit. Its
//! loops of arrays become single additions when they are compiled.

use super::row::{Ops, groups};
use crate::simd::wide;
use std::mem::MaybeUninit;

/// Scans a block as [`groups`] does.
pub(super) fn block(
    from: &[f32],
    to: Option<&mut [MaybeUninit<f32>]>,
    before: f32,
    reverse: bool,
) -> f32 {
    #[cfg(target_arch = "x86_64")]
    if crate::isa::Isa::best() == Some(crate::isa::Isa::Avx512) {
        // SAFETY: the processor has the instructions.
        return unsafe { x86::block(from, to, before, reverse) };
    }
    portable(from, to, before, reverse)
}

/// The definition.
pub(super) fn portable(
    from: &[f32],
    to: Option<&mut [MaybeUninit<f32>]>,
    before: f32,
    reverse: bool,
) -> f32 {
    let fold = Ops(0.0, |x: f32| x, |a: f32, b: f32| a + b, |a: f32| a);
    wide(|| groups(from, to, before, reverse, fold))
}

#[cfg(target_arch = "x86_64")]
mod x86 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    const GROUP: usize = 16;

    #[target_feature(enable = "avx512f")]
    pub(super) fn block(
        from: &[f32],
        to: Option<&mut [MaybeUninit<f32>]>,
        before: f32,
        reverse: bool,
    ) -> f32 {
        let (before, mut inside) = (_mm512_set1_ps(before), _mm512_setzero_ps());
        let last = _mm512_set1_epi32(GROUP as i32 - 1);
        let order = match reverse {
            false => _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15),
            true => _mm512_setr_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0),
        };
        let mut next = |group: __m512| {
            let sums = prefixes(_mm512_permutexvar_ps(order, group));
            let start = _mm512_add_ps(before, inside);
            inside = _mm512_add_ps(inside, _mm512_permutexvar_ps(last, sums));
            _mm512_permutexvar_ps(order, _mm512_add_ps(start, sums))
        };
        let (whole, rest) = (from.len() / GROUP, from.len() % GROUP);
        let place = |g: usize| if reverse { from.len() - (g + 1) * GROUP } else { g * GROUP };
        // The last group may be a part: the elements from `tail` on, filled up behind.
        let tail = if reverse { 0 } else { whole * GROUP };
        let at = if reverse { GROUP - rest } else { 0 };
        let mut padded = [0.0f32; GROUP];
        padded[at..at + rest].copy_from_slice(&from[tail..tail + rest]);
        match to {
            Some(to) => {
                assert_eq!(from.len(), to.len());
                for g in 0..whole {
                    // SAFETY: the group is within both.
                    unsafe {
                        let sums = next(_mm512_loadu_ps(from.as_ptr().add(place(g))));
                        _mm512_storeu_ps(to.as_mut_ptr().add(place(g)).cast(), sums);
                    }
                }
                if rest > 0 {
                    let mut sums = [MaybeUninit::new(0.0f32); GROUP];
                    // SAFETY: the arrays have the vector's size.
                    unsafe {
                        let padded = next(_mm512_loadu_ps(padded.as_ptr()));
                        _mm512_storeu_ps(sums.as_mut_ptr().cast(), padded);
                    }
                    to[tail..tail + rest].copy_from_slice(&sums[at..at + rest]);
                }
            }
            None => {
                for g in 0..whole {
                    // SAFETY: the group is within the slice.
                    next(unsafe { _mm512_loadu_ps(from.as_ptr().add(place(g))) });
                }
                if rest > 0 {
                    // SAFETY: the array has the vector's size.
                    next(unsafe { _mm512_loadu_ps(padded.as_ptr()) });
                }
            }
        }
        _mm512_cvtss_f32(_mm512_add_ps(before, inside))
    }

    /// The running sums of a group.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn prefixes(mut sums: __m512) -> __m512 {
        macro_rules! step {
            ($distance:literal) => {
                let earlier = _mm512_alignr_epi32::<{ 16 - $distance }>(
                    _mm512_castps_si512(sums),
                    _mm512_setzero_si512(),
                );
                sums = _mm512_add_ps(_mm512_castsi512_ps(earlier), sums);
            };
        }
        step!(1);
        step!(2);
        step!(4);
        step!(8);
        sums
    }
}
