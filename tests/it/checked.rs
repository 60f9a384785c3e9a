//! Derivatives to second order, and batching, of functions that users call: what is put together from
//! several primitives, where the laws on single primitives do not look.

use pullback::prelude::*;
use pullback::random::{
    exponential_with, gumbel_with, laplace_with, normal_with, truncated_normal,
};
use pullback_testing::{check_grads, check_vmap};

/// Checks functions of one array at a point.
macro_rules! checked {
    ($($test:ident at $x:expr => { $($f:expr),* $(,)? })*) => {
        $(#[test]
        fn $test() {
            let x: Array = $x;
            $(
                check_grads($f, &x, 2);
                check_vmap($f, &x);
            )*
        })*
    };
}

/// Distinct numbers away from kinks at 0 and from each other.
fn matrix() -> Array {
    array![[0.4, -0.7, 1.3], [2.1, -1.6, 0.9]]
}

checked! {
    elementwise_functions at matrix() => {
        |x: &Array| x.softplus() + x.silu() * x.gelu(),
        |x: &Array| x.relu() + x.abs().sqrt(),
        |x: &Array| x.logaddexp(0.3) + x.powi(3) - x.square().powf(1.5),
        |x: &Array| x.clip(-1.0, 1.0) * x.reciprocal(),
        |x: &Array| x.remainder(0.75) * x,
        |x: &Array| x.abs().log2() + x.abs().log10(),
        |x: &Array| select(x.gt(0.0), x.sin(), x.cos()),
    }
    reductions at matrix() => {
        |x: &Array| x.mean_over(0) + x.var_over(0, 1) + x.std_over(0, 0),
        |x: &Array| x.norm() * x.norm_over(keep(1), 3.0),
        |x: &Array| x.softmax(1) * x.log_softmax(0),
        |x: &Array| x.logsumexp() + x.max() * x.min() + x.prod(),
        |x: &Array| (x.cumsum(1), x.cumprod(0), x.cummax(1), x.cumlogsumexp(0)),
    }
    products at matrix() => {
        |x: &Array| x.dot(x.t()),
        |x: &Array| einsum("ij,kj->ik", [x, &x.sin()]),
        |x: &Array| x.outer(x.ravel()),
        |x: &Array| x.vdot(x.exp()),
    }
    movements at matrix() => {
        |x: &Array| x.roll(1, 1) * x.flip(0),
        |x: &Array| x.pad((1, 2), 0.5).square(),
        |x: &Array| concat([x.t().tile([1, 2]), x.repeat(2, 1).reshape([3, 4])], 1).sin(),
        |x: &Array| x.triu(0) + x.tril(-1) * 2.0,
        |x: &Array| stack(x.split(3, 1), 0).square(),
    }
    picking at matrix() => {
        |x: &Array| x.sort(1) * x.get((.., -1)).expand_dims(1),
        |x: &Array| x.take(array![2, 0], 1) * x.take_along_axis(array![[0, 0], [2, 1]], 1),
        |x: &Array| x.top_k(2).0.square(),
        |x: &Array| x.at((0, 1..)).set(&x.get((1, 1..)).sin()),
        |x: &Array| x.at((.., array![0, 0])).add(2.0 * x.get((.., 1..)).square()),
        |x: &Array| x.diagonal(0) * x.trace(),
    }
    samples at array![0.4, 0.7] => {
        |x: &Array| normal_with::<f64>(Key::new(1), [2], x, x.exp()),
        |x: &Array| exponential_with::<f64>(Key::new(2), [2], x),
        |x: &Array| laplace_with::<f64>(Key::new(3), [2], x, 2.0).sin(),
        |x: &Array| gumbel_with::<f64>(Key::new(4), [3, 2], x, x),
        |x: &Array| truncated_normal::<f64>(Key::new(5), [2], -x, x + 1.0),
        |x: &Array| x.get(permutation(Key::new(6), 2)).square(),
    }
}
