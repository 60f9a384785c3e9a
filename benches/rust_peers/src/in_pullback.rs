//! Pullback: `jit` once, then calls.

use crate::Run;
use crate::inputs::{Mixture, Network, RATE};
use pullback::prelude::*;

fn rosenbrock(x: &Array) -> Array {
    let (left, right) = (x.get(..-1), x.get(1..));
    (100.0 * (right - left.square()).square() + (1.0 - left).square()).sum()
}

pub fn rosenbrock_gradient(x: &[f64]) -> Run {
    let (f, x) = (jit(grad(rosenbrock)), Array::from(x));
    Box::new(move || f(&x).to_vec())
}

pub fn rosenbrock_hessian(x: &[f64]) -> Run {
    let (f, x) = (jit(hessian(rosenbrock)), Array::from(x));
    Box::new(move || f(&x).to_vec())
}

#[derive(Tree)]
struct Params {
    alpha: Array,
    mu: Array,
    q: Array,
    l: Array,
}

fn log_posterior(p: &Params, x: &Array) -> Array {
    let ([n, d], k) = ([x.shape()[0], x.shape()[1]], p.alpha.size());
    let factors = p.l.tril(-1) + eye::<f64>(d) * p.q.exp().expand_dims(2);
    let qx = x.dot(factors.reshape([k * d, d]).t()).reshape([n, k, d]);
    let qmu = einsum("kij,kj->ki", [&factors, &p.mu]);
    let terms = &p.alpha + p.q.sum_over(1) - 0.5 * (qx - qmu).square().sum_over(2);
    let mixture = terms.logsumexp_over(1).sum() - n as f64 * p.alpha.logsumexp();
    mixture - 0.5 * factors.square().sum()
}

pub fn gmm(m: &Mixture) -> Run {
    let (k, d) = (m.k, m.d);
    let p = Params {
        alpha: Array::from(&m.alpha),
        mu: Array::from_slice(&m.mu, [k, d]),
        q: Array::from_slice(&m.q, [k, d]),
        l: Array::from_slice(&m.l, [k, d, d]),
    };
    let (f, x) = (jit(grad(log_posterior)), Array::from_slice(&m.x, [m.n, d]));
    Box::new(move || tree::leaves(&f(&p, &x)).iter().flat_map(Array::to_vec::<f64>).collect())
}

/// Weights and biases of the two layers.
type Layers = [Array; 4];

fn loss(p: &Layers, x: &Array, labels: &Array) -> Array {
    let [w1, b1, w2, b2] = p;
    let logits = (x.dot(w1) + b1).relu().dot(w2) + b2;
    -(logits.log_softmax(1) * labels).sum() / x.shape()[0] as f32
}

fn step(p: &Layers, x: &Array, labels: &Array) -> Layers {
    let gradient = grad(loss)(p, x, labels);
    tree::zip(|p, g| p - g * RATE as f32, p, &gradient)
}

pub fn mlp_step(net: &Network) -> Run {
    let [i, h, o] = net.sizes;
    let [w1, b1, w2, b2] = &net.parameters;
    let p = [
        Array::from_slice(w1, [i, h]),
        Array::from(b1),
        Array::from_slice(w2, [h, o]),
        Array::from(b2),
    ];
    let x = Array::from_slice(&net.x, [net.batch, i]);
    let labels = Array::from_slice(&net.labels, [net.batch, o]);
    let f = jit(step);
    // The last layer's biases: all of the step is computed for them, and little is read.
    Box::new(move || f(&p, &x, &labels)[3].to_vec::<f32>().into_iter().map(f64::from).collect())
}
