//! Products on several threads.

use super::blocks::blocks;
use super::{Isa, Kernels, Native};
use crate::pools::{count, share};
use crate::product::{Done, Product};
use crate::threads::{Shared, is_worth_sharing};
use std::ops::Range;
use std::time::Duration;

/// Multiplications in a nanosecond of one thread that is as fast as any (f32 by AVX-512).
const SPEED: usize = 120;

/// Multiplications of a part that need not be smaller.
const PART: usize = 256 * 256 * 256;

/// Writes a product of matrices. Threads get rectangles of the result, whose elements do not depend on the
/// rectangle that they are in.
///
/// # Safety
/// As [`product`](crate::product::product); no size is 0, and the processor has the instructions.
pub(in crate::product) unsafe fn matrices<E: Native>(
    isa: Isa,
    p: &Product<E>,
    parallel: bool,
    done: Option<&Done<'_>>,
) {
    let with = E::kernels(isa);
    let [m, k, n] = p.sizes;
    let expected = Duration::from_nanos((m * k * n / SPEED) as u64);
    if !parallel || !is_worth_sharing(expected) {
        // SAFETY: the caller's promise.
        return unsafe { blocks(&with, p, done) };
    }
    let (down, across) = grid(&with, p.sizes, count());
    let ends = Shared(*p);
    share(down * across, &|i| {
        let rows = part(m, 1, down, i / across);
        let cols = part(n, 2 * with.lanes, across, i % across);
        let (first_row, first_col) = (rows.start, cols.start);
        let moved = |rows: Range<usize>, cols: Range<usize>| {
            let rows = first_row + rows.start..first_row + rows.end;
            let cols = first_col + cols.start..first_col + cols.end;
            if let Some(done) = done {
                done(rows, cols);
            }
        };
        // SAFETY: the caller's promise; the rectangles are disjoint and within the result.
        unsafe { blocks(&with, &ends.get().part(rows, cols), done.map(|_| &moved as &Done<'_>)) };
    });
}

/// The part `i` of `count` of `0..n`, in multiples of `unit`.
fn part(n: usize, unit: usize, count: usize, i: usize) -> Range<usize> {
    let units = n.div_ceil(unit);
    let at = |i: usize| (i * units / count * unit).min(n);
    at(i)..at(i + 1)
}

/// Into how many parts rows and columns are divided: at least one for each thread if there is enough to do,
/// two if there is much, so that a thread that is held up does not hold up the others. Among such grids,
/// that whose parts have the smallest sides, as they are what is packed.
fn grid<E: Native>(with: &Kernels<E>, [m, k, n]: [usize; 3], threads: usize) -> (usize, usize) {
    let much = m * k * n / PART >= 2 * threads;
    let parts = if much { 2 * threads } else { threads };
    let most = (m.div_ceil(with.tiles.len()), n.div_ceil(2 * with.lanes));
    (1..=parts.min(most.0))
        .map(|down| (down, parts.div_ceil(down).min(most.1)))
        .min_by_key(|&(down, across)| {
            let idle = parts.saturating_sub(down * across);
            let uneven = (down * across) % threads;
            (idle, uneven, m.div_ceil(down) + n.div_ceil(across))
        })
        .unwrap_or((1, 1))
}
