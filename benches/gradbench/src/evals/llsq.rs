//! llsq: ½Σᵢ(sign(tᵢ) − Σ_j x_j tᵢʲ)² over n points tᵢ = −1 + 2i/(n−1), and its gradient by the
//! coefficients x of the polynomial.
//!
//! Source: GradBench, `evals/llsq` (MIT), after the least squares of ADOL-C's examples.

use crate::eval::{Eval, Function, ready};
use crate::input::{Fields, Numbers, lists};
use pullback::prelude::*;
use serde_json::Value;

/// `steps` holds i. It is an argument, though only its length is known to vary: what depends on no
/// argument is computed when the function is traced, and the powers of t shall be part of each call, as
/// they are in the loop below.
fn squares(x: &Array, steps: &Array) -> Array {
    let (n, m) = (steps.size(), x.size());
    let t = 2.0 * steps / (n - 1) as f64 - 1.0;
    // tʲ, a row for each power.
    let factors = concat([ones::<f64>([1, n]), t.broadcast_to([m - 1, n])], 0);
    let residuals = t.sign() - x.dot(factors.cumprod(0));
    0.5 * residuals.square().sum()
}

fn by_hand(x: &[f64], n: usize) -> f64 {
    let mut sum = 0.0;
    for i in 0..n {
        let t = 2.0 * i as f64 / (n - 1) as f64 - 1.0;
        let (mut power, mut value) = (1.0, 0.0);
        for x in x {
            value += x * power;
            power *= t;
        }
        // Rust's signum of 0 is 1.
        let sign = if t == 0.0 { 0.0 } else { t.signum() };
        let residual = sign - value;
        sum += residual * residual;
    }
    0.5 * sum
}

fn read(input: &Value) -> Result<(Numbers, usize), String> {
    let fields = Fields::of(input)?;
    Ok((fields.any::<1>("x")?.0, fields.count("n", 2..=1 << 22)?))
}

pub(crate) fn eval() -> Eval {
    let (primal, gradient) = (jit(squares), jit(grad(squares)));
    Eval {
        primal: Function::new("primal", move |input| {
            let (f, (x, n)) = (primal.clone(), read(input)?);
            let (x, steps) = (x.array(), iota::<f64>(n));
            ready(move || f(&x, &steps), lists)
        }),
        derivative: Function::new("gradient", move |input| {
            let (f, (x, n)) = (gradient.clone(), read(input)?);
            let (x, steps) = (x.array(), iota::<f64>(n));
            ready(move || f(&x, &steps), lists)
        }),
        by_hand: Function::new("primal", |input| {
            let (x, n) = read(input)?;
            ready(move || by_hand(&x.data, n), |&y| y.into())
        }),
        also_by_hand: vec![],
    }
}
