//! A running reduction along contiguous elements.
//!
//! A chain of additions, one element after the other, waits for each of them. So sixteen elements are
//! taken at a time, whose running sums take four steps of shifting and adding whole vectors; what is
//! before them is added on top. Blocks of [`BLOCK`] elements begin anew at 0, so that the sum of a block
//! can be had before the sum in front of it is known, on another thread. The order of additions depends
//! on positions alone:
//!
//! ```text
//! y[i] = (sum of blocks before + sum of groups before in the block) + (running sum in the group)
//! ```

use crate::pools::count;
use crate::threads::{for_each, map};
use std::mem::MaybeUninit;

/// Elements of a group.
const GROUP: usize = 16;

/// Elements of a block.
const BLOCK: usize = 1 << 14;

/// Blocks from which on several threads share a piece.
const PARALLEL: usize = 8;

/// Threads from which on it pays to go through the elements twice. One thread that goes through them
/// once is held up by memory alone: ten million in 3.0 ms in November 2026, two threads in 3.8.
const THREADS: usize = 4;

/// Blocks whose sums and running sums are computed before the next ones are looked at: few enough to be
/// in a cache when the second pass comes.
const AT_ONCE: usize = 128;

/// An operation on accumulators `A`, read from and rounded to elements `T`.
pub(super) trait Fold<T, A>: Copy + Sync {
    /// The result for no elements.
    fn empty(self) -> A;
    /// An element as an accumulator.
    fn enter(self, x: T) -> A;
    /// Joins two parts.
    fn join(self, a: A, b: A) -> A;
    /// The result of an accumulator.
    fn leave(self, a: A) -> T;
}

/// A fold from its functions.
#[derive(Clone, Copy)]
pub(super) struct Ops<A, E, J, L>(pub(super) A, pub(super) E, pub(super) J, pub(super) L);

impl<T, A, E, J, L> Fold<T, A> for Ops<A, E, J, L>
where
    A: Copy + Sync,
    E: Fn(T) -> A + Copy + Sync,
    J: Fn(A, A) -> A + Copy + Sync,
    L: Fn(A) -> T + Copy + Sync,
{
    #[inline(always)]
    fn empty(self) -> A {
        self.0
    }
    #[inline(always)]
    fn enter(self, x: T) -> A {
        self.1(x)
    }
    #[inline(always)]
    fn join(self, a: A, b: A) -> A {
        self.2(a, b)
    }
    #[inline(always)]
    fn leave(self, a: A) -> T {
        self.3(a)
    }
}

/// A way to scan a block as [`groups`] does: the source, the target, what was before, whether from the
/// end.
pub(super) trait Block<T, A>:
    Fn(&[T], Option<&mut [MaybeUninit<T>]>, A, bool) -> A + Copy + Send + Sync
{
}

impl<T, A, F> Block<T, A> for F where
    F: Fn(&[T], Option<&mut [MaybeUninit<T>]>, A, bool) -> A + Copy + Send + Sync
{
}

/// Scans a row, from its end if `reverse`; all of `to` is written. Whether there are several threads
/// does not show.
pub(super) fn row<T: Copy + Send + Sync, A: Copy + Send + Sync>(
    from: &[T],
    to: &mut [MaybeUninit<T>],
    reverse: bool,
    fold: impl Fold<T, A>,
    block: impl Block<T, A>,
) {
    assert_eq!(from.len(), to.len());
    let mut before = fold.empty();
    let mut next = |(from, to)| before = piece(from, to, before, reverse, fold, block);
    let size = AT_ONCE * BLOCK;
    match reverse {
        false => from.chunks(size).zip(to.chunks_mut(size)).for_each(&mut next),
        true => from.rchunks(size).zip(to.rchunks_mut(size)).for_each(&mut next),
    }
}

