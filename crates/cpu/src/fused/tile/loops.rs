//! The loops of the tile interpreter. Results have slots of their own, so nothing overlaps.

use super::super::line::FOLD_LANES;
use crate::simd::wide_fn;
use std::mem::MaybeUninit;

wide_fn! {
    fn map<X, Z, F>(x: &[X], z: &mut [MaybeUninit<Z>], f: F) where (X: Copy, F: Fn(X) -> Z) {
        for (z, &x) in z.iter_mut().zip(x) {
            z.write(f(x));
        }
    }
}

wide_fn! {
    fn map2<X, Z, F>(x: &[X], y: &[X], z: &mut [MaybeUninit<Z>], f: F)
    where (X: Copy, F: Fn(X, X) -> Z) {
        for ((z, &x), &y) in z.iter_mut().zip(x).zip(y) {
            z.write(f(x, y));
        }
    }
}

wide_fn! {
    /// The first operand may have another type.
    fn map3<M, X, F>(m: &[M], x: &[X], y: &[X], z: &mut [MaybeUninit<X>], f: F)
    where (M: Copy, X: Copy, F: Fn(M, X, X) -> X) {
        for (((z, &m), &x), &y) in z.iter_mut().zip(m).zip(x).zip(y) {
            z.write(f(m, x, y));
        }
    }
}

wide_fn! {
    /// Takes elements into the lanes of a fold.
    fn take<T, F>(lanes: &mut [T; FOLD_LANES], from: &[T], f: F) where (T: Copy, F: Fn(T, T) -> T) {
        let (chunks, rest) = from.as_chunks::<FOLD_LANES>();
        let mut local = *lanes;
        for chunk in chunks {
            for (lane, &x) in local.iter_mut().zip(chunk) {
                *lane = f(*lane, x);
            }
        }
        for (lane, &x) in local.iter_mut().zip(rest) {
            *lane = f(*lane, x);
        }
        *lanes = local;
    }
}
