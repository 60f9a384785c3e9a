//! Reductions over axes.
//!
//! Every reduction is a sequence of passes over an array seen as `[outer, n, inner]`, of which `n`
//! goes away. Sums and products of floats depend on the order, which is fixed by the sizes alone:
//!
//! - `inner` = 1: elements are added in [`FOLD_LANES`] interleaved lanes, then the lanes pairwise. Rows of
//!   more than [`UNCUT`] elements are cut into pieces of [`PIECE`], whose results are reduced likewise.
//! - `inner` > 1: rows are added in order within blocks of rows, the blocks in order.
//!
//! It is the order of fused kernels, so an operation gives the same bits alone and in a program.

use crate::fused::kernel::{PIECE, UNCUT};
use crate::fused::line::FOLD_LANES;
use crate::simd::{prefetch_ahead, wide};
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::reduce::{Reduce, ReduceOp};
use pullback_ir::scalar::{NumScalar, OrdScalar};
use pullback_ir::{DType, Element, Shape, Type, Value, dispatch};
use smallvec::SmallVec;
use std::mem::MaybeUninit;
use std::ops::Range;

/// An operation that reduces elements `E` in an accumulator `A`.
trait Fold<E, A>: Copy + Sync {
    /// The result for no elements.
    fn empty(self) -> A;
    /// Takes in an element.
    fn step(self, a: A, e: E) -> A;
    /// Joins two parts.
    fn join(self, a: A, b: A) -> A;
}

/// A fold from its three functions.
#[derive(Clone, Copy)]
struct Ops<A, S, J>(A, S, J);

impl<E, A: Copy + Sync, S: Fn(A, E) -> A + Copy + Sync, J: Fn(A, A) -> A + Copy + Sync> Fold<E, A>
    for Ops<A, S, J>
{
    #[inline(always)]
    fn empty(self) -> A {
        self.0
    }
    #[inline(always)]
    fn step(self, a: A, e: E) -> A {
        self.1(a, e)
    }
    #[inline(always)]
    fn join(self, a: A, b: A) -> A {
        self.2(a, b)
    }
}

/// Evaluates a reduction, unless it is one of a dtype that has none.
pub(crate) fn reduce(prim: &Reduce, x: &Value, out: &Type) -> Option<Value> {
    let groups = Groups::new(x.shape(), &prim.axes);
    let shape = Shape::from_slice(out.shape());
    let n = out.numel();
    assert!(out.dtype() == x.dtype());
    macro_rules! number {
        ($unit:ident, $op:ident) => {
            dispatch!(number x.dtype(), T => {
                type A = <T as NumScalar>::Acc;
                let step = |a: A, e: T| a.$op(e.widen());
                let first = Ops(T::$unit.widen(), step, |a: A, b: A| a.$op(b));
                let later = Ops(T::$unit.widen(), |a: A, b: A| a.$op(b), |a: A, b: A| a.$op(b));
                let sums = passes(x.slice::<T>(), &groups, first, later);
                Value::new(shape, sums.into_iter().map(T::narrow).collect())
            }, else => return None)
        };
    }
    macro_rules! order {
        ($unit:ident, $op:ident) => {
            dispatch!(x.dtype(), T => {
                let fold = Ops(T::$unit, T::$op, T::$op);
                Value::new(shape, passes(x.slice::<T>(), &groups, fold, fold))
            })
        };
    }
    macro_rules! bits {
        ($unit:expr, |$a:ident, $b:ident| $op:expr) => {
            match x.dtype() {
                DType::Bool => {
                    let f = |$a: bool, $b: bool| $op;
                    let fold = Ops(<bool as Element>::from_bits($unit), f, f);
                    Value::new(shape, passes(x.slice::<bool>(), &groups, fold, fold))
                }
                dtype => dispatch!(int dtype, T => {
                    let f = |$a: T, $b: T| $op;
                    let fold = Ops(<T as Element>::from_bits($unit), f, f);
                    Value::new(shape, passes(x.slice::<T>(), &groups, fold, fold))
                }, else => return None),
            }
        };
    }
    let value = match prim.op {
        ReduceOp::Sum => number!(ZERO, plus),
        ReduceOp::Prod => number!(ONE, times),
        ReduceOp::Max => order!(LOWEST, greater),
        ReduceOp::Min => order!(HIGHEST, lesser),
        ReduceOp::And => bits!(u64::MAX, |a, b| a & b),
        ReduceOp::Or => bits!(0, |a, b| a | b),
        ReduceOp::Xor => bits!(0, |a, b| a ^ b),
    };
    assert_eq!(value.len(), n);
    Some(value)
}

