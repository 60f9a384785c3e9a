//! Loops over slices.

use super::scalar::{F32, F64};
use crate::simd::wide;
use std::mem::MaybeUninit;

/// Elements that are done once more if one of them is a rare case.
const BLOCK: usize = 256;

macro_rules! drive {
    ($name:ident, $pass:ident, $t:ident, $lanes:ident, |$l:ident| $hit:expr) => {
        /// Applies a function of two arguments to the elements of slices, all as long as `out`.
        ///
        /// It is given twice: as `fast`, which only notes rare cases, and as `exact`, which computes them.
        #[inline(always)]
        pub(super) fn $name(
            fast: impl Fn(&mut $lanes<false>, $t, $t) -> $t,
            exact: impl Fn(&mut $lanes<true>, $t, $t) -> $t,
            x: &[$t],
            y: &[$t],
            out: &mut [MaybeUninit<$t>],
        ) {
            assert!(
                x.len() == out.len() && y.len() == out.len(),
                "operands have the size of the result"
            );
            let blocks = x.chunks(BLOCK).zip(y.chunks(BLOCK)).zip(out.chunks_mut(BLOCK));
            for ((x, y), out) in blocks {
                if wide(|| $pass(&fast, x, y, out)) {
                    for ((&x, &y), out) in x.iter().zip(y).zip(out) {
                        out.write(exact(&mut $lanes::default(), x, y));
                    }
                }
            }
        }

        /// One block; tells whether there was a rare case. As arguments the slices are known not to
        /// overlap, without which the loop would not be vectorised.
        #[inline(always)]
        fn $pass(
            f: impl Fn(&mut $lanes<false>, $t, $t) -> $t,
            x: &[$t],
            y: &[$t],
            out: &mut [MaybeUninit<$t>],
        ) -> bool {
            // One length for all, so that the loop has one exit.
            let n = out.len();
            let (x, y) = (&x[..n], &y[..n]);
            let mut hits = 0;
            for i in 0..n {
                let mut $l = $lanes::default();
                out[i].write(f(&mut $l, x[i], y[i]));
                hits |= $hit;
            }
            hits != 0
        }
    };
}
drive!(drive32, pass32, f32, F32, |l| i64::from(l.hit) | l.wide.hit);
drive!(drive64, pass64, f64, F64, |l| l.hit);
