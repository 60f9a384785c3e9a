//! Positions of extrema.
//!
//! The extremum is found by a loop that is vectorised, block by block, on keys: integers in the order
//! of the elements. Then its place, in the first block that has it. Parts of a long row are looked through
//! on several threads, and the first of the best ones counts, so no cut shows in the result.

use super::{around, strip};
use crate::reduce::fill;
use crate::simd::{prefetch_ahead, wide_fn};
use crate::threads::{Shared, for_ranges};
use pullback_ir::half::{bf16, f16};
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::scalar::OrdScalar;
use pullback_ir::{Shape, Type, Value, dispatch};
use smallvec::SmallVec;
use std::cmp::Ordering;
use std::ops::RangeInclusive;

/// Elements of a block.
const BLOCK: usize = 4096;

/// Elements that are compared at once.
const LANES: usize = 64;

/// Elements of a part of a row.
const PART: usize = 1 << 16;

pub(crate) fn arg_reduce(prim: &ArgReduce, x: &Value, out: &Type) -> Value {
    let [before, n, after] = around(x.shape(), prim.axis);
    let indices = dispatch!(x.dtype(), T => {
        let data = x.slice::<T>();
        match (data.is_empty(), after, prim.max) {
            (true, ..) => vec![0; before * after],
            (_, 1, true) => rows(data, n, Largest),
            (_, 1, false) => rows(data, n, Smallest),
            (_, _, true) => columns(data, [before, n, after], Largest),
            (_, _, false) => columns(data, [before, n, after], Smallest),
        }
    });
    Value::new(Shape::from_slice(out.shape()), indices).converted(prim.index_dtype)
}

/// Which extremum.
pub(super) trait Side: Copy + Sync {
    const MAX: bool;
}

#[derive(Clone, Copy)]
struct Largest;
impl Side for Largest {
    const MAX: bool = true;
}

#[derive(Clone, Copy)]
struct Smallest;
impl Side for Smallest {
    const MAX: bool = false;
}

/// Whether an element takes the place of the best one so far, which came before it.
#[inline(always)]
fn is_better<T: OrdScalar, S: Side>(x: T, best: T, _: S) -> bool {
    let wanted = if S::MAX { Ordering::Greater } else { Ordering::Less };
    !best.is_nan() && (x.is_nan() || x.sort_cmp(best) == wanted)
}

/// An element as an integer in the same order, with −0 below 0. NaNs are above all numbers or below, as
/// their sign has it.
pub(super) trait Keyed: OrdScalar {
    type Key: Copy + Ord;
    /// The keys of numbers.
    const NUMBERS: RangeInclusive<Self::Key>;
    fn key(self) -> Self::Key;
    /// The element of a key.
    fn of(key: Self::Key) -> Self;
}

macro_rules! keyed {
    (@int $($t:ident),*) => {$(
        impl Keyed for $t {
            type Key = $t;
            const NUMBERS: RangeInclusive<$t> = <$t>::LOWEST..=<$t>::HIGHEST;
            #[inline(always)]
            fn key(self) -> $t {
                self
            }
            #[inline(always)]
            fn of(key: $t) -> $t {
                key
            }
        }
    )*};
    (@float $($t:ident: $i:ident, $u:ident);*) => {$(
        impl Keyed for $t {
            type Key = $i;
            const NUMBERS: RangeInclusive<$i> = {
                let infinity = <$t>::INFINITY.to_bits() as $i;
                !infinity..=infinity
            };
            #[inline(always)]
            fn key(self) -> $i {
                let bits = self.to_bits() as $i;
                // The magnitudes of negative numbers are turned around.
                bits ^ (bits >> ($i::BITS - 1) & $i::MAX)
            }
            #[inline(always)]
            fn of(key: $i) -> $t {
                <$t>::from_bits((key ^ (key >> ($i::BITS - 1) & $i::MAX)) as $u)
            }
        }
    )*};
}
keyed!(@int bool, u8, i8, i32, u32, i64, u64);
keyed!(@float f16: i16, u16; bf16: i16, u16; f32: i32, u32; f64: i64, u64);

