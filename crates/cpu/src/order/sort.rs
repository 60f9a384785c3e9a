//! Lanes of an axis, sorted.

use super::items::{self, Item, Items, Pair, Ranked};
use super::keys::{Order, bits_of, element, is_minus_zero, is_nan, is_zero, key};
use crate::memory::{Room, raw};
use crate::operand::{Operand, Values};
use crate::reduce::fill;
use crate::scan::around;
use crate::shape_ops::swapped;
use crate::simd::wide;
use crate::threads::{Shared, for_ranges};
use pullback_ir::prim::sort::Sort;
use pullback_ir::{Element, Value, dispatch};
use smallvec::{SmallVec, smallvec};
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};

/// Elements of a piece that is not split between threads.
const PROBE: usize = 1 << 14;

/// Sorts operands along an axis, which must have less than 2³² elements.
pub(crate) fn sort(prim: &Sort, ins: &[Operand<'_>]) -> Option<Values> {
    let sizes @ [before, n, after] = around(ins[0].value().shape(), prim.dimension);
    if u32::try_from(n).is_err() {
        return None;
    }
    if ins[0].value().is_empty() || n == 1 {
        return Some(ins.iter().map(|x| x.value().clone()).collect());
    }
    let values: SmallVec<[&Value; 4]> = ins.iter().map(Operand::value).collect();
    if after == 1 {
        return Some(sort_lanes(prim.num_keys, &values, n));
    }
    // Lanes become contiguous, and come back.
    let lanes: SmallVec<[Value; 4]> = values.iter().map(|x| swapped(x, sizes)).collect();
    let lanes: SmallVec<[&Value; 4]> = lanes.iter().collect();
    let sorted = sort_lanes(prim.num_keys, &lanes, n);
    let back = |x: &Value| swapped(x, [before, after, n]).reshaped(values[0].shape());
    Some(sorted.iter().map(back).collect())
}

/// Sorts contiguous lanes of `n` elements.
fn sort_lanes(num_keys: usize, ins: &[&Value], n: usize) -> Values {
    match *ins {
        [x] if x.dtype().size() == 8 => smallvec![by_first::<u64>(x, None, n).0],
        [x] => smallvec![by_first::<u32>(x, None, n).0],
        // What moves along is the second operand itself.
        [x, y] if num_keys == 1 => {
            let (x, y) = match x.dtype().size().max(y.dtype().size()) {
                8 => by_first::<Pair<u64>>(x, Some(y), n),
                _ if grows(y, n) => by_first::<Ranked>(x, Some(y), n),
                _ => by_first::<Pair<u32>>(x, Some(y), n),
            };
            std::iter::once(x).chain(y).collect()
        }
        _ => {
            let sources = permutation(&ins[..num_keys], n);
            ins.iter().map(|x| picked(x, &sources, n, n).reshaped(x.shape())).collect()
        }
    }
}

/// Whether the bits of elements grow from each to the next in all lanes, as those of positions do.
fn grows(y: &Value, n: usize) -> bool {
    dispatch!(y.dtype(), T => y.slice::<T>().chunks_exact(n).all(|lane| {
        let grows = |[x, y]: [T; 2]| Element::to_bits(x) < Element::to_bits(y);
        wide(|| lane.windows(2).all(|w| grows([w[0], w[1]])))
    }))
}

/// Sorts lanes of `x`, and moves those of `y` along.
fn by_first<I: Item>(x: &Value, y: Option<&Value>, n: usize) -> (Value, Option<Value>) {
    let mut rooms = (Room::new(x.dtype(), x.len()), y.map(|y| Room::new(y.dtype(), y.len())));
    let load = y.map(|y| (Shared(raw(y).0), y.dtype().size()));
    assert!(y.is_none_or(|y| y.len() == x.len()));
    let to = Shared((rooms.0.ptr(), rooms.1.as_mut().map(Room::ptr)));
    dispatch!(x.dtype(), T => {
        let data = x.slice::<T>();
        for_ranges(data.len() / n, PROBE.div_ceil(n), |lanes| {
            for start in lanes.map(|lane| lane * n) {
                let lane = &data[start..start + n];
                let (to, to_load) = to.get();
                // SAFETY: lanes of the operand and of the results are alike, and do not meet.
                unsafe {
                    let loads = load.map(|(p, size)| (Shared(p.get().add(start * size)), size));
                    let items = sorted_items::<T, I>(lane, loads);
                    write_elements(&items, lane, to.cast::<T>().add(start));
                    if let (Some(to), Some((_, size))) = (to_load, load) {
                        write_loads(&items, size, to.add(start * size));
                    }
                }
            }
        });
    });
    // SAFETY: all elements of all lanes are written.
    unsafe { (rooms.0.finish(x.shape()), rooms.1.map(|room| room.finish(x.shape()))) }
}

/// The items of a lane in order. `loads` are as many elements, with their size.
///
/// # Safety
/// The pointer leads to as many elements of this size as the lane has.
unsafe fn sorted_items<T: Element, I: Item>(
    lane: &[T],
    loads: Option<(Shared<*const u8>, usize)>,
) -> Items<I> {
    let mut items = Items::<I>::fill(lane.len(), PROBE, |range, out| {
        let lane = &lane[range.clone()];
        match loads {
            None => wide(|| {
                for (item, &x) in out.iter_mut().zip(lane) {
                    item.write(I::new(key(x, Order::Sort), 0));
                }
            }),
            Some((from, size)) => {
                let from = from.get();
                // SAFETY: the caller's promise.
                unsafe {
                    match size {
                        1 => write_pairs(out, lane, from.add(range.start)),
                        2 => write_pairs(out, lane, from.cast::<u16>().add(range.start)),
                        4 => write_pairs(out, lane, from.cast::<u32>().add(range.start)),
                        _ => write_pairs(out, lane, from.cast::<u64>().add(range.start)),
                    }
                }
            }
        }
    });
    items::sort(&mut items, bits_of(T::DTYPE));
    items
}

/// Items with the bits of loads.
///
/// # Safety
/// The pointer leads to a load for each element.
#[inline(always)]
unsafe fn write_pairs<T: Element, I: Item, L: Copy + Into<u64>>(
    out: &mut [MaybeUninit<I>],
    lane: &[T],
    loads: *const L,
) {
    // SAFETY: the caller's promise.
    let loads = unsafe { std::slice::from_raw_parts(loads, lane.len()) };
    wide(|| {
        for ((item, &x), &load) in out.iter_mut().zip(lane).zip(loads) {
            item.write(I::new(key(x, Order::Sort), load.into()));
        }
    });
}

/// Writes the elements of sorted items of a lane.
///
/// # Safety
/// There is room for as many elements as there are items.
unsafe fn write_elements<T: Element, I: Item>(items: &[I], lane: &[T], to: *mut T) {
    let to = Shared(to);
    let many = AtomicBool::new(false);
    for_ranges(items.len(), PROBE, |range| {
        let (items, lane) = (&items[range.clone()], &lane[range.clone()]);
        let to = to.get().wrapping_add(range.start).cast::<MaybeUninit<T>>();
        // SAFETY: the caller's promise. Pieces do not meet.
        let to = unsafe { std::slice::from_raw_parts_mut(to, range.len()) };
        wide(|| {
            for (to, item) in to.iter_mut().zip(items) {
                to.write(element(item.key()));
            }
        });
        // NaN and −0 have the keys of other elements.
        if wide(|| lane.iter().fold(false, |seen, &x| seen | is_nan(x) | is_minus_zero(x))) {
            many.store(true, Relaxed);
        }
    });
    if many.into_inner() {
        // SAFETY: the places have been written.
        let to = unsafe { std::slice::from_raw_parts_mut(to.get(), items.len()) };
        restore(lane, to);
    }
}

/// Puts the zeros and NaN of a lane, which have one key each, among its sorted elements in their order.
fn restore<T: Element>(lane: &[T], sorted: &mut [T]) {
    let below = key(T::default(), Order::Sort);
    let start = sorted.partition_point(|&x| key(x, Order::Sort) < below);
    let zeros = lane.iter().filter(|&&x| is_zero(x));
    sorted[start..].iter_mut().zip(zeros).for_each(|(to, &x)| *to = x);
    let nans = lane.iter().rev().filter(|&&x| is_nan(x));
    sorted.iter_mut().rev().zip(nans).for_each(|(to, &x)| *to = x);
}

/// Writes what moved along with sorted items.
///
/// # Safety
/// There is room for as many elements of this size as there are items.
unsafe fn write_loads<I: Item>(items: &[I], size: usize, to: *mut u8) {
    let to = Shared(to);
    for_ranges(items.len(), PROBE, |range| {
        let to = to.get();
        for i in range {
            let load = items[i].load();
            // SAFETY: the caller's promise. Pieces do not meet.
            unsafe {
                match size {
                    1 => *to.add(i) = load as u8,
                    2 => *to.cast::<u16>().add(i) = load as u16,
                    4 => *to.cast::<u32>().add(i) = load as u32,
                    _ => *to.cast::<u64>().add(i) = load,
                }
            }
        }
    });
}

/// The permutation that sorts each lane by several keys: by the last one first, and since each sort is
/// stable, the first one has the last word.
fn permutation(keys: &[&Value], n: usize) -> Vec<u32> {
    let mut all: Vec<u32> = (0..keys[0].len()).map(|i| (i % n) as u32).collect();
    for x in keys.iter().rev() {
        dispatch!(x.dtype(), T => {
            let lanes = all.chunks_exact_mut(n).zip(x.slice::<T>().chunks_exact(n));
            for (sources, lane) in lanes {
                let item = |source: u32| {
                    Pair::<u64>::new(key(lane[source as usize], Order::Sort), source.into())
                };
                let mut items = Items::from_fn(n, |i| item(sources[i]));
                items::sort(&mut items, bits_of(T::DTYPE));
                sources.iter_mut().zip(&*items).for_each(|(to, x)| *to = x.load() as u32);
            }
        });
    }
    all
}

/// For each lane of `n` elements, those at `k` positions: a matrix of a row a lane.
pub(super) fn picked(x: &Value, positions: &[u32], n: usize, k: usize) -> Value {
    let lanes = x.len() / n;
    dispatch!(x.dtype(), T => {
        let data = x.slice::<T>();
        let out = fill(lanes * k, 1, PROBE, |range, out| {
            for (out, i) in out.iter_mut().zip(range) {
                out.write(data[i / k * n + positions[i] as usize]);
            }
        });
        Value::new([lanes, k].as_slice(), out)
    })
}
