//! Vectors of unsigned integers: what sorting needs of AVX-512.
//!
//! The methods are inlined into functions that have the target features, and `unsafe` because nothing
//! else may call them: also no closure that a function of the standard library would call, which does not
//! have them.

use super::network::Rows;
use crate::vectors::avx512::{columns_of_8x16, transpose_8x8, transpose_16x16};
use std::arch::x86_64::*;

/// Vectors that are sorted in registers at most.
pub(super) const ROWS: usize = 16;

/// A vector of 512 bits.
///
/// # Safety
/// The processor must have AVX-512F, BW, DQ and VL for each method, and memory must be as its name says.
pub(super) trait Lanes: Copy {
    type Key: Copy + Ord + Send + Sync;
    /// Integers in a vector.
    const N: usize;
    /// The bits of all lanes.
    const ALL: u32 = ((1u64 << Self::N) - 1) as u32;
    /// The largest integer.
    const LAST: Self::Key;

    unsafe fn all(key: Self::Key) -> Self;
    unsafe fn load(from: *const Self::Key) -> Self;
    /// The first `n` integers, less than a vector, and [`Self::LAST`].
    unsafe fn load_first(n: usize, from: *const Self::Key) -> Self;
    unsafe fn store(self, to: *mut Self::Key);
    unsafe fn store_first(self, n: usize, to: *mut Self::Key);
    /// In each lane the lesser, and the greater.
    unsafe fn ordered(self, other: Self) -> (Self, Self);
    /// A bit for each lane that is below the other's.
    unsafe fn below(self, other: Self) -> u32;
    /// The lanes that have a bit, one after the other.
    unsafe fn packed(self, mask: u32) -> Self;
    /// In each lane `i` the lesser one of it and the other's lane `i ^ WITH`; if `i` has the bit `UPPER`, the
    /// greater one.
    unsafe fn exchanged<const WITH: usize, const UPPER: usize>(self, other: Self) -> Self;
    /// The lower one of the two in the middle.
    unsafe fn middle(self) -> Self::Key;
    /// Merges the sorted columns of some rows into one, the lanes of which follow one another in the order
    /// that the next two methods expect.
    unsafe fn merge_columns<R: Rows>(rows: &mut R);
    /// The columns of eight rows, one after the other.
    unsafe fn columns_of_8(rows: &mut [Self; 8]);
    /// The same of sixteen.
    unsafe fn columns_of_16(rows: &mut [Self; 16]);
}

/// Sixteen of 32 bits.
#[derive(Clone, Copy)]
pub(super) struct Words(__m512i);

/// Eight of 64 bits.
#[derive(Clone, Copy)]
pub(super) struct Longs(__m512i);

/// The lanes of `n` whose number has a bit.
const fn lanes_with(bit: usize, n: usize) -> u32 {
    let (mut lanes, mut i) = (0, 0);
    while i < n {
        if i & bit != 0 {
            lanes |= 1 << i;
        }
        i += 1;
    }
    lanes
}

/// Merges the columns of some rows, each a sorted run: first pairs of lanes that a bit of their number
/// tells apart, then pairs of those, by another bit, until all bits are through. A line is one merge: the
/// bits so far, the new one, and those before it from the latest on.
macro_rules! merge_lanes {
    ($rows:ident: $($with:literal $upper:literal $(, $bit:literal)*;)*) => {$(
        $rows.join::<$with, $upper>();
        $($rows.across::<$bit>();)*
        $rows.halve();
    )*};
}

/// Exchanges the lanes of a vector among each other, step by step.
macro_rules! exchange {
    ($x:ident: $($with:literal $upper:literal),*) => {{
        let x = $x;
        $(let x = x.exchanged::<$with, $upper>(x);)*
        x
    }};
}

