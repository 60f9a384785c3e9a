//! Random numbers: keys are explicit, split instead of shared, and mapped over like any other array.
//!
//! `cargo run --release --example sampling`

use pullback::prelude::*;
use pullback::random;

/// Estimates π from n points in the unit square.
fn estimate(n: &Array, key: Key) -> Array {
    let points = random::uniform::<f64>(key, [2000, 2]);
    let inside = points.square().sum_over(-1).lt(1.0).astype::<f64>();
    inside.sum() / n * 4.0
}

fn main() {
    // One key makes a batch of keys; vmap gives each run its own.
    let keys = Key::new(42).split_n(100);
    let n = Array::from(2000.0);
    let estimates = jit(vmap_axes([None, Some(0)], estimate))(&n, keys);
    println!("100 estimates of π: mean {:.4}, deviation {:.4}", estimates.mean(), estimates.std());
    assert!((estimates.mean().item::<f64>() - std::f64::consts::PI).abs() < 0.02);

    // The same key gives the same bits under vmap and alone.
    let [first, _] = Key::new(42).split();
    let [again, _] = Key::new(42).split();
    let one = random::normal::<f32>(first, [4]);
    let two = jit(|scale: &Array, key: Key| random::normal::<f32>(key, [4]) * scale)(
        &Array::from(1.0f32),
        again,
    );
    println!("{one}\n{two}");

    // Samples are differentiable in their parameters: d/ds E[(m + s z)²] = 2s.
    let second_moment =
        |s: &Array, key: Key| (random::normal::<f64>(key, [100_000]) * s).square().mean();
    let slope = grad(second_moment)(&Array::from(1.5), Key::new(1));
    println!("d/ds E[(s z)²] at 1.5: {slope:.3}");
    assert!((slope.item::<f64>() - 3.0).abs() < 0.1);
}
