//! Positions of extrema.
//!
//! The extremum is found by a loop that is vectorised, block by block; then its place, in the first
//! block that has it. Parts of a long row are looked through on several threads, and the first of the
//! best ones counts, so no cut shows in the result.

use super::{around, strip};
use crate::reduce::fill;
use crate::simd::wide;
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::scalar::OrdScalar;
use pullback_ir::{Shape, Type, Value, dispatch};
use smallvec::SmallVec;
use std::cmp::Ordering;

/// Elements of a block.
const BLOCK: usize = 1024;

/// Elements of a part of a row.
const PART: usize = 1 << 16;

pub(crate) fn arg_reduce(prim: &ArgReduce, x: &Value, out: &Type) -> Value {
    let [before, n, after] = around(x.shape(), prim.axis);
    let indices = dispatch!(x.dtype(), T => {
        let data = x.slice::<T>();
        match (data.is_empty(), after, prim.max) {
            (true, ..) => vec![0; before * after],
            (_, 1, true) => rows::<T, true>(data, n),
            (_, 1, false) => rows::<T, false>(data, n),
            (_, _, true) => columns::<T, true>(data, [before, n, after]),
            (_, _, false) => columns::<T, false>(data, [before, n, after]),
        }
    });
    Value::new(Shape::from_slice(out.shape()), indices).converted(prim.index_dtype)
}

/// Whether an element takes the place of the best one so far, which came before it.
#[inline(always)]
fn is_better<T: OrdScalar, const MAX: bool>(x: T, best: T) -> bool {
    let wanted = if MAX { Ordering::Greater } else { Ordering::Less };
    !best.is_nan() && (x.is_nan() || x.sort_cmp(best) == wanted)
}

/// Positions in rows of `n` elements.
fn rows<T: OrdScalar, const MAX: bool>(data: &[T], n: usize) -> Vec<u64> {
    if n <= PART {
        return fill(data.len() / n, 1, (1usize << 14).div_ceil(n), |range, out| {
            let rows = data[range.start * n..range.end * n].chunks_exact(n);
            for (out, row) in out.iter_mut().zip(rows) {
                out.write(wide(|| position::<T, MAX>(row)) as u64);
            }
        });
    }
    let row = |row: &[T]| {
        let parts = row.len().div_ceil(PART);
        let best = fill(parts, 1, 1, |range, out| {
            for (out, part) in out.iter_mut().zip(range) {
                let start = part * PART;
                let at = wide(|| position::<T, MAX>(&row[start..row.len().min(start + PART)]));
                out.write(start + at);
            }
        });
        let first = |a, b| if is_better::<T, MAX>(row[b], row[a]) { b } else { a };
        best.into_iter().reduce(first).map_or(0, |at| at as u64)
    };
    data.chunks_exact(n).map(row).collect()
}

/// The position in a row.
#[inline(always)]
fn position<T: OrdScalar, const MAX: bool>(row: &[T]) -> usize {
    let mut best = row[0];
    let mut start = 0;
    for (k, block) in row.chunks(BLOCK).enumerate() {
        let extremum = extremum::<T, MAX>(block);
        if is_better::<T, MAX>(extremum, best) {
            (best, start) = (extremum, k * BLOCK);
        }
    }
    let is_best = |e: &T| *e == best || (best.is_nan() && e.is_nan());
    row[start..].iter().position(is_best).map_or(0, |i| start + i)
}

/// The extremum of a block, NaN if there is one. Of equal elements any may come out.
#[inline(always)]
fn extremum<T: OrdScalar, const MAX: bool>(block: &[T]) -> T {
    const LANES: usize = 64;
    let pick = |a: T, x: T| if MAX { a.greater(x) } else { a.lesser(x) };
    let (rows, rest) = block.as_chunks::<LANES>();
    let mut lanes = [block[0]; LANES];
    for row in rows {
        for (lane, &x) in lanes.iter_mut().zip(row) {
            *lane = pick(*lane, x);
        }
    }
    lanes.iter().chain(rest).fold(block[0], |a, &x| pick(a, x))
}

/// Positions in columns: strips of columns, whose best elements stay in the cache while the rows go by.
fn columns<T: OrdScalar, const MAX: bool>(data: &[T], [before, n, after]: [usize; 3]) -> Vec<u64> {
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
            wide(|| column_strip::<T, MAX>(&data[first..], n, after, to));
        }
    });
    out
}

/// Positions in the first columns, of rows `after` elements apart.
#[inline(always)]
fn column_strip<T: OrdScalar, const MAX: bool>(data: &[T], n: usize, after: usize, to: &mut [u64]) {
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
                let better = is_better::<T, MAX>(x, *best);
                *best = if better { x } else { *best };
                *at = if better { (r - stretch) as u32 } else { *at };
            }
        }
        for (to, &at) in to.iter_mut().zip(at.iter()).filter(|(_, at)| **at != NONE) {
            *to = stretch as u64 + u64::from(at);
        }
    }
}