/// Axes that stay or go together, outermost first.
struct Groups(SmallVec<[(usize, bool); 4]>);

impl Groups {
    fn new(shape: &[usize], axes: &[usize]) -> Groups {
        let mut groups: SmallVec<[(usize, bool); 4]> = SmallVec::new();
        for (d, &n) in shape.iter().enumerate() {
            let goes = axes.contains(&d);
            match groups.last_mut() {
                _ if n == 1 => {}
                Some((size, last)) if *last == goes => *size *= n,
                _ => groups.push((n, goes)),
            }
        }
        Groups(groups)
    }

    /// Takes the innermost group that goes, as (outer, n, inner).
    fn pop(&mut self) -> Option<(usize, usize, usize)> {
        let k = self.0.iter().rposition(|&(_, goes)| goes)?;
        let size = |groups: &[(usize, bool)]| groups.iter().map(|&(n, _)| n).product::<usize>();
        let (outer, inner) = (size(&self.0[..k]), size(&self.0[k + 1..]));
        let (n, _) = self.0.remove(k);
        Some((outer, n, inner))
    }
}

/// Reduces group after group, innermost first. Only the first pass reads the operand's elements.
fn passes<E: Copy + Sync, A: Copy + Send + Sync>(
    x: &[E],
    groups: &Groups,
    first: impl Fold<E, A>,
    later: impl Fold<A, A>,
) -> Vec<A> {
    let mut groups = Groups(groups.0.clone());
    let Some(sizes) = groups.pop() else {
        return x.iter().map(|&e| first.step(first.empty(), e)).collect();
    };
    let mut sums = pass(x, sizes, first, later);
    while let Some(sizes) = groups.pop() {
        sums = pass(&sums, sizes, later, later);
    }
    sums
}

/// `[outer, n, inner]` → `[outer, inner]`.
fn pass<E: Copy + Sync, A: Copy + Send + Sync>(
    x: &[E],
    (outer, n, inner): (usize, usize, usize),
    fold: impl Fold<E, A>,
    later: impl Fold<A, A>,
) -> Vec<A> {
    assert_eq!(x.len(), outer * n * inner);
    if n == 0 || outer * inner == 0 {
        return vec![fold.empty(); outer * inner];
    }
    if inner == 1 {
        if outer == 1 && n > UNCUT {
            return vec![long_row(x, fold, later)];
        }
        return fill(outer, 1, 16384usize.div_ceil(n), |range, out| {
            let rows = x[range.start * n..range.end * n].chunks_exact(n);
            for (out, row) in out.iter_mut().zip(rows) {
                out.write(wide(|| sum_row(row, fold, later)));
            }
        });
    }
    // Blocks of rows of about 32 KiB elements, so that a tall array is work for several threads.
    let rows_a_block = (32768 / inner).max(16);
    let blocks = n.div_ceil(rows_a_block);
    let probe = inner * 32768usize.div_ceil(rows_a_block * inner);
    let parts = fill(outer * blocks * inner, 1, probe, |range, out| {
        // A range may begin and end anywhere; it is cut into parts of blocks.
        let mut at = range.start;
        let mut out = out;
        while at < range.end {
            let (block, from) = (at / inner, at % inner);
            let width = (inner - from).min(range.end - at);
            let (o, b) = (block / blocks, block % blocks);
            let rows = b * rows_a_block..((b + 1) * rows_a_block).min(n);
            let start = (o * n + rows.start) * inner;
            let (head, tail) = out.split_at_mut(width);
            wide(|| sum_columns(&x[start..], rows.len(), inner, from, head, fold));
            out = tail;
            at += width;
        }
    });
    if blocks == 1 {
        return parts;
    }
    let mut sums = Vec::with_capacity(outer * inner);
    for parts in parts.chunks_exact(blocks * inner) {
        let at = sums.len();
        sums.extend_from_slice(&parts[..inner]);
        for part in parts[inner..].chunks_exact(inner) {
            for (sum, &p) in sums[at..].iter_mut().zip(part) {
                *sum = fold.join(*sum, p);
            }
        }
    }
    sums
}

