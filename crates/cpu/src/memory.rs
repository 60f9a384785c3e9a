//! Buffers behind values: erased access, results without initialisation.

use crate::operand::Operand;
use pullback_ir::{DType, Data, Element, Value, dispatch, pool};

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

/// Memory of a result whose elements are not written yet.
pub(crate) struct Room {
    /// A vector with enough capacity; what is in it is in front of the elements.
    data: Data,
    n: usize,
}

impl Room {
    /// Memory for `n` elements.
    #[inline]
    pub(crate) fn new(dtype: DType, n: usize) -> Room {
        if n.saturating_mul(dtype.size()) < pool::SMALLEST {
            return Room { data: dispatch!(dtype, T => T::wrap(Vec::with_capacity(n))), n };
        }
        Room::large(dtype, n)
    }

    #[cold]
    fn large(dtype: DType, n: usize) -> Room {
        let data = dispatch!(dtype, T => T::wrap(room::<T>(n)));
        Room { data, n }
    }

    /// Where the elements go.
    #[inline]
    pub(crate) fn ptr(&mut self) -> *mut u8 {
        dispatch!(self.data.dtype(), T => match T::vec_mut(&mut self.data) {
            Some(v) => v.spare_capacity_mut().as_mut_ptr().cast(),
            None => unreachable!("the dtype is the data's own"),
        })
    }

    /// The array.
    ///
    /// # Safety
    /// All elements have been written.
    #[inline]
    pub(crate) unsafe fn finish(mut self, shape: &[usize]) -> Value {
        dispatch!(self.data.dtype(), T => if let Some(v) = T::vec_mut(&mut self.data) {
            // SAFETY: there is room for `n` more, and the caller promises that they are written.
            unsafe { v.set_len(v.len() + self.n) };
        });
        Value::of_last(shape, self.data)
    }
}

/// A vector with room for `n` elements. Large ones take memory that was kept, or ask the system for huge
/// pages; what is in them is in front of the elements, for [`Value::of_last`].
pub fn room<T: Element>(n: usize) -> Vec<T> {
    let (mut v, used) = pool::take::<T>(n);
    if !used {
        ask_for_huge_pages(v.as_mut_ptr().cast(), v.capacity() * size_of::<T>());
    }
    v
}

/// A new array whose elements `fill` writes.
///
/// # Safety
/// `fill` writes every one of the `n` elements behind the pointer, `n` being the size of the shape.
#[inline]
pub(crate) unsafe fn build(dtype: DType, shape: &[usize], fill: impl FnOnce(*mut u8)) -> Value {
    let mut room = Room::new(dtype, pullback_ir::shape::numel(shape));
    fill(room.ptr());
    // SAFETY: the caller's promise.
    unsafe { room.finish(shape) }
}

/// Asks the system to back new memory with huge pages, which fault and miss less often (1.4 times the
/// speed at 10⁷ elements, measured in 2026). Where it declines, ordinary pages serve.
#[cfg(target_os = "linux")]
fn ask_for_huge_pages(at: *mut u8, bytes: usize) {
    const PAGE: usize = 4096;
    const HUGE: usize = 2 << 20;
    if bytes < 2 * HUGE {
        return;
    }
    let start = (at as usize).next_multiple_of(PAGE);
    let len = (at as usize + bytes - start) / PAGE * PAGE;
    // SAFETY: the pages lie within a live allocation; the advice changes how they are backed, not what
    // they hold.
    unsafe { libc::madvise(start as *mut libc::c_void, len, libc::MADV_HUGEPAGE) };
}

#[cfg(not(target_os = "linux"))]
fn ask_for_huge_pages(_: *mut u8, _: usize) {}
