//! Attention and a small transformer (two blocks, normalisation in front, causal), for the groups
//! `model` and `compile`.

use crate::kernel::normalize;
use crate::network::{Layer, cross_entropy};
use crate::workload::Inputs;
use pullback::prelude::*;

pub(crate) const HEADS: usize = 4;
const BLOCKS: usize = 2;

#[derive(Tree)]
pub(crate) struct Attention {
    qkv: Array,
    out: Array,
}

impl Attention {
    pub(crate) fn new(inputs: &Inputs, ending: &str) -> Attention {
        Attention {
            qkv: inputs.get(&format!("qkv{ending}")),
            out: inputs.get(&format!("out{ending}")),
        }
    }

    /// Causal self-attention of `[batch, time, width]`.
    pub(crate) fn apply(&self, x: &Array) -> Array {
        let [batch, time, width] = *x.shape() else { panic!("attention takes rank 3") };
        let heads = |x: &Array| x.reshape([batch, time, HEADS, width / HEADS]);
        let [q, k, v] = &x.dot(&self.qkv).split(3, -1)[..] else { unreachable!() };
        let scale = 1.0 / ((width / HEADS) as f64).sqrt();
        let scores = einsum("bthd,bshd->bhts", [heads(q), heads(k)]) * scale;
        let scores = select(tri::<bool>(time, time, 0), scores, -1e9);
        let mixed = einsum("bhts,bshd->bthd", [scores.softmax(-1), heads(v)]);
        mixed.reshape([batch, time, width]).dot(&self.out)
    }
}

#[derive(Tree)]
struct Norm {
    gamma: Array,
    beta: Array,
}

impl Norm {
    fn new(inputs: &Inputs, ending: &str) -> Norm {
        Norm {
            gamma: inputs.get(&format!("gamma{ending}")),
            beta: inputs.get(&format!("beta{ending}")),
        }
    }

    fn apply(&self, x: &Array) -> Array {
        normalize(x, &self.gamma, &self.beta)
    }
}

#[derive(Tree)]
struct Block {
    before_attention: Norm,
    attention: Attention,
    before_mlp: Norm,
    up: Layer,
    down: Layer,
}

impl Block {
    fn new(inputs: &Inputs, i: usize) -> Block {
        let of = |part: &str| format!("_{i}{part}");
        Block {
            before_attention: Norm::new(inputs, &of("a")),
            attention: Attention::new(inputs, &of("")),
            before_mlp: Norm::new(inputs, &of("m")),
            up: Layer::new(inputs, &of("u")),
            down: Layer::new(inputs, &of("d")),
        }
    }

    fn apply(&self, x: &Array) -> Array {
        let x = x + self.attention.apply(&self.before_attention.apply(x));
        let hidden = self.up.apply(&self.before_mlp.apply(&x)).gelu();
        &x + self.down.apply(&hidden)
    }
}

#[derive(Tree)]
pub(crate) struct Transformer {
    embed: Array,
    position: Array,
    blocks: Vec<Block>,
    last: Norm,
    unembed: Array,
}

impl Transformer {
    pub(crate) fn new(inputs: &Inputs) -> Transformer {
        Transformer {
            embed: inputs.get("embed"),
            position: inputs.get("position"),
            blocks: (0..BLOCKS).map(|i| Block::new(inputs, i)).collect(),
            last: Norm::new(inputs, "_last"),
            unembed: inputs.get("unembed"),
        }
    }
}

/// Mean cross-entropy of the next token; `tokens` and `targets` are `[batch, time]`.
pub(crate) fn loss(model: &Transformer, tokens: &Array, targets: &Array) -> Array {
    let x = model.embed.take(tokens, 0) + &model.position;
    let x = model.blocks.iter().fold(x, |x, block| block.apply(&x));
    cross_entropy(&model.last.apply(&x).dot(&model.unembed), targets)
}
