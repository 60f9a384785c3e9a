//! Dynamic slices: one window whose corner is computed.

use super::only_index;
use crate::memory::raw;
use crate::operand::Operand;
use crate::shape_ops::{assert_within, copied, view};
use crate::strided::{copy, row_major};
use pullback_ir::{Type, Value, dispatch};

/// The start of a dynamic slice, moved inside, as an offset in elements.
fn offset(operand: &[usize], window: &[usize], starts: &[Operand<'_>]) -> usize {
    let steps = row_major(operand);
    let mut offset = 0;
    for (axis, start) in starts.iter().enumerate() {
        let last = operand[axis] - window[axis];
        offset += only_index(start.value()).clamp(0, last as i64) as usize * steps[axis] as usize;
    }
    offset
}

pub(crate) fn dynamic_slice(ins: &mut [Operand<'_>], out: &Type) -> Value {
    let (x, starts) = ins.split_at_mut(1);
    if x[0].value().shape() == out.shape() {
        return x[0].take();
    }
    let x = x[0].value();
    let start = offset(x.shape(), out.shape(), starts);
    view(x, out, start as isize, &row_major(x.shape()))
}

pub(crate) fn dynamic_update_slice(ins: &mut [Operand<'_>]) -> Value {
    let (first, rest) = ins.split_at_mut(2);
    let [x, update] = first else { unreachable!("two operands") };
    let start = offset(x.value().shape(), update.value().shape(), rest);
    let mut y = x.take();
    let update = update.value();
    let (size, len, steps) = (y.dtype().size(), y.len(), row_major(y.shape()));
    assert!(y.dtype() == update.dtype());
    assert_within(update.shape(), start as isize, &steps, len);
    let to: *mut u8 = dispatch!(y.dtype(), T => {
        if y.slice_mut::<T>().is_none() {
            y = copied(&y);
        }
        let Some(to) = y.slice_mut::<T>() else { unreachable!("the copy is unique") };
        to.as_mut_ptr().cast()
    });
    if !update.is_empty() {
        let own = row_major(update.shape());
        // SAFETY: the window is within the array, which is not the update's, as it is not shared.
        unsafe {
            copy(size, update.shape(), raw(update).0, &own, to.add(start * size), &steps);
        }
    }
    y
}
