//! Fisher and Yates's shuffle, as the IR defines it.
//!
//! Each exchange depends on the one before, so it stays on one thread. What can be had is that the
//! random words come from the vector code, and that partners are drawn ahead of their exchanges, so that
//! the places which they lead to arrive in the cache in time.

use super::chacha::{Lanes, fill};
use crate::simd::prefetch;
use pullback_ir::scalar::random::{KeyWords, Stream};
use std::mem::MaybeUninit;

/// The words of the stream of permutations.
struct Words<'a> {
    lanes: Lanes,
    key: &'a KeyWords,
    /// The first word that is not in the buffer yet.
    next: u64,
    buffer: [u32; Words::LEN],
    at: usize,
}

impl<'a> Words<'a> {
    const LEN: usize = 256;

    fn new(lanes: Lanes, key: &'a KeyWords) -> Words<'a> {
        Words { lanes, key, next: 0, buffer: [0; Words::LEN], at: Words::LEN }
    }

    #[inline]
    fn word(&mut self) -> u32 {
        if self.at == Words::LEN {
            self.refill();
        }
        self.at += 1;
        u32::from_le(self.buffer[self.at - 1])
    }

    #[cold]
    fn refill(&mut self) {
        let bytes = self.buffer.as_mut_ptr().cast::<MaybeUninit<u8>>();
        // SAFETY: the same memory as bytes; `fill` writes initialised ones only.
        let bytes = unsafe { std::slice::from_raw_parts_mut(bytes, 4 * Words::LEN) };
        fill(self.lanes, self.key, Stream::Permutation, 4 * u128::from(self.next), bytes);
        (self.next, self.at) = (self.next + Words::LEN as u64, 0);
    }

    /// A uniform integer below a bound, which is not 0, by Lemire's method. The remainder, which is
    /// dear, is below the bound, so it is needed only where the low word is, too.
    #[inline]
    fn below(&mut self, bound: u32) -> u32 {
        loop {
            let product = u64::from(self.word()) * u64::from(bound);
            let low = product as u32;
            if low >= bound || low >= bound.wrapping_neg() % bound {
                return (product >> 32) as u32;
            }
        }
    }
}

/// Exchanges that are drawn ahead.
const AHEAD: usize = 64;

/// A permutation of 0, 1, …; all of `out` is written.
pub(super) fn permutation(lanes: Lanes, key: &KeyWords, out: &mut [MaybeUninit<i32>]) {
    for (i, place) in out.iter_mut().enumerate() {
        place.write(i as i32);
    }
    let mut words = Words::new(lanes, key);
    let mut partners = [0u32; AHEAD];
    let mut left = out.len();
    while left > 1 {
        let n = AHEAD.min(left - 1);
        for (k, partner) in partners[..n].iter_mut().enumerate() {
            *partner = words.below((left - k) as u32);
            prefetch(&out[*partner as usize]);
        }
        for (k, &partner) in partners[..n].iter().enumerate() {
            out.swap(left - 1 - k, partner as usize);
        }
        left -= n;
    }
}
