//! Copies between strided views: what broadcasts, transposes, slices, paddings and concatenations are.
//!
//! Elements are copied as bit patterns, so only their size counts.

#[cfg(test)]
mod tests;
mod transpose;

use crate::threads::{Shared, for_ranges};
use smallvec::SmallVec;
use transpose::{TILE, transpose};

/// Strides in elements; 0 repeats, negative ones run backwards.
pub(crate) type Strides = SmallVec<[isize; 6]>;

/// Row-major strides.
pub(crate) fn row_major(shape: &[usize]) -> Strides {
    let mut strides: Strides = SmallVec::from_elem(1, shape.len());
    for i in (1..shape.len()).rev() {
        strides[i - 1] = strides[i] * shape[i] as isize;
    }
    strides
}

/// One loop of a copy.
#[derive(Clone, Copy, Debug)]
struct Loop {
    size: usize,
    from: isize,
    to: isize,
}

type Loops = SmallVec<[Loop; 6]>;

/// Elements of a piece that is not split between threads.
const PROBE: usize = 16384;

/// Rounds of a loop that can be shared evenly.
const LONG: usize = 64;

/// Copies a box of elements of `size` bytes.
///
/// # Safety
/// Every index of `shape` times the strides leads from `from` to a readable element, and from `to` to a
/// writable one. No two indices lead to one place of the target, which does not overlap the source.
pub(crate) unsafe fn copy(
    size: usize,
    shape: &[usize],
    from: *const u8,
    from_strides: &[isize],
    to: *mut u8,
    to_strides: &[isize],
) {
    let mut loops = Loops::new();
    for ((&size, &from), &to) in shape.iter().zip(from_strides).zip(to_strides) {
        if size == 0 {
            return;
        }
        if size == 1 {
            continue;
        }
        let step = size as isize;
        match loops.last_mut() {
            // Two loops that are one.
            Some(outer) if outer.from == from * step && outer.to == to * step => {
                *outer = Loop { size: outer.size * size, from, to };
            }
            _ => loops.push(Loop { size, from, to }),
        }
    }
    // A transposition goes through tiles, for which the loop that is contiguous in the source comes
    // right before the one that is contiguous in the target.
    if let [.., last] = loops.as_slice()
        && last.from != 1
        && last.to == 1
        && let Some(k) = loops.iter().position(|l| l.from == 1)
    {
        let l = loops.remove(k);
        loops.insert(loops.len() - 1, l);
    }
    let from = Shared((from, to));
    // SAFETY: the caller's promise.
    unsafe {
        match size {
            1 => split::<u8>(from, &loops),
            2 => split::<u16>(from, &loops),
            4 => split::<u32>(from, &loops),
            _ => split::<u64>(from, &loops),
        }
    }
}

/// # Safety
/// As [`copy`].
unsafe fn split<E: Copy>(ends: Shared<(*const u8, *mut u8)>, loops: &[Loop]) {
    // Threads share the first loop that is long enough, or else the longest.
    let long = loops.iter().position(|l| l.size >= LONG);
    let longest = || (0..loops.len()).max_by_key(|&k| loops[k].size);
    let Some(k) = long.or_else(longest) else {
        let (from, to) = ends.get();
        // SAFETY: the box has one element.
        unsafe { *to.cast::<E>() = *from.cast::<E>() };
        return;
    };
    let shared = loops[k];
    let elements: usize = loops.iter().map(|l| l.size).product();
    let bytes = elements * size_of::<E>();
    // Pieces of a transposition consist of whole tiles.
    let unit = if is_transposition(&loops[loops.len().saturating_sub(2)..]) { TILE } else { 1 };
    let probe = PROBE.div_ceil(elements / shared.size * unit);
    for_ranges(shared.size.div_ceil(unit), probe, |range| {
        let (from, to) = ends.get();
        let start = (range.start * unit) as isize;
        let mut loops = Loops::from_slice(loops);
        loops[k].size = (range.end * unit).min(shared.size) - range.start * unit;
        // SAFETY: the range is a part of the loop.
        unsafe {
            let from = from.cast::<E>().offset(start * shared.from);
            run(from, to.cast::<E>().offset(start * shared.to), &loops, bytes);
        }
    });
}

/// Two loops of which the first is contiguous in the source and the second in the target.
fn is_transposition(loops: &[Loop]) -> bool {
    matches!(loops, [rows, cols] if rows.from == 1 && cols.to == 1 && cols.from != 1)
}

/// Copies a piece of a box of so many bytes.
///
/// # Safety
/// As [`copy`].
unsafe fn run<E: Copy>(from: *const E, to: *mut E, loops: &[Loop], bytes: usize) {
    // SAFETY: all offsets are within the loops.
    unsafe {
        match loops {
            [] => {}
            [l] => row(from, to, *l),
            [rows, cols] if is_transposition(loops) => transpose(from, to, *rows, *cols, bytes),
            [outer, rest @ ..] => {
                for i in 0..outer.size as isize {
                    run(from.offset(i * outer.from), to.offset(i * outer.to), rest, bytes);
                }
            }
        }
    }
}

/// # Safety
/// As [`copy`].
#[inline]
unsafe fn row<E: Copy>(from: *const E, to: *mut E, l: Loop) {
    // SAFETY: all offsets are within the loop.
    unsafe {
        match (l.from, l.to) {
            (1, 1) => std::ptr::copy_nonoverlapping(from, to, l.size),
            (0, 1) => {
                let x = *from;
                for i in 0..l.size {
                    *to.add(i) = x;
                }
            }
            (step, 1) => {
                for i in 0..l.size {
                    *to.add(i) = *from.offset(i as isize * step);
                }
            }
            _ => {
                for i in 0..l.size as isize {
                    *to.offset(i * l.to) = *from.offset(i * l.from);
                }
            }
        }
    }
}