/// Positions in rows of `n` elements.
fn rows<T: Keyed>(data: &[T], n: usize, side: impl Side) -> Vec<u64> {
    let position = |row: &[T]| {
        let mut at = 0;
        position(row, side, &mut at);
        at
    };
    if n <= PART {
        return fill(data.len() / n, 1, (1usize << 14).div_ceil(n), |range, out| {
            let rows = data[range.start * n..range.end * n].chunks_exact(n);
            for (out, row) in out.iter_mut().zip(rows) {
                out.write(position(row) as u64);
            }
        });
    }
    let row = |row: &[T]| {
        let parts = row.len().div_ceil(PART);
        let best = fill(parts, 1, 1, |range, out| {
            for (out, part) in out.iter_mut().zip(range) {
                let start = part * PART;
                out.write(start + position(&row[start..row.len().min(start + PART)]));
            }
        });
        let first = |a, b| if is_better(row[b], row[a], side) { b } else { a };
        best.into_iter().reduce(first).map_or(0, |at| at as u64)
    };
    data.chunks_exact(n).map(row).collect()
}

wide_fn! {
/// The position in a row.
fn position<T, S>(row: &[T], side: S, to: &mut usize) where (T: Keyed, S: Side) {
    let mut best = row[0];
    let mut start = 0;
    for (k, block) in row.chunks(BLOCK).enumerate() {
        let extremum = extremum(block, side);
        if is_better(extremum, best, side) {
            (best, start) = (extremum, k * BLOCK);
        }
    }
    // Groups of elements are compared at once.
    let is_best = |e: &T| (*e == best) | (best.is_nan() & e.is_nan());
    for group in row[start..].chunks(LANES) {
        if group.iter().fold(false, |any, e| any | is_best(e)) {
            start += group.iter().position(is_best).unwrap_or(0);
            break;
        }
        start += group.len();
    }
    *to = start;
}
}

/// The extremum of a block, NaN if there is one. Of two zeros any may come out.
#[inline(always)]
fn extremum<T: Keyed, S: Side>(block: &[T], _: S) -> T {
    let first = block[0].key();
    // Both, because NaNs may be at either end.
    let (mut low, mut high) = ([first; LANES], [first; LANES]);
    let (rows, rest) = block.as_chunks::<LANES>();
    for row in rows {
        prefetch_ahead(row.as_ptr(), size_of_val(row));
        for ((low, high), x) in low.iter_mut().zip(&mut high).zip(row) {
            let key = x.key();
            *low = key.min(*low);
            *high = key.max(*high);
        }
    }
    for ((low, high), x) in low.iter_mut().zip(&mut high).zip(rest) {
        *low = x.key().min(*low);
        *high = x.key().max(*high);
    }
    let low = low.into_iter().fold(first, Ord::min);
    let high = high.into_iter().fold(first, Ord::max);
    let (wanted, other) = if S::MAX { (high, low) } else { (low, high) };
    T::of(if T::NUMBERS.contains(&other) { wanted } else { other })
}

/// Positions in columns: strips of columns, whose best elements stay in the cache while the rows go by.
fn columns<T: OrdScalar>(data: &[T], [before, n, after]: [usize; 3], side: impl Side) -> Vec<u64> {
    let strip = strip(after);
    let strips = after.div_ceil(strip);
    let mut out = vec![0u64; before * after];
    let to = Shared(out.as_mut_ptr());
    for_ranges(before * strips, (1usize << 14).div_ceil(n * strip), |range| {
        for i in range {
            let start = i % strips * strip;
            let width = strip.min(after - start);
            let first = i / strips * n * after + start;
            // SAFETY: the strip is within the result, and belongs to this piece alone.
            let to = unsafe {
                let at = to.get().add(i / strips * after + start);
                std::slice::from_raw_parts_mut(at, width)
            };
            column_strip(&data[first..], n, after, side, to);
        }
    });
    out
}

wide_fn! {
/// Positions in the first columns, of rows `after` elements apart.
fn column_strip<T, S>(data: &[T], n: usize, after: usize, side: S, to: &mut [u64])
where (T: OrdScalar, S: Side) {
    // Row numbers of 32 bits stay with the elements in vectors. Each stretch of rows counts anew.
    const STRETCH: usize = 1 << 31;
    const NONE: u32 = u32::MAX;
    let mut best: SmallVec<[T; 64]> = SmallVec::from_slice(&data[..to.len()]);
    let mut at: SmallVec<[u32; 64]> = SmallVec::from_elem(NONE, to.len());
    for stretch in (0..n).step_by(STRETCH) {
        at.fill(NONE);
        for r in stretch..n.min(stretch + STRETCH) {
            let row = &data[r * after..][..to.len()];
            for ((best, at), &x) in best.iter_mut().zip(at.iter_mut()).zip(row) {
                let better = is_better(x, *best, side);
                *best = if better { x } else { *best };
                *at = if better { (r - stretch) as u32 } else { *at };
            }
        }
        for (to, &at) in to.iter_mut().zip(at.iter()).filter(|(_, at)| **at != NONE) {
            *to = stretch as u64 + u64::from(at);
        }
    }
}
}
