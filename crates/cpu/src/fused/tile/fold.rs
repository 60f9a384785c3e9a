//! Reductions over a line.

use super::super::line::{FOLD_LANES, FoldOp, Kind};
use super::loops;
use std::slice::{from_raw_parts, from_raw_parts_mut};

/// Fills the lanes with the identity.
///
/// # Safety
/// `lanes` is room for [`FOLD_LANES`] lanes of this size, aligned for them.
pub(super) unsafe fn begin(size: usize, identity: u64, lanes: *mut u8) {
    for i in 0..FOLD_LANES {
        // SAFETY: the caller's promise.
        unsafe {
            match size {
                8 => lanes.cast::<u64>().add(i).write(identity),
                _ => lanes.cast::<u32>().add(i).write(identity as u32),
            }
        }
    }
}

/// Runs `$call`, in which `$f` is the operation's function on the type of the kind.
macro_rules! by_op {
    ($op:expr, $kind:expr, $f:ident => $call:expr) => {
        match ($op, $kind) {
            (FoldOp::Sum, Kind::F32) => by_op!(@ f32, |x, y| x + y, $f => $call),
            (FoldOp::Sum, Kind::F64) => by_op!(@ f64, |x, y| x + y, $f => $call),
            (FoldOp::Sum, Kind::I32) => by_op!(@ i32, |x, y| x.wrapping_add(y), $f => $call),
            (FoldOp::Sum, _) => by_op!(@ i64, |x, y| x.wrapping_add(y), $f => $call),
            (FoldOp::Prod, Kind::F32) => by_op!(@ f32, |x, y| x * y, $f => $call),
            (FoldOp::Prod, Kind::F64) => by_op!(@ f64, |x, y| x * y, $f => $call),
            (FoldOp::Prod, Kind::I32) => by_op!(@ i32, |x, y| x.wrapping_mul(y), $f => $call),
            (FoldOp::Prod, _) => by_op!(@ i64, |x, y| x.wrapping_mul(y), $f => $call),
            (FoldOp::Max, Kind::F32) => by_op!(@ f32, |x, y| larger!(f32, x, y), $f => $call),
            (FoldOp::Max, Kind::F64) => by_op!(@ f64, |x, y| larger!(f64, x, y), $f => $call),
            (FoldOp::Max, Kind::I32) => by_op!(@ i32, |x, y| x.max(y), $f => $call),
            (FoldOp::Max, _) => by_op!(@ i64, |x, y| x.max(y), $f => $call),
            // A smaller number is a larger opposite.
            (FoldOp::Min, Kind::F32) => by_op!(@ f32, |x, y| -larger!(f32, -x, -y), $f => $call),
            (FoldOp::Min, Kind::F64) => by_op!(@ f64, |x, y| -larger!(f64, -x, -y), $f => $call),
            (FoldOp::Min, Kind::I32) => by_op!(@ i32, |x, y| x.min(y), $f => $call),
            (FoldOp::Min, _) => by_op!(@ i64, |x, y| x.min(y), $f => $call),
            (FoldOp::MaxU, Kind::I32) => by_op!(@ u32, |x, y| x.max(y), $f => $call),
            (FoldOp::MaxU, _) => by_op!(@ u64, |x, y| x.max(y), $f => $call),
            (FoldOp::MinU, Kind::I32) => by_op!(@ u32, |x, y| x.min(y), $f => $call),
            (FoldOp::MinU, _) => by_op!(@ u64, |x, y| x.min(y), $f => $call),
            (FoldOp::And, Kind::I32) => by_op!(@ u32, |x, y| x & y, $f => $call),
            (FoldOp::And, _) => by_op!(@ u64, |x, y| x & y, $f => $call),
            (FoldOp::Or, Kind::I32) => by_op!(@ u32, |x, y| x | y, $f => $call),
            (FoldOp::Or, _) => by_op!(@ u64, |x, y| x | y, $f => $call),
            (FoldOp::Xor, Kind::I32) => by_op!(@ u32, |x, y| x ^ y, $f => $call),
            (FoldOp::Xor, _) => by_op!(@ u64, |x, y| x ^ y, $f => $call),
        }
    };
    (@ $t:ty, |$x:ident, $y:ident| $body:expr, $f:ident => $call:expr) => {{
        let $f = |$x: $t, $y: $t| -> $t { $body };
        $call
    }};
}

/// The IEEE maximum.
macro_rules! larger {
    ($t:ty, $x:ident, $y:ident) => {
        larger!($t, $x, $y,)
    };
    ($t:ty, -$x:ident, -$y:ident) => {{
        let ($x, $y) = (-$x, -$y);
        larger!($t, $x, $y)
    }};
    ($t:ty, $x:ident, $y:ident, ) => {{
        // Equal numbers are the same, or two zeros; what is not comparable gives a NaN.
        if $x == $y {
            <$t>::from_bits($x.to_bits() & $y.to_bits())
        } else if $x > $y {
            $x
        } else if $y > $x {
            $y
        } else {
            $x + $y
        }
    }};
}

/// Takes `n` elements into the lanes.
///
/// # Safety
/// `lanes` was begun for the operation and kind; `from` has `n` lanes of the kind.
pub(super) unsafe fn take(op: FoldOp, kind: Kind, lanes: *mut u8, from: *const u8, n: usize) {
    // SAFETY: the caller's promise.
    unsafe { by_op!(op, kind, f => take_with(lanes, from, n, f)) }
}

/// # Safety
/// As for [`take`], with `T` the type of the kind.
#[inline(always)]
unsafe fn take_with<T: Copy>(lanes: *mut u8, from: *const u8, n: usize, f: impl Fn(T, T) -> T) {
    // SAFETY: the caller's promise.
    let (lanes, from) =
        unsafe { (&mut *lanes.cast::<[T; FOLD_LANES]>(), from_raw_parts(from.cast::<T>(), n)) };
    loops::take(lanes, from, f);
}

/// Combines the lanes and writes the result.
///
/// # Safety
/// `lanes` was begun for the operation and kind; `out` may be written.
pub(super) unsafe fn end(op: FoldOp, kind: Kind, lanes: *mut u8, out: *mut u8) {
    // SAFETY: the caller's promise.
    unsafe { by_op!(op, kind, f => end_with(lanes, out, f)) }
}

/// # Safety
/// As for [`end`], with `T` the type of the kind.
unsafe fn end_with<T: Copy>(lanes: *mut u8, out: *mut u8, f: impl Fn(T, T) -> T) {
    // SAFETY: the caller's promise.
    let lanes = unsafe { from_raw_parts_mut(lanes.cast::<T>(), FOLD_LANES) };
    let mut width = FOLD_LANES / 2;
    while width > 0 {
        for i in 0..width {
            lanes[i] = f(lanes[i], lanes[i + width]);
        }
        width /= 2;
    }
    // SAFETY: the caller's promise.
    unsafe { out.cast::<T>().write_unaligned(lanes[0]) };
}
