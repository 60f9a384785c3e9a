//! gmm: the log posterior of a Gaussian mixture with a Wishart prior, and its gradient.
//!
//! ```text
//! −N(D/2·log 2π + lse(α)) + Σᵢ lse_k(α_k + Σ_j q_kj − ½‖Q_k(xᵢ − μ_k)‖²)
//!     + K(nD log(γ/√2) − log Γ_D(n/2)) − γ²/2 Σ_k‖Q_k‖²_F + m Σ q,      n = D + m + 1
//! ```
//!
//! Q_k is lower triangular: exp(q_k) on the diagonal, l_k below it, column by column. log Γ_D is the
//! logarithm of the multivariate gamma function.
//!
//! Source: GradBench, `evals/gmm` (MIT), after ADBench.

use crate::eval::{Eval, Function, ready};
use crate::input::{Fields, Numbers, lists};
use pullback::prelude::*;
use serde_json::{Value, json};
use std::f64::consts::{LN_2, PI};

/// What the posterior is differentiated by: α `[K]`, μ `[K, D]`, q `[K, D]`, l `[K, D(D−1)/2]`.
#[derive(Tree)]
struct Params {
    alpha: Array,
    mu: Array,
    q: Array,
    l: Array,
}

#[derive(Tree)]
struct Prior {
    gamma: Array,
    m: usize,
}

/// Where entry (i, j) of a factor, below its diagonal, stands in l.
fn position(d: usize, i: usize, j: usize) -> usize {
    // Column j begins behind d−1, d−2, … entries.
    j * (2 * d - j - 1) / 2 + i - j - 1
}

/// The factors Q, [K, D, D].
fn factors(q: &Array, l: &Array) -> Array {
    let (d, below) = (q.shape()[1], l.shape()[1]);
    // Everything that is not below the diagonal is the zero behind the last entry.
    let place = |at: &[usize]| match at[0] > at[1] {
        true => position(d, at[0], at[1]) as i64,
        false => below as i64,
    };
    let lower = l.pad([(0, 0), (0, 1)], 0.0).get((.., Array::from_fn([d, d], place)));
    lower + eye::<f64>(d) * q.exp().expand_dims(2)
}

fn log_posterior(p: &Params, x: &Array, prior: &Prior) -> Array {
    let ([n, d], k) = ([x.shape()[0], x.shape()[1]], p.alpha.size());
    let factors = factors(&p.q, &p.l);
    // Q(x − μ) as Qx − Qμ: the first is one matrix product for all points and components.
    let qx = x.dot(factors.reshape([k * d, d]).t()).reshape([n, k, d]);
    let qmu = einsum("kij,kj->ki", [&factors, &p.mu]);
    let distances = (qx - qmu).square().sum_over(2);
    let terms = &p.alpha + p.q.sum_over(1) - 0.5 * distances;
    let mixture = terms.logsumexp_over(1).sum();
    let normal = n as f64 * (0.5 * d as f64 * (2.0 * PI).ln() + p.alpha.logsumexp());
    mixture - normal + log_prior(&factors, &p.q, prior)
}

fn log_prior(factors: &Array, q: &Array, prior: &Prior) -> Array {
    let [k, d] = [q.shape()[0], q.shape()[1]];
    let n = (d + prior.m + 1) as f64;
    let log_gamma =
        (PI.ln() * 0.25 * (d * (d - 1)) as f64) + (0.5 * n - 0.5 * iota::<f64>(d)).lgamma().sum();
    let constant = n * d as f64 * (prior.gamma.log() - 0.5 * LN_2) - log_gamma;
    k as f64 * constant - 0.5 * prior.gamma.square() * factors.square().sum()
        + prior.m as f64 * q.sum()
}

struct Input {
    alpha: Numbers,
    mu: Numbers,
    q: Numbers,
    l: Numbers,
    x: Numbers,
    gamma: f64,
    m: usize,
}

