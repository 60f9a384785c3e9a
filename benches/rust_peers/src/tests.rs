//! All libraries compute the same.

use crate::inputs::{Mixture, Network, rosenbrock};
use crate::*;

#[track_caller]
fn same(library: &str, mut run: Run, expected: &[f64], within: f64) {
    let got = run();
    assert_eq!(got.len(), expected.len(), "{library}");
    let largest = expected.iter().fold(0.0, |m: f64, x| m.max(x.abs()));
    assert!(largest > 0.0, "zeros say nothing");
    for (a, b) in got.iter().zip(expected) {
        assert!((a - b).abs() <= within * largest, "{library}: {a}, not {b}");
    }
}

#[test]
fn rosenbrock_gradients() {
    let x = rosenbrock();
    let expected = in_pullback::rosenbrock_gradient(&x)();
    same("echidna", in_echidna::rosenbrock_gradient(&x), &expected, 1e-12);
    same("burn", in_burn::rosenbrock_gradient(&x), &expected, 1e-12);
    same("candle", in_candle::rosenbrock_gradient(&x).expect("it runs"), &expected, 1e-12);
}

#[test]
fn rosenbrock_hessians() {
    let x = rosenbrock();
    let expected = in_pullback::rosenbrock_hessian(&x)();
    same("echidna", in_echidna::rosenbrock_hessian(&x), &expected, 1e-12);
}

#[test]
fn gmm() {
    let m = Mixture::new(20, 3, 4);
    let expected = in_pullback::gmm(&m)();
    same("echidna", in_echidna::gmm(&m), &expected, 1e-12);
    same("burn", in_burn::gmm(&m), &expected, 1e-12);
    same("candle", in_candle::gmm(&m).expect("it runs"), &expected, 1e-12);
}

#[test]
fn mlp_steps() {
    let net = Network::new(8, [12, 6, 5]);
    let expected = in_pullback::mlp_step(&net)();
    same("burn", in_burn::mlp_step(&net), &expected, 1e-5);
    same("candle", in_candle::mlp_step(&net).expect("it runs"), &expected, 1e-5);
}
