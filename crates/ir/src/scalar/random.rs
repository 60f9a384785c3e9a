//! Random bits, new keys and permutations from a key: the definition that every engine shares.
//!
//! A key is 256 bits, the key of the stream cipher ChaCha8 (Bernstein 2008, *ChaCha, a variant of
//! Salsa20*; the implementation is rand_chacha's). For each of 2⁶⁴ stream numbers the cipher gives
//! a sequence of 2⁶⁸ words that can be entered anywhere, so any slice of a result can be computed
//! alone, on any thread. The four uses of a key read different streams; so the bits drawn from a
//! key, its children and its foldings are independent of each other.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// A key: eight words, the first one the lowest of the cipher's key.
pub type KeyWords = [u32; 8];

/// What a key is used for: the stream number of the cipher.
#[derive(Clone, Copy, Debug)]
pub enum Stream {
    /// Bits.
    Draw = 0,
    /// Children.
    Split = 1,
    /// Keys for numbers.
    FoldIn = 2,
    /// Permutations.
    Permutation = 3,
}

/// The cipher at a word of a stream.
fn cipher(key: &KeyWords, stream: Stream, start_word: u128) -> ChaCha8Rng {
    let mut seed = [0; 32];
    for (bytes, word) in seed.chunks_exact_mut(4).zip(key) {
        bytes.copy_from_slice(&word.to_le_bytes());
    }
    let mut rng = ChaCha8Rng::from_seed(seed);
    rng.set_stream(stream as u64);
    rng.set_word_pos(start_word);
    rng
}

/// Words `start`, `start + 1`, … of the key's stream of draws.
pub fn bits_u32(key: &KeyWords, start: u64, out: &mut [u32]) {
    let mut rng = cipher(key, Stream::Draw, u128::from(start));
    let mut bytes = [0; 256];
    for chunk in out.chunks_mut(64) {
        let bytes = &mut bytes[..4 * chunk.len()];
        rng.fill_bytes(bytes);
        for (word, b) in chunk.iter_mut().zip(bytes.chunks_exact(4)) {
            *word = u32::from_le_bytes([b[0], b[1], b[2], b[3]]);
        }
    }
}

/// Bytes `start`, `start + 1`, … of the key's stream of draws: four to a word, the lowest first.
pub fn bits_u8(key: &KeyWords, start: u64, out: &mut [u8]) {
    stream_bytes(key, Stream::Draw, start.into(), out);
}

/// Bytes `start`, `start + 1`, … of a stream, for engines that make them in another way where they can.
pub fn stream_bytes(key: &KeyWords, stream: Stream, start: u128, out: &mut [u8]) {
    let mut rng = cipher(key, stream, start / 4);
    let skip = (start % 4) as usize;
    let mut bytes = [0; 4];
    let mut rest = out;
    if skip > 0 {
        rng.fill_bytes(&mut bytes);
        let n = rest.len().min(4 - skip);
        let (head, tail) = rest.split_at_mut(n);
        head.copy_from_slice(&bytes[skip..skip + n]);
        rest = tail;
    }
    rng.fill_bytes(rest);
}

/// Pairs of words `start`, `start + 1`, … of the key's stream of draws, the lower word first.
pub fn bits_u64(key: &KeyWords, start: u64, out: &mut [u64]) {
    let mut rng = cipher(key, Stream::Draw, 2 * u128::from(start));
    let mut bytes = [0; 256];
    for chunk in out.chunks_mut(32) {
        let bytes = &mut bytes[..8 * chunk.len()];
        rng.fill_bytes(bytes);
        for (word, b) in chunk.iter_mut().zip(bytes.chunks_exact(8)) {
            *word = u64::from_le_bytes([b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]]);
        }
    }
}

/// Child `index` of a key.
pub fn split(key: &KeyWords, index: u64) -> KeyWords {
    eight_words(key, Stream::Split, index)
}

/// The key for a number: different numbers give independent keys, none of them a child of the key.
pub fn fold_in(key: &KeyWords, data: u64) -> KeyWords {
    eight_words(key, Stream::FoldIn, data)
}

