//! The stream of ChaCha8, many blocks at a time.
//!
//! A block is 16 words, and 16 (AVX-512) or 8 (AVX2) blocks are computed side by side, one to a lane;
//! a transposition puts their words in order. The bits are those of [`pullback_ir::scalar::random`],
//! which serves on other processors, and for a few words, for which a vector is too much.

#[cfg(target_arch = "x86_64")]
use crate::isa::Isa;
use pullback_ir::scalar::random::{KeyWords, Stream, stream_bytes};
use std::mem::MaybeUninit;

/// Bytes of a block.
const BLOCK: usize = 64;

/// Bytes that the vector code makes at a time, for the widest vectors.
const GROUP: usize = 16 * BLOCK;

/// Draws shorter than this are made one block at a time.
const SHORT: usize = 4 * BLOCK;

/// The first row of the cipher's state: "expand 32-byte k".
const CONSTANTS: [u32; 4] = [0x6170_7865, 0x3320_646e, 0x7962_2d32, 0x6b20_6574];

/// How a group of 16 blocks is made on this processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Lanes {
    /// By the definition.
    Scalar,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Lanes {
    /// All that this processor has, the fastest last.
    pub(super) fn available() -> impl Iterator<Item = Lanes> {
        let all = [
            (Lanes::Scalar, true),
            #[cfg(target_arch = "x86_64")]
            (Lanes::Avx2, Isa::best() >= Some(Isa::Avx2)),
            #[cfg(target_arch = "x86_64")]
            (Lanes::Avx512, Isa::best() >= Some(Isa::Avx512)),
        ];
        all.into_iter().filter(|(_, has)| *has).map(|(lanes, _)| lanes)
    }

    /// The fastest.
    pub(super) fn best() -> Lanes {
        Lanes::available().last().unwrap_or(Lanes::Scalar)
    }
}

/// Bytes `start`, `start + 1`, … of one of the key's streams. All of `out` is written.
pub(super) fn fill(
    lanes: Lanes,
    key: &KeyWords,
    stream: Stream,
    start: u128,
    out: &mut [MaybeUninit<u8>],
) {
    if lanes == Lanes::Scalar || out.len() < SHORT {
        let out = zeroed(out);
        return stream_bytes(key, stream, start, out);
    }
    let mut counter = (start / BLOCK as u128) as u64;
    let skip = (start % BLOCK as u128) as usize;
    // A part of a group is made aside and copied.
    let mut aside = [MaybeUninit::uninit(); GROUP];
    let mut rest = out;
    if skip > 0 {
        group(lanes, key, stream, counter, &mut aside);
        let whole = BLOCK - skip;
        // To the end of the block, or of all blocks aside if no more are needed.
        let len = if rest.len() <= GROUP - skip { rest.len() } else { whole };
        let (head, tail) = rest.split_at_mut(len);
        head.copy_from_slice(&aside[skip..skip + len]);
        (rest, counter) = (tail, counter.wrapping_add(1));
    }
    let (groups, tail) = rest.as_chunks_mut::<GROUP>();
    for out in groups {
        group(lanes, key, stream, counter, out);
        counter = counter.wrapping_add(16);
    }
    if !tail.is_empty() {
        group(lanes, key, stream, counter, &mut aside);
        tail.copy_from_slice(&aside[..tail.len()]);
    }
}

fn zeroed(out: &mut [MaybeUninit<u8>]) -> &mut [u8] {
    out.fill(MaybeUninit::new(0));
    // SAFETY: all bytes have just been written.
    unsafe { &mut *(std::ptr::from_mut(out) as *mut [u8]) }
}

/// Sixteen blocks.
fn group(
    lanes: Lanes,
    key: &KeyWords,
    stream: Stream,
    counter: u64,
    out: &mut [MaybeUninit<u8>; GROUP],
) {
    match lanes {
        Lanes::Scalar => stream_bytes(key, stream, u128::from(counter) * 64, zeroed(out)),
        // SAFETY: `lanes` says that the processor has the instructions.
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx512 => unsafe { avx512::group(key, stream as u64, counter, out) },
        #[cfg(target_arch = "x86_64")]
        Lanes::Avx2 => {
            let (first, second) = out.split_at_mut(GROUP / 2);
            let halves = [(first, counter), (second, counter.wrapping_add(8))];
            for (half, counter) in halves {
                if let Some(half) = half.first_chunk_mut() {
                    // SAFETY: as above.
                    unsafe { avx2::group(key, stream as u64, counter, half) };
                }
            }
        }
    }
}