impl Input {
    fn read(input: &Value) -> Result<Input, String> {
        let fields = Fields::of(input)?;
        let (x, [_, d]) = fields.any("x")?;
        let (alpha, [k]) = fields.any("alpha")?;
        Ok(Input {
            mu: fields.numbers("mu", &[k, d])?,
            q: fields.numbers("q", &[k, d])?,
            l: fields.numbers("l", &[k, d * (d - 1) / 2])?,
            gamma: fields.number("gamma")?,
            m: fields.count("m", 0..=1 << 30)?,
            alpha,
            x,
        })
    }

    fn arrays(&self) -> (Params, Array, Prior) {
        let [alpha, mu, q, l] = [&self.alpha, &self.mu, &self.q, &self.l].map(Numbers::array);
        let prior = Prior { gamma: self.gamma.into(), m: self.m };
        (Params { alpha, mu, q, l }, self.x.array(), prior)
    }
}

fn logsumexp(x: &[f64]) -> f64 {
    let max = x.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    max + x.iter().map(|x| (x - max).exp()).sum::<f64>().ln()
}

fn by_hand(input: &Input) -> f64 {
    let Input { alpha, mu, q, l, x, gamma, m } = input;
    let [n, d, k] = [x.shape[0], x.shape[1], alpha.data.len()];
    let sums: Vec<f64> = (0..k).map(|k| q.row(k).iter().sum()).collect();
    let diagonals: Vec<f64> = q.data.iter().map(|q| q.exp()).collect();
    let (mut centred, mut product, mut terms) = (vec![0.0; d], vec![0.0; d], vec![0.0; k]);
    let mut mixture = 0.0;
    for i in 0..n {
        for k in 0..k {
            for (j, c) in centred.iter_mut().enumerate() {
                *c = x.row(i)[j] - mu.row(k)[j];
                product[j] = diagonals[k * d + j] * *c;
            }
            let mut below = l.row(k).iter();
            for j in 0..d {
                for (product, l) in product[j + 1..].iter_mut().zip(&mut below) {
                    *product += l * centred[j];
                }
            }
            let squares: f64 = product.iter().map(|y| y * y).sum();
            terms[k] = alpha.data[k] + sums[k] - 0.5 * squares;
        }
        mixture += logsumexp(&terms);
    }
    let squares = |x: &[f64]| x.iter().map(|x| x * x).sum::<f64>();
    let dof = (d + m + 1) as f64;
    let log_gamma = PI.ln() * 0.25 * (d * (d - 1)) as f64
        + (0..d).map(|j| libm::lgamma(0.5 * dof - 0.5 * j as f64)).sum::<f64>();
    mixture - n as f64 * (0.5 * d as f64 * (2.0 * PI).ln() + logsumexp(&alpha.data))
        + k as f64 * (dof * d as f64 * (gamma.ln() - 0.5 * LN_2) - log_gamma)
        - 0.5 * gamma * gamma * (squares(&diagonals) + squares(&l.data))
        + *m as f64 * sums.iter().sum::<f64>()
}

pub(crate) fn eval() -> Eval {
    let (objective, jacobian) = (jit(log_posterior), jit(grad(log_posterior)));
    Eval {
        primal: Function::new("objective", move |input| {
            let (f, (params, x, prior)) = (objective.clone(), Input::read(input)?.arrays());
            ready(move || f(&params, &x, &prior), lists)
        }),
        derivative: Function::new("jacobian", move |input| {
            let (f, (params, x, prior)) = (jacobian.clone(), Input::read(input)?.arrays());
            ready(
                move || f(&params, &x, &prior),
                |g| {
                    let [alpha, mu, q, l] = [&g.alpha, &g.mu, &g.q, &g.l].map(lists);
                    json!({ "alpha": alpha, "mu": mu, "q": q, "l": l })
                },
            )
        }),
        by_hand: Function::new("objective", |input| {
            let input = Input::read(input)?;
            ready(move || by_hand(&input), |&y| y.into())
        }),
        also_by_hand: vec![],
    }
}
