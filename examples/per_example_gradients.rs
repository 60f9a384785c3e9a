//! Per-example gradients: `vmap(grad(loss))`, a gradient for each example of a batch in one program.
//!
//! `cargo run --release --example per_example_gradients`

use pullback::prelude::*;
use pullback::random;

#[derive(Tree)]
struct Model {
    w: Array,
    b: Array,
}

/// Squared error of one example.
fn loss(m: &Model, x: &Array, y: &Array) -> Array {
    (x.dot(&m.w).tanh() + &m.b - y).square()
}

fn main() {
    let [k1, k2, k3] = Key::new(0).split();
    let model = Model { w: random::normal::<f64>(k1, [3]), b: Array::from(0.1) };
    let x = random::normal::<f64>(k2, [5, 3]);
    let y = random::normal::<f64>(k3, [5]);

    // The model is passed whole, the examples along axis 0.
    let per_example = jit(vmap_axes([None, Some(0), Some(0)], grad(loss)));
    let g = per_example(&model, &x, &y);
    println!("gradients of w, one row an example:\n{}", g.w);
    assert_eq!(g.w.shape(), [5, 3]);
    assert_eq!(g.b.shape(), [5]);

    // Their mean is the gradient of the mean loss.
    let mean_loss =
        |m: &Model, x: &Array, y: &Array| vmap_axes([None, Some(0), Some(0)], loss)(m, x, y).mean();
    let whole = grad(mean_loss)(&model, &x, &y);
    assert!(g.w.mean_over(0).allclose(&whole.w, 1e-12, 1e-12).item::<bool>());
    println!("mean of the rows: {}", g.w.mean_over(0));
    println!("gradient norms:   {}", g.w.norm_over(-1, 2.0));
}
