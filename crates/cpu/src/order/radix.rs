//! The stable radix sort: digit after digit from the lowest, each by counting.
//!
//! A pass reads the items twice: to count how often each digit occurs, and to move the items to their
//! places. Several threads take a piece of the items each; the places of a digit are those of the first
//! piece, then those of the second, so the result is the stable one for any cut.
//!
//! Measured in November 2026 on one core, for a million random keys of 32 bits: three digits of 11
//! bits take 2.2 ms, four of 8 bits 2.8 ms. Ten million take 114 and 42 ms: the more places a pass
//! writes to, the sooner they outgrow the caches of addresses.

use super::items::{Item, Items};
use crate::pools::count;
use crate::threads::{Shared, for_each};

/// Bytes of items from which on digits are narrow.
const LARGE: usize = 20 << 20;

/// Items from which on several threads sort together.
const PARALLEL: usize = 1 << 16;

/// Sorts items by the low `bits` of their keys, which are all that is in them; equal ones keep their
/// order.
pub(super) fn sort<T: Item>(items: &mut Items<T>, bits: u32) {
    let pieces = if items.len() < PARALLEL { 1 } else { count().min(64) };
    if bits <= 16 || size_of_val(&**items) >= LARGE || items.len() < 8192 {
        passes::<T, 8>(items, bits, pieces);
    } else {
        passes::<T, 11>(items, bits, pieces);
    }
}

fn passes<T: Item, const DIGIT: u32>(items: &mut Items<T>, bits: u32, pieces: usize) {
    let (n, buckets) = (items.len(), 1 << DIGIT);
    let size = n.div_ceil(pieces).max(1);
    let mut aside = Items::<T>::room(n);
    let mut counts = vec![0u32; pieces * buckets];
    for shift in (0..bits).step_by(DIGIT as usize) {
        let digit = |x: T| (x.key() >> shift) as usize & (buckets - 1);
        for_each(
            items.chunks(size).zip(counts.chunks_mut(buckets)).collect(),
            |(piece, counts)| {
                counts.fill(0);
                piece.iter().for_each(|&x| counts[digit(x)] += 1);
            },
        );
        let first = items.first().map_or(0, |&x| digit(x));
        let alike: u32 = counts.iter().skip(first).step_by(buckets).sum();
        if alike as usize == n {
            continue;
        }
        starts(&mut counts, buckets, pieces);
        let to = Shared(aside.ptr());
        for_each(
            items.chunks(size).zip(counts.chunks_mut(buckets)).collect(),
            |(piece, places)| {
                let to = to.get();
                for &x in piece {
                    let place = &mut places[digit(x)];
                    // SAFETY: the places of all digits in all pieces are the numbers below the length, and
                    // each piece moves as many items of a digit as it has counted.
                    unsafe { *to.add(*place as usize) = x };
                    *place += 1;
                }
            },
        );
        std::mem::swap(items, &mut aside);
    }
}

/// Turns counts for each piece and digit into the first places.
fn starts(counts: &mut [u32], buckets: usize, pieces: usize) {
    let mut start = 0;
    for digit in 0..buckets {
        for piece in 0..pieces {
            let count = &mut counts[piece * buckets + digit];
            start += std::mem::replace(count, start);
        }
    }
}