/// The words of the state with one block in each lane, before the rounds.
#[cfg(target_arch = "x86_64")]
#[inline(always)]
fn state<const N: usize>(key: &KeyWords, stream: u64, counter: u64) -> [[u32; N]; 16] {
    let counters: [u64; N] = std::array::from_fn(|lane| counter.wrapping_add(lane as u64));
    std::array::from_fn(|word| match word {
        0..4 => [CONSTANTS[word]; N],
        4..12 => [key[word - 4]; N],
        12 => counters.map(|c| c as u32),
        13 => counters.map(|c| (c >> 32) as u32),
        14 => [stream as u32; N],
        _ => [(stream >> 32) as u32; N],
    })
}

/// Four double rounds on an array of vectors, and the sum with the array before them. The macro's
/// arguments are the vector operations, since no trait can carry their target features.
#[cfg(target_arch = "x86_64")]
macro_rules! rounds {
    ($before:expr, $add:ident, $xor:ident, $rotate:ident) => {{
        let before = $before;
        let mut x = before;
        macro_rules! quarter {
            ($a:literal, $b:literal, $c:literal, $d:literal) => {
                x[$a] = $add(x[$a], x[$b]);
                x[$d] = $rotate::<16>($xor(x[$d], x[$a]));
                x[$c] = $add(x[$c], x[$d]);
                x[$b] = $rotate::<12>($xor(x[$b], x[$c]));
                x[$a] = $add(x[$a], x[$b]);
                x[$d] = $rotate::<8>($xor(x[$d], x[$a]));
                x[$c] = $add(x[$c], x[$d]);
                x[$b] = $rotate::<7>($xor(x[$b], x[$c]));
            };
        }
        for _ in 0..4 {
            quarter!(0, 4, 8, 12);
            quarter!(1, 5, 9, 13);
            quarter!(2, 6, 10, 14);
            quarter!(3, 7, 11, 15);
            quarter!(0, 5, 10, 15);
            quarter!(1, 6, 11, 12);
            quarter!(2, 7, 8, 13);
            quarter!(3, 4, 9, 14);
        }
        for (x, before) in x.iter_mut().zip(before) {
            *x = $add(*x, before);
        }
        x
    }};
}

#[cfg(target_arch = "x86_64")]
mod avx512 {
    use super::*;
    use crate::vectors::avx512::{load, store, transpose_16x16};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx512f")]
    pub(super) fn group(
        key: &KeyWords,
        stream: u64,
        counter: u64,
        out: &mut [MaybeUninit<u8>; GROUP],
    ) {
        // A loop, and no closure: functions of the standard library cannot inline one that has features.
        let mut before = [_mm512_setzero_si512(); 16];
        for (x, words) in before.iter_mut().zip(&state(key, stream, counter)) {
            *x = load(words);
        }
        let x = rounds!(before, _mm512_add_epi32, _mm512_xor_si512, _mm512_rol_epi32);
        let (lines, _) = out.as_chunks_mut::<64>();
        for (line, x) in lines.iter_mut().zip(transpose_16x16(x)) {
            store(x, line);
        }
    }
}

#[cfg(target_arch = "x86_64")]
mod avx2 {
    use super::*;
    use crate::vectors::avx2::{load, store, transpose_8x8};
    use std::arch::x86_64::*;

    #[target_feature(enable = "avx2")]
    fn rotate<const BITS: i32>(x: __m256i) -> __m256i {
        let left = _mm256_sll_epi32(x, _mm_cvtsi32_si128(BITS));
        _mm256_or_si256(left, _mm256_srl_epi32(x, _mm_cvtsi32_si128(32 - BITS)))
    }

    #[target_feature(enable = "avx2")]
    pub(super) fn group(
        key: &KeyWords,
        stream: u64,
        counter: u64,
        out: &mut [MaybeUninit<u8>; GROUP / 2],
    ) {
        let mut before = [_mm256_setzero_si256(); 16];
        for (x, words) in before.iter_mut().zip(&state(key, stream, counter)) {
            *x = load(words);
        }
        let x = rounds!(before, _mm256_add_epi32, _mm256_xor_si256, rotate);
        let (rows, _) = x.as_chunks::<8>();
        let (lines, _) = out.as_chunks_mut::<32>();
        for (half, &rows) in rows.iter().enumerate() {
            // Word `8 half + i` of block `lane` is element `i` of row `lane`.
            for (lane, x) in transpose_8x8(rows).into_iter().enumerate() {
                store(x, &mut lines[2 * lane + half]);
            }
        }
    }
}
