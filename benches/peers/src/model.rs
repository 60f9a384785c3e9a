//! Group `model`: training steps, epochs, and higher derivatives of models.

use crate::network::{self, Network};
use crate::transformer::{self, Attention, Transformer};
use crate::workload::{Build, Inputs, Run, call, steps};
use pullback::prelude::*;
use pullback_optim::{GradientTransformation, adam, sgd, step};

pub(crate) fn find(name: &str) -> Option<Build> {
    Some(match name {
        "mlp_step_784_512_256_10_b64" => mlp_step,
        "mnist_epoch_sgd" => |i| mnist_epoch(i, sgd(0.01)),
        "mnist_epoch_adam" => |i| mnist_epoch(i, adam(0.001)),
        "attention_fwd_8x128x256h4" => attention,
        "attention_grad_8x128x256h4" => attention_grad,
        "transformer_step_2x128x256" => transformer_step,
        "per_example_grads_mlp" => per_example_grads,
        "hessian_rosenbrock_100" => rosenbrock,
        "hessian_mlp" => hessian_mlp,
        "hvp_mlp" => hvp_mlp,
        _ => return None,
    })
}

type Loss<P> = fn(&P, &Array, &Array) -> Array;

/// Training by SGD on one batch, over and over. Parameters are given away to each step.
fn train<P: Tree>(params: P, loss: Loss<P>, [x, y]: [Array; 2]) -> Box<dyn Run> {
    let opt = sgd(0.01);
    let state = opt.init(&params);
    let train = jit(move |params: &P, state: &_, x: &Array, y: &Array| {
        let (loss, grads) = value_and_grad(loss)(params, x, y);
        let (params, state) = step(&opt, params, &grads, state);
        (loss, params, state)
    });
    let first = (Array::from(0.0f32), params, state);
    let shown =
        |(loss, params, _): &(Array, P, _)| [vec![loss.clone()], tree::leaves(params)].concat();
    steps(first, shown, move |(_, params, state)| {
        train.call_owned(params, state, x.clone(), y.clone())
    })
}

fn mlp_step(inputs: &Inputs) -> Box<dyn Run> {
    train(Network::new(inputs, 3), network::loss, inputs.all(["x", "labels"]))
}

fn transformer_step(inputs: &Inputs) -> Box<dyn Run> {
    train(Transformer::new(inputs), transformer::loss, inputs.all(["tokens", "targets"]))
}

/// One epoch from the same parameters each time; `order` holds the rows of each batch.
fn mnist_epoch<O: GradientTransformation>(inputs: &Inputs, opt: O) -> Box<dyn Run> {
    let [images, labels, order] = inputs.all(["images", "labels", "order"]);
    let batches: Vec<Array> = (0..order.shape()[0]).map(|i| order.get(i)).collect();
    let params = Network::new(inputs, 2);
    let state = opt.init(&params);
    let train = jit(move |params: &Network, state: &O::State<Network>, rows: &Array| {
        let x = images.take(rows, 0).astype::<f32>() / 255.0;
        let (loss, grads) = value_and_grad(network::loss)(params, &x, &labels.take(rows, 0));
        let (params, state) = step(&opt, params, &grads, state);
        (loss, params, state)
    });
    call(move || {
        let mut params = tree::map(Array::clone, &params);
        let mut state = tree::map(Array::clone, &state);
        let mut total = 0.0;
        for rows in &batches {
            let loss;
            (loss, params, state) = train.call_owned(params, state, rows.clone());
            total += loss.item::<f32>();
        }
        (Array::from(total / batches.len() as f32), params)
    })
}

fn attention(inputs: &Inputs) -> Box<dyn Run> {
    let (params, x) = (Attention::new(inputs, ""), inputs.get("x"));
    let f = jit(|params: &Attention, x: &Array| params.apply(x));
    call(move || f(&params, &x))
}

/// The gradient by the parameters and by the input.
fn attention_grad(inputs: &Inputs) -> Box<dyn Run> {
    let (params, [x, ct]) = (Attention::new(inputs, ""), inputs.all(["x", "ct"]));
    let loss = |params: &Attention, x: &Array, ct: &Array| (params.apply(x) * ct).sum();
    let f = jit(grad_wrt((arg::<0>(), arg::<1>()), loss));
    call(move || f(&params, &x, &ct))
}

fn per_example_grads(inputs: &Inputs) -> Box<dyn Run> {
    let (params, [x, labels]) = (Network::new(inputs, 2), inputs.all(["x", "labels"]));
    let f = jit(vmap_axes([None, Some(0), Some(0)], grad(network::loss)));
    call(move || f(&params, &x, &labels))
}

fn rosenbrock(inputs: &Inputs) -> Box<dyn Run> {
    let x = inputs.get("x");
    let f = jit(hessian(|x: &Array| {
        let (a, b) = (x.get(s(..-1)), x.get(s(1..)));
        ((b - a.square()).square() * 100.0 + (1.0 - a).square()).sum()
    }));
    call(move || f(&x))
}

/// A network with one hidden layer and one output.
#[derive(Tree)]
struct Small {
    w1: Array,
    b1: Array,
    w2: Array,
}

fn squared_error(p: &Small, x: &Array, y: &Array) -> Array {
    ((x.dot(&p.w1) + &p.b1).tanh().dot(&p.w2) - y).square().mean()
}

/// All blocks of the Hessian.
fn hessian_mlp(inputs: &Inputs) -> Box<dyn Run> {
    let [w1, b1, w2, x, y] = inputs.all(["w1", "b1", "w2", "x", "y"]);
    let params = Small { w1, b1, w2 };
    let f = jit(hessian(squared_error));
    call(move || f(&params, &x, &y))
}

fn hvp_mlp(inputs: &Inputs) -> Box<dyn Run> {
    let [x, labels] = inputs.all(["x", "labels"]);
    let params = Network::new(inputs, 2);
    let direction = Network::direction(inputs, 2);
    let f = jit(hvp(network::loss));
    let primal = (params, x, labels);
    call(move || f(&primal, &direction))
}
