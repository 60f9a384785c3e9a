//! Products along an axis of one element: nothing is summed, and a negative zero stays one.

use super::Product;
use crate::simd::wide;
use crate::threads::{Shared, for_ranges};
use pullback_ir::scalar::NumScalar;

/// Elements after which the time that they took is looked at.
const PROBE: usize = 1 << 14;

/// Writes an outer product.
///
/// # Safety
/// As [`product`](super::product), with `k` of 1.
pub(super) unsafe fn outer<E: NumScalar>(p: &Product<E>, parallel: bool) {
    let [m, _, n] = p.sizes;
    // SAFETY: the right operand has `n` columns.
    let row = (0..n).map(|j| unsafe { *p.y.from(0, j).at }.widen());
    let row: Vec<E::Acc> = row.collect();
    let ends = Shared(*p);
    let body = |range: std::ops::Range<usize>| {
        let p = ends.get();
        for i in range {
            // SAFETY: row `i` of the left operand and of the result exist, and no other range has them.
            let (x, out) = unsafe { ((*p.x.from(i, 0).at).widen(), p.out.add(i * p.out_row)) };
            wide(|| {
                for (j, &y) in row.iter().enumerate() {
                    // SAFETY: as above.
                    unsafe { out.add(j).write(x.times(y)) };
                }
            });
        }
    };
    if parallel { for_ranges(m, PROBE.div_ceil(n), body) } else { body(0..m) }
}