fn eight_words(key: &KeyWords, stream: Stream, index: u64) -> KeyWords {
    let mut rng = cipher(key, stream, 8 * u128::from(index));
    std::array::from_fn(|_| rng.next_u32())
}

/// A uniformly distributed permutation of 0, 1, …, as long as `out`, which has less than 2³¹ places.
///
/// Fisher and Yates's shuffle from the last place down, each partner drawn without bias by Lemire's
/// multiplication with rejection (*Fast random integer generation in an interval*, 2019).
pub fn permutation(key: &KeyWords, out: &mut [i32]) {
    let mut rng = cipher(key, Stream::Permutation, 0);
    for (i, place) in out.iter_mut().enumerate() {
        *place = i as i32;
    }
    for last in (1..out.len()).rev() {
        let partner = below(&mut rng, last as u32 + 1);
        out.swap(last, partner as usize);
    }
}

/// A uniform integer below a bound, which is not 0.
fn below(rng: &mut ChaCha8Rng, bound: u32) -> u32 {
    // The high word of x·bound is uniform once the low word is at least 2³² mod bound.
    let unfair = bound.wrapping_neg() % bound;
    loop {
        let product = u64::from(rng.next_u32()) * u64::from(bound);
        if product as u32 >= unfair {
            return (product >> 32) as u32;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: KeyWords = [1, 2, 3, 4, 5, 6, 7, u32::MAX];

    #[test]
    fn cipher_is_chacha8() {
        // The first words for key 0 and nonce 0 (Strombergson, draft on ChaCha test vectors, TC1).
        let mut out = [0; 4];
        bits_u32(&[0; 8], 0, &mut out);
        assert_eq!(out, [0x2fef_003e, 0xd640_5f89, 0xe8b8_5b7f, 0xa1a5_091f]);
    }

    #[test]
    fn any_slice_can_be_drawn_alone() {
        let mut words = [0; 300];
        bits_u32(&KEY, 0, &mut words);
        let mut bytes = [0; 1200];
        bits_u8(&KEY, 0, &mut bytes);
        let mut pairs = [0; 150];
        bits_u64(&KEY, 0, &mut pairs);
        for start in [0, 1, 2, 3, 15, 16, 63, 64, 65, 130] {
            for n in [0, 1, 2, 3, 4, 5, 17] {
                let mut part = vec![0; n];
                bits_u32(&KEY, start as u64, &mut part);
                assert_eq!(part, words[start..start + n]);
                let mut part = vec![0; n];
                bits_u8(&KEY, start as u64, &mut part);
                assert_eq!(part, bytes[start..start + n]);
                let mut part = vec![0; n];
                bits_u64(&KEY, start as u64, &mut part);
                assert_eq!(part, pairs[start..start + n]);
            }
        }
        assert_eq!(pairs[7], u64::from(words[14]) | u64::from(words[15]) << 32);
        assert_eq!(words[9].to_le_bytes(), bytes[36..40]);
    }

    #[test]
    fn uses_of_a_key_do_not_meet() {
        let mut drawn = [0; 8];
        bits_u32(&KEY, 0, &mut drawn);
        let keys = [drawn, split(&KEY, 0), split(&KEY, 1), fold_in(&KEY, 0), fold_in(&KEY, 1)];
        let far = [fold_in(&KEY, u64::MAX), split(&KEY, u64::MAX)];
        let all: std::collections::HashSet<_> = keys.iter().chain(&far).chain([&KEY]).collect();
        assert_eq!(all.len(), 8);
    }

    #[test]
    fn permutations_are_permutations_and_uniform() {
        for n in [0, 1, 2, 3, 100] {
            let mut p = vec![0; n];
            permutation(&KEY, &mut p);
            p.sort_unstable();
            assert!(p.iter().enumerate().all(|(i, &x)| i as i32 == x));
        }
        let mut counts = std::collections::HashMap::new();
        for i in 0..6000 {
            let mut p = [0; 3];
            permutation(&split(&KEY, i), &mut p);
            *counts.entry(p).or_insert(0) += 1;
        }
        // Six outcomes, 1000 expected each with a standard deviation of 29.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|c| (880..1120).contains(c)), "{counts:?}");
    }
}
