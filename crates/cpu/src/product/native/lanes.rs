//! Vectors of the processor, as the micro-kernel sees them.

use std::arch::x86_64::*;

/// A vector of floats in a register.
///
/// # Safety
/// Every method needs the processor feature of its type. They are inlined into functions that enable it;
/// without that they would be calls.
pub(super) trait Lanes: Copy {
    type E: Copy;
    /// Which lanes take part.
    type Mask: Copy;
    const N: usize;

    unsafe fn zero() -> Self;
    /// The first `n` lanes.
    unsafe fn mask(n: usize) -> Self::Mask;
    /// One element in every lane.
    unsafe fn splat(at: *const Self::E) -> Self;
    unsafe fn load(at: *const Self::E) -> Self;
    /// Lanes outside of the mask are 0 and their memory is not read.
    unsafe fn load_part(at: *const Self::E, mask: Self::Mask) -> Self;
    unsafe fn store(self, at: *mut Self::E);
    /// Lanes outside of the mask are not written.
    unsafe fn store_part(self, at: *mut Self::E, mask: Self::Mask);
    unsafe fn plus(self, other: Self) -> Self;
    /// The sum of all lanes, halves first.
    unsafe fn sum(self) -> Self::E;
    /// `self · x + sum` with one rounding.
    unsafe fn times_plus(self, x: Self, sum: Self) -> Self;
}

macro_rules! lanes {
    ($vector:ty, $e:ty, $n:literal, $mask:ty;
     $zero:ident $splat:ident $load:ident $store:ident $add:ident $fma:ident
     $load_part:expr, $store_part:expr, |$lanes:ident| $mask_of:expr) => {
        impl Lanes for $vector {
            type E = $e;
            type Mask = $mask;
            const N: usize = $n;

            #[inline(always)]
            unsafe fn zero() -> Self {
                // SAFETY: the caller's promise, here and below.
                unsafe { $zero() }
            }
            #[inline(always)]
            unsafe fn mask(n: usize) -> $mask {
                let $lanes = n;
                // SAFETY: as above.
                #[allow(unused_unsafe)] // AVX-512 masks are plain integers
                unsafe {
                    $mask_of
                }
            }
            #[inline(always)]
            unsafe fn splat(at: *const $e) -> Self {
                // SAFETY: as above.
                unsafe { $splat(*at) }
            }
            #[inline(always)]
            unsafe fn load(at: *const $e) -> Self {
                // SAFETY: as above.
                unsafe { $load(at) }
            }
            #[inline(always)]
            unsafe fn load_part(at: *const $e, mask: $mask) -> Self {
                // SAFETY: as above.
                unsafe { $load_part(mask, at) }
            }
            #[inline(always)]
            unsafe fn store(self, at: *mut $e) {
                // SAFETY: as above.
                unsafe { $store(at, self) }
            }
            #[inline(always)]
            unsafe fn store_part(self, at: *mut $e, mask: $mask) {
                // SAFETY: as above.
                unsafe { $store_part(at, mask, self) }
            }
            #[inline(always)]
            unsafe fn plus(self, other: Self) -> Self {
                // SAFETY: as above.
                unsafe { $add(self, other) }
            }
            #[inline(always)]
            unsafe fn sum(self) -> $e {
                let mut lanes = [0.0; $n];
                // SAFETY: as above.
                unsafe { $store(lanes.as_mut_ptr(), self) };
                let mut width = $n / 2;
                while width > 0 {
                    for i in 0..width {
                        lanes[i] += lanes[i + width];
                    }
                    width /= 2;
                }
                lanes[0]
            }
            #[inline(always)]
            unsafe fn times_plus(self, x: Self, sum: Self) -> Self {
                // SAFETY: as above.
                unsafe { $fma(self, x, sum) }
            }
        }
    };
}

lanes! { __m512, f32, 16, __mmask16;
    _mm512_setzero_ps _mm512_set1_ps _mm512_loadu_ps _mm512_storeu_ps _mm512_add_ps _mm512_fmadd_ps
    |m, at| _mm512_maskz_loadu_ps(m, at), _mm512_mask_storeu_ps, |n| ((1u32 << n) - 1) as u16
}
lanes! { __m512d, f64, 8, __mmask8;
    _mm512_setzero_pd _mm512_set1_pd _mm512_loadu_pd _mm512_storeu_pd _mm512_add_pd _mm512_fmadd_pd
    |m, at| _mm512_maskz_loadu_pd(m, at), _mm512_mask_storeu_pd, |n| ((1u32 << n) - 1) as u8
}
lanes! { __m256, f32, 8, __m256i;
    _mm256_setzero_ps _mm256_set1_ps _mm256_loadu_ps _mm256_storeu_ps _mm256_add_ps _mm256_fmadd_ps
    |m, at| _mm256_maskload_ps(at, m), _mm256_maskstore_ps,
    |n| _mm256_cmpgt_epi32(
        _mm256_set1_epi32(n as i32),
        _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7),
    )
}
lanes! { __m256d, f64, 4, __m256i;
    _mm256_setzero_pd _mm256_set1_pd _mm256_loadu_pd _mm256_storeu_pd _mm256_add_pd _mm256_fmadd_pd
    |m, at| _mm256_maskload_pd(at, m), _mm256_maskstore_pd,
    |n| _mm256_cmpgt_epi64(_mm256_set1_epi64x(n as i64), _mm256_setr_epi64x(0, 1, 2, 3))
}

/// Sums of f32. Factors hold two bf16 in each lane, whose products are added one after the other; numbers
/// that are not normal count as zero.
#[derive(Clone, Copy)]
pub(super) struct Pairs(__m512);

impl Lanes for Pairs {
    type E = f32;
    type Mask = __mmask16;
    const N: usize = 16;

    #[inline(always)]
    unsafe fn zero() -> Self {
        // SAFETY: the caller's promise, here and below.
        unsafe { Pairs(__m512::zero()) }
    }
    #[inline(always)]
    unsafe fn mask(n: usize) -> __mmask16 {
        // SAFETY: as above.
        unsafe { __m512::mask(n) }
    }
    #[inline(always)]
    unsafe fn splat(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { Pairs(__m512::splat(at)) }
    }
    #[inline(always)]
    unsafe fn load(at: *const f32) -> Self {
        // SAFETY: as above.
        unsafe { Pairs(__m512::load(at)) }
    }
    #[inline(always)]
    unsafe fn load_part(at: *const f32, mask: __mmask16) -> Self {
        // SAFETY: as above.
        unsafe { Pairs(__m512::load_part(at, mask)) }
    }
    #[inline(always)]
    unsafe fn store(self, at: *mut f32) {
        // SAFETY: as above.
        unsafe { self.0.store(at) }
    }
    #[inline(always)]
    unsafe fn store_part(self, at: *mut f32, mask: __mmask16) {
        // SAFETY: as above.
        unsafe { self.0.store_part(at, mask) }
    }
    #[inline(always)]
    unsafe fn plus(self, other: Self) -> Self {
        // SAFETY: as above.
        unsafe { Pairs(self.0.plus(other.0)) }
    }
    #[inline(always)]
    unsafe fn sum(self) -> f32 {
        // SAFETY: as above.
        unsafe { self.0.sum() }
    }
    #[inline(always)]
    unsafe fn times_plus(self, x: Self, sum: Self) -> Self {
        // SAFETY: as above; both vectors are 512 bits of any content.
        unsafe {
            let [a, b] = [self.0, x.0].map(|v| std::mem::transmute::<__m512, __m512bh>(v));
            Pairs(_mm512_dpbf16_ps(sum.0, a, b))
        }
    }
}
