//! lse: max + log Σ exp(x − max), from its parts, and its gradient.
//!
//! Source: GradBench, `evals/lse` (MIT).

use crate::eval::{Eval, Function, ready};
use crate::input::{Fields, Numbers, lists};
use pullback::prelude::*;
use serde_json::Value;

/// The library's own `logsumexp` knows that its derivative does not depend on the shift. Here the
/// derivative goes through the maximum too, as the evaluation wants it.
fn logsumexp(x: &Array) -> Array {
    let max = x.max();
    &max + (x - &max).exp().sum().log()
}

fn by_hand(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let total: f64 = x.iter().map(|x| (x - max).exp()).sum();
    max + total.ln()
}

fn read(input: &Value) -> Result<Numbers, String> {
    Ok(Fields::of(input)?.any::<1>("x")?.0)
}

pub(crate) fn eval() -> Eval {
    let (primal, gradient) = (jit(logsumexp), jit(grad(logsumexp)));
    Eval {
        primal: Function::new("primal", move |input| {
            let (f, x) = (primal.clone(), read(input)?.array());
            ready(move || f(&x), lists)
        }),
        derivative: Function::new("gradient", move |input| {
            let (f, x) = (gradient.clone(), read(input)?.array());
            ready(move || f(&x), lists)
        }),
        by_hand: Function::new("primal", |input| {
            let x = read(input)?.data;
            ready(move || by_hand(&x), |&y| y.into())
        }),
        also_by_hand: vec![],
    }
}
