//! Multilayer perceptrons with ReLU, for the groups `model` and `compile`.

use crate::workload::Inputs;
use pullback::prelude::*;

/// An affine map.
#[derive(Tree)]
pub(crate) struct Layer {
    pub(crate) w: Array,
    pub(crate) b: Array,
}

impl Layer {
    /// From the inputs `w` and `b` with this ending.
    pub(crate) fn new(inputs: &Inputs, ending: &str) -> Layer {
        Layer { w: inputs.get(&format!("w{ending}")), b: inputs.get(&format!("b{ending}")) }
    }

    pub(crate) fn apply(&self, x: &Array) -> Array {
        x.dot(&self.w) + &self.b
    }
}

#[derive(Tree)]
pub(crate) struct Network {
    layers: Vec<Layer>,
}

impl Network {
    /// From the inputs `w1`, `b1`, `w2`, ….
    pub(crate) fn new(inputs: &Inputs, depth: usize) -> Network {
        Network { layers: (1..=depth).map(|i| Layer::new(inputs, &i.to_string())).collect() }
    }

    /// A direction in the space of its parameters: the inputs `w1v`, `b1v`, ….
    pub(crate) fn direction(inputs: &Inputs, depth: usize) -> Network {
        Network { layers: (1..=depth).map(|i| Layer::new(inputs, &format!("{i}v"))).collect() }
    }

    fn logits(&self, x: &Array) -> Array {
        let (last, hidden) = self.layers.split_last().expect("a network has layers");
        let x = hidden.iter().fold(x.clone(), |x, layer| layer.apply(&x).relu());
        last.apply(&x)
    }
}

/// Mean cross-entropy of logits `[.., classes]` and labels `[..]`.
pub(crate) fn cross_entropy(logits: &Array, labels: &Array) -> Array {
    let classes = logits.shape()[logits.ndim() - 1];
    let picked = logits.log_softmax(-1) * one_hot::<f32>(labels, classes);
    -picked.sum_over(-1).mean()
}

pub(crate) fn loss(network: &Network, x: &Array, labels: &Array) -> Array {
    cross_entropy(&network.logits(x), labels)
}
