//! What transformations do to a program, printed before and after each.
//!
//! `cargo run --release --example jaxprs`

use pullback::ir::transform;
use pullback::prelude::*;

fn f(x: &Array, y: &Array) -> Array {
    (x.sin() * y).sum()
}

fn main() {
    let x = zeros::<f32>([3]);
    let y = zeros::<f32>([3]);
    let plain = make_jaxpr(f)(&x, &y);
    println!("f:\n{plain}\n");

    let both = [true, true];
    println!("jvp:\n{}\n", transform::jvp(&plain, &both).expect("f has a jvp").jaxpr);

    let linear = transform::linearize(&plain, &[true, false]).expect("f can be linearised");
    println!("linearize in x, the part that computes residuals:\n{}\n", linear.primal);
    println!("and the linear part:\n{}\n", linear.tangent);

    // It is linear in its first input; the others are residuals.
    let is_linear: Vec<bool> = (0..linear.tangent.n_ins()).map(|i| i == 0).collect();
    let back = transform::transpose(&linear.tangent, &is_linear).expect("it is linear");
    println!("transposed:\n{back}\n");

    println!("grad:\n{}\n", make_jaxpr(grad(f))(&x, &y));

    let xs = zeros::<f32>([5, 3]);
    println!("vmap of grad:\n{}\n", make_jaxpr(vmap_axes([Some(0), None], grad(f)))(&xs, &y));

    let wasteful = |x: &Array| x.sin() * 1.0 + x.sin() * x.sin();
    let before = make_jaxpr(wasteful)(&x);
    let after = transform::cse(&transform::simplify(&before));
    println!("before simplify and cse:\n{before}\n\nafter:\n{after}");
    assert!(after.eqns().len() < before.eqns().len());
}
