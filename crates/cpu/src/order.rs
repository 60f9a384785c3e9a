//! Sorting, and the largest elements.
//!
//! Elements become integers that order as they do, packed with their position: then no two are equal,
//! any algorithm gives the one stable result, and two integer widths serve all dtypes.

use crate::operand::{Operand, Values};
use crate::scan::around;
use pullback_ir::prim::sort::Sort;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::scalar::OrdScalar;
use pullback_ir::{DType, Element, Shape, Value, dispatch};
use rayon::slice::ParallelSliceMut;
use smallvec::smallvec;

/// Elements from which on several threads sort.
const PARALLEL: usize = 1 << 14;

/// An integer that orders like the bit pattern of a number. All NaN are one key, above everything;
/// -0 is below 0, or equal to it if `zeros` are one.
fn key(dtype: DType, bits: u64, is_nan: bool, zeros: bool) -> u64 {
    let width = 8 * dtype.size() as u32;
    let all = u64::MAX >> (64 - width);
    let sign = 1u64 << (width - 1);
    if dtype.is_signed_int() {
        return bits ^ sign;
    }
    if !dtype.is_float() {
        return bits;
    }
    match bits {
        _ if is_nan => all,
        bits if bits == sign && zeros => sign,
        bits if bits & sign != 0 => !bits & all,
        bits => bits | sign,
    }
}

/// Keys of all elements.
fn keys(x: &Value, zeros: bool) -> Vec<u64> {
    let dtype = x.dtype();
    dispatch!(dtype, T => {
        let key_of = |&e: &T| key(dtype, Element::to_bits(e), OrdScalar::is_nan(e), zeros);
        x.slice::<T>().iter().map(key_of).collect()
    })
}

/// The first `k` positions of a lane in ascending order of keys, earlier ones first among equals.
fn first(lane: &[u64], narrow: bool, k: usize) -> Vec<u32> {
    let positions = 0..lane.len() as u32;
    if narrow {
        let mut packed: Vec<u64> =
            lane.iter().zip(positions).map(|(&key, i)| key << 32 | u64::from(i)).collect();
        select(&mut packed, k);
        packed.into_iter().take(k).map(|p| p as u32).collect()
    } else {
        let mut packed: Vec<u128> = lane
            .iter()
            .zip(positions)
            .map(|(&key, i)| u128::from(key) << 32 | u128::from(i))
            .collect();
        select(&mut packed, k);
        packed.into_iter().take(k).map(|p| p as u32).collect()
    }
}

/// Sorts the first `k`.
fn select<K: Ord + Send>(packed: &mut [K], k: usize) {
    if k == 0 {
        return;
    }
    if k < packed.len() {
        packed.select_nth_unstable(k - 1);
    }
    match &mut packed[..k] {
        short if k < PARALLEL => short.sort_unstable(),
        long => long.par_sort_unstable(),
    }
}

/// For each place of the result, the position of its element: lane by lane the first `k`.
fn sources(keys: &[u64], narrow: bool, [before, n, after]: [usize; 3], k: usize) -> Vec<usize> {
    let mut sources = vec![0; before * k * after];
    let mut lane = Vec::with_capacity(n);
    for i in 0..before {
        for j in 0..after {
            let at = |p: usize| (i * n + p) * after + j;
            lane.clear();
            lane.extend((0..n).map(|p| keys[at(p)]));
            for (p, source) in first(&lane, narrow, k).into_iter().enumerate() {
                sources[(i * k + p) * after + j] = at(source as usize);
            }
        }
    }
    sources
}

fn picked(x: &Value, sources: &[usize], shape: &[usize]) -> Value {
    dispatch!(x.dtype(), T => {
        let from = x.slice::<T>();
        Value::new(Shape::from_slice(shape), sources.iter().map(|&s| from[s]).collect())
    })
}

/// Sorts by one key; the interpreter serves for several.
pub(crate) fn sort(prim: &Sort, ins: &[Operand<'_>]) -> Option<Values> {
    let key = ins[0].value();
    let sizes = around(key.shape(), prim.dimension);
    if prim.num_keys != 1 || u32::try_from(sizes[1]).is_err() {
        return None;
    }
    let sources = sources(&keys(key, true), key.dtype().size() <= 4, sizes, sizes[1]);
    Some(ins.iter().map(|x| picked(x.value(), &sources, key.shape())).collect())
}

/// The largest elements along an axis, and where they are.
pub(crate) fn top_k(prim: &TopK, x: &Value) -> Option<Values> {
    let sizes @ [_, n, after] = around(x.shape(), prim.axis);
    if i32::try_from(n).is_err() {
        return None;
    }
    let narrow = x.dtype().size() <= 4;
    let all = u64::MAX >> (64 - 8 * x.dtype().size());
    // Descending, the earlier first among equals.
    let keys: Vec<u64> = keys(x, false).into_iter().map(|key| all - key).collect();
    let sources = sources(&keys, narrow, sizes, prim.k);
    let mut shape = Shape::from_slice(x.shape());
    shape[prim.axis] = prim.k;
    let indices = sources.iter().map(|&s| (s / after % n) as i32).collect();
    Some(smallvec![picked(x, &sources, &shape), Value::new::<i32>(shape, indices)])
}
