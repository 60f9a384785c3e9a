//! The largest elements of an axis.
//!
//! The lane goes by once. Elements above the k-th largest so far are kept, and when there are twice as
//! many as needed, the smaller half goes. Of n elements in random order few are kept, k log(n/k) about;
//! blocks without any are passed at the speed of a comparison of vectors.

use super::items::{self, Item, Items, Pair};
use super::keys::{Order, bits_of, key};
use super::sort::picked;
use crate::operand::Values;
use crate::scan::around;
use crate::shape_ops::swapped;
use crate::simd::wide;
use crate::threads::map;
use pullback_ir::prim::top_k::TopK;
use pullback_ir::{Element, Shape, Value, dispatch};
use smallvec::smallvec;
use std::cmp::Reverse;

/// Elements of a lane that one thread goes through.
const PIECE: usize = 1 << 17;

/// Elements that are compared before it is asked whether any is to be kept.
const BLOCK: usize = 64;

/// A candidate: the larger key comes first, then the lower position.
type Candidate = (Reverse<u64>, u32);

/// The largest elements along an axis, and where they are.
pub(crate) fn top_k(prim: &TopK, x: &Value) -> Option<Values> {
    let sizes @ [before, n, after] = around(x.shape(), prim.axis);
    if i32::try_from(n).is_err() {
        return None;
    }
    let k = prim.k;
    let mut shape = Shape::from_slice(x.shape());
    shape[prim.axis] = k;
    let lanes = if after == 1 { x.clone() } else { swapped(x, sizes) };
    let lanes = lanes.reshaped([before * after, n].as_slice());
    let positions = dispatch!(x.dtype(), T => positions(lanes.slice::<T>(), n, k));
    let indices = positions.iter().map(|&p| p as i32).collect();
    let indices = Value::new::<i32>([before * after, k].as_slice(), indices);
    let values = if n == 0 { lanes } else { picked(&lanes, &positions, n, k) };
    let back = |x: Value| match after {
        1 => x.reshaped(shape.clone()),
        _ => swapped(&x, [before, after, k]).reshaped(shape.clone()),
    };
    Some(smallvec![back(values), back(indices)])
}

/// The positions of the k largest of each lane.
fn positions<T: Element>(data: &[T], n: usize, k: usize) -> Vec<u32> {
    if k == 0 || data.is_empty() {
        return Vec::new();
    }
    let largest = |lane: &[T]| if k < n / 8 { among_many(lane, k) } else { by_sorting(lane, k) };
    // One lane is split itself.
    match data.len() / n {
        1 => largest(data),
        _ if data.len() < PIECE => data.chunks_exact(n).flat_map(largest).collect(),
        _ => map(data.chunks_exact(n).collect(), largest).concat(),
    }
}

fn by_sorting<T: Element>(lane: &[T], k: usize) -> Vec<u32> {
    let all = u64::MAX >> (64 - bits_of(T::DTYPE));
    let item = |i: usize| Pair::<u64>::new(all - key(lane[i], Order::Rank), i as u64);
    let mut items = Items::from_fn(lane.len(), item);
    items::sort(&mut items, bits_of(T::DTYPE));
    items[..k].iter().map(|x| x.load() as u32).collect()
}

fn among_many<T: Element>(lane: &[T], k: usize) -> Vec<u32> {
    let piece = PIECE.max(8 * k);
    let mut kept = match lane.len() <= piece {
        true => wide(|| candidates(lane, 0, k)),
        false => {
            let of_piece = |(i, part)| wide(|| candidates(part, i * piece, k));
            map(lane.chunks(piece).enumerate().collect(), of_piece).concat()
        }
    };
    keep(&mut kept, k);
    kept.sort_unstable();
    kept.into_iter().map(|(_, position)| position).collect()
}

/// The k largest of a part of a lane, and perhaps some more.
#[inline(always)]
fn candidates<T: Element>(part: &[T], start: usize, k: usize) -> Vec<Candidate> {
    let mut kept: Vec<Candidate> = Vec::with_capacity(2 * k + BLOCK);
    // What is equal to the k-th largest so far comes later, and is not taken.
    let mut least = None;
    for (b, block) in part.chunks(BLOCK).enumerate() {
        let above = |x: T| least.is_none_or(|least| key(x, Order::Rank) > least);
        if !block.iter().fold(false, |any, &x| any | above(x)) {
            continue;
        }
        for (i, &x) in block.iter().enumerate() {
            if above(x) {
                kept.push((Reverse(key(x, Order::Rank)), (start + b * BLOCK + i) as u32));
            }
        }
        if kept.len() > 2 * k {
            keep(&mut kept, k);
            least = kept.iter().map(|(Reverse(key), _)| *key).min();
        }
    }
    kept
}

/// Drops all but the k first.
fn keep(kept: &mut Vec<Candidate>, k: usize) {
    if k < kept.len() {
        kept.select_nth_unstable(k);
        kept.truncate(k);
    }
}
