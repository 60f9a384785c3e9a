//! Running reductions and positions of extrema along an axis.

mod arg_reduce;
mod row;
mod sums;
#[cfg(test)]
mod tests;

use crate::memory::room;
use crate::reduce::fill_in;
use crate::simd::wide;
use crate::threads::{Shared, for_ranges};
pub(crate) use arg_reduce::arg_reduce;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::scalar::{NumScalar, OrdScalar, RealScalar};
use pullback_ir::{DType, Element, Value, dispatch};
use row::{Block, Fold, Ops, groups, row};
use smallvec::SmallVec;
use std::mem::MaybeUninit;

/// Elements before, along and after an axis.
pub(crate) fn around(shape: &[usize], axis: usize) -> [usize; 3] {
    let size = |s: &[usize]| s.iter().product::<usize>();
    [size(&shape[..axis]), shape[axis], size(&shape[axis + 1..])]
}

pub(crate) fn cumulative(prim: &Cumulative, x: &Value) -> Option<Value> {
    // Sums of the dtypes that matter are scanned in groups. Products are not, as one that overflows for
    // a while, or not, by the order is not within any tolerance; nor are extrema, whose comparisons the
    // compiler does not turn into vectors there (25 times slower in November 2026).
    macro_rules! grouped {
        ($T:ty, $block:expr) => {{
            let fold = Ops(<$T>::ZERO, |x: $T| x, <$T>::plus, |x: $T| x);
            let block = $block;
            scan(prim, x, fold, |from: &[$T], to: &mut [MaybeUninit<$T>]| {
                row(from, to, prim.reverse, fold, block(fold));
            })
        }};
    }
    macro_rules! number {
        ($T:ty, $unit:ident, $join:ident) => {{
            type A = <$T as NumScalar>::Acc;
            let join = |a: A, b: A| a.$join(b);
            in_order(prim, x, Ops(<$T>::$unit.widen(), <$T>::widen, join, <$T>::narrow))
        }};
    }
    macro_rules! order {
        ($T:ty, $unit:ident, $join:ident) => {
            in_order(prim, x, Ops(<$T>::$unit, |x: $T| x, <$T>::$join, |x: $T| x))
        };
    }
    use DType::{F32, F64, I32, I64};
    Some(match (prim.op, x.dtype()) {
        (CumulativeOp::Sum, F32) => grouped!(f32, |_| sums::block),
        (CumulativeOp::Sum, F64) => grouped!(f64, by_groups),
        (CumulativeOp::Sum, I32) => grouped!(i32, by_groups),
        (CumulativeOp::Sum, I64) => grouped!(i64, by_groups),
        (CumulativeOp::Sum, dtype) => {
            dispatch!(number dtype, T => number!(T, ZERO, plus), else => return None)
        }
        (CumulativeOp::Prod, dtype) => {
            dispatch!(number dtype, T => number!(T, ONE, times), else => return None)
        }
        (CumulativeOp::Max, dtype) => dispatch!(dtype, T => order!(T, LOWEST, greater)),
        (CumulativeOp::Min, dtype) => dispatch!(dtype, T => order!(T, HIGHEST, lesser)),
        (CumulativeOp::LogSumExp, dtype) => dispatch!(float dtype, T => {
            type A = <T as NumScalar>::Acc;
            let fold = Ops(T::LOWEST.widen(), T::widen, <A as RealScalar>::logaddexp, T::narrow);
            in_order(prim, x, fold)
        }, else => return None),
    })
}

/// Elements of a piece that is not split between threads.
const PROBE: usize = 1 << 14;

/// Blocks of groups by the definition.
fn by_groups<T: Copy, A: Copy>(fold: impl Fold<T, A> + Send) -> impl Block<T, A> {
    move |from: &[T], to: Option<&mut [MaybeUninit<T>]>, before, reverse| {
        wide(|| groups(from, to, before, reverse, fold))
    }
}

/// A scan in the order of the definition.
fn in_order<T: Element, A: Copy + Send + Sync>(
    prim: &Cumulative,
    x: &Value,
    fold: impl Fold<T, A>,
) -> Value {
    scan(prim, x, fold, |from: &[T], to: &mut [MaybeUninit<T>]| {
        one_by_one(from, to, prim.reverse, fold);
    })
}

/// A scan whose contiguous rows are written by a function.
fn scan<T: Element, A: Copy + Send + Sync>(
    prim: &Cumulative,
    x: &Value,
    fold: impl Fold<T, A>,
    row: impl Fn(&[T], &mut [MaybeUninit<T>]) + Sync,
) -> Value {
    let [before, n, after] = around(x.shape(), prim.axis);
    let data = x.slice::<T>();
    if data.is_empty() {
        return x.clone();
    }
    let out = match after {
        1 => fill_in(room(data.len()), before, n, PROBE.div_ceil(n), |range, out| {
            let from = data[range.start * n..range.end * n].chunks_exact(n);
            from.zip(out.chunks_exact_mut(n)).for_each(|(from, to)| row(from, to));
        }),
        _ => columns(data, [before, n, after], prim.reverse, fold),
    };
    Value::of_last(x.shape(), T::wrap(out))
}

/// A row in the order of the definition.
fn one_by_one<T: Copy, A: Copy>(
    from: &[T],
    to: &mut [MaybeUninit<T>],
    reverse: bool,
    fold: impl Fold<T, A>,
) {
    let mut acc = fold.empty();
    let mut next = |(to, &from): (&mut MaybeUninit<T>, &T)| {
        acc = fold.join(acc, fold.enter(from));
        to.write(fold.leave(acc));
    };
    match reverse {
        false => to.iter_mut().zip(from).for_each(&mut next),
        true => to.iter_mut().zip(from).rev().for_each(&mut next),
    }
}

/// Most columns of a strip: their sums stay in the first-level cache while the rows go by.
const STRIP: usize = 512;

/// Columns of a strip of some: enough strips for several threads, which get whole cache lines.
fn strip(columns: usize) -> usize {
    columns.div_ceil(16).next_multiple_of(32).min(STRIP)
}

/// Rows of `after` sums that go on from row to row, a strip of columns at a time.
fn columns<T: Element, A: Copy + Send + Sync>(
    data: &[T],
    [before, n, after]: [usize; 3],
    reverse: bool,
    fold: impl Fold<T, A>,
) -> Vec<T> {
    let mut out: Vec<T> = room(data.len());
    let to = Shared(out.spare_capacity_mut().as_mut_ptr());
    let strip = strip(after);
    let strips = after.div_ceil(strip);
    let probe = PROBE.div_ceil(n * strip);
    for_ranges(before * strips, probe, |range| {
        for i in range {
            let start = i % strips * strip;
            let width = strip.min(after - start);
            let first = i / strips * n * after + start;
            let mut sums: SmallVec<[A; 64]> = SmallVec::from_elem(fold.empty(), width);
            wide(|| {
                for r in 0..n {
                    let at = first + if reverse { n - 1 - r } else { r } * after;
                    // SAFETY: the strip of a row is within the capacity, and belongs to this piece alone.
                    let to = unsafe { std::slice::from_raw_parts_mut(to.get().add(at), width) };
                    for ((sum, to), &x) in sums.iter_mut().zip(to).zip(&data[at..at + width]) {
                        *sum = fold.join(*sum, fold.enter(x));
                        to.write(fold.leave(*sum));
                    }
                }
            });
        }
    });
    // SAFETY: the strips of all rows make up the whole.
    unsafe { out.set_len(out.len() + data.len()) };
    out
}
