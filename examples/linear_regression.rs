//! Linear regression by gradient descent: `jit(value_and_grad(loss))`.
//!
//! `cargo run --release --example linear_regression`

use pullback::prelude::*;
use pullback::random;
use pullback_optim::{GradientTransformation, apply_updates, sgd};

#[derive(Tree)]
struct Line {
    slope: Array,
    intercept: Array,
}

fn loss(line: &Line, x: &Array, y: &Array) -> Array {
    (x * &line.slope + &line.intercept - y).square().mean()
}

fn main() {
    // y = 3x - 2, with noise.
    let [k1, k2] = Key::new(7).split();
    let x = random::uniform::<f64>(k1, [200]);
    let y = &x * 3.0 - 2.0 + random::normal::<f64>(k2, [200]) * 0.05;

    let mut line = Line { slope: Array::from(0.0), intercept: Array::from(0.0) };
    let opt = sgd(0.5);
    let mut state = opt.init(&line);
    let step = jit(value_and_grad(loss));
    for i in 0..=300 {
        let (value, grads) = step(&line, &x, &y);
        if i % 100 == 0 {
            println!(
                "step {i:>3}  loss {value:.6}  y = {:.4} x + {:.4}",
                line.slope, line.intercept
            );
        }
        let (updates, next) = opt.update(&grads, &state, &line);
        (line, state) = (apply_updates(&line, &updates), next);
    }
    assert_eq!(step.stats().traces, 1);
    assert!((line.slope.item::<f64>() - 3.0).abs() < 0.05);
    assert!((line.intercept.item::<f64>() + 2.0).abs() < 0.05);
}