/// Scans a few blocks, and gives the sum with all that was before.
fn piece<T: Copy + Send + Sync, A: Copy + Send + Sync>(
    from: &[T],
    to: &mut [MaybeUninit<T>],
    before: A,
    reverse: bool,
    fold: impl Fold<T, A>,
    block: impl Block<T, A>,
) -> A {
    let mut blocks: Vec<(&[T], &mut [MaybeUninit<T>])> = match reverse {
        false => from.chunks(BLOCK).zip(to.chunks_mut(BLOCK)).collect(),
        true => from.rchunks(BLOCK).zip(to.rchunks_mut(BLOCK)).collect(),
    };
    if blocks.len() < PARALLEL || count() < THREADS {
        let next = |before, (from, to): &mut (&[T], &mut [MaybeUninit<T>])| {
            block(from, Some(to), before, reverse)
        };
        return blocks.iter_mut().fold(before, next);
    }
    let sum = |(from, _): &(&[T], &mut [MaybeUninit<T>])| block(from, None, fold.empty(), reverse);
    let mut starts: Vec<A> = map(blocks.iter().collect(), sum);
    let mut all = before;
    for start in &mut starts {
        (*start, all) = (all, fold.join(all, *start));
    }
    let pieces = blocks.into_iter().zip(starts).collect();
    for_each(pieces, |((from, to), start)| _ = block(from, Some(to), start, reverse));
    all
}

/// Scans a block, if there is a target, and gives its sum with what was before.
#[inline(always)]
pub(super) fn groups<T: Copy, A: Copy>(
    from: &[T],
    to: Option<&mut [MaybeUninit<T>]>,
    before: A,
    reverse: bool,
    fold: impl Fold<T, A>,
) -> A {
    let mut inside = fold.empty();
    let mut next = |mut group: [T; GROUP]| {
        if reverse {
            group.reverse();
        }
        let sums = prefixes(group, fold);
        let start = fold.join(before, inside);
        inside = fold.join(inside, sums[GROUP - 1]);
        let mut results = sums.map(|sum| MaybeUninit::new(fold.leave(fold.join(start, sum))));
        if reverse {
            results.reverse();
        }
        results
    };
    // Groups are counted from where the scan begins; the last one may be a part.
    let (whole, rest) = (from.len() / GROUP, from.len() % GROUP);
    let place = |g: usize| if reverse { from.len() - (g + 1) * GROUP } else { g * GROUP };
    let last = if reverse { 0 } else { whole * GROUP };
    let group = |g: usize| match from[place(g)..].first_chunk() {
        Some(group) => *group,
        None => unreachable!("the group is whole"),
    };
    let padded = || {
        // What fills it up comes behind, where it enters no result but the sum of the row, which
        // nobody reads.
        let mut group = [from[0]; GROUP];
        let at = if reverse { GROUP - rest } else { 0 };
        group[at..at + rest].copy_from_slice(&from[last..last + rest]);
        group
    };
    match to {
        Some(to) => {
            for g in 0..whole {
                let at = place(g);
                to[at..at + GROUP].copy_from_slice(&next(group(g)));
            }
            if rest > 0 {
                let at = if reverse { GROUP - rest } else { 0 };
                to[last..last + rest].copy_from_slice(&next(padded())[at..at + rest]);
            }
        }
        None => {
            for g in 0..whole {
                next(group(g));
            }
            if rest > 0 {
                next(padded());
            }
        }
    }
    fold.join(before, inside)
}

/// The running sums of a group: each with the one before, each with the one two before, four, eight.
#[inline(always)]
fn prefixes<T: Copy, A: Copy>(group: [T; GROUP], fold: impl Fold<T, A>) -> [A; GROUP] {
    let mut sums = group.map(|x| fold.enter(x));
    macro_rules! step {
        ($distance:literal) => {
            let earlier = sums;
            sums = std::array::from_fn(|i| match i {
                0..$distance => earlier[i],
                _ => fold.join(earlier[i - $distance], earlier[i]),
            });
        };
    }
    step!(1);
    step!(2);
    step!(4);
    step!(8);
    sums
}
