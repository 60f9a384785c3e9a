//! Wider vectors than the x86-64 baseline, chosen when the program runs.
//!
//! The loops of this crate are plain Rust that the compiler vectorises. Compiled for the baseline they
//! use 128-bit vectors, and `floor`, `mul_add` and their kin become calls, so hot loops are compiled again
//! for AVX2 with FMA and for AVX-512. No version contracts a multiplication and an addition: their bits
//! are the same, so debug builds do without the others, which would multiply the time that compiling the
//! kernels takes.

#[cfg(test)]
thread_local! {
    /// Lets a test use the baseline, to compare. Debug builds have nothing else.
    pub(crate) static BASELINE: std::cell::Cell<bool> = const { std::cell::Cell::new(false) };
}

/// Runs a loop compiled for the widest vectors that this processor has.
///
/// The body must consist of functions that are inlined, or it is not compiled anew.
#[inline(always)]
pub(crate) fn wide<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(test)]
    if BASELINE.get() {
        return body();
    }
    #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
    {
        use crate::isa::Isa;
        match Isa::best() {
            // SAFETY: the processor has the features that the function needs.
            Some(Isa::Avx512) => return unsafe { with_avx512(body) },
            // SAFETY: as above.
            Some(Isa::Avx2) => return unsafe { with_avx2(body) },
            None => {}
        }
    }
    body()
}

#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
fn with_avx512<R>(body: impl FnOnce() -> R) -> R {
    body()
}

#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[target_feature(enable = "avx2,fma,f16c")]
fn with_avx2<R>(body: impl FnOnce() -> R) -> R {
    body()
}

/// Bytes ahead of the elements at hand that loops over large arrays ask for. Processors look ahead within a page
/// of 4 KiB, and where vectors are not aligned, as those of a `Vec` are not, not far enough: measured in November
/// 2026 on Zen 5, sums of 10⁷ unaligned numbers take two thirds of the time if asked for, those of aligned ones
/// nine tenths.
pub(crate) const AHEAD: usize = 8192;

/// Asks for what a loop over a large array reads [`AHEAD`] bytes behind elements of so many bytes.
#[inline(always)]
pub(crate) fn prefetch_ahead<T>(at: *const T, bytes: usize) {
    for line in (0..bytes).step_by(64) {
        prefetch(at.wrapping_byte_add(AHEAD + line));
    }
}

/// Brings the cache line of a place near, which will be used soon. The place need not exist.
#[inline(always)]
pub(crate) fn prefetch<T>(place: *const T) {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: a prefetch has no effect that shows, wherever it leads, and every x86-64 has the instruction.
    unsafe {
        use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
        _mm_prefetch::<_MM_HINT_T0>(place.cast());
    }
    #[cfg(not(target_arch = "x86_64"))]
    let _ = place;
}

/// Makes elements that were stored past the caches visible to other threads like all others.
#[inline(always)]
pub(crate) fn fence() {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: every x86-64 has the instruction.
    unsafe {
        std::arch::x86_64::_mm_sfence();
    }
}

/// Defines a function that is compiled for each width of vectors, as [`wide`] does for closures. Long
/// bodies that have several callers want this: of them the compiler makes calls from [`wide`], and what is
/// called is not compiled anew.
macro_rules! wide_fn {
    ($(#[$meta:meta])* fn $name:ident<$($g:ident),*>($($arg:ident: $t:ty),* $(,)?)
        where ($($bounds:tt)*) $body:block) => {
        $(#[$meta])*
        #[inline]
        pub(super) fn $name<$($g),*>($($arg: $t),*) where $($bounds)* {
            #[inline(always)]
            fn body<$($g),*>($($arg: $t),*) where $($bounds)* $body
            #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
            {
                use crate::isa::Isa;
                #[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2,fma,f16c")]
                fn with_avx512<$($g),*>($($arg: $t),*) where $($bounds)* {
                    body($($arg),*);
                }
                #[target_feature(enable = "avx2,fma,f16c")]
                fn with_avx2<$($g),*>($($arg: $t),*) where $($bounds)* {
                    body($($arg),*);
                }
                match Isa::best() {
                    // SAFETY: the processor has the features that the function needs.
                    Some(Isa::Avx512) => return unsafe { with_avx512($($arg),*) },
                    // SAFETY: as above.
                    Some(Isa::Avx2) => return unsafe { with_avx2($($arg),*) },
                    None => {}
                }
            }
            body($($arg),*)
        }
    };
}
pub(crate) use wide_fn;
