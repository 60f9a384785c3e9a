//! Buffers behind values: erased access, results without initialisation.

use crate::operand::Operand;
use pullback_ir::{DType, Element, Shape, Value, dispatch};
use std::sync::Arc;

/// The first element, and how many there are.
#[inline]
pub(crate) fn raw(value: &Value) -> (*const u8, usize) {
    dispatch!(value.dtype(), T => {
        let s = value.slice::<T>();
        (s.as_ptr().cast(), s.len())
    })
}

/// The first element of an operand that dies and whose buffer nothing else holds.
#[inline]
pub(crate) fn raw_mut(operand: &mut Operand<'_>) -> Option<*mut u8> {
    match operand {
        Operand::Owned(value) => {
            dispatch!(value.dtype(), T => value.slice_mut::<T>().map(|s| s.as_mut_ptr().cast()))
        }
        Operand::Shared(_) => None,
    }
}

/// A new array whose elements `fill` writes.
///
/// # Safety
/// `fill` writes every one of the `n` elements behind the pointer, `n` being the size of the shape.
#[inline]
pub(crate) unsafe fn build(dtype: DType, shape: &[usize], fill: impl FnOnce(*mut u8)) -> Value {
    let shape = Shape::from_slice(shape);
    let n = pullback_ir::shape::numel(&shape);
    let data = dispatch!(dtype, T => {
        let mut v: Vec<T> = Vec::with_capacity(n);
        fill(v.as_mut_ptr().cast());
        // SAFETY: the capacity is `n`, and the caller promises that `fill` wrote all elements.
        unsafe { v.set_len(n) };
        T::wrap(v)
    });
    Value::from_data(shape, Arc::new(data))
}
