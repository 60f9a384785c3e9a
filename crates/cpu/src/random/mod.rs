//! Random bits and permutations: the IR's definition, drawn piecewise on several threads.

mod chacha;
mod permutation;
#[cfg(test)]
mod tests;

use crate::memory::room;
use crate::reduce::fill_in;
use chacha::Lanes;
use permutation::permutation;
use pullback_ir::prim::random::Random;
use pullback_ir::scalar::random::{KeyWords, Stream};
use pullback_ir::shape::numel;
use pullback_ir::{DType, Data, Element, Type, Value};
use std::mem::MaybeUninit;

pub(crate) fn random(prim: &Random, key: &Value, out: &Type) -> Option<Value> {
    let (keys, _) = key.slice::<u32>().as_chunks::<8>();
    match prim {
        Random::Bits { dtype, shape } => {
            let n = numel(shape);
            assert_eq!(keys.len() * n, out.numel());
            match dtype {
                DType::U8 => Some(draw::<u8>(keys, n, out)),
                DType::U32 => Some(draw::<u32>(keys, n, out)),
                DType::U64 => Some(draw::<u64>(keys, n, out)),
                _ => None,
            }
        }
        Random::Permutation { n } => {
            assert_eq!(keys.len() * n, out.numel());
            let (keys_n, probe) = (keys.len(), 4096usize.div_ceil((*n).max(1)));
            let all = fill_in(room(keys_n * n), keys_n, *n, probe, |range, out| {
                for (k, key) in keys[range].iter().enumerate() {
                    permutation(Lanes::best(), key, &mut out[k * n..(k + 1) * n]);
                }
            });
            Some(Value::of_last(out.shape(), Data::I32(all)))
        }
        Random::Split { .. } | Random::FoldIn => None,
    }
}

/// Elements whose bytes are the words of the stream.
trait Bits: Element {}
impl Bits for u8 {}
impl Bits for u32 {}
impl Bits for u64 {}

/// Each key's part of the result can be entered anywhere, so any range can be drawn alone.
fn draw<T: Bits>(keys: &[KeyWords], n: usize, out: &Type) -> Value {
    let lanes = Lanes::best();
    let total = keys.len() * n;
    let all = fill_in(room(total), total, 1, 1 << 14, |range, mut out: &mut [MaybeUninit<T>]| {
        let mut at = range.start;
        while at < range.end {
            let (key, start) = (at / n, at % n);
            let len = (n - start).min(range.end - at);
            let (head, tail) = out.split_at_mut(len);
            bits(lanes, &keys[key], start, head);
            (out, at) = (tail, at + len);
        }
    });
    Value::of_last(out.shape(), T::wrap(all))
}

/// Whether bits of a dtype are drawn here.
pub(crate) fn draws(dtype: DType) -> bool {
    matches!(dtype, DType::U8 | DType::U32 | DType::U64)
}

/// Writes elements `start`, `start + 1`, … of the bits of a dtype, which [`draws`], that a key gives.
///
/// # Safety
/// `out` has room for `n` elements of the dtype and is aligned for them.
pub(crate) unsafe fn draw_at(dtype: DType, key: &KeyWords, start: usize, out: *mut u8, n: usize) {
    // SAFETY: the caller's promise.
    unsafe fn room<'a, T>(out: *mut u8, n: usize) -> &'a mut [MaybeUninit<T>] {
        unsafe { std::slice::from_raw_parts_mut(out.cast(), n) }
    }
    let lanes = Lanes::best();
    // SAFETY: the caller's promise.
    unsafe {
        match dtype {
            DType::U8 => bits(lanes, key, start, room::<u8>(out, n)),
            DType::U32 => bits(lanes, key, start, room::<u32>(out, n)),
            DType::U64 => bits(lanes, key, start, room::<u64>(out, n)),
            _ => unreachable!("bits are not drawn as {dtype}"),
        }
    }
}

/// Elements `start`, `start + 1`, … of what is drawn from a key; all of `out` is written.
fn bits<T: Bits>(lanes: Lanes, key: &KeyWords, start: usize, out: &mut [MaybeUninit<T>]) {
    let size = size_of::<T>();
    // SAFETY: the same memory as bytes, which have no alignment.
    let bytes = unsafe {
        std::slice::from_raw_parts_mut(out.as_mut_ptr().cast::<MaybeUninit<u8>>(), size_of_val(out))
    };
    chacha::fill(lanes, key, Stream::Draw, start as u128 * size as u128, bytes);
    if cfg!(target_endian = "big") {
        for x in out {
            // SAFETY: `chacha::fill` writes all bytes, and every pattern is a number.
            let bits = Element::to_bits(unsafe { x.assume_init() });
            x.write(<T as Element>::from_bits(bits.swap_bytes() >> (64 - 8 * size)));
        }
    }
}
