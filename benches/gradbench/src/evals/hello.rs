//! hello: x² and its derivative 2x. The input is the number itself.
//!
//! Source: GradBench, `evals/hello` (MIT).

use crate::eval::{Eval, Function, ready};
use crate::input::lists;
use pullback::prelude::*;
use serde_json::Value;

fn square(x: &Array) -> Array {
    x.square()
}

fn number(input: &Value) -> Result<f64, String> {
    input.as_f64().ok_or_else(|| "the input is no number".into())
}

pub(crate) fn eval() -> Eval {
    let (primal, double) = (jit(square), jit(grad(square)));
    Eval {
        primal: Function::new("square", move |input| {
            let (f, x) = (primal.clone(), Array::from(number(input)?));
            ready(move || f(&x), lists)
        }),
        derivative: Function::new("double", move |input| {
            let (f, x) = (double.clone(), Array::from(number(input)?));
            ready(move || f(&x), lists)
        }),
        by_hand: Function::new("square", |input| {
            let x = number(input)?;
            ready(move || std::hint::black_box(x) * x, |&y| y.into())
        }),
        also_by_hand: vec![],
    }
}
