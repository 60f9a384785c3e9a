//! Group `overhead`: what a call costs when there is nothing to compute.

use crate::workload::{Build, Inputs, Run, call};
use pullback::prelude::*;

pub(crate) fn find(name: &str) -> Option<Build> {
    Some(match name {
        "eager_add_8" => eager_add,
        "eager_sin_8" => eager_sin,
        "eager_slice" => eager_slice,
        "eager_grad_8" => eager_grad,
        "jit_call_8" => jit_call,
        "jit_call_10in_10out" => jit_call_of_ten,
        _ => return None,
    })
}

fn eager_add(inputs: &Inputs) -> Box<dyn Run> {
    let [x, y] = inputs.all(["x", "y"]);
    call(move || &x + &y)
}

fn eager_sin(inputs: &Inputs) -> Box<dyn Run> {
    let x = inputs.get("x");
    call(move || x.sin())
}

fn eager_slice(inputs: &Inputs) -> Box<dyn Run> {
    let x = inputs.get("x");
    call(move || x.get(s(2..6)))
}

/// A derivative that is made and called outside of `jit`.
fn eager_grad(inputs: &Inputs) -> Box<dyn Run> {
    let x = inputs.get("x");
    call(move || grad(|x: &Array| (x * x).sum())(&x))
}

fn jit_call(inputs: &Inputs) -> Box<dyn Run> {
    let x = inputs.get("x");
    let f = jit(|x: &Array| (x.sin() * x).exp());
    call(move || f(&x))
}

/// Each of ten arrays plus the next one.
fn jit_call_of_ten(inputs: &Inputs) -> Box<dyn Run> {
    let xs: Vec<Array> = (0..10).map(|i| inputs.get(&format!("x{i}"))).collect();
    let f = jit(|xs: &Vec<Array>| -> Vec<Array> {
        (0..10).map(|i| &xs[i] + &xs[(i + 1) % 10]).collect()
    });
    call(move || f(&xs))
}