/// A vector of `units` times `unit` elements, written by ranges of whole units, on several threads if
/// that pays. The body must write all elements of its range.
pub(crate) fn fill<A: Send>(
    units: usize,
    unit: usize,
    probe: usize,
    body: impl Fn(Range<usize>, &mut [MaybeUninit<A>]) + Sync,
) -> Vec<A> {
    fill_in(Vec::with_capacity(units * unit), units, unit, probe, body)
}

/// The same at the end of a vector that has room.
pub(crate) fn fill_in<A: Send>(
    mut out: Vec<A>,
    units: usize,
    unit: usize,
    probe: usize,
    body: impl Fn(Range<usize>, &mut [MaybeUninit<A>]) + Sync,
) -> Vec<A> {
    let room = &mut out.spare_capacity_mut()[..units * unit];
    let place = Shared(room.as_mut_ptr());
    for_ranges(units, probe.max(1), |range| {
        // SAFETY: ranges are within the room and do not meet.
        let out = unsafe {
            let start = place.get().add(range.start * unit);
            std::slice::from_raw_parts_mut(start, range.len() * unit)
        };
        body(range, out);
    });
    // SAFETY: the ranges make up all units, and each body writes all of its range, which is the contract
    // of this function, kept by its callers in this crate.
    unsafe { out.set_len(out.len() + units * unit) };
    out
}

/// A row that is long enough for several threads.
fn long_row<E: Copy + Sync, A: Copy + Send + Sync>(
    x: &[E],
    fold: impl Fold<E, A>,
    later: impl Fold<A, A>,
) -> A {
    let pieces = x.len().div_ceil(PIECE);
    let sums = fill(pieces, 1, 8, |range, out| {
        let parts = x[range.start * PIECE..(range.end * PIECE).min(x.len())].chunks(PIECE);
        for (out, part) in out.iter_mut().zip(parts) {
            out.write(wide(|| sum_piece(part, fold)));
        }
    });
    sum_lanes(&sums, later)
}

#[inline(always)]
fn sum_row<E: Copy, A: Copy>(x: &[E], fold: impl Fold<E, A>, later: impl Fold<A, A>) -> A {
    if x.len() <= UNCUT {
        return sum_lanes(x, fold);
    }
    let sums: Vec<A> = x.chunks(PIECE).map(|piece| sum_piece(piece, fold)).collect();
    sum_lanes(&sums, later)
}

#[inline(always)]
fn sum_lanes<E: Copy, A: Copy>(x: &[E], fold: impl Fold<E, A>) -> A {
    lanes::<E, A, false>(x, fold)
}

/// The same for a piece of a long row, which asks for the next ones.
#[inline(always)]
fn sum_piece<E: Copy, A: Copy>(x: &[E], fold: impl Fold<E, A>) -> A {
    lanes::<E, A, true>(x, fold)
}

#[inline(always)]
fn lanes<E: Copy, A: Copy, const FAR: bool>(x: &[E], fold: impl Fold<E, A>) -> A {
    let mut lanes = [fold.empty(); FOLD_LANES];
    let (rows, rest) = x.as_chunks::<FOLD_LANES>();
    for row in rows {
        if FAR {
            prefetch_ahead(row.as_ptr(), size_of_val(row));
        }
        for (lane, &e) in lanes.iter_mut().zip(row) {
            *lane = fold.step(*lane, e);
        }
    }
    for (lane, &e) in lanes.iter_mut().zip(rest) {
        *lane = fold.step(*lane, e);
    }
    let mut width = FOLD_LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = fold.join(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    lanes[0]
}

/// Columns `from..` of some rows of `inner` elements, as many as `out` has places.
#[inline(always)]
fn sum_columns<E: Copy, A: Copy>(
    x: &[E],
    rows: usize,
    inner: usize,
    from: usize,
    out: &mut [MaybeUninit<A>],
    fold: impl Fold<E, A>,
) {
    // A strip of columns stays in registers or the first-level cache while the rows go by.
    const STRIP: usize = 512;
    for (k, out) in out.chunks_mut(STRIP).enumerate() {
        let mut sums = [fold.empty(); STRIP];
        let sums = &mut sums[..out.len()];
        let first = from + k * STRIP;
        for r in 0..rows {
            let row = &x[r * inner + first..][..sums.len()];
            for (sum, &e) in sums.iter_mut().zip(row) {
                *sum = fold.step(*sum, e);
            }
        }
        for (out, &sum) in out.iter_mut().zip(sums.iter()) {
            out.write(sum);
        }
    }
}
