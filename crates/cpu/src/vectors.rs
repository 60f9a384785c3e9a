//! Vectors of 256 and 512 bits by the instructions of x86-64, where plain loops do not become what is
//! wanted: transpositions in registers.
//!
//! The functions have the target features that they need, so only code that has them, too, can call
//! them without `unsafe`.

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx512 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn load(words: &[u32; 16]) -> __m512i {
        // SAFETY: the array has the vector's size; the load needs no alignment.
        unsafe { _mm512_loadu_si512(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn store(x: __m512i, to: &mut [MaybeUninit<u8>; 64]) {
        // SAFETY: the array has the vector's size; the store needs no alignment.
        unsafe { _mm512_storeu_si512(to.as_mut_ptr().cast(), x) }
    }

    /// Of four rows, in each quarter of 128 bits the columns of a transposition of 4x4.
    #[inline]
    #[target_feature(enable = "avx512f")]
    fn fours_of([a, b, c, d]: [__m512i; 4]) -> [__m512i; 4] {
        let (ab_lo, ab_hi) = (_mm512_unpacklo_epi32(a, b), _mm512_unpackhi_epi32(a, b));
        let (cd_lo, cd_hi) = (_mm512_unpacklo_epi32(c, d), _mm512_unpackhi_epi32(c, d));
        [
            _mm512_unpacklo_epi64(ab_lo, cd_lo),
            _mm512_unpackhi_epi64(ab_lo, cd_lo),
            _mm512_unpacklo_epi64(ab_hi, cd_hi),
            _mm512_unpackhi_epi64(ab_hi, cd_hi),
        ]
    }

    /// The columns of sixteen rows of sixteen 32-bit elements.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn transpose_16x16(x: [__m512i; 16]) -> [__m512i; 16] {
        let mut fours = x;
        for k in 0..4 {
            let [a, b, c, d] = fours_of([x[4 * k], x[4 * k + 1], x[4 * k + 2], x[4 * k + 3]]);
            [fours[4 * k], fours[4 * k + 1], fours[4 * k + 2], fours[4 * k + 3]] = [a, b, c, d];
        }
        // Quarters are elements of a transposition of 4x4.
        let mut columns = x;
        for i in 0..4 {
            let [a, b, c, d] = [fours[i], fours[4 + i], fours[8 + i], fours[12 + i]];
            let (ab_lo, ab_hi) =
                (_mm512_shuffle_i32x4::<0x88>(a, b), _mm512_shuffle_i32x4::<0xdd>(a, b));
            let (cd_lo, cd_hi) =
                (_mm512_shuffle_i32x4::<0x88>(c, d), _mm512_shuffle_i32x4::<0xdd>(c, d));
            columns[i] = _mm512_shuffle_i32x4::<0x88>(ab_lo, cd_lo);
            columns[8 + i] = _mm512_shuffle_i32x4::<0xdd>(ab_lo, cd_lo);
            columns[4 + i] = _mm512_shuffle_i32x4::<0x88>(ab_hi, cd_hi);
            columns[12 + i] = _mm512_shuffle_i32x4::<0xdd>(ab_hi, cd_hi);
        }
        columns
    }

    /// Of eight rows of sixteen 32-bit elements in each vector the columns `i` and `i + 4`: of the columns
    /// from the first on, then of those from the eighth on.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn columns_of_8x16([a, b, c, d, e, f, g, h]: [__m512i; 8]) -> [__m512i; 8] {
        let (upper, lower) = (fours_of([a, b, c, d]), fours_of([e, f, g, h]));
        let left = _mm512_setr_epi64(0, 1, 8, 9, 2, 3, 10, 11);
        let right = _mm512_setr_epi64(4, 5, 12, 13, 6, 7, 14, 15);
        let mut columns = [left; 8];
        for i in 0..4 {
            columns[i] = _mm512_permutex2var_epi64(upper[i], left, lower[i]);
            columns[4 + i] = _mm512_permutex2var_epi64(upper[i], right, lower[i]);
        }
        columns
    }

    /// The columns of eight rows of eight 64-bit elements.
    #[inline]
    #[target_feature(enable = "avx512f")]
    pub(crate) fn transpose_8x8(x: [__m512i; 8]) -> [__m512i; 8] {
        // Pairs of rows: within each quarter of 128 bits a transposition of 2x2.
        let mut pairs = x;
        for k in 0..4 {
            pairs[2 * k] = _mm512_unpacklo_epi64(x[2 * k], x[2 * k + 1]);
            pairs[2 * k + 1] = _mm512_unpackhi_epi64(x[2 * k], x[2 * k + 1]);
        }
        let mut columns = x;
        for i in 0..2 {
            let [a, b, c, d] = [pairs[i], pairs[2 + i], pairs[4 + i], pairs[6 + i]];
            let (ab_lo, ab_hi) =
                (_mm512_shuffle_i64x2::<0x88>(a, b), _mm512_shuffle_i64x2::<0xdd>(a, b));
            let (cd_lo, cd_hi) =
                (_mm512_shuffle_i64x2::<0x88>(c, d), _mm512_shuffle_i64x2::<0xdd>(c, d));
            columns[i] = _mm512_shuffle_i64x2::<0x88>(ab_lo, cd_lo);
            columns[4 + i] = _mm512_shuffle_i64x2::<0xdd>(ab_lo, cd_lo);
            columns[2 + i] = _mm512_shuffle_i64x2::<0x88>(ab_hi, cd_hi);
            columns[6 + i] = _mm512_shuffle_i64x2::<0xdd>(ab_hi, cd_hi);
        }
        columns
    }
}

