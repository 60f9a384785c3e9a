//! A derivative rule of one's own: log(1 + eˣ), whose derivative overflows when taken literally.
//!
//! `cargo run --release --example custom_rule`

use pullback::prelude::*;

fn naive(x: &Array) -> Array {
    (1.0 + x.exp()).log()
}

fn main() {
    let x = Array::from(1000.0);
    println!("literally: value {}, derivative {}", naive(&x), grad(naive)(&x));
    assert!(grad(naive)(&x).item::<f64>().is_nan());

    // The rule gets primal and tangent and gives both results; it is differentiable itself.
    let softplus = custom_jvp(
        |x: &Array| x.maximum(0.0) + (-x.abs()).exp().log1p(),
        |x: &Array, t: &Array| (x.maximum(0.0) + (-x.abs()).exp().log1p(), x.sigmoid() * t),
    );
    println!("with rule: value {}, derivative {}", softplus(&x), grad(&softplus)(&x));
    assert_eq!(grad(&softplus)(&x).item::<f64>(), 1.0);
    assert_eq!(grad(grad(&softplus))(&Array::from(0.0)).item::<f64>(), 0.25);

    // Rules can be wrong: this compares them with differences, here to second order.
    pullback_testing::check_grads(&softplus, &array![-2.0, 0.5, 3.0], 2);

    // A backward pass need not be a derivative at all: this one clips what flows through.
    let clip_gradient = custom_vjp(
        |x: &Array| x.clone(),
        |x: &Array| (x.clone(), ()),
        |_: &(), ct: &Array| ct.clip(-1.0, 1.0),
    );
    let steep = |x: &Array| clip_gradient(x).powi(3).sum();
    let xs = array![0.1, 0.5, 2.0, -3.0];
    println!("gradient of x³, clipped: {}", grad(steep)(&xs));
    assert_eq!(grad(steep)(&xs).to_vec::<f64>()[2..], [1.0, 1.0]);
}
