//! Random bits: the IR's definition, drawn piecewise on several threads.

use crate::reduce::fill;
use pullback_ir::prim::random::Random;
use pullback_ir::scalar::random::{KeyWords, bits_u8, bits_u32, bits_u64};
use pullback_ir::shape::numel;
use pullback_ir::{DType, Element, Shape, Type, Value};
use std::mem::MaybeUninit;

pub(crate) fn random(prim: &Random, key: &Value, out: &Type) -> Option<Value> {
    let Random::Bits { dtype, shape } = prim else { return None };
    let (keys, _) = key.slice::<u32>().as_chunks::<8>();
    let n = numel(shape);
    assert_eq!(keys.len() * n, out.numel());
    Some(match dtype {
        DType::U8 => draw(keys, n, out, bits_u8),
        DType::U32 => draw(keys, n, out, bits_u32),
        DType::U64 => draw(keys, n, out, bits_u64),
        _ => return None,
    })
}

/// Each key's part of the result can be entered anywhere, so any range can be drawn alone.
fn draw<T: Element>(
    keys: &[KeyWords],
    n: usize,
    out: &Type,
    bits: impl Fn(&KeyWords, u64, &mut [T]) + Sync,
) -> Value {
    let all = fill(keys.len() * n, 1, 4096, |range, out| {
        // The generators write to initialised elements.
        let out = initialised(out);
        let (mut at, mut out) = (range.start, out);
        while at < range.end {
            let (key, start) = (at / n, at % n);
            let len = (n - start).min(range.end - at);
            let (head, tail) = out.split_at_mut(len);
            bits(&keys[key], start as u64, head);
            (out, at) = (tail, at + len);
        }
    });
    Value::new(Shape::from_slice(out.shape()), all)
}

fn initialised<T: Element>(out: &mut [MaybeUninit<T>]) -> &mut [T] {
    for x in out.iter_mut() {
        x.write(T::default());
    }
    // SAFETY: all elements have just been written.
    unsafe { &mut *(std::ptr::from_mut(out) as *mut [T]) }
}
