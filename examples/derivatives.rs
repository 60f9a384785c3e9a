//! Derivatives of a scalar function to any order: `grad` of `grad` of `grad`.
//!
//! `cargo run --release --example derivatives`

use pullback::prelude::*;

/// tanh, written with exponentials.
fn f(x: &Array) -> Array {
    let e = (x * -2.0).exp();
    (1.0 - &e) / (1.0 + &e)
}

fn main() {
    let x = Array::from(0.5);
    let first = grad(f);
    let second = grad(&first);
    let third = grad(&second);

    // tanh' = 1 - tanh², and so on.
    let t = 0.5f64.tanh();
    let d1 = 1.0 - t * t;
    let d2 = -2.0 * t * d1;
    let d3 = -2.0 * d1 * d1 - 2.0 * t * d2;
    println!("{:>4} {:>22} {:>22}", "", "by grad", "by hand");
    let rows =
        [("f", f(&x), t), ("f'", first(&x), d1), ("f''", second(&x), d2), ("f'''", third(&x), d3)];
    for (name, got, want) in rows {
        let got = got.item::<f64>();
        println!("{name:>4} {got:>22.16} {want:>22.16}");
        assert!((got - want).abs() < 1e-13);
    }

    // On a whole array at once: vmap maps the scalar derivative over it.
    let xs = linspace::<f64>(-2.0, 2.0, 5);
    println!("f'' at {xs}\n    = {}", vmap(second)(&xs));
}
