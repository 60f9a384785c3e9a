//! What a call costs when there is nothing to compute: eager operations, un-jitted derivatives,
//! jitted calls, on 8 elements.
//!
//! `cargo bench --bench overhead`

use criterion::{Criterion, criterion_group, criterion_main};
use pullback::prelude::*;
use std::hint::black_box;

fn eager(c: &mut Criterion) {
    let x = linspace::<f64>(0.1, 1.0, 8);
    let y = linspace::<f64>(1.0, 2.0, 8);
    let mut group = c.benchmark_group("eager_8");
    group.bench_function("add", |b| b.iter(|| black_box(&x) + black_box(&y)));
    group.bench_function("add_scalar", |b| b.iter(|| black_box(&x) + 1.5));
    group.bench_function("sin", |b| b.iter(|| black_box(&x).sin()));
    group.bench_function("sum", |b| b.iter(|| black_box(&x).sum()));
    group.finish();
}

fn sum_of_squares(x: &Array) -> Array {
    (x * x).sum()
}

fn unjitted_grad(c: &mut Criterion) {
    let x = linspace::<f64>(0.1, 1.0, 8);
    let g = grad(sum_of_squares);
    c.bench_function("unjitted_grad_8", |b| b.iter(|| g(black_box(&x))));
}

fn three_equations(x: &Array) -> Array {
    (x.sin() * x).exp()
}

fn jitted_call(c: &mut Criterion) {
    let x = linspace::<f64>(0.1, 1.0, 8);
    let f = jit(three_equations);
    f(&x);
    c.bench_function("jitted_call_8", |b| b.iter(|| f(black_box(&x))));
}

criterion_group!(benches, eager, unjitted_grad, jitted_call);
criterion_main!(benches);
