//! Wider vectors than the x86-64 baseline, chosen when the program runs.
//!
//! The loops of this crate are plain Rust that the compiler vectorises. Compiled for the baseline they
//! use 128-bit vectors, and `floor` and its kin become calls, so hot loops are compiled a second time
//! for AVX2. Neither version contracts a multiplication and an addition: their bits are the same, so debug
//! builds do without the second one, which would double the time that compiling the kernels takes.

/// Runs a loop compiled for the widest vectors that this processor has.
///
/// The body must consist of functions that are inlined, or it is not compiled anew.
#[inline(always)]
pub(crate) fn wide<R>(body: impl FnOnce() -> R) -> R {
    #[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has the feature that the function needs.
        return unsafe { with_avx2(body) };
    }
    body()
}

#[cfg(all(target_arch = "x86_64", not(debug_assertions)))]
#[target_feature(enable = "avx2")]
fn with_avx2<R>(body: impl FnOnce() -> R) -> R {
    body()
}
