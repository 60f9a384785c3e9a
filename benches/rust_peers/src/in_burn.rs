//! burn on its CPU backend `flex`: leaves, the graph of each call, `backward`. A gradient has no graph, so
//! there are no derivatives of derivatives.

use crate::Run;
use crate::inputs::{Mixture, Network, RATE};
use burn::tensor::{DType, Device, Tensor, TensorData, activation};

fn device() -> Device {
    Device::flex()
}

fn constant<const D: usize>(data: &[f64], shape: [usize; D]) -> Tensor<D> {
    Tensor::from_data(TensorData::new(data.to_vec(), shape), (&device().autodiff(), DType::F64))
}

fn leaf<const D: usize>(data: &[f64], shape: [usize; D]) -> Tensor<D> {
    constant(data, shape).require_grad()
}

fn flat<const D: usize>(x: Tensor<D>) -> Vec<f64> {
    x.into_data().try_into_vec::<f64>().expect("the gradient is f64")
}

pub fn rosenbrock_gradient(x: &[f64]) -> Run {
    let n = x.len();
    let x = leaf(x, [n]);
    Box::new(move || {
        let left = x.clone().slice([0..n - 1]);
        let right = x.clone().slice([1..n]);
        let bend = (right - left.clone().square()).square();
        let y = (bend * 100.0 + (left.neg() + 1.0).square()).sum();
        let gradients = y.backward();
        flat(x.grad(&gradients).expect("y depends on x"))
    })
}

fn logsumexp(x: Tensor<2>) -> Tensor<2> {
    let max = x.clone().detach().max_dim(1);
    (x - max.clone()).exp().sum_dim(1).log() + max
}

pub fn gmm(m: &Mixture) -> Run {
    let (n, k, d) = (m.n, m.k, m.d);
    let x = constant(&m.x, [n, d]);
    let (below, diagonal) = (constant(&m.below(), [1, d, d]), constant(&m.diagonal(), [1, d, d]));
    let (alpha, mu) = (leaf(&m.alpha, [1, k]), leaf(&m.mu, [k, d]));
    let (q, l) = (leaf(&m.q, [k, d]), leaf(&m.l, [k, d, d]));
    Box::new(move || {
        let on = q.clone().exp().reshape([k, d, 1]) * diagonal.clone();
        let factors = l.clone() * below.clone() + on;
        let qx = x.clone().matmul(factors.clone().reshape([k * d, d]).transpose());
        let qmu = factors.clone().matmul(mu.clone().reshape([k, d, 1])).reshape([1, k, d]);
        let squares = (qx.reshape([n, k, d]) - qmu).square().sum_dim(2).reshape([n, k]);
        let weight = alpha.clone() + q.clone().sum_dim(1).reshape([1, k]);
        let mixture = logsumexp(weight - squares * 0.5).sum();
        let y = mixture - logsumexp(alpha.clone()).sum() * n as f64 - factors.square().sum() * 0.5;
        let g = y.backward();
        let missing = "y depends on all parameters";
        [
            flat(alpha.grad(&g).expect(missing)),
            flat(mu.grad(&g).expect(missing)),
            flat(q.grad(&g).expect(missing)),
            flat(l.grad(&g).expect(missing)),
        ]
        .concat()
    })
}

pub fn mlp_step(net: &Network) -> Run {
    let [i, h, o] = net.sizes;
    let tensor = |data: &[f32], shape: [usize; 2]| -> Tensor<2> {
        let options = (&device().autodiff(), DType::F32);
        Tensor::from_data(TensorData::new(data.to_vec(), shape), options)
    };
    let (x, labels) = (tensor(&net.x, [net.batch, i]), tensor(&net.labels, [net.batch, o]));
    let [w1, b1, w2, b2] = &net.parameters;
    let p = [
        tensor(w1, [i, h]).require_grad(),
        tensor(b1, [1, h]).require_grad(),
        tensor(w2, [h, o]).require_grad(),
        tensor(b2, [1, o]).require_grad(),
    ];
    let batch = net.batch as f64;
    Box::new(move || {
        let [w1, b1, w2, b2] = p.clone();
        let hidden = activation::relu(x.clone().matmul(w1) + b1);
        let log_softmax = activation::log_softmax(hidden.matmul(w2) + b2, 1);
        let loss = (log_softmax * labels.clone()).sum() * (-1.0 / batch);
        let mut g = loss.backward();
        let missing = "the loss depends on all of it";
        let step = |p: &Tensor<2>| p.clone().inner() - p.grad_remove(&mut g).expect(missing) * RATE;
        let next: Vec<Tensor<2>> = p.iter().map(step).collect();
        let last = next[3].clone().into_data().try_into_vec::<f32>().expect("parameters are f32");
        last.into_iter().map(f64::from).collect()
    })
}