/// The methods that differ in the names of instructions only.
macro_rules! instructions {
    ($key:ident, $n:literal, $mask:ident, $set:ident, $loadu:ident, $storeu:ident, $min:ident, $max:ident,
        $mask_max:ident, $cmplt:ident, $compress:ident) => {
        type Key = $key;
        const N: usize = $n;
        const LAST: $key = $key::MAX;

        #[inline(always)]
        unsafe fn all(key: $key) -> Self {
            // SAFETY: here and below, the promise of the trait's caller.
            unsafe { Self($set(key.cast_signed())) }
        }
        #[inline(always)]
        unsafe fn load(from: *const $key) -> Self {
            // SAFETY: as above.
            unsafe { Self(_mm512_loadu_si512(from.cast())) }
        }
        #[inline(always)]
        unsafe fn load_first(n: usize, from: *const $key) -> Self {
            // SAFETY: as above.
            unsafe { Self($loadu($set(-1), ((1u32 << n) - 1) as $mask, from.cast())) }
        }
        #[inline(always)]
        unsafe fn store(self, to: *mut $key) {
            // SAFETY: as above.
            unsafe { _mm512_storeu_si512(to.cast(), self.0) }
        }
        #[inline(always)]
        unsafe fn store_first(self, n: usize, to: *mut $key) {
            // SAFETY: as above.
            unsafe { $storeu(to.cast(), ((1u32 << n) - 1) as $mask, self.0) }
        }
        #[inline(always)]
        unsafe fn ordered(self, other: Self) -> (Self, Self) {
            // SAFETY: as above.
            unsafe { (Self($min(self.0, other.0)), Self($max(self.0, other.0))) }
        }
        #[inline(always)]
        unsafe fn exchanged<const WITH: usize, const UPPER: usize>(self, other: Self) -> Self {
            const { assert!(WITH & UPPER != 0 && WITH < Self::N) };
            let upper = const { lanes_with(UPPER, Self::N) as $mask };
            // SAFETY: as above.
            unsafe {
                let other = other.crossed::<WITH>();
                Self($mask_max($min(self.0, other), upper, self.0, other))
            }
        }
        #[inline(always)]
        unsafe fn below(self, other: Self) -> u32 {
            // SAFETY: as above.
            unsafe { $cmplt(self.0, other.0).into() }
        }
        #[inline(always)]
        unsafe fn packed(self, mask: u32) -> Self {
            // SAFETY: as above.
            unsafe { Self($compress(mask as $mask, self.0)) }
        }
    };
}

macro_rules! vectors {
    ($t:ident: $permute:ident $numbers:expr, $set:ident; $($with:literal => $crossed:expr,)*) => {
        impl $t {
            /// Without the wrapper. (`map` of arrays is not inlined.)
            #[inline(always)]
            fn vectors<const R: usize>(rows: &[$t; R]) -> [__m512i; R] {
                let mut x = [rows[0].0; R];
                x.iter_mut().zip(rows).for_each(|(x, row)| *x = row.0);
                x
            }

            /// In each lane `i` the lane `i ^ WITH`.
            ///
            /// # Safety
            /// The processor must have AVX-512F.
            #[inline(always)]
            unsafe fn crossed<const WITH: usize>(self) -> __m512i {
                // SAFETY: the caller's promise.
                unsafe {
                    match WITH {
                        $($with => $crossed(self.0),)*
                        _ => $permute(_mm512_xor_si512($numbers, $set(WITH as _)), self.0),
                    }
                }
            }
        }
    };
}
vectors!(Words:
    _mm512_permutexvar_epi32
    _mm512_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15), _mm512_set1_epi32;
    1 => _mm512_shuffle_epi32::<0xb1>,
    2 => _mm512_shuffle_epi32::<0x4e>,
    3 => _mm512_shuffle_epi32::<0x1b>,
);
vectors!(Longs:
    _mm512_permutexvar_epi64
    _mm512_setr_epi64(0, 1, 2, 3, 4, 5, 6, 7), _mm512_set1_epi64;
    1 => _mm512_shuffle_epi32::<0x4e>,
    3 => _mm512_permutex_epi64::<0x1b>,
);

impl Lanes for Words {
    instructions!(
        u32,
        16,
        u16,
        _mm512_set1_epi32,
        _mm512_mask_loadu_epi32,
        _mm512_mask_storeu_epi32,
        _mm512_min_epu32,
        _mm512_max_epu32,
        _mm512_mask_max_epu32,
        _mm512_cmplt_epu32_mask,
        _mm512_maskz_compress_epi32
    );

