//! Running reductions and positions of extrema along an axis, in the order of the definition: the bits
//! are the interpreter's.

use crate::reduce::fill;
use crate::simd::wide;
use pullback_ir::prim::arg_reduce::ArgReduce;
use pullback_ir::prim::cumulative::{Cumulative, CumulativeOp};
use pullback_ir::scalar::{NumScalar, OrdScalar, RealScalar};
use pullback_ir::{Element, Shape, Type, Value, dispatch};
use std::cmp::Ordering;
use std::mem::MaybeUninit;

/// Elements before, along and after an axis.
pub(crate) fn around(shape: &[usize], axis: usize) -> [usize; 3] {
    let size = |s: &[usize]| s.iter().product::<usize>();
    [size(&shape[..axis]), shape[axis], size(&shape[axis + 1..])]
}

pub(crate) fn cumulative(prim: &Cumulative, x: &Value) -> Option<Value> {
    macro_rules! with {
        ($T:ty, $init:expr, $step:expr, $finish:expr) => {
            scan::<$T, _>(prim, x, $init, $step, $finish)
        };
    }
    Some(match prim.op {
        CumulativeOp::Sum => dispatch!(number x.dtype(), T => {
            with!(T, T::ZERO.widen(), |a, e: T| a.plus(e.widen()), T::narrow)
        }, else => return None),
        CumulativeOp::Prod => dispatch!(number x.dtype(), T => {
            with!(T, T::ONE.widen(), |a, e: T| a.times(e.widen()), T::narrow)
        }, else => return None),
        CumulativeOp::Max => dispatch!(x.dtype(), T => with!(T, T::LOWEST, T::greater, |a| a)),
        CumulativeOp::Min => dispatch!(x.dtype(), T => with!(T, T::HIGHEST, T::lesser, |a| a)),
        CumulativeOp::LogSumExp => dispatch!(float x.dtype(), T => {
            let add = |a, e: T| RealScalar::logaddexp(a, e.widen());
            with!(T, T::LOWEST.widen(), add, T::narrow)
        }, else => return None),
    })
}

fn scan<T: Element, A: Copy + Sync>(
    prim: &Cumulative,
    x: &Value,
    init: A,
    step: impl Fn(A, T) -> A + Copy + Sync,
    finish: impl Fn(A) -> T + Copy + Sync,
) -> Value {
    let [before, n, after] = around(x.shape(), prim.axis);
    let data = x.slice::<T>();
    if data.is_empty() {
        return x.clone();
    }
    let size = n * after;
    let out = fill(before, size, 16384usize.div_ceil(size), |range, out| {
        let from = data[range.start * size..range.end * size].chunks_exact(size);
        for (from, to) in from.zip(out.chunks_exact_mut(size)) {
            wide(|| scan_one(from, to, after, prim.reverse, init, step, finish));
        }
    });
    Value::new(Shape::from_slice(x.shape()), out)
}

/// Rows of `after` sums that go on from row to row.
#[inline(always)]
fn scan_one<T: Copy, A: Copy>(
    from: &[T],
    to: &mut [MaybeUninit<T>],
    after: usize,
    reverse: bool,
    init: A,
    step: impl Fn(A, T) -> A,
    finish: impl Fn(A) -> T,
) {
    if after == 1 {
        let mut acc = init;
        let mut next = |(to, &from): (&mut MaybeUninit<T>, &T)| {
            acc = step(acc, from);
            to.write(finish(acc));
        };
        match reverse {
            false => to.iter_mut().zip(from).for_each(&mut next),
            true => to.iter_mut().zip(from).rev().for_each(&mut next),
        }
        return;
    }
    let mut accs = vec![init; after];
    let mut next = |(to, from): (&mut [MaybeUninit<T>], &[T])| {
        for ((acc, to), &from) in accs.iter_mut().zip(to).zip(from) {
            *acc = step(*acc, from);
            to.write(finish(*acc));
        }
    };
    let rows = to.chunks_exact_mut(after).zip(from.chunks_exact(after));
    match reverse {
        false => rows.for_each(&mut next),
        true => rows.rev().for_each(&mut next),
    }
}

pub(crate) fn arg_reduce(prim: &ArgReduce, x: &Value, out: &Type) -> Value {
    let indices = dispatch!(x.dtype(), T => match prim.max {
        true => positions(prim, x, T::LOWEST, T::greater, Ordering::Greater),
        false => positions(prim, x, T::HIGHEST, T::lesser, Ordering::Less),
    });
    Value::new(Shape::from_slice(out.shape()), indices).converted(prim.index_dtype)
}

fn positions<T: OrdScalar>(
    prim: &ArgReduce,
    x: &Value,
    init: T,
    pick: impl Fn(T, T) -> T + Copy + Sync,
    wanted: Ordering,
) -> Vec<u64> {
    let [before, n, after] = around(x.shape(), prim.axis);
    let data = x.slice::<T>();
    if n == 0 || before * after == 0 {
        return vec![0; before * after];
    }
    if after == 1 {
        return fill(before, 1, 16384usize.div_ceil(n), |range, out| {
            let rows = data[range.start * n..range.end * n].chunks_exact(n);
            for (out, row) in out.iter_mut().zip(rows) {
                out.write(wide(|| first_extremum(row, init, pick)) as u64);
            }
        });
    }
    fill(before, after, 16384usize.div_ceil(n * after), |range, out| {
        for (k, out) in out.chunks_exact_mut(after).enumerate() {
            let block = &data[(range.start + k) * n * after..][..n * after];
            let mut best = block[..after].to_vec();
            out.iter_mut().for_each(|o| _ = o.write(0));
            for (i, row) in block.chunks_exact(after).enumerate().skip(1) {
                for ((best, out), &e) in best.iter_mut().zip(out.iter_mut()).zip(row) {
                    if !best.is_nan() && (e.is_nan() || e.sort_cmp(*best) == wanted) {
                        *best = e;
                        out.write(i as u64);
                    }
                }
            }
        }
    })
}

/// Finds the extremum of each block with a loop that is vectorised, and looks for its place only in
/// the first block that has it.
#[inline(always)]
fn first_extremum<T: OrdScalar>(row: &[T], init: T, pick: impl Fn(T, T) -> T) -> usize {
    const BLOCK: usize = 1024;
    const LANES: usize = 32;
    let mut best = row[0];
    let mut at = 0;
    for (k, block) in row.chunks(BLOCK).enumerate() {
        if best.is_nan() {
            break;
        }
        let mut lanes = [init; LANES];
        let (rows, rest) = block.as_chunks::<LANES>();
        for row in rows {
            for (lane, &e) in lanes.iter_mut().zip(row) {
                *lane = pick(*lane, e);
            }
        }
        let m = lanes.iter().chain(rest).fold(init, |a, &e| pick(a, e));
        let better = m.is_nan() || (m != best && pick(m, best) == m);
        if better {
            best = m;
            at = k;
        }
    }
    let is_best = |e: &T| *e == best || (best.is_nan() && e.is_nan());
    let start = at * BLOCK;
    row[start..].iter().position(is_best).map_or(0, |i| start + i)
}
