//! Group `compile`: from a Rust function to an executable: trace, differentiate, compile.
//!
//! Each call compiles a program that has not been compiled before: the batch, the sequence or the
//! vector is longer by one each time, in all libraries, so that no table of compiled programs answers.

use crate::network::{self, Network};
use crate::transformer::{self, Transformer};
use crate::workload::{Build, Inputs, Run};
use pullback::cpu::{self, Executable};
use pullback::prelude::*;
use std::hint::black_box;

pub(crate) fn find(name: &str) -> Option<Build> {
    Some(match name {
        "compile_tiny" => |i| function(i, |x| x.sin() * x + 1.0),
        "compile_mlp_grad" => mlp_grad,
        "compile_transformer_grad" => transformer_grad,
        "compile_chain_1e4" => |i| function(i, chain),
        _ => return None,
    })
}

/// What is compiled: the n-th size of a program, and its arguments.
struct Compile<F> {
    n: usize,
    program: F,
}

/// Sizes come back after so many: arguments must not grow for ever.
const SIZES: usize = 64;

impl<F: Fn(usize) -> (Jaxpr, Vec<Array>)> Run for Compile<F> {
    fn repeat(&mut self, calls: u64) {
        for _ in 0..calls {
            self.n = (self.n + 1) % SIZES;
            black_box(compile(&(self.program)(self.n).0));
        }
    }

    fn outputs(&mut self) -> Vec<Array> {
        let (jaxpr, args) = (self.program)(0);
        let args: Vec<_> = args.iter().map(|x| x.value().expect("arguments have values")).collect();
        let outs = compile(&jaxpr).run(&args).expect("the program runs");
        outs.into_iter().map(Array::from_value).collect()
    }
}

fn compile(jaxpr: &Jaxpr) -> Executable {
    cpu::compile(jaxpr).expect("the program compiles")
}

fn make(program: impl Fn(usize) -> (Jaxpr, Vec<Array>) + 'static) -> Box<dyn Run> {
    Box::new(Compile { n: 0, program })
}

/// A function of one vector.
fn function(inputs: &Inputs, f: fn(&Array) -> Array) -> Box<dyn Run> {
    let x = inputs.get("x");
    let x: Vec<Array> = (0..SIZES).map(|n| x.get(s(..8 + n))).collect();
    make(move |n| (make_jaxpr(f)(&x[n]), vec![x[n].clone()]))
}

/// 10,000 equations, by turns a sine and a sum, towards a fixed point: nothing overflows or vanishes.
fn chain(x: &Array) -> Array {
    (0..5_000).fold(x.clone(), |y, _| y.sin() + x)
}

fn mlp_grad(inputs: &Inputs) -> Box<dyn Run> {
    let params = Network::new(inputs, 3);
    let [x, labels] = inputs.all(["x", "labels"]);
    let batch = |n| (x.get(s(..64 + n)), labels.get(s(..64 + n)));
    let batches: Vec<_> = (0..SIZES).map(batch).collect();
    make(move |n| {
        let (x, labels) = &batches[n];
        let jaxpr = make_jaxpr(value_and_grad(network::loss))(&params, x, labels);
        (jaxpr, [tree::leaves(&params), vec![x.clone(), labels.clone()]].concat())
    })
}

fn transformer_grad(inputs: &Inputs) -> Box<dyn Run> {
    let params = Transformer::new(inputs);
    let [tokens, targets] = inputs.all(["tokens", "targets"]);
    // The positions are learned for 128 tokens, so the batch changes, not the time.
    let batch = |n| (tokens.get(s(..2 + n)), targets.get(s(..2 + n)));
    let batches: Vec<_> = (0..SIZES).map(batch).collect();
    make(move |n| {
        let (tokens, targets) = &batches[n];
        let jaxpr = make_jaxpr(value_and_grad(transformer::loss))(&params, tokens, targets);
        (jaxpr, [tree::leaves(&params), vec![tokens.clone(), targets.clone()]].concat())
    })
}
