//! From Rust function to executable: trace, differentiate, compile.
//!
//! `cargo bench --bench compile`

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use pullback::prelude::*;

#[derive(Tree)]
struct Mlp {
    w1: Array,
    b1: Array,
    w2: Array,
    b2: Array,
}

fn loss(p: &Mlp, x: &Array, y: &Array) -> Array {
    let hidden = (x.dot(&p.w1) + &p.b1).relu();
    let logits = hidden.dot(&p.w2) + &p.b2;
    -(logits.log_softmax(-1) * y).sum() / 64.0
}

/// Trace + grad + compile of the MLP's `value_and_grad`. The hidden size changes from one iteration
/// to the next, so that the table of compiled programs does not answer.
fn mlp(c: &mut Criterion) {
    let mut width = 128;
    c.bench_function("compile_mlp_value_and_grad", |b| {
        b.iter_batched(
            || {
                width += 1;
                let p = Mlp {
                    w1: zeros::<f32>([784, width]),
                    b1: zeros::<f32>([width]),
                    w2: zeros::<f32>([width, 10]),
                    b2: zeros::<f32>([10]),
                };
                (p, zeros::<f32>([64, 784]), zeros::<f32>([64, 10]))
            },
            |(p, x, y)| {
                let jaxpr = make_jaxpr(value_and_grad(loss))(&p, &x, &y);
                pullback::cpu::compile(&jaxpr)
            },
            criterion::BatchSize::SmallInput,
        )
    });
}

/// A chain of n equations: trace, grad, compile. Time must be linear in n.
fn chain(c: &mut Criterion) {
    let mut group = c.benchmark_group("compile_chain");
    group.sample_size(10);
    for n in [1_000usize, 10_000, 100_000] {
        group.bench_with_input(BenchmarkId::from_parameter(n), &n, |b, &n| {
            let x = full::<f64>([8], 0.5);
            b.iter(|| {
                let f = |x: &Array| {
                    let mut y = x.clone();
                    for i in 0..n {
                        y = if i % 2 == 0 { y.sin() } else { y * x };
                    }
                    y.sum()
                };
                let jaxpr = make_jaxpr(grad(f))(&x);
                pullback::cpu::compile(&jaxpr)
            })
        });
    }
    group.finish();
}

criterion_group!(benches, mlp, chain);
criterion_main!(benches);