    #[inline(always)]
    unsafe fn middle(self) -> u32 {
        // SAFETY: here and below, the promise of the trait's caller.
        unsafe {
            let x = exchange!(self: 1 1, 3 2, 1 1, 7 4, 2 2, 1 1);
            // The lower half of all, of which the largest.
            let low = _mm512_min_epu32(x.0, x.crossed::<15>());
            let low = _mm512_castsi512_si256(low);
            let low =
                _mm_max_epu32(_mm256_castsi256_si128(low), _mm256_extracti128_si256::<1>(low));
            let low = _mm_max_epu32(low, _mm_shuffle_epi32::<0x4e>(low));
            _mm_cvtsi128_si32(_mm_max_epu32(low, _mm_shuffle_epi32::<0xb1>(low))).cast_unsigned()
        }
    }

    #[inline(always)]
    unsafe fn merge_columns<R: Rows>(rows: &mut R) {
        // SAFETY: as above.
        unsafe {
            merge_lanes!(rows: 4 4; 5 1, 4; 7 2, 1, 4; 15 8, 2, 1, 4;);
        }
    }

    #[inline(always)]
    unsafe fn columns_of_8(rows: &mut [Self; 8]) {
        // SAFETY: as above.
        let columns = unsafe { columns_of_8x16(Self::vectors(rows)) };
        rows.iter_mut().zip(columns).for_each(|(row, x)| *row = Words(x));
    }

    #[inline(always)]
    unsafe fn columns_of_16(rows: &mut [Self; 16]) {
        // SAFETY: as above.
        let columns = unsafe { transpose_16x16(Self::vectors(rows)) };
        let order = [0, 4, 1, 5, 2, 6, 3, 7, 8, 12, 9, 13, 10, 14, 11, 15];
        rows.iter_mut().zip(order).for_each(|(row, lane)| *row = Words(columns[lane]));
    }
}

impl Lanes for Longs {
    instructions!(
        u64,
        8,
        u8,
        _mm512_set1_epi64,
        _mm512_mask_loadu_epi64,
        _mm512_mask_storeu_epi64,
        _mm512_min_epu64,
        _mm512_max_epu64,
        _mm512_mask_max_epu64,
        _mm512_cmplt_epu64_mask,
        _mm512_maskz_compress_epi64
    );

    #[inline(always)]
    unsafe fn middle(self) -> u64 {
        // SAFETY: here and below, the promise of the trait's caller.
        unsafe {
            let x = exchange!(self: 1 1, 3 2, 1 1);
            // The lower half of all, of which the largest.
            let low = _mm512_min_epu64(x.0, x.crossed::<7>());
            let low = _mm512_castsi512_si256(low);
            let low =
                _mm_max_epu64(_mm256_castsi256_si128(low), _mm256_extracti128_si256::<1>(low));
            _mm_cvtsi128_si64(_mm_max_epu64(low, _mm_shuffle_epi32::<0x4e>(low))).cast_unsigned()
        }
    }

    #[inline(always)]
    unsafe fn merge_columns<R: Rows>(rows: &mut R) {
        // SAFETY: as above.
        unsafe {
            merge_lanes!(rows: 1 1; 3 2, 1; 7 4, 2, 1;);
        }
    }

    #[inline(always)]
    unsafe fn columns_of_8(rows: &mut [Self; 8]) {
        // SAFETY: as above.
        let columns = unsafe { transpose_8x8(Self::vectors(rows)) };
        rows.iter_mut().zip(columns).for_each(|(row, x)| *row = Longs(x));
    }

    #[inline(always)]
    unsafe fn columns_of_16(rows: &mut [Self; 16]) {
        let [a, b, c, d, e, f, g, h, rest @ ..] = Self::vectors(rows);
        // SAFETY: as above.
        let (upper, lower) =
            unsafe { (transpose_8x8([a, b, c, d, e, f, g, h]), transpose_8x8(rest)) };
        for (i, (upper, lower)) in upper.into_iter().zip(lower).enumerate() {
            (rows[2 * i], rows[2 * i + 1]) = (Longs(upper), Longs(lower));
        }
    }
}
