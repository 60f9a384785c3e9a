//! A few operations and a comparison.

use pullback_array::ir::prim::{binary::Binary, reduce::*, unary::Unary};
use pullback_array::*;

// The vocabulary of arrays has its own tests; these few are enough here.
pub(crate) fn arr(xs: &[f64]) -> Array {
    Array::from_value(Value::new(&[xs.len()][..], xs.to_vec()))
}
pub(crate) fn scalar(x: f64) -> Array {
    Array::from_value(Value::scalar(x))
}
pub(crate) fn op(prim: impl Into<ir::Prim>, xs: &[&Array]) -> Array {
    // As the methods of arrays do: the typed payload is what `try_call` gives back.
    Array::apply(prim, xs).unwrap_or_else(|e| std::panic::panic_any(e)).remove(0)
}
pub(crate) fn mul(x: &Array, y: &Array) -> Array {
    op(Binary::Mul, &[x, y])
}
pub(crate) fn add(x: &Array, y: &Array) -> Array {
    op(Binary::Add, &[x, y])
}
pub(crate) fn sin(x: &Array) -> Array {
    op(Unary::Sin, &[x])
}
pub(crate) fn sum(x: &Array) -> Array {
    let axes = (0..x.ndim()).collect();
    op(Reduce { op: ReduceOp::Sum, axes }, &[x])
}
pub(crate) fn close(x: &Array, want: &[f64]) {
    let got = x.to_vec::<f64>();
    assert_eq!(got.len(), want.len(), "{got:?} {want:?}");
    for (g, w) in got.iter().zip(want) {
        assert!((g - w).abs() <= 1e-12 * w.abs().max(1.0), "{got:?} {want:?}");
    }
}
