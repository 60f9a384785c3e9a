//! Jacobians both ways: forward mode goes through the inputs, reverse mode through the outputs; over a
//! struct of parameters they are structs of structs.
//!
//! `cargo run --release --example jacobians`

use pullback::prelude::*;

/// Spherical to Cartesian coordinates.
fn cartesian(p: &Array) -> Array {
    let (r, theta, phi) = (p.get(0), p.get(1), p.get(2));
    stack(&[&r * &theta.sin() * phi.cos(), &r * &theta.sin() * phi.sin(), &r * &theta.cos()], 0)
}

#[derive(Tree)]
struct Params {
    w: Array,
    b: Array,
}

fn energy(p: &Params) -> Array {
    (p.w.sin() * &p.b).sum() + p.b.square().sum()
}

fn main() {
    let p = array![2.0, 0.7, 0.3];
    let forward = jacfwd(cartesian)(&p);
    let reverse = jacrev(cartesian)(&p);
    println!("Jacobian of the spherical coordinates:\n{forward}");
    assert!(forward.allclose(&reverse, 1e-12, 1e-12).item::<bool>());
    // Its columns are orthogonal with lengths 1, r and r sin θ.
    let metric = forward.t().dot(&forward);
    println!("JᵀJ:\n{metric}");
    assert!(metric.get((1, 1)).allclose(&Array::from(4.0), 1e-12, 1e-12).item::<bool>());

    let params = Params { w: array![0.1, 0.2], b: array![0.5, -0.5] };
    let h = hessian(energy)(&params);
    println!("∂²E/∂w∂b:\n{}", h.w().b);
    println!("∂²E/∂b²:\n{}", h.b().b);
    assert_eq!(h.w().b.shape(), [2, 2]);
}
