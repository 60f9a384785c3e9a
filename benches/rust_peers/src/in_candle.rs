//! candle: variables, the graph of each call, `backward`. It has no derivatives of derivatives.

use crate::Run;
use crate::inputs::{Mixture, Network, RATE};
use candle_core::{D, Device, Result, Tensor, Var};

fn flat(tensors: &[&Tensor]) -> Result<Vec<f64>> {
    let vectors = tensors.iter().map(|t| t.flatten_all()?.to_vec1::<f64>());
    Ok(vectors.collect::<Result<Vec<_>>>()?.concat())
}

fn run(mut f: impl FnMut() -> Result<Vec<f64>> + 'static) -> Run {
    Box::new(move || f().expect("the shapes fit"))
}

pub fn rosenbrock_gradient(x: &[f64]) -> Result<Run> {
    let n = x.len();
    let x = Var::from_slice(x, n, &Device::Cpu)?;
    Ok(run(move || {
        let (left, right) = (x.narrow(0, 0, n - 1)?, x.narrow(0, 1, n - 1)?);
        let bend = (right - left.sqr()?)?.sqr()?;
        let y = ((bend * 100.0)? + left.affine(-1.0, 1.0)?.sqr()?)?.sum_all()?;
        let gradients = y.backward()?;
        flat(&[gradients.get(&x).expect("y depends on x")])
    }))
}

fn logsumexp(x: &Tensor) -> Result<Tensor> {
    let max = x.max_keepdim(D::Minus1)?.detach();
    let total = x.broadcast_sub(&max)?.exp()?.sum_keepdim(D::Minus1)?;
    total.log()? + max
}

pub fn gmm(m: &Mixture) -> Result<Run> {
    let (n, k, d, cpu) = (m.n, m.k, m.d, Device::Cpu);
    let x = Tensor::from_slice(&m.x, (n, d), &cpu)?;
    let below = Tensor::from_slice(&m.below(), (1, d, d), &cpu)?;
    let diagonal = Tensor::from_slice(&m.diagonal(), (1, d, d), &cpu)?;
    let alpha = Var::from_slice(&m.alpha, (1, k), &cpu)?;
    let mu = Var::from_slice(&m.mu, (k, d), &cpu)?;
    let q = Var::from_slice(&m.q, (k, d), &cpu)?;
    let l = Var::from_slice(&m.l, (k, d, d), &cpu)?;
    Ok(run(move || {
        let on = q.exp()?.unsqueeze(2)?.broadcast_mul(&diagonal)?;
        let factors = (l.broadcast_mul(&below)? + on)?;
        let qx = x.matmul(&factors.reshape((k * d, d))?.t()?)?.reshape((n, k, d))?;
        let qmu = factors.matmul(&mu.unsqueeze(2)?)?.reshape((1, k, d))?;
        let squares = qx.broadcast_sub(&qmu)?.sqr()?.sum(2)?;
        let weight = (alpha.as_tensor() + q.sum(1)?.unsqueeze(0)?)?;
        let terms = weight.broadcast_sub(&(squares * 0.5)?)?;
        let mixture =
            (logsumexp(&terms)?.sum_all()? - (logsumexp(&alpha)?.sum_all()? * n as f64)?)?;
        let y = (mixture - (factors.sqr()?.sum_all()? * 0.5)?)?;
        let g = y.backward()?;
        let of = |v: &Var| g.get(v).expect("y depends on all parameters").clone();
        flat(&[&of(&alpha), &of(&mu), &of(&q), &of(&l)])
    }))
}

pub fn mlp_step(net: &Network) -> Result<Run> {
    let ([i, h, o], cpu) = (net.sizes, Device::Cpu);
    let x = Tensor::from_slice(&net.x, (net.batch, i), &cpu)?;
    let labels = Tensor::from_slice(&net.labels, (net.batch, o), &cpu)?;
    let [w1, b1, w2, b2] = &net.parameters;
    let p = [
        Var::from_slice(w1, (i, h), &cpu)?,
        Var::from_slice(b1, (1, h), &cpu)?,
        Var::from_slice(w2, (h, o), &cpu)?,
        Var::from_slice(b2, (1, o), &cpu)?,
    ];
    let batch = net.batch as f64;
    Ok(run(move || {
        let hidden = x.matmul(&p[0])?.broadcast_add(&p[1])?.relu()?;
        let logits = hidden.matmul(&p[2])?.broadcast_add(&p[3])?;
        let log_softmax = logits.broadcast_sub(&logsumexp(&logits)?)?;
        let loss = (log_softmax.mul(&labels)?.sum_all()? * (-1.0 / batch))?;
        let g = loss.backward()?;
        let next = p.iter().map(|p| {
            p.as_tensor().detach() - (g.get(p).expect("the loss depends on all of it") * RATE)?
        });
        let next = next.collect::<Result<Vec<_>>>()?;
        let last = next[3].flatten_all()?.to_vec1::<f32>()?;
        Ok(last.into_iter().map(f64::from).collect())
    }))
}