#[cfg(target_arch = "x86_64")]
pub(crate) mod avx2 {
    use std::arch::x86_64::*;
    use std::mem::MaybeUninit;

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn load(words: &[u32; 8]) -> __m256i {
        // SAFETY: the array has the vector's size; the load needs no alignment.
        unsafe { _mm256_loadu_si256(words.as_ptr().cast()) }
    }

    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn store(x: __m256i, to: &mut [MaybeUninit<u8>; 32]) {
        // SAFETY: the array has the vector's size; the store needs no alignment.
        unsafe { _mm256_storeu_si256(to.as_mut_ptr().cast(), x) }
    }

    /// The columns of eight rows of eight 32-bit elements.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn transpose_8x8(x: [__m256i; 8]) -> [__m256i; 8] {
        let mut fours = x;
        for k in 0..2 {
            let [a, b, c, d] = [x[4 * k], x[4 * k + 1], x[4 * k + 2], x[4 * k + 3]];
            let (ab_lo, ab_hi) = (_mm256_unpacklo_epi32(a, b), _mm256_unpackhi_epi32(a, b));
            let (cd_lo, cd_hi) = (_mm256_unpacklo_epi32(c, d), _mm256_unpackhi_epi32(c, d));
            fours[4 * k] = _mm256_unpacklo_epi64(ab_lo, cd_lo);
            fours[4 * k + 1] = _mm256_unpackhi_epi64(ab_lo, cd_lo);
            fours[4 * k + 2] = _mm256_unpacklo_epi64(ab_hi, cd_hi);
            fours[4 * k + 3] = _mm256_unpackhi_epi64(ab_hi, cd_hi);
        }
        let mut columns = x;
        for i in 0..4 {
            columns[i] = _mm256_permute2x128_si256::<0x20>(fours[i], fours[4 + i]);
            columns[4 + i] = _mm256_permute2x128_si256::<0x31>(fours[i], fours[4 + i]);
        }
        columns
    }

    /// The columns of four rows of four 64-bit elements.
    #[inline]
    #[target_feature(enable = "avx2")]
    pub(crate) fn transpose_4x4([a, b, c, d]: [__m256i; 4]) -> [__m256i; 4] {
        let (ab_lo, ab_hi) = (_mm256_unpacklo_epi64(a, b), _mm256_unpackhi_epi64(a, b));
        let (cd_lo, cd_hi) = (_mm256_unpacklo_epi64(c, d), _mm256_unpackhi_epi64(c, d));
        [
            _mm256_permute2x128_si256::<0x20>(ab_lo, cd_lo),
            _mm256_permute2x128_si256::<0x20>(ab_hi, cd_hi),
            _mm256_permute2x128_si256::<0x31>(ab_lo, cd_lo),
            _mm256_permute2x128_si256::<0x31>(ab_hi, cd_hi),
        ]
    }
}
