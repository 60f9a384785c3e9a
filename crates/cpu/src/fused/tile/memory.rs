//! Between memory and tiles: elements of a dtype, and the lanes in which they are computed.

use super::{Kind, loops};
use half::{bf16, f16};
use pullback_ir::DType;

/// Turns `n` elements into lanes.
///
/// # Safety
/// `from` has `n` elements of the dtype, `to` room for as many lanes of its kind; they do not overlap.
pub(super) unsafe fn load(dtype: DType, from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: the caller's promise; the types are those of the dtype and of its kind.
    unsafe {
        match dtype {
            DType::Bool => each(from, to, n, |x: u8| x),
            DType::U8 => each(from, to, n, |x: u8| i32::from(x)),
            DType::I8 => each(from, to, n, |x: i8| i32::from(x)),
            DType::F16 => each(from, to, n, f16::to_f32),
            DType::BF16 => each(from, to, n, bf16::to_f32),
            DType::I32 | DType::U32 | DType::F32 => each(from, to, n, |x: u32| x),
            DType::I64 | DType::U64 | DType::F64 => each(from, to, n, |x: u64| x),
        }
    }
}

/// Turns `n` lanes into elements.
///
/// # Safety
/// `from` has `n` lanes of the dtype's kind, `to` room for as many elements; they do not overlap.
pub(super) unsafe fn store(dtype: DType, from: *const u8, to: *mut u8, n: usize) {
    // SAFETY: the caller's promise; the types are those of the dtype and of its kind.
    unsafe {
        match dtype {
            DType::Bool => each(from, to, n, |x: u8| x),
            DType::U8 | DType::I8 => each(from, to, n, |x: u32| x as u8),
            DType::F16 => each(from, to, n, f16::from_f32),
            DType::BF16 => each(from, to, n, bf16::from_f32),
            DType::I32 | DType::U32 | DType::F32 => each(from, to, n, |x: u32| x),
            DType::I64 | DType::U64 | DType::F64 => each(from, to, n, |x: u64| x),
        }
    }
}

/// # Safety
/// `from` has `n` elements of `X`, `to` room for as many of `Z`, aligned for them; they do not overlap.
#[inline]
unsafe fn each<X: Copy, Z>(from: *const u8, to: *mut u8, n: usize, f: impl Fn(X) -> Z) {
    // SAFETY: the caller's promise.
    let (from, to) = unsafe {
        (
            std::slice::from_raw_parts(from.cast::<X>(), n),
            std::slice::from_raw_parts_mut(to.cast(), n),
        )
    };
    loops::map(from, to, f);
}

/// The bits of the first lane.
///
/// # Safety
/// There is one.
pub(super) unsafe fn bits(kind: Kind, lanes: *const u8) -> u64 {
    // SAFETY: the caller's promise.
    unsafe {
        match kind.size() {
            8 => lanes.cast::<u64>().read(),
            4 => lanes.cast::<u32>().read().into(),
            _ => lanes.read().into(),
        }
    }
}
