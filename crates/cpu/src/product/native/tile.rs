//! The micro-kernel: a tile of the result, summed in registers.

use super::lanes::{Lanes, Pairs};
use std::arch::x86_64::*;
use std::ptr::NonNull;

/// A tile of the result and the panels that it is the product of.
pub(super) struct Tile<E> {
    /// Steps of the sums.
    pub(super) k: usize,
    /// Rows of the left operand.
    pub(super) x: *const E,
    pub(super) x_row: isize,
    pub(super) x_col: isize,
    /// Rows of the right operand, each contiguous.
    pub(super) y: *const E,
    pub(super) y_row: isize,
    /// Where the rows of the right operand are to be copied to, one after the other: they are made a panel
    /// while they are multiplied, which costs nothing then.
    pub(super) copy: Option<NonNull<E>>,
    pub(super) out: *mut E,
    pub(super) out_row: usize,
    /// Columns of the last vector.
    pub(super) last: usize,
    /// Whether the sums are added to what the result holds.
    pub(super) add: bool,
}

/// How many rows of the right operand ahead are asked for while they are copied: in large matrices each is on
/// a page of its own, so the processor does not foresee them.
const AHEAD: isize = 16;

/// A micro-kernel for one number of rows and of vectors a row.
pub(super) type Kernel<E> = unsafe fn(&Tile<E>);

/// `ROWS` by `VECTORS` sums, every one of them taken in the order of `k` with fused operations, so that an
/// element of the result does not depend on the tile that it is in.
///
/// # Safety
/// The processor has the features of `V`; panels and result are as large as the tile says.
#[inline(always)]
unsafe fn tile<V: Lanes, const ROWS: usize, const VECTORS: usize>(t: &Tile<V::E>) {
    // SAFETY: the caller's promise. Only the last vector of a row may reach beyond the columns; it is masked.
    unsafe {
        // The result is far away when products are large, and comes while the sums are taken.
        for i in 0..ROWS {
            fetch::<V, VECTORS>(t.out.wrapping_add(i * t.out_row));
        }
        let mask = V::mask(t.last);
        let mut sums = [[V::zero(); VECTORS]; ROWS];
        let (mut y, mut copy) = (t.y, t.copy);
        let ahead = AHEAD * t.y_row;
        // Four rows share a pointer. Left alone, the compiler walks down the rows with one pointer, and the
        // chain of its additions is as long as the multiplications take.
        let (one, three) = (t.x_row, hidden(3 * t.x_row));
        let mut x: [*const V::E; 4] = std::array::from_fn(|i| match 4 * i < ROWS {
            true => hidden(t.x.offset(4 * i as isize * one) as isize) as *const V::E,
            false => t.x,
        });
        for _ in 0..t.k {
            let mut row = [V::zero(); VECTORS];
            for (v, part) in row.iter_mut().enumerate() {
                let at = y.add(v * V::N);
                *part = if v + 1 < VECTORS { V::load(at) } else { V::load_part(at, mask) };
            }
            if let Some(to) = copy {
                fetch::<V, VECTORS>(y.wrapping_offset(ahead));
                for (v, part) in row.iter().enumerate() {
                    part.store(to.as_ptr().add(v * V::N));
                }
                copy = Some(to.add(VECTORS * V::N));
            }
            for (i, sums) in sums.iter_mut().enumerate() {
                let at = x[i / 4];
                let e = V::splat(match i % 4 {
                    0 => at,
                    1 => at.offset(one),
                    2 => at.offset(2 * one),
                    _ => at.offset(three),
                });
                for (sum, &part) in sums.iter_mut().zip(&row) {
                    *sum = e.times_plus(part, *sum);
                }
            }
            for x in &mut x[..ROWS.div_ceil(4)] {
                *x = x.offset(t.x_col);
            }
            y = y.offset(t.y_row);
        }
        for (i, sums) in sums.iter().enumerate() {
            for (v, &sum) in sums.iter().enumerate() {
                let at = t.out.add(i * t.out_row + v * V::N);
                if v + 1 < VECTORS || t.last == V::N {
                    let sum = if t.add { V::load(at).plus(sum) } else { sum };
                    sum.store(at);
                } else {
                    let sum = if t.add { V::load_part(at, mask).plus(sum) } else { sum };
                    sum.store_part(at, mask);
                }
            }
        }
    }
}

/// Asks for the lines of neighbours, which seldom begin with one: there is one more of them than vectors then.
///
/// # Safety
/// None but the processor's features; a prefetch does not access what it is given.
#[inline(always)]
unsafe fn fetch<V: Lanes, const VECTORS: usize>(at: *const V::E) {
    // SAFETY: the caller's promise.
    unsafe {
        for v in 0..VECTORS {
            _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(v * V::N).cast());
        }
        _mm_prefetch::<_MM_HINT_T0>(at.wrapping_add(VECTORS * V::N - 1).cast());
    }
}

/// A number that the compiler knows nothing about.
#[inline(always)]
fn hidden(mut x: isize) -> isize {
    // SAFETY: no instruction at all.
    unsafe {
        std::arch::asm!("/* {0} */", inout(reg) x, options(pure, nomem, nostack, preserves_flags))
    };
    x
}

/// # Safety
/// As [`tile`], for AVX-512.
#[target_feature(enable = "avx512f")]
unsafe fn avx512<V: Lanes, const ROWS: usize, const VECTORS: usize>(t: &Tile<V::E>) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS>(t) }
}

/// # Safety
/// As [`tile`], for AVX512-BF16.
#[target_feature(enable = "avx512f,avx512bf16")]
unsafe fn bf16<V: Lanes, const ROWS: usize, const VECTORS: usize>(t: &Tile<V::E>) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS>(t) }
}

/// # Safety
/// As [`tile`], for AVX2 and FMA.
#[target_feature(enable = "avx2,fma")]
unsafe fn avx2<V: Lanes, const ROWS: usize, const VECTORS: usize>(t: &Tile<V::E>) {
    // SAFETY: the caller's promise.
    unsafe { tile::<V, ROWS, VECTORS>(t) }
}

/// Micro-kernels by rows and vectors, both less one.
macro_rules! kernels {
    ($f:ident $v:ty: $($rows:literal)*) => { [$([$f::<$v, $rows, 1>, $f::<$v, $rows, 2>]),*] };
}

// 28 sums of 32 registers, and 12 of 16: the others hold a row of `y` and an element of `x`.
pub(super) static F32_AVX512: [[Kernel<f32>; 2]; 14] =
    kernels!(avx512 __m512: 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
pub(super) static F64_AVX512: [[Kernel<f64>; 2]; 14] =
    kernels!(avx512 __m512d: 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
pub(super) static BF16_AVX512: [[Kernel<f32>; 2]; 14] =
    kernels!(bf16 Pairs: 1 2 3 4 5 6 7 8 9 10 11 12 13 14);
pub(super) static F32_AVX2: [[Kernel<f32>; 2]; 6] = kernels!(avx2 __m256: 1 2 3 4 5 6);
pub(super) static F64_AVX2: [[Kernel<f64>; 2]; 6] = kernels!(avx2 __m256d: 1 2 3 4 5 6);
