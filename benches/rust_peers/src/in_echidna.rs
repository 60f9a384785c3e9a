//! echidna: scalars. A function is recorded once, and its tape runs many times.

use crate::Run;
use crate::inputs::Mixture;
use echidna::Scalar;

fn rosenbrock<T: Scalar<Float = f64>>(x: &[T]) -> T {
    let (one, hundred) = (T::from_f(1.0), T::from_f(100.0));
    x.windows(2).fold(T::from_f(0.0), |sum, x| {
        let (bend, slope) = (x[1] - x[0] * x[0], one - x[0]);
        sum + hundred * bend * bend + slope * slope
    })
}

pub fn rosenbrock_gradient(x: &[f64]) -> Run {
    let (mut tape, _) = echidna::record(rosenbrock, x);
    let x = x.to_vec();
    Box::new(move || tape.gradient(&x))
}

/// Eight directions at a time.
pub fn rosenbrock_hessian(x: &[f64]) -> Run {
    let (tape, _) = echidna::record(rosenbrock, x);
    let x = x.to_vec();
    Box::new(move || tape.hessian_vec::<8>(&x).2.concat())
}

fn logsumexp<T: Scalar<Float = f64>>(x: &[T]) -> T {
    // The shift is a constant: the result does not depend on it.
    let max = T::from_f(x.iter().map(|x| x.value()).fold(f64::NEG_INFINITY, f64::max));
    x.iter().fold(T::from_f(0.0), |sum, &x| sum + (x - max).exp()).ln() + max
}

/// The recorded shifts are those of the first point, which is also where the tape runs.
fn log_posterior<T: Scalar<Float = f64>>(p: &[T], m: &Mixture) -> T {
    let (k, d, half) = (m.k, m.d, T::from_f(0.5));
    let (alpha, rest) = p.split_at(k);
    let (mu, rest) = rest.split_at(k * d);
    let (q, l) = rest.split_at(k * d);
    let diagonal: Vec<T> = q.iter().map(|q| q.exp()).collect();
    let mut total = T::from_f(-(m.n as f64)) * logsumexp(alpha);
    for x in m.x.chunks_exact(d) {
        let terms: Vec<T> = (0..k)
            .map(|k| {
                let centred: Vec<T> = (0..d).map(|j| T::from_f(x[j]) - mu[k * d + j]).collect();
                let squares = (0..d).fold(T::from_f(0.0), |sum, i| {
                    let on = diagonal[k * d + i] * centred[i];
                    let row = &l[(k * d + i) * d..];
                    let y = (0..i).fold(on, |y, j| y + row[j] * centred[j]);
                    sum + y * y
                });
                let log_det = (0..d).fold(alpha[k], |sum, j| sum + q[k * d + j]);
                log_det - half * squares
            })
            .collect();
        total = total + logsumexp(&terms);
    }
    for k in 0..k {
        for i in 0..d {
            total = total - half * diagonal[k * d + i] * diagonal[k * d + i];
            for j in 0..i {
                let l = l[(k * d + i) * d + j];
                total = total - half * l * l;
            }
        }
    }
    total
}

pub fn gmm(m: &Mixture) -> Run {
    let p = [&m.alpha[..], &m.mu, &m.q, &m.l].concat();
    let (mut tape, _) = echidna::record(|p| log_posterior(p, m), &p);
    Box::new(move || tape.gradient(&p))
}
